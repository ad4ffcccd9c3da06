"""Records of what clients changed: amendments of orders and moves of margin. The matching core keeps only the result."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from shared.domain.order_words import PositionSide
from simulator.core.model.orders import Order

#: Rows of each kind that are remembered; the oldest is forgotten first.
_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Amended:
    """One amendment of an order. ``modify_id``: the client's own number of it, None = not sent; ``time``: market, ms."""

    id: int
    before: Order
    after: Order
    modify_id: int | None
    time: int


@dataclass(frozen=True, slots=True)
class MarginMove:
    """Margin that a client added to (positive) or took from an isolated leg, USDT. ``time``: market, ms."""

    symbol: str
    position_side: PositionSide
    amount: Decimal
    time: int


@dataclass(slots=True)
class Records:
    """Amendments and margin moves since the server started, earliest first."""

    amendments: deque[Amended] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    margin_moves: deque[MarginMove] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def amended(self, before: Order, after: Order, modify_id: int | None, time: int) -> None:
        """Record an amendment; its id is one more than that of the last."""
        number = self.amendments[-1].id + 1 if self.amendments else 1
        self.amendments.append(Amended(number, before, after, modify_id, time))

    def moved(self, symbol: str, position_side: PositionSide, amount: Decimal, time: int) -> None:
        """Record a move of margin."""
        self.margin_moves.append(MarginMove(symbol, position_side, amount, time))
