"""Kill zones, Silver Bullet hours, macros and key opens on ordinary days and on those on which clocks change (ICT-11)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from services.analysis.sessions.local_time import LocalDays, weekday
from services.analysis.sessions.timetable import NEVER, KeyOpen, Timetable, Window, candles_in, key_opens
from services.analysis.settings.timetable import OpenSettings, TimetableSettings
from shared.domain.timeframes import DAY, MINUTE
from shared.domain.timezones import SEOUL, known_zone, shown

HOUR = 60 * MINUTE


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def occurrences(window: Window, after: int, before: int) -> list[tuple[int, int]]:
    """Those that end after ``after`` and start before ``before``."""
    found = []
    window.move_to(after)
    while window.start < before:
        found.append((window.start, window.end))
        window.move_to(window.end)
    return found


def windows_on(date: str, settings: TimetableSettings | None = None) -> dict[str, list[str]]:
    """Window → its spans of that New York date, as UTC clock times; ``+`` marks the next UTC day."""
    chosen = settings or TimetableSettings()
    midnight = utc(date)
    days = LocalDays("America/New_York")
    day = midnight // DAY
    start, end = days.instant(day, 0), days.instant(day + 1, 0)

    def text(time: int) -> str:
        return f"{shown(time, 'UTC')[11:16]}{'+' if time >= midnight + DAY else ''}"

    return {
        window.name: [f"{text(a)}-{text(b)}" for a, b in occurrences(window, start, end) if a >= start]
        for window in Timetable(chosen.window_table()).windows
    }


#: New York's summer time: UTC-4.
SUMMER = {
    "asian": ["00:00+-04:00+"],
    "london_open": ["06:00-09:00"],
    "new_york_am": ["11:00-14:00"],
    "london_close": ["14:00-16:00"],
    "new_york_lunch": ["16:00-17:00"],
    "new_york_pm": ["17:30-20:00"],
    "silver_bullet_london": ["07:00-08:00"],
    "silver_bullet_am": ["14:00-15:00"],
    "silver_bullet_pm": ["18:00-19:00"],
    "macro_0233": ["06:33-07:00"],
    "macro_0403": ["08:03-08:30"],
    "macro_0850": ["12:50-13:10"],
    "macro_0950": ["13:50-14:10"],
    "macro_1050": ["14:50-15:10"],
    "macro_1150": ["15:50-16:10"],
    "macro_1310": ["17:10-17:40"],
    "macro_1515": ["19:15-19:45"],
}
#: Winter time: UTC-5.
WINTER = {
    "asian": ["01:00+-05:00+"],
    "london_open": ["07:00-10:00"],
    "new_york_am": ["12:00-15:00"],
    "london_close": ["15:00-17:00"],
    "new_york_lunch": ["17:00-18:00"],
    "new_york_pm": ["18:30-21:00"],
    "silver_bullet_london": ["08:00-09:00"],
    "silver_bullet_am": ["15:00-16:00"],
    "silver_bullet_pm": ["19:00-20:00"],
    "macro_0233": ["07:33-08:00"],
    "macro_0403": ["09:03-09:30"],
    "macro_0850": ["13:50-14:10"],
    "macro_0950": ["14:50-15:10"],
    "macro_1050": ["15:50-16:10"],
    "macro_1150": ["16:50-17:10"],
    "macro_1310": ["18:10-18:40"],
    "macro_1515": ["20:15-20:45"],
}
#: Clocks go forward at 02:00 (07:00 UTC): the London kill zone has two hours, the 02:33 macro does not exist.
FORWARD = {**SUMMER, "london_open": ["07:00-09:00"], "macro_0233": []}
#: Clocks go back at 02:00 (06:00 UTC): everything after it is winter's.
BACK = WINTER


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2025-03-08", {**WINTER}),
        ("2025-03-09", FORWARD),
        ("2025-03-10", SUMMER),
        ("2025-03-30", SUMMER),  # London's clocks change, New York's do not
        ("2025-10-26", SUMMER),  # and back
        ("2025-11-01", SUMMER),
        ("2025-11-02", BACK),
        ("2025-11-03", WINTER),
        ("2026-03-07", WINTER),
        ("2026-03-08", FORWARD),
        ("2026-03-09", SUMMER),
        ("2026-03-29", SUMMER),
        ("2026-10-25", SUMMER),
        ("2026-10-31", SUMMER),
        ("2026-11-01", BACK),
        ("2026-11-02", WINTER),
    ],
)
def test_the_windows_of_a_new_york_day(date: str, expected: dict[str, list[str]]) -> None:
    """ICT-11: defined in New York local time, right on both days of change of 2025 and 2026, and of London's."""
    assert windows_on(date) == expected


