"""The timetable against the zone database, instant by instant (ICT-11)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from services.analysis.sessions.local_time import LocalDays
from services.analysis.sessions.timetable import Timetable
from services.analysis.sessions.trading_days import DayAnchor, Period, PeriodClock, TradingDays
from services.analysis.settings.timetable import TimetableSettings, WindowSettings, minutes
from shared.domain.timeframes import DAY, MINUTE
from shared.domain.timezones import NEW_YORK

FROM, TO = 1_735_689_600_000 // MINUTE, 1_830_297_600_000 // MINUTE  # 2025-01-01 to 2028-01-01
instants = st.integers(FROM, TO).map(lambda minute: minute * MINUTE)
zones = st.sampled_from(["America/New_York", "Europe/London", "Asia/Seoul", "Australia/Lord_Howe", "America/Santiago"])


def reads(window: WindowSettings, time: int) -> bool:
    """The definition itself: what the zone's clock shows lies in [start, end). Good where no hour of it comes twice."""
    local = datetime.fromtimestamp(time / 1000, tz=ZoneInfo(window.zone))
    minute = local.hour * 60 + local.minute
    start, end = minutes(window.start), minutes(window.end)
    return start <= minute < end if start < end else minute >= start or minute < end


@settings(max_examples=300, deadline=None)
@given(times=st.lists(instants, min_size=1, max_size=8))
def test_open_windows_are_those_whose_clock_says_so(times: list[int]) -> None:
    """ICT-11: at any instant of three years, in any order of questions forward."""
    table = TimetableSettings().window_table()
    timetable = Timetable(table)
    for time in sorted(times):
        found = {window.name for window in timetable.open_at(time)}
        assert found == {name for name, window in table.items() if reads(window, time)}


@settings(max_examples=60, deadline=None)
@given(start=instants, minutes_on=st.integers(1, 3_000))
def test_nothing_changes_before_the_next_change(start: int, minutes_on: int) -> None:
    """ICT-11: one comparison is enough until it."""
    timetable, other = (Timetable(TimetableSettings().window_table()) for _ in range(2))
    before = {window.name for window in timetable.open_at(start)}
    change = timetable.next_change
    later = min(start + minutes_on * MINUTE, change - MINUTE)
    assert later >= start
    assert {window.name for window in other.open_at(later)} == before
    assert {window.name for window in other.open_at(change)} != before or any(
        window.start == change for window in other.windows
    )


@settings(max_examples=200, deadline=None)
@given(
    zone=zones, day=st.integers(FROM * MINUTE // DAY, TO * MINUTE // DAY), one=st.integers(0, 1439), two=st.integers(0, 1439)
)
def test_wall_clock_times_keep_their_order(zone: str, day: int, one: int, two: int) -> None:
    """ICT-11: windows that touch on the clock touch in UTC; the first instant at which the clock reads as late."""
    days = LocalDays(zone)
    first, second = sorted((one, two))
    assert days.instant(day, 0) <= days.instant(day, first) <= days.instant(day, second) <= days.instant(day + 1, 0)
    found = days.instant(day, first)
    local = datetime.fromtimestamp(found / 1000, tz=ZoneInfo(zone))
    assert local.hour * 60 + local.minute >= first
    assert days.day_of(found) == day
    before = datetime.fromtimestamp(found / 1000 - 60, tz=ZoneInfo(zone))
    assert before.date() < local.date() or before.hour * 60 + before.minute < first


@settings(max_examples=200, deadline=None)
@given(
    time=instants,
    anchor=st.sampled_from(["utc", "new_york_midnight", "new_york_17", "new_york_18"]),
    period=st.sampled_from(["day", "week", "month"]),
)
def test_periods_follow_on_each_other(time: int, anchor: DayAnchor, period: Period) -> None:
    """ICT-8: every instant lies in exactly one day, week and month of an anchor."""
    clock = PeriodClock(period, TradingDays(anchor))
    start, end = clock.around(time)
    assert start <= time < end
    assert clock.around(end)[0] == end
    assert clock.around(start) == (start, end)
    assert clock.around(start - 1)[1] == start
    local = datetime.fromtimestamp(start / 1000, tz=ZoneInfo("UTC" if anchor == "utc" else NEW_YORK))
    assert local.minute == 0
    assert local.hour == {"utc": 0, "new_york_midnight": 0, "new_york_17": 17, "new_york_18": 18}[anchor]
    if period == "week":
        assert local.weekday() == (6 if anchor in ("new_york_17", "new_york_18") else 0)
