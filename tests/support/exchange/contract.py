"""The contract of an exchange behind the exchange port, as checks. Each takes a Desk and raises AssertionError.

The same checks hold for the matching core, for the simulator through the adapter, and for Binance's demo exchange.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Protocol

import pytest

from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.streams import StreamLost
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, OrderUpdate, UserEvent
from shared.exchange.outcome.outcomes import Accepted, NotReady, Outcome, Refused, Uncertain
from shared.exchange.port import TradingExchange

SYMBOL = "BTCUSDT"
LOT = Decimal("0.010")
D = Decimal


class Trader(Protocol):
    """A flat account with money, and a market that may be moved."""

    exchange: TradingExchange
    #: False: nobody can move this market; checks that need it are left out.
    moves: bool

    async def price(self) -> Decimal:
        """The mark price, on the tick grid."""
        ...

    async def move(self, price: Decimal) -> None:
        """The market trades at ``price``."""
        ...

    async def offered(self) -> tuple[Decimal, Decimal]:
        """The best ask and what is had there, on the grids; it stays so until the market is moved."""
        ...

    async def restart(self) -> TradingExchange:
        """Another client of the same exchange, as after a restart."""
        ...

    def name(self, leg: str) -> str:
        """A client id that was never used."""
        ...


class Ears:
    """What the user stream said so far."""

    def __init__(self) -> None:
        self.events: list[UserEvent] = []
        self.heard = asyncio.Event()

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self.heard.clear()
                await self.heard.wait()

    def orders(self, client_id: str) -> list[OrderUpdate]:
        return [each for each in self.events if isinstance(each, OrderUpdate) and each.order.client_id == client_id]

    def algos(self, client_id: str) -> list[AlgoUpdate]:
        return [each for each in self.events if isinstance(each, AlgoUpdate) and each.order.client_id == client_id]

    def positions(self) -> list[Decimal]:
        return [
            position.quantity
            for each in self.events
            if isinstance(each, AccountUpdate)
            for position in each.positions
            if position.symbol == SYMBOL
        ]


@asynccontextmanager
async def listening(exchange: TradingExchange) -> AsyncIterator[Ears]:
    """The user stream, open before anything happens."""
    ears = Ears()
    async with exchange.user_stream() as stream:

        async def listen() -> None:
            try:
                async for event in stream:
                    ears.events.append(event)
                    ears.heard.set()
            except StreamLost:
                return

        task = asyncio.create_task(listen())
        try:
            yield ears
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def order(trader: Trader, leg: str, side: str, kind: str, quantity: Decimal | None = LOT, **rest: object) -> NewOrder:
    return NewOrder(
        client_id=trader.name(leg), symbol=SYMBOL, side=side, type=kind, quantity=quantity, **rest  # type: ignore[arg-type]  # by tests
    )  # fmt: skip


def accepted(outcome: Outcome) -> ExchangeOrder:
    assert isinstance(outcome, Accepted), outcome
    assert outcome.order is not None
    return outcome.order


def code(outcome: Outcome) -> int:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


async def position(exchange: TradingExchange) -> Decimal:
    return sum((each.quantity for each in await exchange.positions(SYMBOL)), D(0))


async def check_market_order(trader: Trader) -> None:
    """EXEC-1: filled at once; the answer has no average price, the question has; events, position and trades agree."""
    exchange = trader.exchange
    async with listening(exchange) as ears:
        asked = order(trader, "entry", "BUY", "MARKET")
        placed = accepted(await exchange.place(asked))
        assert (placed.status, placed.executed, placed.average_price) == ("FILLED", LOT, None)
        await ears.until(lambda: sum(e.fill.quantity for e in ears.orders(asked.client_id) if e.fill) == LOT)
        await ears.until(lambda: LOT in ears.positions())
    found = await exchange.order(asked.ref)
    assert found is not None
    assert found.average_price is not None
    assert found.average_price > 0
    assert await position(exchange) == LOT
    trades = await exchange.account_trades(SYMBOL, order_id=placed.id)
    assert sum(trade.quantity for trade in trades) == LOT
    assert all(trade.commission > 0 and not trade.maker for trade in trades)
    told = [event.fill.trade_id for event in ears.orders(asked.client_id) if event.fill]
    assert sorted(told) == sorted(trade.id for trade in trades)


async def check_limit_rests_and_is_cancelled(trader: Trader) -> None:
    """EXEC-1: a limit away from the market rests; cancelled by client id once, refused with -2011 after that."""
    exchange = trader.exchange
    async with listening(exchange) as ears:
        asked = order(trader, "rest", "BUY", "LIMIT", price=await trader.price() - 5_000, time_in_force="GTC")
        placed = accepted(await exchange.place(asked))
        assert placed.status == "NEW"
        assert [each.client_id for each in await exchange.open_orders(SYMBOL)] == [asked.client_id]
        assert accepted(await exchange.cancel(asked.ref)).status == "CANCELED"
        assert code(await exchange.cancel(asked.ref)) == -2011
        await ears.until(lambda: [e.execution for e in ears.orders(asked.client_id)] == ["NEW", "CANCELED"])
    assert await exchange.open_orders(SYMBOL) == ()
    found = await exchange.order(asked.ref)
    assert found is not None
    assert found.status == "CANCELED"


async def check_an_order_leaves_when_its_caller_is_ready(trader: Trader) -> None:
    """EXEC-2: the caller writes down that it leaves while the request is built; not ready in the end, nothing is sent."""
    exchange, price = trader.exchange, await trader.price()
    asked = order(trader, "ready", "BUY", "LIMIT", price=price - 5_000, time_in_force="GTC")

    async def not_ready() -> bool:
        return False

    with pytest.raises(NotReady):
        await exchange.place(asked, ready=not_ready)
    assert await exchange.order(asked.ref) is None
    standing: list[int] = []

    async def written() -> bool:
        standing.append(len(await exchange.open_orders(SYMBOL)))
        return True

    assert accepted(await exchange.place(asked, ready=written)).status == "NEW"
    assert standing == [0]
    accepted(await exchange.cancel(asked.ref))


async def check_times_in_force(trader: Trader) -> None:
    """EXEC-1: IOC and FOK that cannot fill leave nothing; a post-only order that would take is refused."""
    exchange, price = trader.exchange, await trader.price()
    ioc = await exchange.place(order(trader, "ioc", "BUY", "LIMIT", price=price - 5_000, time_in_force="IOC"))
    assert accepted(ioc).status == "EXPIRED"
    fok = await exchange.place(order(trader, "fok", "BUY", "LIMIT", price=price - 5_000, time_in_force="FOK"))
    assert isinstance(fok, Refused) or accepted(fok).status == "EXPIRED"
    assert (
        code(await exchange.place(order(trader, "gtx", "BUY", "LIMIT", price=price + 1_000, time_in_force="GTX"))) == -5022
    )
    assert await exchange.open_orders(SYMBOL) == ()
    assert await position(exchange) == 0


async def check_books_are_apart(trader: Trader) -> None:
    """EXEC-1, EXEC-4: conditional orders wait in their own book, are found and cancelled by their own client id."""
    exchange, price = trader.exchange, await trader.price()
    plain = order(trader, "plain", "BUY", "LIMIT", price=price - 5_000, time_in_force="GTC")
    stop = order(trader, "stop", "SELL", "STOP_MARKET", trigger=price - 6_000)
    target = order(trader, "target", "SELL", "TAKE_PROFIT_MARKET", trigger=price + 6_000)
    limited = order(trader, "limited", "SELL", "STOP", trigger=price - 6_000, price=price - 6_100)
    trailing = order(trader, "trail", "SELL", "TRAILING_STOP_MARKET", callback_rate=D(5), activation=price + 7_000)
    for each in (plain, stop, target, limited, trailing):
        assert accepted(await exchange.place(each)).client_id == each.client_id
    books = {each.client_id: each.book for each in await exchange.open_orders(SYMBOL)}
    assert books == {
        plain.client_id: "plain",
        **{each.client_id: "algo" for each in (stop, target, limited, trailing)},
    }
    found = await exchange.order(stop.ref)
    assert found is not None
    assert (found.book, found.type, found.trigger) == ("algo", "STOP_MARKET", price - 6_000)
    assert isinstance(await exchange.cancel(stop.ref), Accepted)
    assert code(await exchange.cancel(stop.ref)) == -2011
    await exchange.cancel_all(SYMBOL)
    assert await exchange.open_orders(SYMBOL) == ()


async def check_a_standing_stop_is_found(trader: Trader) -> None:
    """EXEC-3: one order a side and kind closes the position; a second is answered with the one that stands (-4130)."""
    exchange, price = trader.exchange, await trader.price()
    accepted(await exchange.place(order(trader, "entry", "BUY", "MARKET")))
    stop, second, target = (
        NewOrder(
            client_id=trader.name(leg), symbol=SYMBOL, side="SELL", type=kind, trigger=price + away, close_position=True
        )
        for leg, kind, away in (
            ("stop", "STOP_MARKET", -6_000),
            ("second", "STOP_MARKET", -7_000),
            ("target", "TAKE_PROFIT_MARKET", 6_000),
        )
    )
    for each in (stop, target):
        assert accepted(await exchange.place(each)).client_id == each.client_id
    outcome = await exchange.place(second)
    assert isinstance(outcome, Accepted)
    assert outcome.order is not None
    assert outcome.stood
    assert (outcome.order.client_id, outcome.order.trigger) == (stop.client_id, stop.trigger)
    assert isinstance(await exchange.cancel(outcome.order.ref), Accepted)
    assert accepted(await exchange.place(second)).client_id == second.client_id
    await exchange.cancel_all(SYMBOL)
    accepted(await exchange.place(order(trader, "close", "SELL", "MARKET", reduce_only=True)))


async def check_stop_triggers(trader: Trader) -> None:
    """EXEC-1, EXEC-3: the stop closes the position; it names its child, and the child's fills are told."""
    exchange, price = trader.exchange, await trader.price()
    entry = order(trader, "entry", "BUY", "MARKET")
    accepted(await exchange.place(entry))
    stop = order(trader, "stop", "SELL", "STOP_MARKET", None, trigger=price - 500, close_position=True)
    target = order(trader, "target", "SELL", "TAKE_PROFIT_MARKET", None, trigger=price + 5_000, close_position=True)
    async with listening(exchange) as ears:
        accepted(await exchange.place(stop))
        accepted(await exchange.place(target))
        await trader.move(price - 600)
        await ears.until(
            lambda: bool(ears.algos(stop.client_id)) and ears.algos(stop.client_id)[-1].order.status == "FINISHED"
        )
        await ears.until(lambda: bool(ears.positions()) and ears.positions()[-1] == 0)
    statuses = [event.order.status for event in ears.algos(stop.client_id)]
    assert statuses == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    child = ears.algos(stop.client_id)[-1].order.child_id
    assert child
    fills = [e for e in ears.events if isinstance(e, OrderUpdate) and e.order.id == child and e.fill]
    assert sum(e.fill.quantity for e in fills if e.fill) == LOT
    assert all(e.order.original_type == "STOP_MARKET" for e in fills)
    found = await exchange.order(stop.ref)
    assert found is not None
    assert (found.status, found.child_id) == ("FINISHED", child)
    assert await position(exchange) == 0
    await exchange.cancel_all(SYMBOL)


