"""How wide the candles of each window are against those of its day, over the last days (ICT-11)."""

from __future__ import annotations

from typing import ClassVar, final

from services.analysis.sessions.local_time import LocalDays
from shared.domain.timezones import NEW_YORK
from shared.runtime.native import mypyc_attr


@mypyc_attr(acyclic=True)
@final
class Share:
    """One window: ranges of its candles today (their ``total`` in quote currency, and ``count``), ``ratios`` of the days."""

    STATE: ClassVar[tuple[str, ...]] = ("total", "count", "ratios")

    def __init__(self) -> None:
        self.total = 0.0
        self.count = 0
        self.ratios: list[float] = []


class ZoneVolatility:
    """Per window: mean range (high - low) of its candles / that of all candles of the same New York day, day by day.

    Only completed days count, so that a value is knowable when it is read. Bounded: ``days`` values a window.
    """

    STATE: ClassVar[tuple[str, ...]] = ("day_end", "total", "candles", "shares")

    def __init__(self, windows: int, days: int) -> None:
        self._days = days
        self._local = LocalDays(NEW_YORK)
        self.day_end = 0
        self.total = 0.0
        self.candles = 0
        self.shares: list[Share] = [Share() for _ in range(windows)]

    def add(self, open_time: int, span: float, places: list[int]) -> None:
        """A candle of this range (quote currency), inside the windows at ``places``."""
        if open_time >= self.day_end:
            self._next_day(open_time)
        self.total += span
        self.candles += 1
        for place in places:
            share = self.shares[place]
            share.total += span
            share.count += 1

    def relative(self, place: int) -> float:
        """Mean of the days: 2.0 = its candles are twice as wide as the day's. 0.0: nothing is known yet."""
        ratios = self.shares[place].ratios
        return sum(ratios) / len(ratios) if ratios else 0.0

    def _next_day(self, open_time: int) -> None:
        if self.total > 0.0:
            mean = self.total / self.candles
            for share in self.shares:
                if share.count > 0:
                    share.ratios.append(share.total / share.count / mean)
                    if len(share.ratios) > self._days:
                        del share.ratios[0]
        for share in self.shares:
            share.total = 0.0
            share.count = 0
        self.total = 0.0
        self.candles = 0
        self.day_end = self._local.instant(self._local.day_of(open_time) + 1, 0)
