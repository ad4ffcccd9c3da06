"""Key opens, previous day, week and month levels and IPDA ranges on hand-made candles (ICT-8, ICT-11, ICT-12)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.analysis.settings import AnalysisSettings
from services.analysis.settings.levels import IpdaSettings
from shared.domain.facts import Direction, FactKind
from shared.domain.timeframes import Timeframe
from tests.support.analysis.candles import PIVOT, Row, alone
from tests.support.analysis.clock_candles import flat, from_time, prices, said, states, utc

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])
DAY_LEVELS: tuple[FactKind, ...] = ("previous_day_high", "previous_day_low")


# --- key opens -----------------------------------------------------------------------------------------------------------

OPENS = alone("timetable")


def opens(start: str, timeframe: Timeframe, rows: list[Row]) -> list[tuple[str, str, str]]:
    return states(said(from_time(start, timeframe, rows), OPENS, "key_open"))


def test_a_key_open_is_the_price_at_that_time_known_at_the_close() -> None:
    """ICT-11: midnight, 08:30 and 09:30 New York, kept until the next of its name."""
    rows: list[Row] = [(float(at), float(at), float(at), float(at)) for at in range(1, 60)]
    told = said(from_time("2026-07-01 03:30", "30m", rows), OPENS, "key_open")
    assert states(told) == [
        ("07-01 04:30", "midnight", "active"),
        ("07-01 13:00", "open_0830", "active"),
        ("07-01 14:00", "open_0930", "active"),
        ("07-02 04:30", "midnight", "expired"),
        ("07-02 04:30", "midnight", "active"),
    ]
    assert [fact.top for _, fact in told] == [2.0, 19.0, 21.0, 2.0, 50.0]
    assert told[0][1].formed_at == utc("2026-07-01 04:00")
    assert told[0][1].why == "Key open midnight: the candle 2026-07-01 04:00 UTC opened at 2."


@pytest.mark.parametrize(
    ("date", "midnight"), [("2026-03-08", "05"), ("2026-03-09", "04"), ("2026-11-01", "04"), ("2026-11-02", "05")]
)
def test_the_midnight_open_on_the_days_on_which_clocks_change(date: str, midnight: str) -> None:
    """ICT-11: the day of the change begins by the old offset."""
    told = said(from_time(f"{date} 00:00", "15m", flat(30)), OPENS, "key_open")
    assert [(fact.label, fact.formed_at) for _, fact in told] == [("midnight", utc(f"{date} {midnight}:00"))]


def test_when_the_candle_is_missing_the_old_price_ends_and_nothing_takes_its_place() -> None:
    """ICT-11, DATA-3: another candle's open would be another price."""
    rows: list[Row] = flat(50)
    rows[26:28] = [None, None]  # 04:00 of the second day, and the one after
    assert (
        opens("2026-07-01 02:00", "1h", rows)
        == [
            ("07-01 05:00", "midnight", "active"),
            ("07-02 07:00", "midnight", "expired"),
            ("07-03 04:00", "midnight", "active"),
        ][:2]
    )
    rows[26:28] = [None, (7.0, 7.0, 7.0, 7.0)]
    assert opens("2026-07-01 02:00", "1h", rows)[1] == ("07-02 06:00", "midnight", "expired")


@pytest.mark.parametrize(
    ("timeframe", "labels"), [("30m", {"midnight", "open_0830", "open_0930"}), ("1h", {"midnight"}), ("4h", set())]
)
def test_a_key_open_is_followed_where_a_candle_opens_at_it(timeframe: Timeframe, labels: set[str]) -> None:
    """ICT-11: in both halves of the year."""
    for date in ("2026-07-01", "2026-01-14"):
        assert {label for _, label, _ in opens(f"{date} 00:00", timeframe, flat(48))} == labels


# --- previous day, week, month -------------------------------------------------------------------------------------------

LEVELS = alone("previous_levels")


def day(high: float = 100.0, low: float = 100.0) -> list[Row]:
    """Six 4h candles; the high in the second, the low in the fourth."""
    rows: list[Row] = flat(6)
    rows[1] = (100.0, high, 100.0, 100.0)
    rows[3] = (100.0, 100.0, low, 100.0)
    return rows


def mirrored_levels(told: list[tuple[str, str, str, float]], direction: Direction) -> set[tuple[str, str, str, float]]:
    if direction == "bullish":
        return set(told)
    swap = {"high": "low", "low": "high"}
    return {
        (close, f"{kind.rpartition('_')[0]}_{swap[kind.rpartition('_')[2]]}", state, PIVOT - price)
        for close, kind, state, price in told
    }


