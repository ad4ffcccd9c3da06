"""What the exchange lists and how the account is set, asked at a port that a test changes: told, closed, opened again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest

from services.execution.drivers.exchange.instruments import Instruments
from services.execution.drivers.exchange.money_loop import MoneyLoop
from services.execution.drivers.exchange.preflight import key_fault, refuse, set_up
from services.execution.drivers.exchange.settings import DriverSettings
from services.execution.state import ExecutionState
from shared.config.account import AccountSettings
from shared.config.settings import CommonSettings
from shared.domain.control import Alert
from shared.domain.listing import InstrumentList, closed
from shared.domain.message import Message
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import AccountConfig, Balance, KeyRights, Leverage
from shared.exchange.model.market_data import ExchangeInfo, LeftOut, Session, TradingSchedule
from shared.exchange.model.orders import NewOrder
from shared.runtime.process.exits import Exit, Leave
from tests.support.exchange.moved_port import EPOCH, SYMBOLS, MovedPort

HOUR = 3_600_000


class Changing(MovedPort):
    """Its listing and its account are what a test makes of them."""

    def __init__(self) -> None:
        super().__init__()
        self.rules: dict[str, dict[str, Any]] = {}
        self.missing: set[str] = set()
        self.left_out: tuple[LeftOut, ...] = ()
        self.config: dict[str, Any] = {}
        self.credits = Decimal(0)
        self.listings = 0
        self.silent = False
        self.schedule: TradingSchedule | ExchangeError | None = None

    async def exchange_info(self) -> ExchangeInfo:
        self.listings += 1
        if self.silent:
            await asyncio.Event().wait()
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


class ToldLoop:
    """A money loop that keeps what it is told."""

    def __init__(self, exchange: MovedPort) -> None:
        self._exchange = exchange
        self.lists: list[InstrumentList] = []
        self.alerts: list[Alert] = []
        self.errors: list[ExchangeError] = []
        self.core = self
        self.state = ExecutionState()
        self.heard = asyncio.Condition()

    def now(self) -> int:
        return self._exchange.now()

    def feed(self, told: InstrumentList) -> None:
        self.lists.append(told)

    def tell(self, *messages: Message) -> None:
        self.alerts += [each for each in messages if isinstance(each, Alert)]

    def closed(self, symbol: str = "BTCUSDT") -> str:
        closure = closed(self.lists[-1].closures, symbol, self.lists[-1].time)
        return closure.reason if closure is not None else ""

    def alerted(self, key: str) -> str:
        return next((each.text for each in self.alerts if each.key == key), "")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  the loop under test wakes nobody
            await asyncio.sleep(0.005)


@asynccontextmanager
async def watched(exchange: Changing, **settings: Any) -> AsyncIterator[tuple[ToldLoop, Instruments, list[str]]]:
    """The instruments, begun and kept; halts are collected."""
    loop, halts = ToldLoop(exchange), list[str]()
    watch = Instruments(
        exchange,
        cast(MoneyLoop, loop),
        CommonSettings(),
        DriverSettings.model_validate(settings),
        halts.append,
        loop.errors.append,
    )
    await watch.begin()
    task = asyncio.create_task(watch.run())
    try:
        yield loop, watch, halts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_exchanges_filters_are_told_at_the_start() -> None:
    """RISK-1: what differs from the configuration is named."""
    exchange = Changing()
    exchange.rules["BTCUSDT"] = {"tick_size": Decimal(1)}
    async with watched(exchange) as (loop, _, _):
        (told,) = loop.lists
        ticks = {each.symbol: each.tick_size for each in told.instruments}
        assert ticks == {"BTCUSDT": Decimal(1), "ETHUSDT": Decimal("0.01")}
        assert [(each.symbol, each.field, each.before, each.after) for each in told.changes] == [
            ("BTCUSDT", "tick_size", "0.10", "1")
        ]
        assert [(each.severity, each.key) for each in loop.alerts] == [("info", "filters.BTCUSDT.tick_size")]


@pytest.mark.parametrize("code", [-1111, -4014, -4023])
async def test_filters_that_changed_are_told_before_the_refusal_that_met_them(code: int) -> None:
    """EXEC-3: the next attempt is rounded to the new grid, because the list overtakes the answer."""
    async with watched(Changing()) as (loop, watch, _):
        exchange = cast(Changing, loop._exchange)
        exchange.rules["BTCUSDT"] = {"tick_size": Decimal(5), "step_size": Decimal("0.01")}
        await watch.refused("BTCUSDT", code, "refused by the test")
        assert loop.lists[-1].instruments[0].tick_size == Decimal(5)
        keys = {each.key for each in loop.alerts}
        assert keys == {"filters.BTCUSDT.tick_size", "filters.BTCUSDT.step_size"}


async def test_a_refusal_that_has_nothing_to_do_with_filters_asks_for_none() -> None:
    """EXEC-6: and a list that is as it was is not told again."""
    async with watched(Changing()) as (loop, watch, _):
        exchange = cast(Changing, loop._exchange)
        await watch.refused("BTCUSDT", -2019, "no margin")
        assert exchange.listings == 1
        await watch.refused("BTCUSDT", -4014, "a tick")
        assert (exchange.listings, len(loop.lists)) == (2, 1)


async def test_an_exchange_that_does_not_answer_holds_no_refusal_back() -> None:
    """EXEC-3: the list is waited for a moment, not longer: a stop hangs on the answer."""
    async with watched(Changing(), instruments_patience_s=0.05) as (loop, watch, _):
        cast(Changing, loop._exchange).silent = True
        await asyncio.wait_for(watch.refused("BTCUSDT", -4014, "a tick"), 1.0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "SETTLING"}, "status"),
        ({"status": "PRE_SETTLE"}, "status"),
        ({"status": "CLOSE"}, "status"),
        ({"status": "PENDING_TRADING"}, "status"),
        ({"delivers_at": EPOCH + HOUR}, "delisting"),
    ],
)
async def test_a_symbol_that_goes_takes_no_entries_and_opens_when_it_comes_back(change: Any, reason: str) -> None:
    """EXEC-4: the other symbol is not concerned."""
    async with watched(Changing()) as (loop, watch, _):
        exchange = cast(Changing, loop._exchange)
        exchange.rules["BTCUSDT"] = change
        await watch.refresh()
        assert (loop.closed(), loop.closed("ETHUSDT")) == (reason, "")
        assert loop.alerted(f"closed.BTCUSDT.{reason}")
        exchange.rules.clear()
        await watch.refresh()
        assert loop.closed() == ""
        assert loop.alerted(f"opened.BTCUSDT.{reason}")


async def test_a_symbol_that_cannot_be_read_keeps_its_last_filters_and_takes_no_entries() -> None:
    """RISK-1: the others are told as before, and a person hears why."""
    async with watched(Changing()) as (loop, watch, _):
        exchange = cast(Changing, loop._exchange)
        exchange.missing = {"BTCUSDT"}
        exchange.left_out = (LeftOut(symbol="BTCUSDT", reason="has no PRICE_FILTER.tickSize"),)
        await watch.refresh()
        assert loop.closed() == "unreadable"
        assert [each.symbol for each in loop.lists[-1].instruments] == ["ETHUSDT"]
        assert "has no PRICE_FILTER.tickSize" in loop.alerts[0].text


async def test_a_tradifi_contract_follows_its_market() -> None:
    """EXEC-4: the windows are told ahead, so that no service depends on a timer here."""
    exchange = Changing()
    exchange.rules["ETHUSDT"] = {"contract": "TRADIFI_PERPETUAL", "underlying": "EQUITY"}
    now = exchange.now()
    sessions = (
        Session(start=now - HOUR, end=now + HOUR, kind="REGULAR"),
        Session(start=now + HOUR, end=now + 3 * HOUR, kind="NO_TRADING"),
        Session(start=now + 3 * HOUR, end=now + 9 * HOUR, kind="PRE_MARKET"),
    )
    exchange.schedule = TradingSchedule(time=now, markets={"EQUITY": sessions})
    async with watched(exchange) as (loop, _, _):
        assert loop.closed("ETHUSDT") == ""
        closure = next(each for each in loop.lists[0].closures if each.reason == "session")
        assert (closure.since, closure.until) == (now + HOUR, now + 3 * HOUR)


async def test_a_schedule_that_is_not_told_closes_the_contract_only() -> None:
    """EXEC-4: not known is not open."""
    exchange = Changing()
    exchange.rules["ETHUSDT"] = {"contract": "TRADIFI_PERPETUAL", "underlying": "COMMODITY"}
    exchange.schedule = ExchangeError("retry", -1001, "Internal error", call="GET tradingSchedule", status=503)
    async with watched(exchange) as (loop, _, _):
        assert (loop.closed("ETHUSDT"), loop.closed("BTCUSDT")) == ("schedule_unknown", "")


async def test_an_unsigned_agreement_closes_the_symbol_for_an_hour() -> None:
    """EXEC-6: -4411: then the next entry shows whether it was signed."""
    async with watched(Changing()) as (loop, watch, _):
        exchange = cast(Changing, loop._exchange)
        await watch.refused("BTCUSDT", -4411, "sign it")
        assert (loop.closed(), loop.closed("ETHUSDT")) == ("agreement", "")
        assert "sign it in the Binance app" in loop.alerts[0].text
        (closure,) = loop.lists[-1].closures
        assert closure.until is not None
        exchange.time = closure.until
        await watch.refresh()
        assert loop.closed() == ""


async def test_a_ban_closes_every_symbol_until_it_is_over_without_an_alert_for_each() -> None:
    """EXEC-6: risk hears of it; people were paged once."""
    async with watched(Changing()) as (loop, watch, _):
        until = loop.now() + 60_000
        watch.banned(until, "banned until then")
        assert (loop.closed(), loop.closed("ETHUSDT")) == ("ban", "ban")
        assert {each.until for each in loop.lists[-1].closures} == {until}
        assert loop.alerts == []
        cast(Changing, loop._exchange).time = until
        await watch.refresh(always=True)
        assert loop.closed() == ""
        assert loop.alerts == []


async def test_a_question_that_fails_is_heard_of() -> None:
    """EXEC-6: -2015 halts whoever meets it; only the class of the error decides."""

    class Locked(Changing):
        locked = False

        async def account_config(self) -> AccountConfig:
            if self.locked:
                raise ExchangeError("halt", -2015, "Invalid API-key, IP, or permissions", call="GET accountConfig")
            return await super().account_config()

    async with watched(Locked()) as (loop, watch, _):
        cast(Locked, loop._exchange).locked = True
        watch.look()
        await until(lambda: bool(loop.errors))
        assert [error.code for error in loop.errors] == [-2015]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"config": {"hedge": True}}, "hedge mode, one-way mode is wanted"),
        ({"config": {"multi_assets": True}}, "multi-assets mode, single-asset mode is wanted"),
        ({"config": {"may_trade": False}}, "lets the account place no orders"),
        ({"credits": Decimal("250.5")}, "futures credits (BNFCR), USDT is wanted"),
    ],
)
async def test_a_mode_that_is_not_traded_in_ends_the_start_unless_something_is_held(
    change: dict[str, Any], words: str
) -> None:
    """RISK-5, EXEC-3, fault 18: what is set, what is wanted, where it is changed; who holds a position needs us."""
    exchange = Changing()
    for name, value in change.items():
        setattr(exchange, name, value)
    with pytest.raises(Leave) as left:
        async with watched(exchange):
            pass
    assert left.value.code == Exit.REFUSED
    assert words in str(left.value)
    assert "in the Binance app" in str(left.value)
    held = NewOrder(client_id="before", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.01"))
    await exchange.place(held)
    async with watched(exchange) as (loop, _, _):
        assert (loop.closed(), loop.closed("ETHUSDT")) == ("account_mode", "account_mode")


@pytest.mark.parametrize(
    "change", [{"config": {"multi_assets": True}}, {"config": {"hedge": True}}, {"credits": Decimal(5)}]
)
async def test_a_mode_changed_in_the_app_halts_entries_once(change: dict[str, Any]) -> None:
    """RISK-5: the symbols open when the mode is mended; the halt stays for a person."""
    async with watched(Changing()) as (loop, watch, halts):
        exchange = cast(Changing, loop._exchange)
        before = {name: getattr(exchange, name) for name in change}
        for name, value in change.items():
            setattr(exchange, name, value)
        watch.look()
        await until(lambda: bool(halts))
        assert loop.closed() == "account_mode"
        assert loop.lists[-1].closures[0].text in halts[0]
        for name, value in before.items():
            setattr(exchange, name, value)
        watch.look()
        await until(lambda: loop.closed() == "")
        assert len(halts) == 1


async def test_the_accounts_leverage_and_margin_type_are_set_on_every_symbol() -> None:
    """RISK-5: what risk sizes by is what the exchange is set to."""
    exchange = MovedPort()
    await exchange.set_leverage("BTCUSDT", 50)
    await exchange.set_margin_type("ETHUSDT", "isolated")
    asked = AccountSettings(leverage=7, margin_type="cross")
    assert await set_up(exchange, SYMBOLS, asked, await exchange.symbol_configs()) == ()
    configs = await exchange.symbol_configs()
    assert [(each.leverage, each.margin_type) for each in configs.values()] == [(7, "cross"), (7, "cross")]


@pytest.mark.parametrize("action", ["refuse", "retry", "query"])
async def test_a_symbol_that_cannot_be_set_takes_no_entries_and_the_others_do(action: Any) -> None:
    """RISK-5, fault 15: whatever the reason, what the exchange states after it decides; it is set at a later check."""

    class Stuck(Changing):
        stuck = True

        async def set_leverage(self, symbol: str, leverage: int) -> Leverage:
            if self.stuck and symbol == "ETHUSDT":
                raise ExchangeError(action, -4161, "refused by the test", call="POST leverage")
            return await super().set_leverage(symbol, leverage)

    exchange = Stuck()
    await MovedPort.set_leverage(exchange, "BTCUSDT", 125)
    await MovedPort.set_leverage(exchange, "ETHUSDT", 125)
    async with watched(exchange) as (loop, watch, halts):
        assert (loop.closed(), loop.closed("ETHUSDT")) == ("", "leverage")
        assert "leverage is 125, account.leverage is 10" in loop.alerted("closed.ETHUSDT.leverage")
        exchange.stuck = False
        watch.look()
        await until(lambda: loop.closed("ETHUSDT") == "")
        assert halts == []


async def test_a_key_that_may_set_nothing_ends_the_start() -> None:
    """RISK-5, OPS-7: it is no matter of one symbol."""

    class Locked(MovedPort):
        async def set_leverage(self, symbol: str, leverage: int) -> Leverage:
            raise ExchangeError("halt", -2015, "Invalid API-key, IP, or permissions", call="POST leverage")

    exchange = Locked()
    with pytest.raises(ExchangeError, match="2015"):
        await set_up(exchange, SYMBOLS, AccountSettings(leverage=7), await exchange.symbol_configs())


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        (KeyRights(trade=True, withdraw=True, ip_restricted=True), "withdraw"),
        (KeyRights(trade=False, withdraw=False, ip_restricted=True), "may not trade"),
        (KeyRights(trade=None, withdraw=None, ip_restricted=False), ""),
    ],
)
async def test_a_key_that_could_do_harm_is_refused_unless_something_is_held(rights: KeyRights, words: str) -> None:
    """OPS-7, fault 18: before anything is sent."""

    class Keyed(MovedPort):
        async def key_rights(self) -> KeyRights:
            return rights

    exchange = Keyed()
    fault = await key_fault(exchange)
    assert words in fault
    assert bool(words) == bool(fault)
    with pytest.raises(Leave):
        await refuse(exchange, fault, exposed=False)
    await refuse(exchange, fault, exposed=True)


async def test_a_key_that_the_exchange_does_not_let_in_is_named() -> None:
    """OPS-7: with the exchange's own words."""

    class BadKey(MovedPort):
        async def key_rights(self) -> KeyRights:
            raise ExchangeError("halt", -2015, "Invalid API-key, IP, or permissions", call="GET balance", status=401)

    assert "refuses the key" in await key_fault(BadKey())
