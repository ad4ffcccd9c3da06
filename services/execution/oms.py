"""One order of ours: its life as a table of statuses, and what the exchange says of it (EXEC-4).

``SENT``: the request left, nothing is known. ``UNKNOWN``: the exchange answered without a word on this order: it is asked
again under the same client id, which the port answers as a query (EXEC-2). The other statuses are the exchange's words.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.orders import Leg, Order

Status = Literal["SENT", "UNKNOWN", "NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"]

_TOLD: Final[frozenset[Status]] = frozenset({"NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"})

#: Status → the statuses that may follow. What the table does not have is news from the past, and changes nothing.
TRANSITIONS: Final[dict[Status, frozenset[Status]]] = {
    "SENT": _TOLD | {"UNKNOWN"},
    "UNKNOWN": _TOLD | {"SENT"},
    "NEW": _TOLD - {"NEW"},  # also REJECTED: a conditional order is checked for margin only when it triggers
    "PARTIALLY_FILLED": frozenset({"PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED"}),
    "FILLED": frozenset(),
    "CANCELED": frozenset(),
    "REJECTED": frozenset(),
    "EXPIRED": frozenset(),
}


class LiveOrder(msgspec.Struct, kw_only=True):
    """An order of a live trade.

    ``filled`` is the quantity as the order's own updates state it, ``executed`` the sum of the fills that arrived; the two
    may arrive apart, and the larger one is true. ``asks`` and ``cancels`` count this market step's attempts. ``cancelling``:
    a cancel left and is not answered.
    """

    order: Order
    leg: str
    kind: Leg
    status: Status = "SENT"
    filled: Decimal = Decimal(0)
    executed: Decimal = Decimal(0)
    asks: int = 0
    cancels: int = 0
    cancelling: bool = False
    reject_code: int = 0
    reject_reason: str = ""

    @property
    def done(self) -> Decimal:
        """The quantity that this order has traded, base currency."""
        return max(self.filled, self.executed)

    @property
    def resting(self) -> bool:
        """The exchange has accepted it and works it."""
        return self.status in ("NEW", "PARTIALLY_FILLED")

    @property
    def dead(self) -> bool:
        """Nothing can follow."""
        return not TRANSITIONS[self.status]

    @property
    def in_flight(self) -> bool:
        """Something was sent of which the outcome is not known."""
        return self.cancelling or self.status in ("SENT", "UNKNOWN")

    def move(self, status: Status) -> bool:
        """Follow the table; False when it has no such step."""
        if status not in TRANSITIONS[self.status]:
            return False
        self.status = status
        return True

    def hear(self, update: Order) -> bool:
        """Take the exchange's word; False when it is older than what is known."""
        if update.filled < self.filled or not self.move(update.status):
            return False
        self.filled = update.filled
        self.reject_code, self.reject_reason = update.reject_code, update.reject_reason
        return True
