"""Ranges of completed days, weeks and months, for previous levels and IPDA ranges (docs/ict.md §10.1)."""

from __future__ import annotations

from typing import ClassVar, Final

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.detectors.span import Span
from services.analysis.sessions.trading_days import DayAnchor, Period, PeriodClock, TradingDays
from shared.domain.timeframes import DAY, MINUTE

#: Anchors in New York lie whole hours from UTC: longer candles would straddle them in one season.
_LONGEST_LOCAL: Final = 60 * MINUTE


class PeriodRange:
    """The running period of one length. At the close at which one is over, ``over`` is its span.

    ``lost``: at this close a period ended, or was jumped over, of which too little was seen to know its extremes.
    """

    STATE: ClassVar[tuple[str, ...]] = ("running",)

    def __init__(self, period: Period, days: TradingDays, duration: int, min_coverage: float) -> None:
        self._clock = PeriodClock(period, days)
        self._duration = duration
        self._min_coverage = min_coverage
        self.running = Span()
        self.over: Span | None = None
        self.lost = False

    def enter(self, time: int) -> None:
        """A candle opens at ``time``, at or after the end of the running period."""
        running = self.running
        if running.seen > 0:  # its last candles are missing
            self.finish()
        start, end = self._clock.around(time)
        if running.end and start > running.end:
            self.over = None  # what ended lies before a period that nobody saw
            self.lost = True
        running.begin(start, end)

    def finish(self) -> None:
        """The running period is over."""
        running = self.running
        if self.coverage(running) >= self._min_coverage:
            over = Span()
            over.begin(running.start, running.end)
            over.take(running.high, running.low, running.high_time, running.low_time, running.seen)
            self.over = over
        else:
            self.lost = True
        running.seen = 0

    def coverage(self, span: Span) -> float:
        """The share of the period's candles that was seen."""
        return min(1.0, span.seen * self._duration / (span.end - span.start))


class PeriodRanges(Detector):
    """Tells nothing itself; ``day``, ``week`` and ``month`` say what is over at this close, for those that read them.

    A period is over at the close that stands at its end or, when that candle is missing, at the next close. It counts when
    at least ``min_coverage`` of its candles were seen. Weeks and months are folded from their days.
    """

    STATE: ClassVar[tuple[str, ...]] = ("anchor", "day", "week", "month")

    def __init__(self, anchor: DayAnchor, min_coverage: float, duration: int) -> None:
        super().__init__()
        #: Candles longer than a day, or than an hour where days begin on a local clock, lie in no day.
        self.followed: bool = duration <= (DAY if anchor == "utc" else _LONGEST_LOCAL)
        self._anchor: str = anchor
        #: A period was over, or begun, at this close.
        self.turned = False
        days = TradingDays(anchor)
        self.anchor: str = anchor
        self.day = PeriodRange("day", days, duration, min_coverage)
        self.week = PeriodRange("week", days, duration, min_coverage)
        self.month = PeriodRange("month", days, duration, min_coverage)

    def detect(self, now: CandleClose) -> None:
        """Take the candle in."""
        if self.turned:
            self.turned = False
            for period in (self.day, self.week, self.month):
                period.over = None
                period.lost = False
        day = self.day.running
        open_time = now.open_time
        if open_time >= day.end:
            if not self.followed:
                return
            self._enter(open_time)
        day.take(now.high, now.low, open_time, open_time, 1)
        if now.close_time >= day.end:
            self._fold()

    def restored(self) -> None:
        """Continue after the saved fields were set; with another anchor than they were saved with, anew."""
        if self.anchor != self._anchor:
            self.anchor = self._anchor
            for period in (self.day, self.week, self.month):
                period.running = Span()

    def _enter(self, open_time: int) -> None:
        if self.day.running.seen > 0:
            self._fold()
        for period in (self.day, self.week, self.month):
            if open_time >= period.running.end:
                period.enter(open_time)
        self.turned = True

    def _fold(self) -> None:
        day = self.day.running
        for period in (self.week, self.month):
            period.running.take(day.high, day.low, day.high_time, day.low_time, day.seen)
            if day.end >= period.running.end:
                period.finish()
        self.day.finish()
        self.turned = True
