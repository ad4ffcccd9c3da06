"""Which windows are open at an instant, and when that changes next: one comparison a candle until it does."""

from __future__ import annotations

from typing import Final

from services.analysis.sessions.local_time import LocalDays, weekday
from services.analysis.settings.timetable import WEEKDAYS, OpenSettings, WindowKind, WindowSettings, minutes

#: Later than any candle: a window that never opens again.
NEVER: Final = 1 << 60
#: Days looked ahead for a window's next occurrence: it has at least one weekday, and a change of clocks can swallow one.
_HORIZON: Final = 16


class Window:
    """One row of the table, and where its occurrence stands: the one that is open, else the next.

    ``start`` and ``end`` (UTC ms, half-open) are those of the first occurrence that ends after the instant last asked about.
    """

    __slots__ = ("_days", "_from", "_to", "_weekdays", "end", "kind", "levels", "name", "start")

    def __init__(self, name: str, settings: WindowSettings, days: LocalDays) -> None:
        self.name: str = name
        self.kind: WindowKind = settings.kind
        self.levels: bool = settings.levels
        self._days = days
        self._from: int = minutes(settings.start)
        self._to: int = self._from + settings.length
        self._weekdays: list[bool] = [each in settings.days for each in WEEKDAYS]
        self.start: int = NEVER
        self.end: int = 0

    def move_to(self, time: int) -> None:
        """Stand at ``time``: find the first occurrence that ends after it."""
        days = self._days
        first = days.day_of(time) - 1  # yesterday's may reach over midnight
        for day in range(first, first + _HORIZON):
            if self._weekdays[weekday(day)]:
                start = days.instant(day, self._from)
                end = days.instant(day, self._to)
                if end > time and end > start:
                    self.start, self.end = start, end
                    return
        self.start = self.end = NEVER


class Timetable:
    """The windows of the table. ``next_change`` is the first instant (UTC ms) at which one opens or closes."""

    __slots__ = ("next_change", "windows")

    def __init__(self, table: dict[str, WindowSettings]) -> None:
        zones: dict[str, LocalDays] = {}
        self.windows: list[Window] = []
        for name, settings in table.items():
            days = zones.setdefault(settings.zone, LocalDays(settings.zone))
            self.windows.append(Window(name, settings, days))
        self.next_change: int = 0 if self.windows else NEVER

    def move_to(self, time: int) -> None:
        """Stand at ``time`` (UTC ms), not before the last. Needed only when ``next_change`` is reached."""
        change = NEVER
        for window in self.windows:
            if time >= window.end:
                window.move_to(time)
            at = window.start if window.start > time else window.end
            if at < change:
                change = at
        self.next_change = change

    def open_at(self, time: int) -> list[Window]:
        """The windows that are open at ``time``, to which the timetable moves, in the order of the table."""
        self.move_to(time)
        return [window for window in self.windows if window.start <= time < window.end]

    def forget(self) -> None:
        """Look everything up anew: the next instant may lie before the last."""
        for window in self.windows:
            window.start, window.end = NEVER, 0
        self.next_change = 0 if self.windows else NEVER


class KeyOpen:
    """One key open. ``at`` (UTC ms) is the first occurrence at or after the instant last asked about."""

    __slots__ = ("_days", "_minute", "_weekdays", "at", "name")

    def __init__(self, name: str, settings: OpenSettings, days: LocalDays) -> None:
        self.name: str = name
        self._days = days
        self._minute: int = minutes(settings.at)
        self._weekdays: list[bool] = [each in settings.days for each in WEEKDAYS]
        self.at: int = 0

    def move_to(self, time: int) -> None:
        """Find the first occurrence at or after ``time``."""
        days = self._days
        first = days.day_of(time)
        for day in range(first, first + _HORIZON):
            if self._weekdays[weekday(day)]:
                at = days.instant(day, self._minute)
                if at >= time:
                    self.at = at
                    return
        self.at = NEVER


def key_opens(table: dict[str, OpenSettings]) -> list[KeyOpen]:
    """The rows of the table of opens."""
    zones: dict[str, LocalDays] = {}
    return [KeyOpen(name, each, zones.setdefault(each.zone, LocalDays(each.zone))) for name, each in table.items()]


def candles_in(start: int, end: int, duration: int) -> int:
    """How many candles of this length (ms) open in [start, end)."""
    return (-start // duration) - (-end // duration)
