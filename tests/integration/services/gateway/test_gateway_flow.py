"""The gateway between the bus and an exchange: requests once, answers always, news that add up."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from functools import partial
from typing import Any, cast

import msgspec
import pytest

from services.gateway.start import set_up
from shared.config.account import AccountSettings
from shared.domain.exchange import PlaceOrder
from shared.exchange.errors import ExchangeError
from shared.exchange.model.account import KeyRights
from shared.exchange.model.market_data import MarkPrice
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.user_events import OrderUpdate, UserEvent
from shared.exchange.outcome.outcomes import Outcome, Refused, Uncertain
from shared.exchange.port import TradingExchange
from shared.runtime.process.exits import Exit, Leave
from shared.store.memory import MemoryStore
from shared.store.port import Fenced
from tests.support.exchange.moved_port import SYMBOLS, MovedPort
from tests.support.gateway.desk import ENTRY, STOP, TARGET, gateway, memory_desk, trading


class Counting(MovedPort):
    """Counts what is sent under each client id."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: Counter[str] = Counter()

    async def place(self, order: NewOrder) -> Outcome:
        self.sent[order.client_id] += 1
        return await super().place(order)


class LosingAnswers(Counting):
    """Takes orders and loses the answer: a timeout after accepting."""

    async def place(self, order: NewOrder) -> Outcome:
        await super().place(order)
        return Uncertain(doubt="timeout", until=self.now() + 500)


class LosingRequests(Counting):
    """The first requests of each id never arrive, and nobody says so."""

    losses = 1

    async def place(self, order: NewOrder) -> Outcome:
        if self.sent[order.client_id] < self.losses:
            self.sent[order.client_id] += 1
            return Uncertain(doubt="connection", until=self.now() - 1)
        return await super().place(order)


async def test_a_trade_from_entry_to_target() -> None:
    """EXEC-1, EXEC-4: entry, stop and target are answered; fills, positions and ends come as news, and add up."""
    async with trading() as (desk, exchange):
        entered = await desk.place(ENTRY)
        assert [(order.status, order.filled) for order in entered.orders] == [("FILLED", Decimal("0.010"))]
        exits = await desk.place(STOP, TARGET)
        assert [order.status for order in exits.orders] == ["NEW", "NEW"]
        await desk.until(lambda: desk.position() == Decimal("0.010"))
        exchange.move("BTCUSDT", Decimal(102_100))
        await desk.until(lambda: desk.told("ict-target")[-1].status == "FILLED" and desk.position() == 0)
        await desk.cancel(STOP)
        assert desk.told("ict-stop")[-1].status == "CANCELED"
        fills = [fill for event in desk.events for fill in event.fills]
        assert [(fill.client_id, fill.side) for fill in fills] == [("ict-entry", "BUY"), ("ict-target", "SELL")]
        assert not await exchange.open_orders()


async def test_no_news_shows_a_fill_without_its_position() -> None:
    """EXEC-4: the exchange tells fills and positions apart; a reader of one without the other would freeze the symbol."""
    async with trading() as (desk, exchange):
        await desk.place(ENTRY)
        await desk.place(STOP, TARGET)
        exchange.move("BTCUSDT", Decimal(98_900))
        await desk.until(lambda: desk.told("ict-stop")[-1].status == "FILLED" and desk.position() == 0)
        carried = Decimal(0)
        for event in desk.news:
            carried += sum((fill.quantity if fill.side == "BUY" else -fill.quantity for fill in event.fills), Decimal(0))
            held = {each.symbol: each.quantity for each in event.account.positions}
            assert held.get("BTCUSDT", Decimal(0)) == carried
        times = [event.time for event in desk.news]
        assert times == sorted(set(times))


async def test_a_lost_answer_is_found_by_asking() -> None:
    """EXEC-2: accepted and not answered; asked for, never sent again."""
    async with trading(LosingAnswers()) as (desk, exchange):
        answer = await desk.place(ENTRY)
        assert answer.orders[0].status == "FILLED"
        assert exchange.sent == {"ict-entry": 1}  # type: ignore[attr-defined]  # LosingAnswers
        assert (await exchange.positions())[0].quantity == Decimal("0.010")


async def test_a_lost_request_is_sent_once_more_when_it_certainly_never_arrived() -> None:
    """EXEC-2: "no such order" is conclusive after the recv window: then nothing happened, and sending again is safe."""
    async with trading(LosingRequests()) as (desk, exchange):
        answer = await desk.place(ENTRY)
        assert answer.orders[0].status == "FILLED"
        assert (await exchange.positions())[0].quantity == ENTRY.quantity


