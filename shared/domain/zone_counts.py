"""Counts wins and losses by the window of time in which trades were opened (ICT-11).

One rule for real trades, which research reads from the journal, and for hypothetical ones, which signals follows on candles.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

#: The row of trades that were opened in no window.
OUTSIDE: Final = "outside"


class ZoneCount(msgspec.Struct, kw_only=True):
    """Trades and how many of them won. Fractions when older trades weigh less."""

    won: float = 0.0
    trades: float = 0.0

    def add(self, *, won: bool, memory: float = 0.0) -> None:
        """Count one more trade. memory: trades after which an old one weighs about a third; 0 = none is forgotten."""
        kept = 1.0 - 1.0 / memory if memory else 1.0
        self.won = self.won * kept + won
        self.trades = self.trades * kept + 1.0

    @property
    def win_rate(self) -> float:
        """Share of the trades that won, 0 to 1; of few trades it says little. 0 without any."""
        return self.won / self.trades if self.trades else 0.0


def zones_of(labels: Iterable[str]) -> tuple[str, ...]:
    """The rows in which a trade counts: every window that was open when it was opened, ``outside`` when none was."""
    return tuple(labels) or (OUTSIDE,)


def shrunk_rate(zone: ZoneCount, overall: ZoneCount, strength: float) -> float:
    """The win rate of a zone, drawn towards the overall rate as if ``strength`` more trades had come out at that rate."""
    trades = zone.trades + strength
    return (zone.won + strength * overall.win_rate) / trades if trades else overall.win_rate
