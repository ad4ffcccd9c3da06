"""The gateway at the simulator's server: filters, symbols and the account change there, as they do at the exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from services.gateway.flow import GatewayFlow
from services.gateway.settings import GatewaySettings
from shared.domain.orders import Order
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.orders import NewOrder
from shared.exchange.settings import ExchangeSettings
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.source import Lease
from shared.store.memory import MemoryStore
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.gateway.desk import ENTRY, Desk, common, memory_desk
from tests.support.simulator.protocol_server import Hand, a_hand, a_server

SECONDS = 20.0
QUICK = {"hold_ms": 40, "account_every_s": 30, "drain_s": 1, "account_check_s": 1, "instruments_every_s": 1}


class Floor:
    """A gateway at a server, what it tells, and hands behind its back. ``exchange``: a second client of the account."""

    def __init__(self, desk: Desk, hand: Hand, exchange: BinanceExchange, task: asyncio.Task[None]) -> None:
        self.desk = desk
        self.hand = hand
        self.exchange = exchange
        self.task = task

    async def started(self) -> None:
        await self.until(lambda: bool(self.desk.lists and self.desk.news))

    async def until(self, condition: Any) -> None:
        """Wait until it holds. Raises what the gateway ended with."""
        waiting = asyncio.create_task(self.desk.until(condition, SECONDS))
        await asyncio.wait({waiting, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            waiting.cancel()
            self.task.result()
        await waiting

    async def left(self) -> str:
        """The sentence with which the gateway leaves."""
        with pytest.raises(Leave) as found:
            await asyncio.wait_for(asyncio.shield(self.task), SECONDS)
        assert found.value.code == Exit.REFUSED
        return str(found.value)

    def alerted(self, key: str) -> str:
        """The text of the alert with this key; empty if there was none."""
        return next((each.text for each in self.desk.alerts if each.key == key), "")

    async def stop_below(self, price: Decimal) -> Order:
        stop = Order(
            client_id=f"ict-stop-{price}".replace(".", "-"), symbol="BTCUSDT", side="SELL", type="STOP_MARKET",
            quantity=Decimal(0), trigger=price, close_position=True,
        )  # fmt: skip
        return (await self.desk.place(stop)).orders[0]


@asynccontextmanager
async def floor(
    *faults: tuple[str, dict[str, Any]],
    before: Callable[[BinanceExchange], Awaitable[object]] | None = None,
    bought: bool = False,
    **settings: Any,
) -> AsyncIterator[Floor]:
    """``before``: done to the account before the gateway starts; ``bought``: a position of 0.010 BTC is then opened, and the
    ``faults`` are put into force."""
    async with a_server() as server, a_hand(server) as hand, memory_desk() as (desk, bus):
        reached = ExchangeSettings(
            key=SecretStr(TEST_KEY), secret=SecretStr(TEST_SECRET), rest_url=server.url, stream_url=server.sockets_url
        )
        asked = common().model_copy(update={"exchange": reached})
        exchange = BinanceExchange("demo", reached, None)
        await exchange.start()
        if before is not None:
            await before(exchange)
        if bought:
            await exchange.place(buy("before"))
        for kind, fields in faults:
            await hand.fault(kind, **fields)
        store = MemoryStore()
        await store.start()
        opened = await store.open("gateway")
        lease = Lease("gateway", store, opened.epoch, opened.snapshot)
        gateway = GatewaySettings.model_validate({**QUICK, **settings})
        flow = GatewayFlow(bus, lambda: BinanceExchange("demo", reached, None), asked, gateway)
        task = asyncio.create_task(flow.run(lease), name="gateway under test")
        try:
            yield Floor(desk, hand, exchange, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await exchange.close()


def buy(client_id: str) -> NewOrder:
    return NewOrder(client_id=client_id, symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.010"))


async def test_a_stop_refused_for_its_tick_brings_the_new_filters_before_the_answer() -> None:
    """EXEC-3: -4014, then the list, then the answer: the next stop stands."""
    async with floor(bought=True, instruments_every_s=900) as at:
        await at.started()
        await at.hand.fault("filters", symbol="BTCUSDT", tick_size="5")
        (mark,) = await at.exchange.mark_prices("BTCUSDT")
        price = (mark.mark * Decimal("0.9")).quantize(Decimal(1)) // 10 * 10
        lists = len(at.desk.lists)
        refused = await at.stop_below(price + Decimal("0.1"))
        assert (refused.status, refused.reject_code) == ("REJECTED", -4014)
        assert len(at.desk.lists) == lists + 1
        (instrument,) = [each for each in at.desk.lists[-1].instruments if each.symbol == "BTCUSDT"]
        assert instrument.tick_size == 5
        assert (await at.stop_below(instrument.stop(refused.trigger or Decimal(0), "BUY"))).status == "NEW"
        await at.until(lambda: bool(at.alerted("filters.BTCUSDT.tick_size")))


async def test_a_quantity_refused_for_its_step_brings_the_new_step() -> None:
    """EXEC-3: -4023 for the entry; the timer is a quarter of an hour away."""
    async with floor(instruments_every_s=900) as at:
        await at.started()
        await at.hand.fault("filters", symbol="BTCUSDT", step_size="0.02")
        answer = await at.desk.place(msgspec.structs.replace(ENTRY, quantity=Decimal("0.030")))
        assert answer.orders[0].reject_code == -4023
        assert {each.symbol: each.step_size for each in at.desk.lists[-1].instruments}["BTCUSDT"] == Decimal("0.02")


async def test_a_settling_symbol_is_closed_to_entries_and_its_position_can_be_left() -> None:
    """EXEC-4: found on the timer; lifted, it opens again."""
    async with floor(bought=True) as at:
        await at.started()
        number = await at.hand.fault("settling", symbol="BTCUSDT")
        await at.until(lambda: at.desk.closed() == "status")
        assert at.desk.closed("ETHUSDT") == ""
        assert "SETTLING" in at.desk.lists[-1].closures[0].text
        closing = Order(
            client_id="ict-out", symbol="BTCUSDT", side="SELL", type="MARKET", quantity=Decimal("0.010"), reduce_only=True
        )
        assert (await at.desk.place(closing)).orders[0].status == "FILLED"
        await at.hand.ask("DELETE", f"faults/{number}")
        await at.until(lambda: at.desk.closed() == "")


async def test_a_delisted_symbol_is_unlisted_and_the_others_go_on() -> None:
    """EXEC-4: gone from exchangeInfo."""
    async with floor() as at:
        await at.started()
        await at.hand.fault("delisted", symbol="ETHUSDT")
        await at.until(lambda: at.desk.closed("ETHUSDT") == "unlisted")
        assert at.desk.closed() == ""
        assert (await at.desk.place(ENTRY)).orders[0].status == "FILLED"
        assert not at.desk.controls


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"filters": [{"filterType": "LOT_SIZE", "stepSize": "1", "minQty": "1", "maxQty": "9"}]}, "has no PRICE_FILTER"),
        ({"contractType": "HYPER_PERPETUAL"}, "contract type 'HYPER_PERPETUAL'"),
        ({"contractType": None}, "contractType"),
        ({"status": "BREAK"}, "status 'BREAK'"),
        ({"filters": "none"}, "filters"),
    ],
)
async def test_one_odd_symbol_closes_itself_alone(row: dict[str, Any], words: str) -> None:
    """RISK-1: at the start; the gateway starts, and a person reads why."""
    async with floor(("odd_listing", {"symbol": "ETHUSDT", "row": row})) as at:
        await at.started()
        assert (at.desk.closed("ETHUSDT"), at.desk.closed()) == ("unreadable", "")
        assert [each.symbol for each in at.desk.lists[-1].instruments] == ["BTCUSDT"]
        await at.until(lambda: words in at.alerted("closed.ETHUSDT.unreadable"))
        assert (await at.desk.place(ENTRY)).orders[0].status == "FILLED"


async def test_a_tradifi_contract_is_taken_and_follows_the_schedule() -> None:
    """EXEC-4: weekends are closed, told ahead; one before its listing has no hours."""
    share = {"contractType": "TRADIFI_PERPETUAL", "underlyingType": "EQUITY"}
    early = {"contractType": "TRADIFI_PERPETUAL", "underlyingType": "PREMARKET"}
    faults = [("odd_listing", {"symbol": symbol, "row": row}) for symbol, row in (("BTCUSDT", share), ("ETHUSDT", early))]
    async with floor(*faults) as at:
        await at.started()
        told = at.desk.lists[-1]
        assert {each.symbol for each in told.instruments} == {"BTCUSDT", "ETHUSDT"}
        assert {each.symbol for each in told.closures} == {"BTCUSDT"}
        windows = [each for each in told.closures if each.reason == "session"]
        assert windows
        assert all(each.until is not None and each.until - each.since in (86_400_000, 172_800_000) for each in windows)


async def test_an_announced_delisting_closes_the_symbol_a_day_ahead() -> None:
    """EXEC-4: the delivery date is within reach."""
    async with floor() as at:
        await at.started()
        soon = at.desk.lists[-1].time + 3_600_000
        await at.hand.fault("odd_listing", symbol="BTCUSDT", row={"deliveryDate": soon})
        await at.until(lambda: at.desk.closed() == "delisting")
        assert "is delisted at" in at.desk.lists[-1].closures[0].text


async def test_an_unsigned_agreement_is_told_with_what_to_do() -> None:
    """EXEC-6: -4411."""
    async with floor(("agreement_needed", {"symbol": "BTCUSDT"}), instruments_every_s=900) as at:
        await at.started()
        assert (await at.desk.place(ENTRY)).orders[0].reject_code == -4411
        assert (at.desk.closed(), at.desk.closed("ETHUSDT")) == ("agreement", "")


@pytest.mark.parametrize(("kind", "words"), [("multi_assets", "multi-assets mode"), ("bnfcr", "futures credits (BNFCR)")])
async def test_an_asset_mode_that_is_not_counted_ends_the_start(kind: str, words: str) -> None:
    """RISK-5: with the sentence that mends it."""
    async with floor((kind, {})) as at:
        assert words in await at.left()


async def test_hedge_mode_ends_the_start() -> None:
    """RISK-5: set by another client of the account before the gateway starts."""
    async with floor(before=lambda exchange: exchange.set_hedge_mode(True)) as at:
        assert "hedge mode, one-way mode is wanted" in await at.left()


@pytest.mark.parametrize("kind", ["multi_assets", "bnfcr"])
async def test_an_asset_mode_changed_in_the_app_halts_entries_and_no_exit(kind: str) -> None:
    """RISK-5, EXEC-3: with a position open; mended, the symbols open, and a person re-arms."""
    async with floor(bought=True) as at:
        await at.started()
        await at.hand.fault(kind)
        await at.until(lambda: at.desk.closed() == "account_mode" and bool(at.desk.controls))
        assert at.desk.closed("ETHUSDT") == "account_mode"
        assert {each.command for each in at.desk.controls} == {"halt"}
        (mark,) = await at.exchange.mark_prices("BTCUSDT")
        stop = await at.stop_below((mark.mark * Decimal("0.9")).quantize(Decimal(1)))
        assert stop.status == "NEW"
        await at.hand.lift()
        await at.until(lambda: at.desk.closed() == "")


async def test_hedge_mode_set_in_the_app_while_flat_halts_entries() -> None:
    """RISK-5: the exchange lets the mode change only then."""
    async with floor() as at:
        await at.started()
        await at.exchange.set_hedge_mode(True)
        await at.until(lambda: at.desk.closed() == "account_mode" and bool(at.desk.controls))
        assert "hedge mode" in at.desk.controls[0].reason


async def test_leverage_changed_in_the_app_halts_entries_at_once() -> None:
    """RISK-5: the user stream tells it; the timer is a minute away."""
    async with floor(account_check_s=60) as at:
        await at.started()
        await at.hand.until_private_socket()
        await at.exchange.set_leverage("ETHUSDT", 20)
        await at.until(lambda: at.desk.closed("ETHUSDT") == "leverage" and bool(at.desk.controls))
        assert at.desk.closed() == ""
        assert "leverage is 20, account.leverage is 10" in at.desk.controls[0].reason


async def test_a_margin_type_changed_before_the_start_waits_until_the_position_is_closed() -> None:
    """EXEC-3: the gateway starts, entries of that symbol wait; flat, the type is set and they are taken."""
    async with floor(before=lambda exchange: exchange.set_margin_type("BTCUSDT", "isolated"), bought=True) as at:
        await at.started()
        assert (at.desk.closed(), at.desk.closed("ETHUSDT")) == ("margin_type", "")
        await at.exchange.place(msgspec.structs.replace(buy("after"), side="SELL", reduce_only=True))
        await at.until(lambda: at.desk.closed() == "")
        assert (await at.exchange.symbol_configs("BTCUSDT"))["BTCUSDT"].margin_type == "cross"
        assert not at.desk.controls