@pytest.mark.parametrize(
    ("date", "hours", "midnight", "half_past_eight", "half_past_nine"),
    [
        ("2025-03-09", 23, "05:00", "12:30", "13:30"),
        ("2025-11-02", 25, "04:00", "13:30", "14:30"),
        ("2026-03-08", 23, "05:00", "12:30", "13:30"),
        ("2026-11-01", 25, "04:00", "13:30", "14:30"),
        ("2026-07-01", 24, "04:00", "12:30", "13:30"),
        ("2026-01-01", 24, "05:00", "13:30", "14:30"),
    ],
)
def test_the_key_opens_of_a_new_york_day(
    date: str, hours: int, midnight: str, half_past_eight: str, half_past_nine: str
) -> None:
    """ICT-11: midnight, 08:30 and 09:30 opens; the day of the change has 23 or 25 hours."""
    days = LocalDays("America/New_York")
    day = utc(date) // DAY
    start = days.instant(day, 0)
    assert days.instant(day + 1, 0) - start == hours * HOUR
    found = {}
    for each in key_opens(TimetableSettings().open_table()):
        each.move_to(start)
        found[each.name] = shown(each.at, "UTC")[11:16]
    assert found == {"midnight": midnight, "open_0830": half_past_eight, "open_0930": half_past_nine}


@pytest.mark.parametrize(
    ("date", "name", "expected"),
    [
        ("2026-03-07", "london_open", "2026-03-07 16:00 KST to 2026-03-07 19:00 KST"),
        ("2026-03-08", "london_open", "2026-03-08 16:00 KST to 2026-03-08 18:00 KST"),
        ("2026-03-09", "london_open", "2026-03-09 15:00 KST to 2026-03-09 18:00 KST"),
        ("2026-03-08", "asian", "2026-03-09 09:00 KST to 2026-03-09 13:00 KST"),
        ("2026-10-31", "london_open", "2026-10-31 15:00 KST to 2026-10-31 18:00 KST"),
        ("2026-11-01", "london_open", "2026-11-01 16:00 KST to 2026-11-01 19:00 KST"),
        ("2026-11-01", "asian", "2026-11-02 10:00 KST to 2026-11-02 14:00 KST"),
        ("2026-11-01", "silver_bullet_am", "2026-11-02 00:00 KST to 2026-11-02 01:00 KST"),
        ("2025-03-09", "macro_0950", "2025-03-09 22:50 KST to 2025-03-09 23:10 KST"),
        ("2025-11-02", "macro_0950", "2025-11-02 23:50 KST to 2025-11-03 00:10 KST"),
        ("2025-11-02", "new_york_pm", "2025-11-03 03:30 KST to 2025-11-03 06:00 KST"),
        ("2025-03-09", "new_york_pm", "2025-03-10 02:30 KST to 2025-03-10 05:00 KST"),
    ],
)
def test_the_windows_as_seoul_reads_them(date: str, name: str, expected: str) -> None:
    """ICT-11: Korea has no daylight saving; the same window stands an hour later on its clock in New York's winter."""
    days = LocalDays("America/New_York")
    start = days.instant(utc(date) // DAY, 0)
    (window,) = [each for each in Timetable(TimetableSettings().window_table()).windows if each.name == name]
    span = next(span for span in occurrences(window, start, start + 2 * DAY) if span[0] >= start)
    assert " to ".join(shown(time, SEOUL) for time in span) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-03-08 07:00 UTC"),
        ("America/New_York", "2026-03-08 03:00 EDT"),
        ("Asia/Seoul", "2026-03-08 16:00 KST"),
        ("Asia/Kolkata", "2026-03-08 12:30 IST"),
    ],
)
def test_an_instant_is_shown_on_any_clock(zone: str, expected: str) -> None:
    """ICT-11: shown in any zone."""
    assert shown(utc("2026-03-08 07:00"), zone) == expected


