"""One symbol of a pair at one close, and what is said of it."""

from __future__ import annotations

from services.analysis.frame.finding import Finding
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, Direction, Fact


class Side:
    """What one symbol's engine said at this close. ``found``: what the pair adds to it, in order."""

    __slots__ = ("active", "candle", "events", "found", "symbol")

    def __init__(self, analysis: Analysis) -> None:
        self.symbol: str = analysis.symbol
        self.candle: Candle = analysis.candle
        self.events: tuple[Fact, ...] = analysis.events
        self.active: tuple[Fact, ...] = analysis.active
        self.found: list[Finding] = []


def turned(direction: Direction) -> Direction:
    """The same for a symbol that moves against the other."""
    if direction == "none":
        return direction
    return "bullish" if direction == "bearish" else "bearish"
