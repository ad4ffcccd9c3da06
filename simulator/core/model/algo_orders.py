"""A conditional order of the algo book, and its life cycle as a table (docs/binance.md §2.3, §4.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.order_words import ConditionalOrderType, PositionSide, TimeInForce, WorkingType
from shared.domain.transitions import next_state
from simulator.core.model.enums import AlgoStatus, SelfTradePrevention, Side
from simulator.core.model.orders import ZERO

AlgoEvent = Literal["activate", "trigger", "accept", "reject", "cancel", "expire", "finish"]

#: Status -> event -> next status.
ALGO_TRANSITIONS: Final[dict[AlgoStatus, dict[AlgoEvent, AlgoStatus]]] = {
    "NEW": {"activate": "NEW", "trigger": "TRIGGERING", "cancel": "CANCELED", "expire": "EXPIRED"},
    "TRIGGERING": {"accept": "TRIGGERED", "reject": "REJECTED", "expire": "EXPIRED"},
    "TRIGGERED": {"finish": "FINISHED"},
    "FINISHED": {},
    "CANCELED": {},
    "REJECTED": {},
    "EXPIRED": {},
}


class AlgoOrder(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A conditional order as the exchange states it at one moment; 0 = none. Its child is the order ``order_id``.

    ``activated``: the trailing has begun (``ia``); ``code`` and ``reason`` (``rm``) say why it was REJECTED or EXPIRED.
    The child bears the client algo id as its client order id (Binance does not document it: link by ``order_id``).
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
    status: AlgoStatus = "NEW"
    activated: bool = False
    order_id: int = 0
    created: int = 0
    updated: int = 0
    triggered_at: int = 0
    code: int = 0
    reason: str = ""

    @property
    def closed(self) -> bool:
        """True when nothing can happen to it any more."""
        return not ALGO_TRANSITIONS[self.status]

    @property
    def is_waiting(self) -> bool:
        """True while it waits for its trigger: what openAlgoOrders lists."""
        return self.status == "NEW"


def advance_algo(algo: AlgoOrder, event: AlgoEvent, time: int, **changes: object) -> AlgoOrder:
    """The algo order after ``event`` at ``time`` (ms), with ``changes`` to its fields. Raises IllegalTransition."""
    status = next_state(ALGO_TRANSITIONS, f"algo order {algo.client_algo_id}", algo.status, event)
    return msgspec.structs.replace(algo, status=status, updated=time, **changes)