def test_the_fixed_korean_table_is_right_in_summer_and_an_hour_early_in_winter() -> None:
    """ICT-11: kept as a named preset only."""
    fixed = TimetableSettings(preset="kst_fixed")
    assert windows_on("2026-07-01", fixed) == SUMMER
    winter = {name: [_an_hour_earlier(span) for span in spans] for name, spans in WINTER.items()}
    assert windows_on("2026-01-14", fixed) == winter
    assert {each.name: each.at for each in _opens(fixed, utc("2026-07-01"))} == {
        each.name: each.at for each in _opens(TimetableSettings(), utc("2026-07-01"))
    }


def _an_hour_earlier(span: str) -> str:
    def earlier(clock: str) -> str:
        return f"{int(clock[:2]) - 1:02}{clock[2:]}"

    return "-".join(earlier(clock) for clock in span.split("-"))


def _opens(settings: TimetableSettings, time: int) -> list[KeyOpen]:
    opens = key_opens(settings.open_table())
    for each in opens:
        each.move_to(time)
    return opens


@pytest.mark.parametrize(
    ("zone", "date", "minute", "expected"),
    [
        ("America/New_York", "2026-03-08", 119, "06:59"),
        ("America/New_York", "2026-03-08", 120, "07:00"),  # 02:00 is skipped
        ("America/New_York", "2026-03-08", 153, "07:00"),  # and so is 02:33
        ("America/New_York", "2026-03-08", 179, "07:00"),
        ("America/New_York", "2026-03-08", 180, "07:00"),
        ("America/New_York", "2026-11-01", 60, "05:00"),  # 01:00 comes twice: the first
        ("America/New_York", "2026-11-01", 119, "05:59"),
        ("America/New_York", "2026-11-01", 120, "07:00"),
        ("Australia/Lord_Howe", "2026-10-04", 135, "15:30-"),  # half an hour is skipped: 02:15 falls on the change
        ("America/Santiago", "2026-09-06", 0, "04:00"),  # midnight itself is skipped
    ],
)
def test_a_wall_clock_time_stands_for_its_first_reading(zone: str, date: str, minute: int, expected: str) -> None:
    """ICT-11: skipped times fall on the change, repeated ones count once."""
    found = LocalDays(zone).instant(utc(date) // DAY, minute)
    assert shown(found, "UTC")[11:16] + ("-" if found < utc(date) else "") == expected


def test_a_window_is_half_open() -> None:
    """ICT-11: a candle belongs when its open time lies in [start, end): never end-inclusive."""
    table = Timetable(TimetableSettings().window_table())
    names = [
        {window.name for window in table.open_at(utc(f"2026-07-01 {clock}"))}
        for clock in ("05:59", "06:00", "08:59", "09:00")
    ]
    assert [("london_open" in each) for each in names] == [False, True, True, False]
    table.forget()
    assert "london_close" in {window.name for window in table.open_at(utc("2026-07-01 14:00"))}
    assert "new_york_am" not in {window.name for window in table.open_at(utc("2026-07-01 14:00"))}


def test_weekdays_are_those_on_which_a_window_starts() -> None:
    """ICT-11: a window that runs over midnight belongs to the day of its start."""
    settings = TimetableSettings.model_validate(
        {"windows": {"friday": {"kind": "session", "start": "22:00", "end": "02:00", "days": ["fri"], "zone": "UTC"}}}
    )
    window = Timetable(settings.window_table()).windows[-1]
    assert occurrences(window, utc("2026-07-01"), utc("2026-07-15")) == [
        (utc("2026-07-03 22:00"), utc("2026-07-04 02:00")),
        (utc("2026-07-10 22:00"), utc("2026-07-11 02:00")),
    ]
    window.move_to(utc("2026-07-04 01:59"))
    assert window.start == utc("2026-07-03 22:00")


def test_a_window_that_its_zone_never_reaches_is_never_open() -> None:
    """ICT-11: only on Sundays, inside an hour that is skipped: the next one that exists is found."""
    settings = TimetableSettings.model_validate(
        {"windows": {"skipped": {"kind": "session", "start": "02:10", "end": "02:40", "days": ["sun"]}}}
    )
    window = Timetable(settings.window_table()).windows[-1]
    window.move_to(utc("2026-03-08 00:00"))
    assert window.start == utc("2026-03-15 06:10")


def test_presets_can_be_changed_window_by_window() -> None:
    """ICT-11: a validated table in settings."""
    settings = TimetableSettings.model_validate(
        {
            "windows": {
                "new_york_lunch": None,
                "new_york_am": {"kind": "kill_zone", "start": "08:30", "end": "11:00", "levels": True},
                "tokyo": {"kind": "session", "start": "09:00", "end": "15:00", "zone": "Asia/Tokyo"},
            },
            "opens": {"open_0830": None, "tokyo": {"at": "09:00", "zone": "Asia/Tokyo"}},
        }
    )
    table = settings.window_table()
    assert "new_york_lunch" not in table
    assert (table["new_york_am"].start, table["new_york_am"].end) == ("08:30", "11:00")
    assert list(table)[-1] == "tokyo"
    assert list(settings.open_table()) == ["midnight", "open_0930", "tokyo"]


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ({"kind": "kill_zone", "start": "24:00", "end": "02:00"}, "pattern"),
        ({"kind": "kill_zone", "start": "2:00", "end": "05:00"}, "pattern"),
        ({"kind": "kill_zone", "start": "02:00", "end": "02:00"}, "needs a length"),
        ({"kind": "kill_zone", "start": "02:00", "end": "05:00", "zone": "Mars/Olympus"}, "no time zone 'Mars/Olympus'"),
        ({"kind": "kill_zone", "start": "02:00", "end": "05:00", "days": []}, "at least 1 item"),
        ({"kind": "kill_zone", "start": "02:00", "end": "05:00", "days": ["monday"]}, "'mon'"),
        ({"kind": "nap", "start": "02:00", "end": "05:00"}, "'kill_zone'"),
    ],
)
def test_a_wrong_window_is_refused(window: dict[str, object], says: str) -> None:
    """ICT-11: bad input is decided at the border."""
    with pytest.raises(ValidationError, match=says):
        TimetableSettings.model_validate({"windows": {"mine": window}})


