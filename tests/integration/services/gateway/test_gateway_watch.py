"""The gateway and an account or a listing that changes under its hands: told, entries closed, exits untouched."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import AccountConfig, Balance
from shared.exchange.model.market_data import ExchangeInfo, LeftOut, Session, TradingSchedule
from shared.exchange.model.orders import NewOrder
from shared.exchange.model.user_events import ConfigUpdate
from shared.exchange.outcome.outcomes import Outcome, Refused
from shared.runtime.process.exits import Exit, Leave
from shared.store.memory import MemoryStore
from tests.support.exchange.moved_port import MovedPort
from tests.support.gateway.desk import ENTRY, STOP, gateway, memory_desk, trading

HOUR = 3_600_000


class Changing(MovedPort):
    """Its listing and its account are what a test makes of them. ``refused``: code with which orders are refused."""

    def __init__(self) -> None:
        super().__init__()
        self.rules: dict[str, dict[str, Any]] = {}
        self.missing: set[str] = set()
        self.left_out: tuple[LeftOut, ...] = ()
        self.config: dict[str, Any] = {}
        self.credits = Decimal(0)
        self.refused = 0
        self.listings = 0
        self.schedule: TradingSchedule | ExchangeError | None = None

    async def exchange_info(self) -> ExchangeInfo:
        self.listings += 1
        info = await super().exchange_info()
        rules = {
            name: msgspec.structs.replace(each, **self.rules.get(name, {}))
            for name, each in info.symbols.items()
            if name not in self.missing
        }
        return msgspec.structs.replace(info, symbols=rules, left_out=self.left_out)

    async def trading_schedule(self) -> TradingSchedule:
        if isinstance(self.schedule, ExchangeError):
            raise self.schedule
        return self.schedule or await super().trading_schedule()

    async def account_config(self) -> AccountConfig:
        return msgspec.structs.replace(await super().account_config(), **self.config)

    async def balances(self) -> tuple[Balance, ...]:
        (usdt,) = await super().balances()
        return (usdt, msgspec.structs.replace(usdt, asset="BNFCR", wallet=self.credits)) if self.credits else (usdt,)

    async def place(self, order: NewOrder) -> Outcome:
        if self.refused:
            return Refused(code=self.refused, message="refused by the test")
        return await super().place(order)

    async def tell_of_a_setting(self) -> None:
        """The user stream says that the account was set."""
        while not self._streams:  # noqa: ASYNC110  the exchange tells nobody of a stream
            await asyncio.sleep(0.005)
        for stream in self._streams:
            stream.put(ConfigUpdate(time=self.now(), multi_assets=True))


async def left(exchange: Changing) -> Leave:
    """With what the gateway leaves at its start."""
    store = MemoryStore()
    await store.start()
    async with memory_desk() as (_, bus), gateway(bus, store, exchange) as task:
        with pytest.raises(Leave) as found:
            await asyncio.wait_for(asyncio.shield(task), 5)
        return found.value


async def test_the_exchanges_filters_are_told_before_the_first_account() -> None:
    """RISK-1: whoever knows the account knows the filters; what differs from the configuration is named."""
    exchange = Changing()
    exchange.rules["BTCUSDT"] = {"tick_size": Decimal(1)}
    async with trading(exchange) as (desk, _):
        told = desk.lists[0]
        assert told.time < desk.news[0].time
        assert {each.symbol: each.tick_size for each in told.instruments} == {
            "BTCUSDT": Decimal(1),
            "ETHUSDT": Decimal("0.01"),
        }
        assert [(each.symbol, each.field, each.before, each.after) for each in told.changes] == [
            ("BTCUSDT", "tick_size", "0.10", "1")
        ]
        await desk.until(lambda: bool(desk.alerts))
        assert [(each.severity, each.key) for each in desk.alerts] == [("info", "filters.BTCUSDT.tick_size")]


@pytest.mark.parametrize("code", [-1111, -4014, -4023])
async def test_filters_that_changed_are_told_before_the_order_that_met_them(code: int) -> None:
    """EXEC-3: the next attempt is rounded to the new grid, because the list overtakes the refusal."""
    async with trading(Changing()) as (desk, exchange):
        assert isinstance(exchange, Changing)
        exchange.rules["BTCUSDT"] = {"tick_size": Decimal(5), "step_size": Decimal("0.01")}
        exchange.refused = code
        seen: list[int] = []

        async def order() -> None:
            answer = await desk.place(STOP)
            seen.append(len(desk.lists))
            assert [(each.status, each.reject_code) for each in answer.orders] == [("REJECTED", code)]

        await order()
        assert seen == [2]
        assert desk.lists[-1].instruments[0].tick_size == Decimal(5)
        await desk.until(lambda: len(desk.alerts) == 2)
        assert {each.key for each in desk.alerts} == {"filters.BTCUSDT.tick_size", "filters.BTCUSDT.step_size"}


async def test_a_refusal_that_has_nothing_to_do_with_filters_asks_for_none() -> None:
    """EXEC-6: and a list that is as it was is not told again."""
    async with trading(Changing()) as (desk, exchange):
        assert isinstance(exchange, Changing)
        exchange.refused = -2019
        await desk.place(ENTRY)
        assert exchange.listings == 1
        exchange.refused = -4014
        await desk.place(STOP)
        assert exchange.listings == 2
        assert len(desk.lists) == 1


async def test_an_exchange_that_does_not_answer_holds_no_refusal_back() -> None:
    """EXEC-3: the list is waited for a moment, not longer: a stop hangs on the answer."""

    class Silent(Changing):
        async def exchange_info(self) -> ExchangeInfo:
            if self.refused:
                await asyncio.Event().wait()
            return await super().exchange_info()

    async with trading(Silent(), instruments_patience_s=0.05) as (desk, exchange):
        assert isinstance(exchange, Changing)
        exchange.refused = -4014
        answer = await desk.place(STOP)
        assert answer.orders[0].reject_code == -4014


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "SETTLING"}, "status"),
        ({"status": "PRE_SETTLE"}, "status"),
        ({"status": "CLOSE"}, "status"),
        ({"status": "PENDING_TRADING"}, "status"),
        ({"delivers_at": 1_780_000_000_000 + HOUR}, "delisting"),
    ],
)
async def test_a_symbol_that_goes_takes_no_entries_and_opens_when_it_comes_back(change: Any, reason: str) -> None:
    """EXEC-4: found on the timer, and lifted on the timer; the other symbol is not concerned."""
    async with trading(Changing(), instruments_every_s=1) as (desk, exchange):
        assert isinstance(exchange, Changing)
        exchange.rules["BTCUSDT"] = change
        await desk.until(lambda: desk.closed() == reason)
        assert desk.closed("ETHUSDT") == ""
        await desk.until(lambda: any(each.key == f"closed.BTCUSDT.{reason}" for each in desk.alerts))
        exchange.rules.clear()
        await desk.until(lambda: desk.closed() == "")
        await desk.until(lambda: any(each.key == f"opened.BTCUSDT.{reason}" for each in desk.alerts))


async def test_a_symbol_that_cannot_be_read_keeps_its_last_filters_and_takes_no_entries() -> None:
    """RISK-1: the others are told as before, and a person hears why."""
    async with trading(Changing(), instruments_every_s=1) as (desk, exchange):
        assert isinstance(exchange, Changing)
        exchange.missing = {"BTCUSDT"}
        exchange.left_out = (LeftOut(symbol="BTCUSDT", reason="has no PRICE_FILTER.tickSize"),)
        await desk.until(lambda: desk.closed() == "unreadable")
        assert [each.symbol for each in desk.lists[-1].instruments] == ["ETHUSDT"]
        await desk.until(lambda: bool(desk.alerts))
        assert "has no PRICE_FILTER.tickSize" in desk.alerts[0].text
        assert (await desk.place(ENTRY)).orders[0].status == "FILLED"


async def test_a_tradifi_contract_follows_its_market() -> None:
    """EXEC-4: the windows are told ahead, so that no service depends on the gateway's timer."""
    exchange = Changing()
    exchange.rules["ETHUSDT"] = {"contract": "TRADIFI_PERPETUAL", "underlying": "EQUITY"}
    now = exchange.now()
    exchange.schedule = TradingSchedule(
        time=now,
        markets={
            "EQUITY": (
                Session(start=now - HOUR, end=now + HOUR, kind="REGULAR"),
                Session(start=now + HOUR, end=now + 3 * HOUR, kind="NO_TRADING"),
                Session(start=now + 3 * HOUR, end=now + 9 * HOUR, kind="PRE_MARKET"),
            )
        },
    )
    async with trading(exchange) as (desk, _):
        assert desk.closed("ETHUSDT") == ""
        closure = next(each for each in desk.lists[0].closures if each.reason == "session")
        assert (closure.since, closure.until) == (now + HOUR, now + 3 * HOUR)
        assert "EQUITY" in closure.text