async def test_a_request_that_is_lost_again_is_answered_as_refused() -> None:
    """EXEC-2: execution hears that nothing happened, and decides."""

    class Losing(LosingRequests):
        losses = 9

    async with trading(Losing()) as (desk, exchange):
        answer = await desk.place(ENTRY)
        assert [(order.status, order.reject_code) for order in answer.orders] == [("REJECTED", -2013)]
        assert not await exchange.positions()


async def test_a_repeated_id_is_a_question() -> None:
    """EXEC-2: under a new request id or the same one, before and after its end."""
    async with trading(Counting()) as (desk, exchange):
        await desk.place(ENTRY, identity="one")
        await desk.place(STOP)
        again = await desk.place(ENTRY, STOP, identity="two")
        assert [order.status for order in again.orders] == ["FILLED", "NEW"]
        assert exchange.sent == {"ict-entry": 1, "ict-stop": 1}  # type: ignore[attr-defined]  # Counting


async def test_refusals_keep_their_code() -> None:
    """EXEC-6: what the exchange refuses is REJECTED with its code."""
    small = msgspec.structs.replace(ENTRY, client_id="ict-small", quantity=Decimal("0.0005"))
    async with trading() as (desk, _):
        answer = await desk.place(small)
    assert answer.orders[0].status == "REJECTED"
    assert answer.orders[0].reject_code < 0


async def test_cancels_say_how_it_stands() -> None:
    """EXEC-4: a cancel of what is filled says filled; one that nobody knows is refused, never invented."""
    unknown = msgspec.structs.replace(STOP, client_id="ict-nobody")
    async with trading() as (desk, _):
        await desk.place(ENTRY)
        assert (await desk.cancel(ENTRY)).orders[0].status == "FILLED"
        answer = await desk.cancel(unknown)
        assert (answer.orders[0].status, answer.orders[0].reject_code) == ("REJECTED", -2011)


async def test_a_cut_stream_costs_no_news() -> None:
    """RISK-5: what happened while nobody listened is asked for by REST: fills, positions and ends."""
    async with trading() as (desk, exchange):
        await desk.place(ENTRY)
        await desk.place(STOP, TARGET)
        await desk.until(lambda: desk.position() == Decimal("0.010"))
        streams, exchange._streams = exchange._streams, []  # the line is dead, and nobody has noticed
        exchange.move("BTCUSDT", Decimal(98_900))
        exchange._streams = streams
        exchange.cut_streams()
        await desk.until(lambda: desk.told("ict-stop")[-1].status == "FILLED" and desk.position() == 0)
        fills = [fill for event in desk.events for fill in event.fills]
        assert [fill.client_id for fill in fills] == ["ict-entry", "ict-stop"]


async def heard_by_the_gateway(exchange: Any) -> None:
    """Its user stream is open: what is taken away from now on is taken from it."""
    async with asyncio.timeout(5.0):
        while not exchange._streams:  # noqa: ASYNC110  the exchange tells nobody of a stream
            await asyncio.sleep(0.005)


async def test_lost_events_on_an_open_stream_cost_no_fill() -> None:
    """EXEC-4: the stream loses a fill and goes on with later ones: what does not add up is asked for."""
    async with trading() as (desk, exchange):
        await heard_by_the_gateway(exchange)
        streams, exchange._streams = exchange._streams, []
        await desk.place(ENTRY)
        await desk.place(STOP, TARGET)
        exchange._streams = streams
        exchange.move("BTCUSDT", Decimal(102_100))
        await desk.until(lambda: desk.told("ict-target")[-1].status == "FILLED" and desk.position() == 0)
        await desk.until(lambda: len({fill.id for event in desk.events for fill in event.fills}) == 2)
        fills = [fill.client_id for event in desk.events for fill in event.fills]
        assert sorted(fills) == ["ict-entry", "ict-target"]


async def test_a_fill_that_only_the_answer_tells_is_asked_for() -> None:
    """EXEC-4: no event comes at all; the answer's own word starts the clock."""
    async with trading(account_every_s=300) as (desk, exchange):
        await heard_by_the_gateway(exchange)
        exchange._streams = []
        await desk.place(ENTRY)
        await desk.until(lambda: any(event.fills for event in desk.news), 3.0)
        assert desk.position() == Decimal("0.010")


