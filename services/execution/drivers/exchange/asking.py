"""Asks the exchange how an order stands."""

from __future__ import annotations

from shared.exchange.model.orders import ExchangeOrder, OrderRef
from shared.exchange.port import TradingExchange


async def query_with_child(exchange: TradingExchange, ref: OrderRef) -> tuple[ExchangeOrder, ExchangeOrder | None] | None:
    """Return an order, and the plain order that it became if it was conditional and triggered; None if there is none.

    Raises ExchangeError.
    """
    order = await exchange.order(ref)
    if order is None:
        return None
    if order.book == "algo" and order.child_id:
        return order, await exchange.order(OrderRef(symbol=order.symbol, id=order.child_id))
    return order, None
