"""The calls that find out how an order stands. Part of the gateway's shell."""

from __future__ import annotations

from decimal import Decimal

from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder, OrderRef
from shared.exchange.outcome.resolve import Orders
from shared.exchange.port import TradingExchange


async def inquire(exchange: Orders, ref: OrderRef) -> tuple[ExchangeOrder, ExchangeOrder | None] | None:
    """The order, and the plain order that it became if it was conditional and triggered; None when the venue knows none.

    Raises ExchangeError.
    """
    order = await exchange.order(ref)
    if order is None:
        return None
    if order.book == "algo" and order.child_id:
        return order, await exchange.order(OrderRef(symbol=order.symbol, id=order.child_id))
    return order, None


async def search(exchange: Orders, symbol: str, client_id: str) -> tuple[ExchangeOrder, ExchangeOrder | None] | None:
    """In both books. Raises ExchangeError."""
    plain = await inquire(exchange, OrderRef(symbol=symbol, client_id=client_id))
    return plain or await inquire(exchange, OrderRef(symbol=symbol, client_id=client_id, book="algo"))


async def mark_of(exchange: TradingExchange, symbol: str) -> Decimal | None:
    """The mark price; None when the venue has no such symbol. Raises ExchangeError when it does not answer."""
    try:
        (mark,) = await exchange.mark_prices(symbol)
    except ExchangeError as error:
        if error.action == "refuse":
            return None
        raise
    return mark.mark