async def test_a_restart_sends_nothing_twice_and_misses_nothing() -> None:
    """EXEC-2: killed after sending and before answering; the request comes again to the next process."""
    exchange, store = Counting(), MemoryStore()
    await store.start()

    class Dying:
        async def place(self, order: NewOrder) -> Outcome:
            await exchange.place(order)
            await asyncio.Event().wait()  # the process is killed here
            raise AssertionError

        def __getattr__(self, name: str) -> object:
            return getattr(exchange, name)

    async with memory_desk() as (desk, bus):
        async with gateway(bus, store, cast(TradingExchange, Dying()), drain_s=0.05):
            await desk.until(lambda: bool(desk.news))
            await desk.send(PlaceOrder(order=ENTRY), PlaceOrder(order=STOP), identity="one")
            async with asyncio.timeout(5):
                while not exchange.sent:  # noqa: ASYNC110  a count, not an event
                    await asyncio.sleep(0.005)
        assert desk.answer("one") is None
        exchange.move("BTCUSDT", Decimal(100_500))
        async with gateway(bus, store, exchange):
            await desk.send(PlaceOrder(order=ENTRY), PlaceOrder(order=STOP), identity="one-again")
            await desk.until(lambda: desk.answer("one-again") is not None)
            answer = desk.answer("one-again")
            assert answer is not None
            assert [order.status for order in answer.orders] == ["FILLED", "NEW"]
            await desk.until(lambda: desk.position() == Decimal("0.010"))
            fills = {(fill.id, fill.client_id) for event in desk.events for fill in event.fills}
            ((fill_id, client_id),) = fills
            assert fill_id.startswith("BTCUSDT-")
            assert client_id == "ict-entry", "found by REST, and told under the id that it belongs to"
    assert exchange.sent == {"ict-entry": 1, "ict-stop": 1}


async def test_a_superseded_process_sends_nothing() -> None:
    """Invariant 3: what is about to be sent is saved first, and the save is fenced."""
    exchange, store = Counting(), MemoryStore()
    await store.start()
    async with memory_desk() as (desk, bus), gateway(bus, store, exchange) as task:
        await desk.until(lambda: bool(desk.news))
        await store.open("gateway")  # another replica has taken over
        await desk.send(PlaceOrder(order=ENTRY))
        with pytest.raises(Fenced):
            await asyncio.wait_for(asyncio.shield(task), 5)
    assert not exchange.sent


async def test_one_symbols_open_outcome_does_not_hold_another_ones_stop() -> None:
    """EXEC-3: protection of one symbol does not stand behind a question about another."""
    released = asyncio.Event()

    class Stuck(MovedPort):
        async def place(self, order: NewOrder) -> Outcome:
            if order.symbol == "ETHUSDT":
                await released.wait()
            return await super().place(order)

    other = msgspec.structs.replace(ENTRY, client_id="ict-eth", symbol="ETHUSDT", quantity=Decimal("0.100"))
    async with trading(Stuck()) as (desk, _):
        waiting = await desk.send(PlaceOrder(order=other))
        await desk.place(ENTRY)
        answer = await desk.place(STOP)
        assert answer.orders[0].status == "NEW"
        assert desk.answer(waiting) is None
        released.set()
        await desk.until(lambda: desk.answer(waiting) is not None)


async def test_foreign_orders_are_told_and_not_adopted() -> None:
    """EXEC-4: somebody else's order is news under its own name; nothing is done to it."""
    async with trading() as (desk, exchange):
        foreign = NewOrder(
            client_id="web-1", symbol="BTCUSDT", side="BUY", type="LIMIT", quantity=Decimal("0.01"), price=Decimal(90_000)
        )
        await exchange.place(foreign)
        await desk.until(lambda: bool(desk.told("web-1")))
        assert [order.client_id for order in await exchange.open_orders()] == ["web-1"]


async def test_funding_is_booked_by_symbol() -> None:
    """RISK-6: the stream tells the wallet only; the symbol and the amount are asked for."""
    async with trading() as (desk, exchange):
        await desk.place(ENTRY)
        await desk.until(lambda: desk.position() == Decimal("0.010"))
        exchange.core.on_funding("BTCUSDT", Decimal("0.0001"), exchange.now())
        exchange.pump()
        await desk.until(lambda: any(event.funding for event in desk.news))
        paid = [payment for event in desk.news for payment in event.funding]
        assert [(payment.symbol, payment.amount < 0) for payment in paid] == [("BTCUSDT", True)]


class PaidInBnb(MovedPort):
    """Takes its fees in BNB, at 600 USDT; ``listed``: whether it has a price of BNB."""

    listed = True

    def pump(self) -> None:
        for stream in self._streams:
            if not hasattr(stream, "told_in_usdt"):
                stream.told_in_usdt = stream.put  # type: ignore[attr-defined]  # the stream as it was
                stream.put = partial(self._in_bnb, stream)  # type: ignore[method-assign]
        super().pump()

    def _in_bnb(self, stream: Any, event: UserEvent) -> None:
        if isinstance(event, OrderUpdate) and event.fill is not None:
            fill = msgspec.structs.replace(event.fill, commission=event.fill.commission / 600, commission_asset="BNB")
            event = msgspec.structs.replace(event, fill=fill)
        stream.told_in_usdt(event)

    async def mark_prices(self, symbol: str | None = None) -> tuple[MarkPrice, ...]:
        if symbol != "BNBUSDT" or not self.listed:
            return await super().mark_prices(symbol)
        return (MarkPrice(symbol=symbol, time=1, mark=Decimal(600), index=Decimal(600), funding_rate=ZERO, next_funding=0),)


