"""Local wall-clock time → UTC milliseconds, on every day of the year, also those on which clocks change (docs/ict.md §9).

The one rule: a wall-clock time stands for the *first* instant of its local day at which the zone's clock reads that time or
a later one. So when clocks go forward, a time that is skipped falls on the change itself (a window inside the skipped hour
has no length and does not exist that day); when they go back, the first of the two counts. Windows that touch on the clock
touch in UTC, and never overlap.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared.domain.timeframes import DAY, MINUTE

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  a wall-clock reading has no zone of its own
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_MINUTES: Final = DAY // MINUTE
#: Days whose midnight is remembered: a detector asks about the same few again and again.
_REMEMBERED: Final = 16


class LocalDays:
    """The days of one zone, numbered from 1970-01-01 = 0. Almost always a sum of integers; the zone's rules once a day."""

    __slots__ = ("_day", "_day_end", "_day_start", "_midnights", "_zone", "name")

    def __init__(self, zone: str) -> None:
        self.name = zone
        self._zone = ZoneInfo(zone)
        self._midnights: dict[int, int] = {}
        self._day = self._day_start = self._day_end = 0

    def instant(self, day: int, minute: int) -> int:
        """UTC ms of ``minute`` minutes after midnight on the clock of local ``day``; beyond 1,440, of a later day."""
        day += minute // _MINUTES
        minute %= _MINUTES
        start = self._midnight(day)
        if minute == 0:
            return start
        if self._midnight(day + 1) - start == DAY:
            return start + minute * MINUTE
        return self._first_reading(day, minute)

    def day_of(self, time: int) -> int:
        """The local day that contains the instant ``time`` (UTC ms)."""
        if not self._day_start <= time < self._day_end:
            local = datetime.fromtimestamp(time / 1000, tz=self._zone)
            self._day = local.date().toordinal() - _EPOCH_ORDINAL
            self._day_start = self._midnight(self._day)
            self._day_end = self._midnight(self._day + 1)
        return self._day

    def _midnight(self, day: int) -> int:
        known = self._midnights.get(day)
        if known is None:
            if len(self._midnights) >= _REMEMBERED:
                self._midnights.clear()
            known = self._midnights[day] = self._first_reading(day, 0)
        return known

    def _first_reading(self, day: int, minute: int) -> int:
        wall = _EPOCH + timedelta(days=day, minutes=minute)
        first = wall.replace(tzinfo=self._zone)
        instant = _milliseconds(first)
        if datetime.fromtimestamp(instant / 1000, tz=self._zone).replace(tzinfo=None) == wall:
            return instant
        # The clock skips this reading. ``first`` counted on the offset before the change, so it lies behind it.
        behind, ahead = _milliseconds(wall.replace(tzinfo=self._zone, fold=1)), instant
        offset = datetime.fromtimestamp(ahead / 1000, tz=self._zone).utcoffset()
        while ahead - behind > MINUTE:
            middle = behind + (ahead - behind) // MINUTE // 2 * MINUTE
            if datetime.fromtimestamp(middle / 1000, tz=self._zone).utcoffset() == offset:
                ahead = middle
            else:
                behind = middle
        return ahead


def weekday(day: int) -> int:
    """Monday = 0 … Sunday = 6 of a day numbered from 1970-01-01, which was a Thursday."""
    return (day + 3) % 7


def _milliseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) * 1000
