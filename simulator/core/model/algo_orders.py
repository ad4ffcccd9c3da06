"""Conditional (algo) orders and the table of their life cycle (docs/binance.md §2.3, §4.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.order_words import (
    ConditionalOrderStatus,
    ConditionalOrderType,
    PositionSide,
    Side,
    TimeInForce,
    WorkingType,
)
from shared.domain.transitions import next_state
from simulator.core.model.enums import SelfTradePrevention
from simulator.core.model.orders import ZERO

AlgoEvent = Literal["activate", "trigger", "accept", "reject", "cancel", "expire", "finish"]

#: Status -> event -> next status. Any other event in a status raises IllegalTransition.
ALGO_TRANSITIONS: Final[dict[ConditionalOrderStatus, dict[AlgoEvent, ConditionalOrderStatus]]] = {
    "NEW": {"activate": "NEW", "trigger": "TRIGGERING", "cancel": "CANCELED", "expire": "EXPIRED"},
    "TRIGGERING": {"accept": "TRIGGERED", "reject": "REJECTED", "expire": "EXPIRED"},
    "TRIGGERED": {"finish": "FINISHED"},
    "FINISHED": {},
    "CANCELED": {},
    "REJECTED": {},
    "EXPIRED": {},
}


class AlgoOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The state of a conditional order at one time. Prices USDT, quantity base currency, times ms; 0 = none.

    activated: trailing has begun (``ia``). callback_rate: percent. code, reason (``rm``): why it was REJECTED or EXPIRED.
    order_id: its child, the order that its trigger placed. The child's client order id is the client algo id; Binance does
    not document that, so link the two by ``order_id``.
    """

    algo_id: int
    client_algo_id: str
    symbol: str
    side: Side
    position_side: PositionSide
    type: ConditionalOrderType
    time_in_force: TimeInForce
    quantity: Decimal = ZERO
    price: Decimal = ZERO
    trigger_price: Decimal = ZERO
    working_type: WorkingType = "CONTRACT_PRICE"
    price_protect: bool = False
    reduce_only: bool = False
    close_position: bool = False
    activate_price: Decimal = ZERO
    callback_rate: Decimal = ZERO
    self_trade_prevention: SelfTradePrevention = "NONE"
    good_till: int = 0
    status: ConditionalOrderStatus = "NEW"
    activated: bool = False
    order_id: int = 0
    created: int = 0
    updated: int = 0
    triggered_at: int = 0
    code: int = 0
    reason: str = ""

    @property
    def closed(self) -> bool:
        """True if its status is final."""
        return not ALGO_TRANSITIONS[self.status]

    @property
    def is_waiting(self) -> bool:
        """True while it has not triggered; openAlgoOrders lists these."""
        return self.status == "NEW"


def advance_algo(algo: AlgoOrder, event: AlgoEvent, time: int, **changes: object) -> AlgoOrder:
    """Apply ``event`` at ``time`` (ms) and set the fields ``changes``; return the new order.

    Raises IllegalTransition if the status does not allow the event.
    """
    status = next_state(ALGO_TRANSITIONS, f"algo order {algo.client_algo_id}", algo.status, event)
    return msgspec.structs.replace(algo, status=status, updated=time, **changes)
