"""One symbol of a pair at one close, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable

from services.analysis.base.comparisons import decimal
from services.analysis.base.finding import Finding
from shared.domain.candles import Candle
from shared.domain.facts import Direction


class Side:
    """What one symbol's engine found at the close of ``candle``. ``found``: what the pair adds to it, in order.
    ``close``: the candle's, as every price is taken here (``base.comparisons``).

    ``active`` gives all that stands in this symbol; it is asked at the rare closes at which a level was taken.
    """

    __slots__ = ("active", "candle", "close", "events", "found", "symbol")

    def __init__(self, candle: Candle, events: list[Finding], active: Callable[[], list[Finding]]) -> None:
        self.symbol: str = candle.symbol
        self.candle: Candle = candle
        self.close: float = decimal(candle.close)
        self.events = events
        self.active = active
        self.found: list[Finding] = []


def turned(direction: Direction) -> Direction:
    """The same for a symbol that moves against the other."""
    if direction == "none":
        return direction
    return "bullish" if direction == "bearish" else "bearish"
