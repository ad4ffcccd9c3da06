"""Previous day, week and month highs and lows (ICT-8; docs/ict.md §10.1)."""

from __future__ import annotations

from typing import ClassVar, Final

from services.analysis.base.close import CandleClose
from services.analysis.base.detector import Detector
from services.analysis.base.finding import Finding
from services.analysis.base.levels import LevelBook
from services.analysis.detectors.period_ranges import PeriodRange, PeriodRanges
from services.analysis.settings.levels import PreviousLevelSettings
from services.analysis.wording import at, price
from shared.domain.facts import FactKind
from shared.domain.timeframes import DAY

#: Levels of a side: day, week, month.
_AT_MOST: Final = 3


class PreviousLevels(Detector):
    """High and low of the last completed day, week and month, known at its close and constant until the next one's.

    Days are followed on candles shorter than a day, weeks and months on candles up to a day. They live as ``LevelBook``
    says: swept, broken, or expired at the end of the next period. A period of which too little was seen gives none, and
    ends those before it, which are not the previous ones any more.
    """

    STATE: ClassVar[tuple[str, ...]] = ("levels",)

    def __init__(self, settings: PreviousLevelSettings, periods: PeriodRanges, duration: int) -> None:
        super().__init__()
        self._periods = periods
        self._days: bool = duration < DAY
        self.levels = LevelBook(_AT_MOST, 0, settings.return_within)

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the levels."""
        self.levels.follow(now)

    def detect(self, now: CandleClose) -> None:
        """Nothing, unless a period is over."""
        periods = self._periods
        if not periods.turned:
            return
        if self._days:
            self._renew(now, periods.day, "previous_day_high", "previous_day_low")
        self._renew(now, periods.week, "previous_week_high", "previous_week_low")
        self._renew(now, periods.month, "previous_month_high", "previous_month_low")

    def active(self, into: list[Finding]) -> None:
        """The levels that stand, oldest first."""
        self.levels.active(into)

    def _renew(self, now: CandleClose, period: PeriodRange, high: FactKind, low: FactKind) -> None:
        over = period.over
        if over is None and not period.lost:
            return
        for level in list(self.levels.levels):
            if level.finding.kind == high or level.finding.kind == low:
                self.levels.replace(level, "expired", now)
        if over is not None:
            numbers = (float(over.start), float(over.end), period.coverage(over))
            close = now.close_time
            top = Finding(high, "bearish", over.high, over.high, over.high_time, close, numbers=numbers)
            bottom = Finding(low, "bullish", over.low, over.low, over.low_time, close, numbers=numbers)
            self.levels.born(top, now)
            self.levels.born(bottom, now)


def why_previous_level(level: Finding) -> str:
    """``numbers``: start and end of the period (ms), the share of its candles that was seen."""
    start, end, coverage = level.numbers
    _, period, side = level.kind.split("_")
    text = (
        f"Previous {period}'s {side} {price(level.top)}, made by the candle {at(level.formed_at)}, of the completed "
        f"{period} {at(int(start))} to {at(int(end))}"
    )
    if coverage < 1.0:
        text += f", of which {coverage:.1%} was seen"
    return f"{text}."
