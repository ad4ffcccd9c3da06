"""Checks of fills and of their events."""

from __future__ import annotations

from decimal import Decimal

from shared.exchange.model.orders import ExchangeOrder, NewOrder
from shared.exchange.model.user_events import OrderUpdate
from tests.support.exchange.contract.trader import LOT, SYMBOL, Trader, accepted, code, listening, order, position


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
