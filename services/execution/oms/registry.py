"""Finds orders of ours by every name that the exchange has for them, and forgets those that are long over."""

from __future__ import annotations

from decimal import Decimal

from services.execution.oms.order import LiveOrder
from shared.domain.order_words import reduces_its_leg
from shared.domain.orders import OrderPurpose
from shared.exchange.model.orders import CONDITIONAL, ExchangeOrder, NewOrder


class OrderRegistry:
    """Orders by client id (``orders``, part of the state) with an index by the exchange's ids."""

    def __init__(self, orders: dict[str, LiveOrder]) -> None:
        self._orders = orders
        self._by_id: dict[tuple[str, str, int], str] = {}
        for order in orders.values():
            self._index(order)

    def find(self, stated: ExchangeOrder) -> LiveOrder | None:
        """Return our order that the exchange speaks of: itself, or the conditional one whose child it is; else None."""
        client_id = self._by_id.get((stated.book, stated.symbol, stated.id))
        found = self._orders.get(client_id) if client_id is not None else None
        if found is not None:
            return found
        found = self._orders.get(stated.client_id)
        return found if found is not None and found.request.symbol == stated.symbol else None

    def of_order_id(self, symbol: str, order_id: int) -> LiveOrder | None:
        """Return our order whose plain order at the exchange has this id; None if it is not known to be ours."""
        client_id = self._by_id.get(("plain", symbol, order_id))
        return self._orders.get(client_id) if client_id is not None else None

    def apply(self, order: LiveOrder, stated: ExchangeOrder, now: int) -> bool:
        """Apply what the exchange says of ``order``; True if it changed more than ids."""
        changed = order.apply(stated, now)
        self._index(order)
        return changed

    def link(self, order: LiveOrder, child: ExchangeOrder) -> None:
        """Note that a conditional order has become the plain order ``child``."""
        order.child_id = child.id
        self._index(order)

    def adopt(self, stated: ExchangeOrder, purpose: OrderPurpose, intent_id: str, now: int) -> LiveOrder:
        """Follow an order that is not remembered, or that another made, as one of a trade of ours."""
        whole = stated.close_position
        request = NewOrder(
            client_id=stated.client_id,
            symbol=stated.symbol,
            side=stated.side,
            type=stated.original_type or stated.type if stated.book == "plain" else stated.type,
            quantity=None if whole else stated.quantity,
            price=stated.price or None,
            trigger=stated.trigger or None,
            reduce_only=stated.reduce_only,
            close_position=whole,
            position_side=stated.position_side,
        )
        order = LiveOrder(
            request=request,
            purpose=purpose,
            intent_id=intent_id,
            status="SENT",
            signed_at=stated.created_at or stated.updated_at,
            trigger=stated.trigger or None,
        )
        self._orders[stated.client_id] = order
        self.apply(order, stated, now)
        return order

    def forget(self, order: LiveOrder) -> None:
        """Forget one order, with the exchange's ids of it."""
        symbol = order.request.symbol
        self._orders.pop(order.client_id, None)
        for key in ((order.book, symbol, order.order_id), ("plain", symbol, order.child_id)):
            if self._by_id.get(key) == order.client_id:
                del self._by_id[key]

    def _index(self, order: LiveOrder) -> None:
        symbol = order.request.symbol
        if order.order_id:
            self._by_id[(order.book, symbol, order.order_id)] = order.client_id
        if order.child_id:
            self._by_id[("plain", symbol, order.child_id)] = order.client_id


def purpose_of(stated: ExchangeOrder) -> OrderPurpose:
    """Read from its shape what an order of ours was for, when nothing else is remembered of it."""
    kind = stated.original_type or stated.type
    if kind in CONDITIONAL:
        if kind.startswith("TAKE_PROFIT"):
            return "target"
        return "stop" if stated.close_position else "bridge"
    reduces = stated.reduce_only or stated.close_position or reduces_its_leg(stated.side, stated.position_side)
    return "close" if reduces else "entry"


def possible_parents(orders: list[LiveOrder], stated: ExchangeOrder) -> list[LiveOrder]:
    """Return those of ``orders`` of which ``stated`` may be the child, as far as its link to one has not come yet."""
    kind = stated.original_type or stated.type
    return [
        order
        for order in orders
        if order.book == "algo"
        and not order.child_id
        and not order.over
        and order.request.side == stated.side
        and order.request.position_side == stated.position_side
        and order.request.type == kind
        and (order.request.close_position or order.request.quantity == stated.quantity or stated.quantity == Decimal(0))
    ]