async def test_a_schedule_that_is_not_told_closes_the_contract_only() -> None:
    """EXEC-4: not known is not open."""
    exchange = Changing()
    exchange.rules["ETHUSDT"] = {"contract": "TRADIFI_PERPETUAL", "underlying": "COMMODITY"}
    exchange.schedule = ExchangeError("retry", -1001, "Internal error", call="GET tradingSchedule", status=503)
    async with trading(exchange) as (desk, _):
        assert (desk.closed("ETHUSDT"), desk.closed("BTCUSDT")) == ("schedule_unknown", "")


async def test_an_unsigned_agreement_closes_the_symbol_with_what_to_do() -> None:
    """EXEC-6: -4411, for an hour: then the next entry shows whether it was signed."""
    async with trading(Changing(), instruments_every_s=1) as (desk, exchange):
        assert isinstance(exchange, Changing)
        exchange.refused = -4411
        await desk.place(ENTRY)
        assert (desk.closed(), desk.closed("ETHUSDT")) == ("agreement", "")
        await desk.until(lambda: bool(desk.alerts))
        assert "sign it in the Binance app" in desk.alerts[0].text
        lists, (closure,) = len(desk.lists), desk.lists[-1].closures
        assert closure.until is not None
        assert 0 < closure.until - desk.lists[-1].time <= HOUR
        await desk.until(lambda: len(desk.lists) > lists)
        assert desk.closed() == "agreement"
        exchange.time = closure.until
        await desk.until(lambda: desk.closed() == "")
        assert len(desk.alerts) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config": {"hedge": True}}, "hedge mode, one-way mode is wanted"),
        ({"config": {"multi_assets": True}}, "multi-assets mode, single-asset mode is wanted"),
        ({"config": {"may_trade": False}}, "lets the account place no orders"),
        ({"credits": Decimal("250.5")}, "futures credits (BNFCR), USDT is wanted"),
    ],
)
async def test_a_mode_that_is_not_traded_in_ends_the_start_with_a_sentence(change: dict[str, Any], words: str) -> None:
    """RISK-5: what is set, what is wanted, where it is changed."""
    exchange = Changing()
    for name, value in change.items():
        setattr(exchange, name, value)
    leave = await left(exchange)
    assert leave.code == Exit.REFUSED
    assert words in str(leave)
    assert "in the Binance app" in str(leave)


