"""Checks of what protects a position, and of finding it again."""

from __future__ import annotations

from shared.exchange.model.orders import NewOrder
from shared.exchange.model.user_events import OrderUpdate
from shared.exchange.outcome.outcomes import Accepted, Refused, Uncertain
from tests.support.exchange.contract.trader import LOT, SYMBOL, D, Trader, accepted, code, listening, order, position


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


async def check_countdown(trader: Trader) -> None:
    """EXEC-8: it can be set and called off; what rests stays when it was called off."""
    exchange = trader.exchange
    asked = order(trader, "rest", "BUY", "LIMIT", price=await trader.price() - 5_000, time_in_force="GTC")
    accepted(await exchange.place(asked))
    await exchange.countdown_cancel(SYMBOL, 60_000)
    await exchange.countdown_cancel(SYMBOL, 0)
    assert [each.client_id for each in await exchange.open_orders(SYMBOL)] == [asked.client_id]
    await exchange.cancel_all(SYMBOL)
