"""Opening gaps: new day (NDOG), new week (NWOG) and 4h, on a market that never closes (ICT-7; docs/ict.md §11)."""

from __future__ import annotations

from typing import ClassVar, Final

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.detector import Detector
from services.analysis.base.finding import NEVER, Finding
from services.analysis.base.zones import FillBook
from services.analysis.sessions.local_time import LocalDays, weekday
from services.analysis.settings.opening_gaps import OpeningGapSettings
from services.analysis.settings.timetable import minutes
from services.analysis.wording import at, price
from shared.domain.facts import FactKind
from shared.domain.timeframes import DAY, MINUTE

_FOUR_HOURS: Final = 240 * MINUTE
#: Zones lie whole hours from UTC: longer candles would straddle the reference in one season.
_LONGEST: Final = 60 * MINUTE
_THURSDAY: Final = 3
_FRIDAY: Final = 4


class KeptBook(FillBook):
    """Gaps that do not age: they are kept, filled or not, until newer ones take their place."""

    def expiry(self, now: CandleClose) -> int:
        """Never."""
        return NEVER


class OpeningGaps(Detector):
    """The zone between a reference close and the next open. *Virtual*: the market trades in between.

    NDOG: the close of the candle that ends at 17:00 New York and the open of the one that opens at 18:00, Monday to
    Thursday; NWOG: Friday's 17:00 and Sunday's 18:00. 4h: one 4h candle's close and the next one's open. Both must have
    been seen (those of a 4h gap one after the other). Known at the close of the candle that opens, filled from the
    next one on as ``FillBook`` says; ``keep`` of each kind. A gap up is bullish: price comes back down to fill it.

    Daily and weekly ones are followed on candles up to 1h, 4h ones up to 4h.
    """

    STATE: ClassVar[tuple[str, ...]] = (
        "daily", "weekly", "four_hours", "reference_time", "reference_price", "reopens_at", "until",
    )  # fmt: skip

    def __init__(self, settings: OpeningGapSettings, duration: int) -> None:
        super().__init__(2)
        self._days = LocalDays(settings.zone)
        self._reference: int = minutes(settings.reference)
        self._reopen: int = minutes(settings.reopen)
        aligned = self._reference * MINUTE % duration == 0 and self._reopen * MINUTE % duration == 0
        self._local: bool = duration <= _LONGEST and aligned and (settings.daily or settings.weekly)
        self._make_daily: bool = settings.daily
        self._make_weekly: bool = settings.weekly
        self._grid: bool = settings.four_hours and duration <= _FOUR_HOURS
        self._min_share: float = settings.min_size_percent / 100.0
        self.daily = KeptBook(settings.keep, 1, settings.fill_steps, settings.filled_at)
        self.weekly = KeptBook(settings.keep, 1, settings.fill_steps, settings.filled_at)
        self.four_hours = KeptBook(settings.keep, 1, settings.fill_steps, settings.filled_at)
        self.reference_time = 0
        self.reference_price = 0.0
        self.reopens_at = 0
        self.until = -1
        self._next_reference = 0
        self._wake = 0 if self._local else NEVER

    def follow(self, now: CandleClose) -> None:
        """What this candle did to the gaps."""
        self.daily.follow(now)
        self.weekly.follow(now)
        self.four_hours.follow(now)

    def detect(self, now: CandleClose) -> None:
        """Nothing, unless this candle ends at a reference or opens after one."""
        if self._grid and now.open_time % _FOUR_HOURS == 0 and now.run > 1:
            before = now.closes[now.last - 1]
            self._tell(now, self.four_hours, "gap_4h", before, now.open_times[now.last - 1])
        self.until = now.close_time
        if now.close_time >= self._wake:
            self._look(now)

    def active(self, into: list[Finding]) -> None:
        """The gaps that are kept: daily, weekly, 4h, each oldest first."""
        self.daily.active(into)
        self.weekly.active(into)
        self.four_hours.active(into)

    def restored(self) -> None:
        """Look the times up anew."""
        if not self._local or self.until < 0:
            self._next_reference = 0
            self._wake = 0 if self._local else NEVER
        else:
            self._next_reference = self._reference_from(self.until + 1)
            self._wait()

    def _look(self, now: CandleClose) -> None:
        if self.reopens_at and now.open_time >= self.reopens_at:
            if now.open_time == self.reopens_at:
                if self.reopens_at - self.reference_time > DAY:
                    self._tell(now, self.weekly, "nwog", self.reference_price, self.reference_time)
                else:
                    self._tell(now, self.daily, "ndog", self.reference_price, self.reference_time)
            self.reopens_at = 0
        if now.close_time >= self._next_reference:
            if now.close_time > self._next_reference:
                self._next_reference = self._reference_from(now.close_time)
            if now.close_time == self._next_reference:
                self._remember(now)
                self._next_reference = self._reference_from(now.close_time + 1)
        self._wait()

    def _wait(self) -> None:
        self._wake = self._next_reference
        if self.reopens_at:
            self._wake = min(self._wake, self.reopens_at + 1)

    def _reference_from(self, time: int) -> int:
        """The first reference at or after ``time``."""
        day = self._days.day_of(time)
        found = self._days.instant(day, self._reference)
        return found if found >= time else self._days.instant(day + 1, self._reference)

    def _remember(self, now: CandleClose) -> None:
        """This candle ends at a reference: which open its close waits for."""
        day = self._days.day_of(now.close_time)
        on = weekday(day)
        if on <= _THURSDAY and self._make_daily:
            self.reopens_at = self._days.instant(day, self._reopen)
        elif on == _FRIDAY and self._make_weekly:
            self.reopens_at = self._days.instant(day + 2, self._reopen)
        else:
            return
        self.reference_time = now.open_time
        self.reference_price = now.close

    def _tell(self, now: CandleClose, book: KeptBook, kind: FactKind, before: float, before_time: int) -> None:
        opened = now.open
        size = opened - before
        if size == 0.0 or not at_least(abs(size), self._min_share * opened, opened):
            return
        up = size > 0.0
        book.born(
            Finding(
                kind,
                "bullish" if up else "bearish",
                opened if up else before,
                before if up else opened,
                now.open_time,
                now.close_time,
                label="virtual",
                candles=(before_time, now.open_time),
            ),
            now,
        )


_CALLED: Final = {"ndog": "New day opening gap", "nwog": "New week opening gap", "gap_4h": "4h opening gap"}


def why_opening_gap(gap: Finding) -> str:
    """``candles``: the one whose close is the reference, and the one that opened."""
    before, opened = gap.candles
    closed_at, opened_at = (gap.bottom, gap.top) if gap.direction == "bullish" else (gap.top, gap.bottom)
    return (
        f"{_CALLED[gap.kind]} (virtual: this market trades on) {price(gap.bottom)} to {price(gap.top)}: candle {at(before)} "
        f"closed at {price(closed_at)}, candle {at(opened)} opened at {price(opened_at)}, consequent encroachment "
        f"{price((gap.top + gap.bottom) / 2.0)}."
    )