async def check_client_ids_are_idempotent(trader: Trader) -> None:
    """EXEC-2: the id of an order that is open is never taken twice, in either book; the outcome says to ask."""
    exchange, price = trader.exchange, await trader.price()
    for asked in (
        order(trader, "once", "BUY", "LIMIT", price=price - 5_000, time_in_force="GTC"),
        order(trader, "stop", "SELL", "STOP_MARKET", trigger=price - 6_000),
    ):
        first = accepted(await exchange.place(asked))
        again = await exchange.place(asked)
        assert isinstance(again, Uncertain), again
        assert again.doubt == "known_id"
        found = await exchange.order(asked.ref)
        assert found is not None
        assert found.id == first.id
    assert len(await exchange.open_orders(SYMBOL)) == 2
    await exchange.cancel_all(SYMBOL)


async def check_refusals(trader: Trader) -> None:
    """EXEC-6: what breaks a rule is refused with the exchange's code, and nothing is left of it."""
    exchange, price = trader.exchange, await trader.price()
    far = price - 5_000
    cases: list[tuple[NewOrder, set[int]]] = [
        (order(trader, "tick", "BUY", "LIMIT", price=far + D("0.05"), time_in_force="GTC"), {-4014, -1111}),
        (order(trader, "step", "BUY", "LIMIT", D("0.0105"), price=far, time_in_force="GTC"), {-4023, -1111}),
        (order(trader, "small", "BUY", "LIMIT", D("0.001"), price=D(10_000), time_in_force="GTC"), {-4164, -4024, -4013}),
        (order(trader, "zero", "BUY", "MARKET", D(0)), {-4003}),
        (order(trader, "reduce", "SELL", "MARKET", reduce_only=True), {-2022}),
        (order(trader, "huge", "BUY", "MARKET", D(100)), {-2019, -2027, -4005}),
        (order(trader, "trigger", "SELL", "STOP_MARKET", trigger=price + 3_000), {-2021}),
        (order(trader, "hedge", "BUY", "MARKET", position_side="LONG"), {-4061}),
        (order(trader, "closing", "SELL", "STOP_MARKET", LOT, trigger=far, close_position=True), {-4137}),
    ]
    for asked, codes in cases:
        assert code(await exchange.place(asked)) in codes, asked.client_id
    assert await exchange.open_orders(SYMBOL) == ()
    assert await position(exchange) == 0
    assert await exchange.order(OrderRef(symbol=SYMBOL, client_id=trader.name("nobody"))) is None
    assert await exchange.order(OrderRef(symbol=SYMBOL, client_id=trader.name("nobody"), book="algo")) is None