@BOTH
def test_the_boundary_candle_reports_yesterday(direction: Direction) -> None:
    """ICT-8: completed periods only, constant during the next; the first of equal extremes made the level."""
    rows = [*day(110.0, 90.0), *day(105.0, 95.0), *flat(1)]
    told = said(from_time("2026-07-01 00:00", "4h", rows, direction), LEVELS, *DAY_LEVELS)
    assert mirrored_levels(prices(told), direction) == {
        ("07-02 00:00", "previous_day_high", "active", 110.0),
        ("07-02 00:00", "previous_day_low", "active", 90.0),
        ("07-03 00:00", "previous_day_high", "expired", 110.0),
        ("07-03 00:00", "previous_day_low", "expired", 90.0),
        ("07-03 00:00", "previous_day_high", "active", 105.0),
        ("07-03 00:00", "previous_day_low", "active", 95.0),
    }
    assert {fact.formed_at for _, fact in told[:2]} == {utc("2026-07-01 04:00"), utc("2026-07-01 12:00")}


@BOTH
@pytest.mark.parametrize(
    ("row", "state"),
    [((100, 111, 100, 110), "swept"), ((100, 111, 100, 111), "broken"), ((100, 110, 100, 110), None)],
)
def test_a_previous_high_is_swept_or_broken(direction: Direction, row: tuple[float, ...], state: str | None) -> None:
    """ICT-8: and then has nothing more to say."""
    rows: list[Row] = [*day(110.0, 90.0), *flat(2), (row[0], row[1], row[2], row[3]), *flat(4)]
    kind: FactKind = "previous_day_high" if direction == "bullish" else "previous_day_low"
    told = [
        (close, state)
        for close, fact in said(from_time("2026-07-01 00:00", "4h", rows, direction), LEVELS, kind)
        for state in (fact.state,)
    ]
    ended = ("07-03 00:00", "expired") if state is None else ("07-02 12:00", state)
    assert told == [("07-02 00:00", "active"), ended, ("07-03 00:00", "active")]


@pytest.mark.parametrize(
    ("missing", "coverage", "expected"),
    [
        ((2,), 0.95, []),  # 5 of 6 candles are not enough
        ((2,), 0.8, [("07-02 00:00", "active")]),
        ((5,), 0.8, [("07-02 04:00", "active")]),  # its last candle: told at the next close
        ((0,), 0.8, [("07-02 00:00", "active")]),
        ((2, 3), 0.8, []),
    ],
)
def test_of_a_day_with_missing_candles_levels_are_told_only_when_enough_was_seen(
    missing: tuple[int, ...], coverage: float, expected: list[tuple[str, str]]
) -> None:
    """ICT-8, DATA-3: and the sentence says how much."""
    rows = [None if number in missing else row for number, row in enumerate([*day(110.0), *flat(2)])]
    chosen = alone("previous_levels", previous_levels={"min_coverage": coverage})
    told = said(from_time("2026-07-01 00:00", "4h", rows), chosen, "previous_day_high")
    assert [(close, fact.state) for close, fact in told] == expected
    assert all(fact.why.endswith("of which 83.3% was seen.") for _, fact in told)


def test_after_days_that_nobody_saw_there_is_no_previous_day() -> None:
    """ICT-8: the level of the day before the gap is not yesterday's."""
    rows = [*day(110.0), *flat(1), *[None] * 12, *flat(5)]
    told = said(from_time("2026-07-01 00:00", "4h", rows), LEVELS, "previous_day_high")
    assert [(close, fact.state) for close, fact in told] == [("07-02 00:00", "active"), ("07-04 08:00", "expired")]


@pytest.mark.parametrize(
    ("anchor", "boundary"),
    [
        ("utc", "2026-07-02 00:00"),
        ("new_york_midnight", "2026-07-02 04:00"),
        ("new_york_17", "2026-07-02 21:00"),
        ("new_york_18", "2026-07-02 22:00"),
    ],
)
def test_the_day_begins_where_the_settings_say(anchor: str, boundary: str) -> None:
    """ICT-8: exchange, true day, FX, Globex."""
    chosen = alone("previous_levels", previous_levels={"day_anchor": anchor})
    told = said(from_time("2026-07-01 00:00", "1h", flat(72)), chosen, "previous_day_high")
    assert told[0][1].confirmed_at == utc(boundary)
    assert said(from_time("2026-07-01 00:00", "4h", flat(30)), chosen, "previous_day_high") == [] or anchor == "utc"


