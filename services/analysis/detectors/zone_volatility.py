"""How wide the candles of each window are against those of its day, over the last days (ICT-11)."""

from __future__ import annotations

from typing import ClassVar

from services.analysis.sessions.local_time import LocalDays
from shared.domain.timezones import NEW_YORK


class ZoneVolatility:
    """Per window: mean range (high - low) of its candles / that of all candles of the same New York day, day by day.

    Only completed days count, so that a value is knowable when it is read. Bounded: ``days`` values a window.
    """

    STATE: ClassVar[tuple[str, ...]] = ("day_end", "total", "candles", "totals", "counts", "ratios")

    def __init__(self, windows: int, days: int) -> None:
        self._days = days
        self._local = LocalDays(NEW_YORK)
        self.day_end = 0
        self.total = 0.0
        self.candles = 0
        self.totals: list[float] = [0.0] * windows
        self.counts: list[int] = [0] * windows
        self.ratios: list[list[float]] = [[] for _ in range(windows)]

    def add(self, open_time: int, span: float, places: list[int]) -> None:
        """A candle of this range (quote currency), inside the windows at ``places``."""
        if open_time >= self.day_end:
            self._next_day(open_time)
        self.total += span
        self.candles += 1
        for place in places:
            self.totals[place] += span
            self.counts[place] += 1

    def relative(self, place: int) -> float:
        """Mean of the days: 2.0 = its candles are twice as wide as the day's. 0.0: nothing is known yet."""
        ratios = self.ratios[place]
        return sum(ratios) / len(ratios) if ratios else 0.0

    def _next_day(self, open_time: int) -> None:
        if self.total > 0.0:
            mean = self.total / self.candles
            for place, count in enumerate(self.counts):
                if count > 0:
                    ratios = self.ratios[place]
                    ratios.append(self.totals[place] / count / mean)
                    if len(ratios) > self._days:
                        del ratios[0]
        for place in range(len(self.counts)):
            self.totals[place] = 0.0
            self.counts[place] = 0
        self.total = 0.0
        self.candles = 0
        self.day_end = self._local.instant(self._local.day_of(open_time) + 1, 0)