async def check_reduce_only(trader: Trader) -> None:
    """EXEC-1: it closes the position and never turns it."""
    exchange = trader.exchange
    accepted(await exchange.place(order(trader, "entry", "SELL", "MARKET")))
    assert await position(exchange) == -LOT
    outcome = await exchange.place(order(trader, "close", "BUY", "MARKET", LOT * 3, reduce_only=True))
    assert isinstance(outcome, Accepted | Refused)
    if isinstance(outcome, Refused):
        assert outcome.code in {-2022, -4118}
        accepted(await exchange.place(order(trader, "exact", "BUY", "MARKET", LOT, reduce_only=True)))
    assert await position(exchange) == 0


async def check_resting_limit_fills(trader: Trader) -> None:
    """EXEC-1: what rests is filled as a maker when the market comes; executed quantities only grow."""
    exchange, price = trader.exchange, await trader.price()
    asked = order(trader, "maker", "BUY", "LIMIT", price=price - 300, time_in_force="GTC")
    async with listening(exchange) as ears:
        accepted(await exchange.place(asked))
        await trader.move(price - 400)
        await ears.until(lambda: bool(ears.orders(asked.client_id)) and ears.orders(asked.client_id)[-1].order.over)
    told = ears.orders(asked.client_id)
    executed = [event.order.executed for event in told]
    assert executed == sorted(executed)
    assert executed[-1] == LOT
    fills = [event.fill for event in told if event.fill]
    assert all(fill.maker for fill in fills)
    assert sum(fill.quantity for fill in fills) == LOT
    assert len({fill.trade_id for fill in fills}) == len(fills)
    assert await position(exchange) == LOT


