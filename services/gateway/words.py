"""Orders and fills, from the system's words into the venue's and back. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from shared.domain import orders as domain
from shared.domain.order_words import AnyOrderStatus, AnyOrderType, OrderStatus, OrderType
from shared.exchange.model.orders import AccountTrade, ExchangeOrder, NewOrder
from shared.exchange.model.user_events import Executed

#: What only foreign orders are: told as the type that behaves most alike.
_TYPES: Final[dict[AnyOrderType, OrderType]] = {
    "MARKET": "MARKET",
    "LIMIT": "LIMIT",
    "STOP": "STOP_MARKET",
    "STOP_MARKET": "STOP_MARKET",
    "TAKE_PROFIT": "TAKE_PROFIT_MARKET",
    "TAKE_PROFIT_MARKET": "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET": "STOP_MARKET",
    "LIQUIDATION": "MARKET",
}
#: A triggered conditional order lives on as its child: NEW until the child says more.
_STATUSES: Final[dict[AnyOrderStatus, OrderStatus]] = {
    "NEW": "NEW",
    "PARTIALLY_FILLED": "PARTIALLY_FILLED",
    "FILLED": "FILLED",
    "CANCELED": "CANCELED",
    "REJECTED": "REJECTED",
    "EXPIRED": "EXPIRED",
    "TRIGGERING": "NEW",
    "TRIGGERED": "NEW",
    "FINISHED": "NEW",
}


def status_of(order: ExchangeOrder) -> OrderStatus:
    """A conditional order that is refused when it triggers was accepted once: it has EXPIRED, with the reason."""
    return "EXPIRED" if order.book == "algo" and order.status == "REJECTED" else _STATUSES[order.status]


DEAD: Final[frozenset[OrderStatus]] = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED"})


def to_venue(order: domain.Order) -> NewOrder:
    """The order to be placed."""
    return NewOrder(
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=None if order.close_position else order.quantity,
        price=order.price,
        trigger=order.trigger,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        time_in_force=order.time_in_force,
        working_type=order.working_type,
        activation=order.activation,
        callback_rate=order.callback_rate,
    )


def from_venue(order: ExchangeOrder) -> domain.Order:
    """A foreign order, or the first word on one of ours."""
    return domain.Order(
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        type=_TYPES[order.type],
        quantity=order.quantity,
        price=order.price or None,
        trigger=order.trigger or None,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        status=status_of(order),
        filled=order.executed,
        average_price=order.average_price or Decimal(0),
        updated_at=order.updated_at,
        reject_reason=order.reason if order.status == "REJECTED" else "",
    )


def moved(known: domain.Order, told: ExchangeOrder) -> domain.Order:
    """Our order after the venue's word on it, or on its child; older words change nothing."""
    status = status_of(told)
    if known.status in DEAD or told.executed < known.filled:
        return known
    if status == "NEW" and known.status == "PARTIALLY_FILLED":
        status = known.status
    return msgspec.structs.replace(
        known,
        status=status,
        filled=told.executed,
        average_price=told.average_price or known.average_price,
        updated_at=max(known.updated_at, told.updated_at),
        reject_reason=told.reason if told.status == "REJECTED" else "",
    )


def rejected(order: domain.Order, code: int, message: str, time: int) -> domain.Order:
    """Our order, not taken by the venue."""
    return msgspec.structs.replace(order, status="REJECTED", updated_at=time, reject_code=code, reject_reason=message)


def from_trade(symbol: str, trade: AccountTrade, client_id: str) -> tuple[ExchangeOrder, Executed]:
    """An execution that was asked for, and as much of its order as it tells."""
    order = ExchangeOrder(
        symbol=symbol, id=trade.order_id, client_id=client_id, book="plain", side=trade.side, type="MARKET",
        status="NEW", quantity=trade.quantity, executed=Decimal(0), updated_at=trade.time,
    )  # fmt: skip
    fill = Executed(
        trade_id=trade.id, quantity=trade.quantity, price=trade.price, commission=trade.commission,
        commission_asset=trade.commission_asset, realized=trade.realized, maker=trade.maker, time=trade.time,
    )  # fmt: skip
    return order, fill


def fill_of(fill: Executed, order: ExchangeOrder, client_id: str) -> domain.Fill:
    """One execution, under the client id that it belongs to. A fee in another asset than USDT has no value yet."""
    told = domain.Fill(
        id=f"{order.symbol}-{fill.trade_id}",
        client_id=client_id,
        symbol=order.symbol,
        side=order.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.commission,
        realized=fill.realized,
        maker=fill.maker,
        time=fill.time,
    )
    if fill.commission_asset in ("USDT", ""):
        return told
    return msgspec.structs.replace(told, fee=Decimal(0), commission=fill.commission, commission_asset=fill.commission_asset)
