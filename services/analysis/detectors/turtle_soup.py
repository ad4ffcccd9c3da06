"""Turtle soup: the sweep of an extreme that stood for twenty candles (ICT-8; docs/ict.md §7.4)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.settings import TurtleSoupSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction


class TurtleSoup(Detector):
    """A candle trades beyond the extreme of the ``lookback`` candles before it, and closes back at or inside it.

    That extreme (the earliest, of equals) must lie at least ``separation`` candles back: a fresh one is a trend, no trap.
    Of highs it is *bearish*. A candle that does it on both sides is reported twice. After a gap, ``lookback`` candles pass
    before the next one can be seen.
    """

    STATE: ClassVar[tuple[str, ...]] = ("known", "high", "high_at", "low", "low_at")

    def __init__(self, settings: TurtleSoupSettings) -> None:
        super().__init__(settings.lookback + 1)
        self._lookback: int = settings.lookback
        self._separation: int = settings.separation
        #: The extremes of the ``lookback`` candles before, and the open times of the candles that made them.
        self.known = False
        self.high = 0.0
        self.high_at = 0
        self.low = 0.0
        self.low_at = 0

    def detect(self, now: CandleClose) -> None:
        """Compare this candle with the extremes of those before it, then take it in."""
        if now.run <= self._lookback:
            self.known = False
            return
        if not self.known:
            self._find_high(now, now.last - self._lookback, now.last)
            self._find_low(now, now.last - self._lookback, now.last)
            self.known = True
        newest = now.open_time - self._separation * now.duration
        if now.high > self.high:
            if now.close <= self.high and self.high_at <= newest:
                self._tell(now, "bearish", now.high, self.high, self.high_at, self.high)
            self.high = now.high
            self.high_at = now.open_time
        if now.low < self.low:
            if now.close >= self.low and self.low_at <= newest:
                self._tell(now, "bullish", self.low, now.low, self.low_at, self.low)
            self.low = now.low
            self.low_at = now.open_time
        oldest = now.open_time - (self._lookback - 1) * now.duration
        if self.high_at < oldest:
            self._find_high(now, now.last + 1 - self._lookback, now.last + 1)
        if self.low_at < oldest:
            self._find_low(now, now.last + 1 - self._lookback, now.last + 1)

    def _find_high(self, now: CandleClose, start: int, end: int) -> None:
        highs = now.highs
        best = start
        furthest = highs[start]
        for index in range(start + 1, end):
            value = highs[index]
            if value > furthest:
                best = index
                furthest = value
        self.high = furthest
        self.high_at = now.open_times[best]

    def _find_low(self, now: CandleClose, start: int, end: int) -> None:
        lows = now.lows
        best = start
        furthest = lows[start]
        for index in range(start + 1, end):
            value = lows[index]
            if value < furthest:
                best = index
                furthest = value
        self.low = furthest
        self.low_at = now.open_times[best]

    def _tell(
        self, now: CandleClose, direction: Direction, top: float, bottom: float, extreme_at: int, extreme: float
    ) -> None:
        now.emit(
            Finding(
                "turtle_soup",
                direction,
                top,
                bottom,
                now.open_time,
                now.close_time,
                candles=(extreme_at, now.open_time),
                numbers=(extreme, now.close, float(self._lookback)),
            )
        )


def why_turtle_soup(soup: Finding) -> str:
    """``numbers``: the extreme that was swept, the close, and the candles whose extreme it was."""
    extreme, close, lookback = soup.numbers
    side, beyond, reached = ("high", "above", soup.top) if soup.direction == "bearish" else ("low", "below", soup.bottom)
    return (
        f"Turtle soup {'down' if side == 'high' else 'up'}: candle {at(soup.formed_at)} traded {beyond} the {int(lookback)}"
        f"-candle {side} {price(extreme)} of {at(soup.candles[0])} to {price(reached)} and closed back at {price(close)}."
    )