async def partly_filled(trader: Trader, leg: str) -> tuple[NewOrder, ExchangeOrder, Decimal]:
    """A limit at the best ask for a lot more than is offered there: the order, its answer, and what it got at once."""
    price, offered = await trader.offered()
    asked = order(trader, leg, "BUY", "LIMIT", offered + LOT, price=price, time_in_force="GTC")
    placed = accepted(await trader.exchange.place(asked))
    assert (placed.status, placed.executed) == ("PARTIALLY_FILLED", offered)
    return asked, placed, offered


async def check_partial_fill_then_the_rest(trader: Trader) -> None:
    """EXEC-1: what is offered fills as a taker, the rest stays in the book and fills as a maker; it all adds up."""
    exchange = trader.exchange
    async with listening(exchange) as ears:
        asked, placed, got = await partly_filled(trader, "part")
        assert asked.quantity is not None
        assert asked.price is not None
        resting = [
            (each.client_id, each.status, each.executed, each.quantity) for each in await exchange.open_orders(SYMBOL)
        ]
        assert resting == [(asked.client_id, "PARTIALLY_FILLED", got, asked.quantity)]
        assert await position(exchange) == got
        await trader.move(asked.price - 300)
        await ears.until(lambda: bool(ears.orders(asked.client_id)) and ears.orders(asked.client_id)[-1].order.over)
    told = ears.orders(asked.client_id)
    executed = [event.order.executed for event in told]
    assert executed == sorted(executed)
    assert got in executed
    assert (told[-1].order.status, executed[-1]) == ("FILLED", asked.quantity)
    fills = [event.fill for event in told if event.fill]
    assert sum(fill.quantity for fill in fills if not fill.maker) == got
    assert sum(fill.quantity for fill in fills if fill.maker) == LOT
    found = await exchange.order(asked.ref)
    assert found is not None
    assert (found.status, found.executed) == ("FILLED", asked.quantity)
    trades = await exchange.account_trades(SYMBOL, order_id=placed.id)
    assert sorted(trade.id for trade in trades) == sorted(fill.trade_id for fill in fills)
    assert sum(trade.quantity for trade in trades) == await position(exchange) == asked.quantity
    assert await exchange.open_orders(SYMBOL) == ()


