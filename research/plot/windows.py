"""Kill zones as stretches of time over the range of a chart."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from services.analysis.sessions.timetable import NEVER, Timetable
from services.analysis.settings.timetable import TimetableSettings

#: What is written where there is little room.
_SHORT = {
    "asian": "ASIA",
    "london_open": "LDN",
    "new_york_am": "NY AM",
    "london_close": "LDN CL",
    "new_york_pm": "NY PM",
    "new_york_lunch": "LUNCH",
}


class Stretch(NamedTuple):
    """One occurrence of a window, cut to the chart: UTC ms, half-open.

    ``place``: its number in the table, for its colour. ``length``: of the whole occurrence, in ms.
    """

    name: str
    kind: str
    start: int
    end: int
    place: int
    length: int

    @property
    def short(self) -> str:
        return _SHORT.get(self.name) or self.name.upper().replace("_", " ")

    @property
    def long(self) -> str:
        return self.name.replace("_", " ")


def stretches(settings: TimetableSettings, kinds: Collection[str], begin: int, end: int) -> list[Stretch]:
    """Every occurrence between ``begin`` and ``end`` of the windows of these kinds, in order of their starts."""
    table = {name: window for name, window in settings.window_table().items() if window.kind in kinds}
    found = []
    for place, window in enumerate(Timetable(table).windows):
        at = begin
        while True:
            window.move_to(at)
            if window.start >= end or window.start == NEVER:
                break
            start, stop = max(window.start, begin), min(window.end, end)
            found.append(Stretch(window.name, window.kind, start, stop, place, window.end - window.start))
            at = window.end
    return sorted(found, key=lambda stretch: (stretch.start, stretch.place))
