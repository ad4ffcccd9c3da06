"""Days, weeks and months as levels count them: from the day anchor that the settings name (docs/ict.md §10.1)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal

from services.analysis.sessions.local_time import LocalDays, weekday
from shared.domain.timezones import NEW_YORK

#: ``utc``: the exchange's own day. ``new_york_midnight``: ICT's true day. 17:00 is the day of FX, 18:00 that of Globex: from
#: these on it is already tomorrow's trading day, so that Monday, and with it the week, begins on Sunday evening.
DayAnchor = Literal["utc", "new_york_midnight", "new_york_17", "new_york_18"]
Period = Literal["day", "week", "month"]

_HOURS: Final[dict[DayAnchor, int]] = {"utc": 0, "new_york_midnight": 0, "new_york_17": 17, "new_york_18": 18}
_EPOCH: Final = date(1970, 1, 1)


class TradingDays:
    """The trading days of one anchor, numbered like dates, by the date on which most of their hours lie."""

    __slots__ = ("_days", "_minute")

    def __init__(self, anchor: DayAnchor) -> None:
        self._days = LocalDays("UTC" if anchor == "utc" else NEW_YORK)
        self._minute: int = _HOURS[anchor] * 60

    def start(self, day: int) -> int:
        """The instant (UTC ms) at which trading day ``day`` begins, and the one before it ends."""
        return self._days.instant(day - 1 if self._minute else day, self._minute)

    def day_of(self, time: int) -> int:
        """The trading day that contains the instant ``time``."""
        day = self._days.day_of(time)
        if self._minute and time >= self._days.instant(day, self._minute):
            return day + 1
        return day


class PeriodClock:
    """Days, weeks (from Monday) or months of one anchor: [start, end) in UTC ms."""

    __slots__ = ("_days", "_period")

    def __init__(self, period: Period, days: TradingDays) -> None:
        self._period: Period = period
        self._days = days

    def around(self, time: int) -> tuple[int, int]:
        """Start and end of the period that contains ``time``."""
        day = self._days.day_of(time)
        if self._period == "day":
            first, after = day, day + 1
        elif self._period == "week":
            first = day - weekday(day)
            after = first + 7
        else:
            first, after = _month(day)
        return self._days.start(first), self._days.start(after)


def _month(day: int) -> tuple[int, int]:
    """First day of the month of ``day``, and of the next."""
    first = (_EPOCH + timedelta(days=day)).replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    return (first - _EPOCH).days, (after - _EPOCH).days