async def check_partial_fill_then_cancelled(trader: Trader) -> None:
    """EXEC-1, EXEC-4: a cancel takes the rest away; what was filled stays filled, and stays a position."""
    exchange = trader.exchange
    async with listening(exchange) as ears:
        asked, placed, got = await partly_filled(trader, "part")
        await ears.until(lambda: got in ears.positions())
        ended = accepted(await exchange.cancel(asked.ref))
        assert (ended.status, ended.executed) == ("CANCELED", got)
        await ears.until(lambda: ears.orders(asked.client_id)[-1].order.status == "CANCELED")
    assert ears.orders(asked.client_id)[-1].order.executed == got
    assert code(await exchange.cancel(asked.ref)) == -2011
    found = await exchange.order(asked.ref)
    assert found is not None
    assert (found.status, found.executed) == ("CANCELED", got)
    assert sum(trade.quantity for trade in await exchange.account_trades(SYMBOL, order_id=placed.id)) == got
    assert await position(exchange) == got


async def check_batch(trader: Trader) -> None:
    """EXEC-1: an outcome each, in order; one that is refused stops no other."""
    exchange, price = trader.exchange, await trader.price()
    asked = [
        order(trader, "one", "BUY", "LIMIT", price=price - 5_000, time_in_force="GTC"),
        order(trader, "bad", "BUY", "LIMIT", price=price - 5_000 + D("0.05"), time_in_force="GTC"),
        order(trader, "stop", "SELL", "STOP_MARKET", trigger=price - 6_000),
        *(order(trader, f"n{n}", "BUY", "LIMIT", price=price - 5_001 - n, time_in_force="GTC") for n in range(5)),
    ]
    outcomes = await exchange.place_batch(asked)
    assert [type(each) for each in outcomes] == [Accepted, Refused, *[Accepted] * 6]
    assert [accepted(each).client_id for each in outcomes if isinstance(each, Accepted)] == [
        each.client_id for each in asked if each is not asked[1]
    ]
    await exchange.cancel_all(SYMBOL)


