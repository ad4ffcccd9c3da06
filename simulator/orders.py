"""The life of an order at the exchange, as a table, and the order as it rests in the book (EXEC-4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.orders import Order, OrderStatus

OrderEvent = Literal["partial_fill", "fill", "cancel", "reject", "expire"]

#: Status -> event -> next status. What a status does not name cannot happen to it.
TRANSITIONS: Final[dict[OrderStatus, dict[OrderEvent, OrderStatus]]] = {
    "NEW": {
        "partial_fill": "PARTIALLY_FILLED",
        "fill": "FILLED",
        "cancel": "CANCELED",
        "reject": "REJECTED",
        "expire": "EXPIRED",
    },
    "PARTIALLY_FILLED": {
        "partial_fill": "PARTIALLY_FILLED",
        "fill": "FILLED",
        "cancel": "CANCELED",
        "expire": "EXPIRED",
    },
    "FILLED": {},
    "CANCELED": {},
    "REJECTED": {},
    "EXPIRED": {},
}


class IllegalTransition(Exception):
    """Something happened to an order that its status does not allow: a bug of the exchange, never of its user."""


def advance(order: Order, event: OrderEvent, time: int, **changes: object) -> Order:
    """The order after ``event`` at ``time`` (ms), with ``changes`` to its fields. Raises IllegalTransition."""
    status = TRANSITIONS[order.status].get(event)
    if status is None:
        raise IllegalTransition(f"order {order.client_id} is {order.status}: {event} cannot happen to it")
    return msgspec.structs.replace(order, status=status, updated_at=time, **changes)


def is_closed(order: Order) -> bool:
    """True when nothing can happen to the order any more."""
    return not TRANSITIONS[order.status]


def only_reduces(order: Order) -> bool:
    """True when the order can make a position smaller but never open or turn one."""
    return order.reduce_only or order.close_position


def signed(order: Order, quantity: Decimal) -> Decimal:
    """``quantity`` with the sign that it has for the position: positive for a buy."""
    return quantity if order.side == "buy" else -quantity


class Resting(msgspec.Struct, kw_only=True):
    """An order in hand: the exchange's working record. ``value`` = sum of price x quantity of its fills, USDT.

    ``sequence`` counts placements: of two orders at one price the earlier goes first.
    """

    order: Order
    sequence: int
    value: Decimal = Decimal(0)
    fills: int = 0

    @property
    def level(self) -> Decimal:
        """The price at which something happens to it: the limit, or the trigger."""
        level = self.order.price if self.order.type == "LIMIT" else self.order.trigger
        if level is None:
            raise IllegalTransition(f"order {self.order.client_id} of type {self.order.type} has no price to rest at")
        return level

    @property
    def falls(self) -> bool:
        """True when a falling price reaches the order: buy limit, sell stop, take-profit of a short."""
        return (self.order.side == "sell") if self.order.type == "STOP_MARKET" else self._below()

    @property
    def remaining(self) -> Decimal:
        """Quantity not filled yet, base currency."""
        return self.order.quantity - self.order.filled

    def _below(self) -> bool:
        # A limit and a take-profit both wait for a better price: lower for a buyer, higher for a seller.
        return self.order.side == "buy"