async def test_with_a_position_open_a_wrong_mode_stops_entries_and_not_the_gateway() -> None:
    """EXEC-3: who holds a position needs its stop managed."""
    exchange = Changing()
    exchange.config = {"multi_assets": True}
    assert await exchange.place(
        NewOrder(client_id="before", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.01"))
    )
    async with trading(exchange) as (desk, _):
        assert (desk.closed(), desk.closed("ETHUSDT")) == ("account_mode", "account_mode")
        assert (await desk.place(STOP)).orders[0].status == "NEW"


async def test_a_changed_margin_type_keeps_no_gateway_from_starting_while_a_position_is_open() -> None:
    """EXEC-3, RISK-5: entries of that symbol wait until it is flat; then it is set."""
    exchange = Changing()
    await exchange.set_margin_type("BTCUSDT", "isolated")
    opened = NewOrder(client_id="before", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.01"))
    await exchange.place(opened)
    async with trading(exchange, account_check_s=1) as (desk, _):
        assert (desk.closed(), desk.closed("ETHUSDT")) == ("margin_type", "")
        assert "margin type is isolated, account.margin_type is cross" in desk.lists[-1].closures[0].text
        assert (await desk.place(STOP)).orders[0].status == "NEW"
        await desk.cancel(STOP)
        closing = msgspec.structs.replace(opened, client_id="after", side="SELL", reduce_only=True)
        await exchange.place(closing)
        await desk.until(lambda: desk.closed() == "")
        assert not desk.controls


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"config": {"multi_assets": True}}, "account_mode"),
        ({"config": {"hedge": True}}, "account_mode"),
        ({"credits": Decimal(5)}, "account_mode"),
    ],
)
async def test_a_mode_changed_in_the_app_halts_entries_until_a_person_rearms(change: dict[str, Any], reason: str) -> None:
    """RISK-5: found on the timer; told once; exits are sent as before, and the symbols open when the mode is mended."""
    async with trading(Changing(), account_check_s=1) as (desk, exchange):
        assert isinstance(exchange, Changing)
        await desk.place(ENTRY)
        before = {name: getattr(exchange, name) for name in change}
        for name, value in change.items():
            setattr(exchange, name, value)
        await desk.until(lambda: desk.closed() == reason and bool(desk.controls))
        assert [(each.command, each.by) for each in desk.controls] == [("halt", "gateway")]
        assert desk.lists[-1].closures[0].text in desk.controls[0].reason
        assert (await desk.place(STOP)).orders[0].status == "NEW"
        for name, value in before.items():
            setattr(exchange, name, value)
        await desk.until(lambda: desk.closed() == "")
        assert len(desk.controls) == 1


async def test_a_leverage_changed_in_the_app_is_noticed_by_what_the_stream_says() -> None:
    """RISK-5: at once, not only on the timer; it is not set back behind the person's back."""
    async with trading(Changing()) as (desk, exchange):
        assert isinstance(exchange, Changing)
        await exchange.set_leverage("BTCUSDT", 50)
        await exchange.tell_of_a_setting()
        await desk.until(lambda: desk.closed() == "leverage" and bool(desk.controls))
        assert "leverage is 50, account.leverage is 10" in desk.controls[0].reason
        assert (await exchange.symbol_configs())["BTCUSDT"].leverage == 50