@pytest.mark.parametrize(("written", "meant"), [(1020, "17:00"), (0, "00:00"), (1439, "23:59"), ("17:00", "17:00")])
def test_a_time_without_quotes_is_what_was_meant(written: object, meant: str) -> None:
    """ICT-11: YAML makes 1020 of an unquoted 17:00."""
    assert OpenSettings.model_validate({"at": written}).at == meant


@pytest.mark.parametrize("written", [1440, -1, True, "1020", 17.5])
def test_a_number_that_is_no_time_is_refused(written: object) -> None:
    """ICT-11: nor anything else that is not HH:MM."""
    with pytest.raises(ValidationError):
        OpenSettings.model_validate({"at": written})


@pytest.mark.parametrize("name", ["", "../etc/passwd", "/etc/localtime", "America", "America/Nowhere", "New York"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    """ICT-11: by name, and nothing outside the zone database is read."""
    with pytest.raises(ValueError, match="there is no time zone"):
        known_zone(name)


@pytest.mark.parametrize(
    ("start", "end", "duration", "count"),
    [
        ("06:00", "09:00", 15, 12),
        ("06:33", "07:00", 1, 27),
        ("06:33", "07:00", 5, 5),  # 06:35 … 06:55
        ("06:33", "07:00", 15, 1),
        ("06:33", "07:00", 60, 0),
        ("17:10", "17:40", 15, 2),
    ],
)
def test_candles_are_counted_by_their_open(start: str, end: str, duration: int, count: int) -> None:
    """ICT-11."""
    assert candles_in(utc(f"2026-07-01 {start}"), utc(f"2026-07-01 {end}"), duration * MINUTE) == count


def test_an_empty_table_never_changes() -> None:
    """ICT-11."""
    assert Timetable({}).next_change == NEVER


def test_days_are_numbered_from_a_thursday() -> None:
    """ICT-11: Monday is 0."""
    assert weekday(0) == 3
    assert weekday(utc("2026-03-08") // DAY) == 6