async def check_account_adds_up(trader: Trader) -> None:
    """RISK-5: wallet + unrealised = margin balance; a round trip costs its fees and its loss, to the cent."""
    exchange = trader.exchange
    before = await exchange.account()
    assert before.wallet + before.unrealized == before.margin_balance
    entry = accepted(await exchange.place(order(trader, "entry", "BUY", "MARKET")))
    held = await exchange.account()
    assert held.wallet + held.unrealized == held.margin_balance
    risk = (await exchange.positions(SYMBOL))[0]
    assert (risk.quantity, risk.side) == (LOT, "BOTH")
    assert risk.unrealized == held.unrealized
    close = accepted(await exchange.place(order(trader, "close", "SELL", "MARKET", LOT, reduce_only=True)))
    after = await exchange.account()
    trades = [
        *await exchange.account_trades(SYMBOL, order_id=entry.id),
        *await exchange.account_trades(SYMBOL, order_id=close.id),
    ]
    assert after.wallet - before.wallet == sum((trade.realized - trade.commission for trade in trades), D(0))
    assert {each.asset: each.wallet for each in await exchange.balances()}["USDT"] == after.wallet


async def check_settings(trader: Trader) -> None:
    """RISK-5: leverage, margin type and position mode can be set twice; what cannot change with open orders is refused."""
    exchange = trader.exchange
    for leverage in (5, 5, 10):
        assert (await exchange.set_leverage(SYMBOL, leverage)).leverage == leverage
    assert (await exchange.symbol_configs(SYMBOL))[SYMBOL].leverage == 10
    for margin_type in ("isolated", "isolated", "cross"):
        await exchange.set_margin_type(SYMBOL, margin_type)  # type: ignore[arg-type]  # literals
    assert (await exchange.symbol_configs(SYMBOL))[SYMBOL].margin_type == "cross"
    tiers = (await exchange.brackets(SYMBOL))[SYMBOL]
    assert tiers[0].floor == 0
    assert all(low.cap == high.floor for low, high in pairwise(tiers))
    fees = await exchange.commission(SYMBOL)
    assert 0 <= fees.maker <= fees.taker < D("0.01")
    assert await exchange.hedge_mode() is False
    resting = order(trader, "rest", "BUY", "LIMIT", price=await trader.price() - 5_000, time_in_force="GTC")
    accepted(await exchange.place(resting))
    with pytest.raises(ExchangeError) as refused:
        await exchange.set_hedge_mode(True)
    assert refused.value.code == -4067
    await exchange.cancel_all(SYMBOL)
    await exchange.set_hedge_mode(True)
    assert await exchange.hedge_mode() is True
    await exchange.set_hedge_mode(False)
    await exchange.set_hedge_mode(False)


async def check_hedge_mode(trader: Trader) -> None:
    """RISK-5: a symbol's two legs stand beside each other, and close each by itself."""
    exchange = trader.exchange
    await exchange.set_hedge_mode(True)
    try:
        accepted(await exchange.place(order(trader, "long", "BUY", "MARKET", position_side="LONG")))
        accepted(await exchange.place(order(trader, "short", "SELL", "MARKET", position_side="SHORT")))
        legs = {each.side: each.quantity for each in await exchange.positions(SYMBOL)}
        assert legs == {"LONG": LOT, "SHORT": -LOT}
        accepted(await exchange.place(order(trader, "shut-long", "SELL", "MARKET", position_side="LONG")))
        accepted(await exchange.place(order(trader, "shut-short", "BUY", "MARKET", position_side="SHORT")))
        assert await exchange.positions(SYMBOL) == ()
    finally:
        await exchange.set_hedge_mode(False)


