"""What was seen of one stretch of time: of a window of the clock, of a day, a week or a month."""

from __future__ import annotations

from typing import ClassVar, final

from shared.runtime.native import mypyc_attr


@mypyc_attr(acyclic=True)
@final
class Span:
    """[start, end) in UTC ms: extremes, the open times of the candles that made them, number of candles seen."""

    STATE: ClassVar[tuple[str, ...]] = ("start", "end", "high", "low", "high_time", "low_time", "seen")

    def __init__(self) -> None:
        self.start = 0
        self.end = 0
        self.high = 0.0
        self.low = 0.0
        self.high_time = 0
        self.low_time = 0
        self.seen = 0

    def begin(self, start: int, end: int) -> None:
        """Nothing is seen of the new stretch yet."""
        self.start = start
        self.end = end
        self.seen = 0

    def take(self, high: float, low: float, high_time: int, low_time: int, seen: int) -> None:
        """Take in candles; of equal extremes the first counts."""
        if self.seen == 0 or high > self.high:
            self.high = high
            self.high_time = high_time
        if self.seen == 0 or low < self.low:
            self.low = low
            self.low_time = low_time
        self.seen += seen