def test_weeks_and_months_are_folded_from_their_days() -> None:
    """ICT-8: weeks from Monday; on daily candles there is no previous day, which is the candle before."""
    rows: list[Row] = [(100.0, 100.0 + number, 100.0 - number, 100.0) for number in range(1, 70)]
    told = said(from_time("2026-06-01 00:00", "1d", rows), LEVELS)  # a Monday, and the first of a month
    assert not [fact for _, fact in told if "day" in fact.kind]
    weeks = [(close, fact.top) for close, fact in told if fact.kind == "previous_week_high" and fact.state == "active"]
    assert weeks[:3] == [("06-08 00:00", 107.0), ("06-15 00:00", 114.0), ("06-22 00:00", 121.0)]
    months = [(close, fact.top) for close, fact in told if fact.kind == "previous_month_low" and fact.state == "active"]
    assert months == [("07-01 00:00", 70.0), ("08-01 00:00", 39.0)]
    assert told[0][1].why.startswith("Previous week's high 107, made by the candle 2026-06-07 00:00 UTC")


def test_a_week_that_began_unseen_gives_no_levels() -> None:
    """ICT-8."""
    told = said(from_time("2026-06-03 00:00", "1d", flat(12)), LEVELS, "previous_week_high")
    assert [(close, fact.state) for close, fact in told] == [("06-15 00:00", "active")]
    assert said(from_time("2026-06-01 00:00", "1w", flat(12)), LEVELS) == []


# --- IPDA ----------------------------------------------------------------------------------------------------------------


def ranges(
    start: str, timeframe: Timeframe, rows: list[Row], chosen: AnalysisSettings
) -> list[tuple[str, str, str, float, float]]:
    told = said(from_time(start, timeframe, rows), chosen, "ipda_range")
    return [(close, fact.label, fact.state, fact.top, fact.bottom) for close, fact in told]


IPDA = alone("ipda", ipda={"days": [2, 3]})


def test_ipda_ranges_are_of_completed_days_and_live_until_they_change() -> None:
    """ICT-12: the running day is not in them."""
    rows: list[Row] = [
        (100, 110, 95, 100),
        (100, 105, 90, 100),
        (100, 104, 96, 100),
        (100, 103, 97, 100),
        (100, 120, 80, 100),
    ]
    assert ranges("2026-07-01 00:00", "1d", rows, IPDA) == [
        ("07-03 00:00", "2 days", "active", 110.0, 90.0),
        ("07-04 00:00", "2 days", "expired", 110.0, 90.0),
        ("07-04 00:00", "2 days", "active", 105.0, 90.0),
        ("07-04 00:00", "3 days", "active", 110.0, 90.0),
        ("07-05 00:00", "2 days", "expired", 105.0, 90.0),
        ("07-05 00:00", "2 days", "active", 104.0, 96.0),
        ("07-05 00:00", "3 days", "expired", 110.0, 90.0),
        ("07-05 00:00", "3 days", "active", 105.0, 90.0),
        ("07-06 00:00", "2 days", "expired", 104.0, 96.0),
        ("07-06 00:00", "2 days", "active", 120.0, 80.0),
        ("07-06 00:00", "3 days", "expired", 105.0, 90.0),
        ("07-06 00:00", "3 days", "active", 120.0, 80.0),
    ]


def test_an_unchanged_range_says_nothing_and_intraday_candles_give_the_same() -> None:
    """ICT-12: on 1d and on 4h candles."""
    wide: Row = (100, 110, 90, 100)
    narrow: Row = (100, 101, 99, 100)
    days = [wide, wide, narrow, wide, narrow]
    expected = [("07-03 00:00", "2 days", "active", 110.0, 90.0), ("07-04 00:00", "3 days", "active", 110.0, 90.0)]
    assert ranges("2026-07-01 00:00", "1d", days, IPDA) == expected
    assert ranges("2026-07-01 00:00", "4h", [each for each in days for _ in range(6)], IPDA) == expected


def test_a_day_that_was_not_seen_ends_the_ranges_and_counting_starts_anew() -> None:
    """ICT-12, DATA-3: its extremes are not known."""
    told = ranges("2026-07-01 00:00", "1d", [*flat(3), None, *flat(3)], IPDA)
    assert [(close, label, state) for close, label, state, _, _ in told] == [
        ("07-03 00:00", "2 days", "active"),
        ("07-04 00:00", "3 days", "active"),
        ("07-06 00:00", "2 days", "expired"),
        ("07-06 00:00", "3 days", "expired"),
        ("07-07 00:00", "2 days", "active"),
        ("07-08 00:00", "3 days", "active"),
    ]


def test_ipda_names_its_equilibrium() -> None:
    """ICT-12: high, low and the middle."""
    ((_, fact), *_) = said(from_time("2026-07-01 00:00", "1d", [(100, 110, 95, 100)] * 2), IPDA, "ipda_range")
    assert "95 to 110, equilibrium 102.5" in fact.why
    assert "last 2 completed days" in fact.why


def test_a_length_named_twice_is_refused() -> None:
    """ICT-12: bad input is decided at the border."""
    with pytest.raises(ValidationError, match="twice"):
        IpdaSettings(days=(20, 20))
    assert IpdaSettings(days=(40, 20)).days == (20, 40)