async def check_restart(trader: Trader) -> None:
    """EXEC-2: another client finds the same orders by their client ids, and may not place them again."""
    exchange, price = trader.exchange, await trader.price()
    entry = order(trader, "entry", "BUY", "MARKET")
    stop = order(trader, "stop", "SELL", "STOP_MARKET", None, trigger=price - 5_000, close_position=True)
    first = [accepted(await exchange.place(each)).id for each in (entry, stop)]
    again = await trader.restart()
    found = [await again.order(each.ref) for each in (entry, stop)]
    assert [each.id for each in found if each is not None] == first
    assert isinstance(await again.place(stop), Uncertain)
    assert {each.client_id for each in await again.open_orders(SYMBOL)} == {stop.client_id}
    assert await position(again) == LOT


async def check_events_in_order(trader: Trader) -> None:
    """RISK-5: of one kind they arrive in the order in which things happened, each once."""
    exchange = trader.exchange
    async with listening(exchange) as ears:
        names = []
        for n in range(5):
            asked = order(trader, f"n{n}", "BUY" if n % 2 == 0 else "SELL", "MARKET")
            names.append(asked.client_id)
            accepted(await exchange.place(asked))
        await ears.until(lambda: bool(ears.orders(names[-1])) and ears.orders(names[-1])[-1].order.status == "FILLED")
        await ears.until(lambda: bool(ears.positions()) and ears.positions()[-1] == LOT)
    updates = [event for event in ears.events if isinstance(event, OrderUpdate)]
    assert list(dict.fromkeys(event.order.client_id for event in updates)) == names
    assert [event.time for event in updates] == sorted(event.time for event in updates)
    for name in names:
        assert next(event.execution for event in ears.orders(name)) == "NEW"
    trades = [event.fill.trade_id for event in updates if event.fill]
    assert len(set(trades)) == len(trades)


async def check_countdown(trader: Trader) -> None:
    """EXEC-8: it can be set and called off; what rests stays when it was called off."""
    exchange = trader.exchange
    asked = order(trader, "rest", "BUY", "LIMIT", price=await trader.price() - 5_000, time_in_force="GTC")
    accepted(await exchange.place(asked))
    await exchange.countdown_cancel(SYMBOL, 60_000)
    await exchange.countdown_cancel(SYMBOL, 0)
    assert [each.client_id for each in await exchange.open_orders(SYMBOL)] == [asked.client_id]
    await exchange.cancel_all(SYMBOL)


async def check_rules(trader: Trader) -> None:
    """RISK-1: filters of the symbol are told, and are what orders are held against."""
    rules = (await trader.exchange.exchange_info()).symbols[SYMBOL]
    assert rules.trading
    assert rules.tick_size == D("0.1")
    assert rules.step_size <= D("0.001")
    assert (await trader.price()) % rules.tick_size == 0


async def check_modes(trader: Trader) -> None:
    """RISK-5: the account's modes are told as they are set, and a schedule of other markets is to be had."""
    exchange = trader.exchange
    config = await exchange.account_config()
    assert (config.hedge, config.multi_assets, config.may_trade) == (False, False, True)
    await exchange.set_hedge_mode(True)
    try:
        assert (await exchange.account_config()).hedge
    finally:
        await exchange.set_hedge_mode(False)
    schedule = await exchange.trading_schedule()
    for sessions in schedule.markets.values():
        assert all(first.end <= second.start for first, second in pairwise(sessions))


#: Checks, and whether they move the market.
CHECKS = (
    check_market_order,
    check_limit_rests_and_is_cancelled,
    check_an_order_leaves_when_its_caller_is_ready,
    check_times_in_force,
    check_books_are_apart,
    check_a_standing_stop_is_found,
    check_client_ids_are_idempotent,
    check_refusals,
    check_reduce_only,
    check_batch,
    check_account_adds_up,
    check_settings,
    check_hedge_mode,
    check_restart,
    check_events_in_order,
    check_countdown,
    check_rules,
    check_modes,
)
MOVING_CHECKS = (
    check_stop_triggers,
    check_resting_limit_fills,
    check_partial_fill_then_the_rest,
    check_partial_fill_then_cancelled,
)