ZERO = Decimal(0)


class PaidInUnlisted(PaidInBnb):
    listed = False


async def test_fees_in_bnb_are_told_in_usdt_too() -> None:
    """EXEC-4: the first one already; its asset and amount are told beside it."""
    async with trading(PaidInBnb()) as (desk, _):
        await desk.place(ENTRY)
        await desk.until(lambda: desk.position() == Decimal("0.010"))
        (fill,) = [fill for event in desk.events for fill in event.fills]
        assert fill.commission_asset == "BNB"
        assert fill.fee == (fill.commission * 600).quantize(Decimal("0.00000001"))
        assert fill.fee > 0
        assert not desk.alerts


async def test_fees_in_an_asset_without_a_price_are_alerted_once() -> None:
    """EXEC-4: counted as nothing, and nobody is left to believe otherwise."""
    async with trading(PaidInUnlisted()) as (desk, exchange):
        await desk.place(ENTRY)
        await desk.place(STOP, TARGET)
        exchange.move("BTCUSDT", Decimal(102_100))
        await desk.until(lambda: desk.position() == 0 and bool(desk.told("ict-target")))
        await desk.until(lambda: bool(desk.alerts))
        assert [alert.key for alert in desk.alerts] == ["fee_asset.BNB"]
        assert all(fill.fee == 0 and fill.commission > 0 for event in desk.events for fill in event.fills)


async def test_the_account_is_stated_regularly() -> None:
    """EXEC-4: also when nothing happens, and each time compared with the exchange."""
    async with trading(account_every_s=1) as (desk, _):
        before = len(desk.news)
        await desk.until(lambda: len(desk.news) >= before + 2, 4.0)
        assert desk.news[-1].account.wallet == Decimal(10_000)


async def test_a_key_that_may_withdraw_is_refused() -> None:
    """OPS-7: before anything is sent."""

    class Rich(MovedPort):
        async def key_rights(self) -> KeyRights:
            return KeyRights(trade=True, withdraw=True, ip_restricted=True)

    store = MemoryStore()
    await store.start()
    async with memory_desk() as (_, bus), gateway(bus, store, Rich()) as task:
        with pytest.raises(Leave, match="withdraw") as left:
            await asyncio.wait_for(asyncio.shield(task), 5)
    assert left.value.code == Exit.REFUSED


async def test_hedge_mode_and_a_refused_key_end_it_with_a_sentence() -> None:
    """RISK-5, OPS-7: what the system does not trade in, and what the exchange does not let in."""

    class BadKey(MovedPort):
        async def key_rights(self) -> KeyRights:
            raise ExchangeError("halt", -2015, "Invalid API-key, IP, or permissions", call="GET balance", status=401)

    hedged = MovedPort()
    await hedged.set_hedge_mode(True)
    for exchange, words in ((hedged, "hedge mode"), (BadKey(), "refuses the key")):
        store = MemoryStore()
        await store.start()
        async with memory_desk() as (_, bus), gateway(bus, store, exchange) as task:
            with pytest.raises(Leave, match=words):
                await asyncio.wait_for(asyncio.shield(task), 5)


async def test_a_halting_refusal_and_a_lost_order_are_critical() -> None:
    """EXEC-6, invariant 7: a person is told."""

    class Restricted(MovedPort):
        async def place(self, order: NewOrder) -> Outcome:
            if order.client_id == "ict-entry":
                return Refused(code=-4189, message="Reduce only account", action="halt")
            return Uncertain(doubt="timeout", until=self.now() + 500)

        async def order(self, ref: OrderRef) -> ExchangeOrder | None:
            raise ExchangeError("retry", -1001, "Internal error", call="GET order", status=503)

    async with trading(Restricted()) as (desk, _):
        await desk.place(ENTRY)
        answer = await desk.place(STOP)
        assert answer.orders == ()
        await desk.until(lambda: len(desk.alerts) == 2)
    assert {alert.key for alert in desk.alerts} == {"halt.-4189", "lost.ict-stop"}


async def test_the_accounts_leverage_and_margin_type_are_set_on_every_symbol_before_work_begins() -> None:
    """RISK-5: what risk sizes by is what the exchange is set to."""
    exchange = MovedPort()
    await exchange.set_leverage("BTCUSDT", 50)
    await exchange.set_margin_type("ETHUSDT", "isolated")
    asked = AccountSettings(leverage=7, margin_type="cross")
    assert await set_up(exchange, SYMBOLS, asked, await exchange.symbol_configs()) == ()
    configs = await exchange.symbol_configs()
    assert [(each.leverage, each.margin_type) for each in configs.values()] == [(7, "cross"), (7, "cross")]
