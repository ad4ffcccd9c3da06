"""Plain orders (LIMIT, MARKET, liquidation), the table of their life cycle, and their executions."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.order_words import (
    BookOrderStatus,
    BookOrderType,
    ConditionalOrderType,
    PositionSide,
    Side,
    TimeInForce,
    WorkingType,
)
from shared.domain.transitions import next_state
from simulator.core.model.enums import SelfTradePrevention

ZERO: Final = Decimal(0)

OrderEvent = Literal["partial_fill", "fill", "cancel", "expire", "expire_in_match", "amend"]

#: Status -> event -> next status. Any other event in a status raises IllegalTransition.
TRANSITIONS: Final[dict[BookOrderStatus, dict[OrderEvent, BookOrderStatus]]] = {
    "NEW": {
        "partial_fill": "PARTIALLY_FILLED",
        "fill": "FILLED",
        "cancel": "CANCELED",
        "expire": "EXPIRED",
        "expire_in_match": "EXPIRED_IN_MATCH",
        "amend": "NEW",
    },
    "PARTIALLY_FILLED": {
        "partial_fill": "PARTIALLY_FILLED",
        "fill": "FILLED",
        "cancel": "CANCELED",
        "expire": "EXPIRED",
        "expire_in_match": "EXPIRED_IN_MATCH",
        "amend": "PARTIALLY_FILLED",
    },
    "FILLED": {},
    "CANCELED": {},
    "EXPIRED": {},
    "EXPIRED_IN_MATCH": {},
}


class Order(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The state of an order at one time. Prices in USDT, quantities in base currency, times in ms; 0 = none.

    algo_id: the conditional order whose trigger placed it. original_type: that order's type, otherwise ``type``.
    executed: quantity filled. quote: sum of price x quantity of its fills. amendments: how often it was amended.
    code: error code if the exchange closed it.
    """

    order_id: int
    client_id: str
    symbol: str
    side: Side
    position_side: PositionSide
    type: BookOrderType
    original_type: BookOrderType | ConditionalOrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    reduce_only: bool = False
    close_position: bool = False
    working_type: WorkingType = "CONTRACT_PRICE"
    price_protect: bool = False
    activate_price: Decimal = ZERO
    callback_rate: Decimal = ZERO
    self_trade_prevention: SelfTradePrevention = "NONE"
    good_till: int = 0
    algo_id: int = 0
    status: BookOrderStatus = "NEW"
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    created: int = 0
    updated: int = 0
    amendments: int = 0
    code: int = 0

    @property
    def remaining(self) -> Decimal:
        """Return the quantity not filled yet."""
        return self.quantity - self.executed

    @property
    def average_price(self) -> Decimal:
        """Return the mean price of its fills, not rounded; 0 before the first."""
        return self.quote / self.executed if self.executed else ZERO

    def numbered(self, order_id: int) -> Order:
        """Return the same order with the exchange's order id."""
        return msgspec.structs.replace(self, order_id=order_id)

    @property
    def closed(self) -> bool:
        """True if its status is final."""
        return not TRANSITIONS[self.status]

    def signed(self, quantity: Decimal) -> Decimal:
        """Return ``quantity`` with the sign of the side: positive for a buy, negative for a sell."""
        return quantity if self.side == "BUY" else -quantity


def advance(order: Order, event: OrderEvent, time: int, **changes: object) -> Order:
    """Apply ``event`` at ``time`` (ms) and set the fields ``changes``; return the new order.

    Raises IllegalTransition if the status does not allow the event.
    """
    status = next_state(TRANSITIONS, f"order {order.client_id}", order.status, event)
    return msgspec.structs.replace(order, status=status, updated=time, **changes)


class ExecutedTrade(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One execution of an order. ``commission``: USDT, positive = paid; ``realized``: PnL before commission, USDT."""

    id: int
    order_id: int
    client_id: str
    symbol: str
    side: Side
    position_side: PositionSide
    price: Decimal
    quantity: Decimal
    commission: Decimal
    realized: Decimal
    maker: bool
    time: int
