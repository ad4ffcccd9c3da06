"""Accumulation, Judas swing, distribution on hand-made 1h candles (ICT-12; docs/ict.md §12)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.analysis.settings import AnalysisSettings
from services.analysis.settings.power_of_three import PowerOfThreeSettings
from shared.domain.facts import Direction, Fact, FactKind
from tests.support.analysis.candles import OPPOSITE, PIVOT, Row, alone
from tests.support.analysis.clock_candles import from_time, said, utc

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])
KINDS: tuple[FactKind, ...] = ("judas_swing", "power_of_three")


def settings(**po3: object) -> AnalysisSettings:
    return alone("timetable", "structure", "power_of_three", swing_length=1, power_of_three={"confirm_on": "break", **po3})


#: 00:00 to 04:00 UTC is 20:00 to 00:00 New York in summer: the Asian range, 100 to 110.
ASIA: list[Row] = [(104, 108, 102, 105), (105, 110, 104, 106), (106, 107, 100, 103), (103, 106, 102, 105)]
QUIET: Row = (105, 107, 104, 105)
#: 04:00: above 110 and back inside.
TRAP: Row = (105, 112, 105, 108)
#: 06:00: a swing low at 05:00 is known at 07:00, broken at 08:00.
FALL: list[Row] = [(108, 109, 103, 107), (107, 108, 104, 106), (106, 107, 101, 102)]


def day(rows: list[Row], direction: Direction, chosen: AnalysisSettings | None = None) -> list[tuple[str, Fact]]:
    """``direction`` is that of the sweep: bullish tables sweep the high, so the day is bearish."""
    candles = from_time("2026-07-01 00:00", "1h", [*ASIA, *rows], direction)
    return said(candles, chosen or settings(), *KINDS)


def lives(told: list[tuple[str, Fact]]) -> list[tuple[str, str, str]]:
    return [(close[6:], fact.kind, fact.state) for close, fact in told]


@BOTH
def test_a_sweep_that_is_given_back_is_the_judas_swing_and_the_break_the_other_way_is_the_distribution(
    direction: Direction,
) -> None:
    """ICT-12: bearish day: the high of the Asian range is swept, then structure breaks down."""
    told = day([TRAP, *FALL], direction)
    assert lives(told) == [
        ("05:00", "judas_swing", "final"),
        ("05:00", "power_of_three", "active"),
        ("08:00", "power_of_three", "final"),
    ]
    judas, begun = told[0][1], told[1][1]
    assert judas.direction == begun.direction == OPPOSITE[direction]
    assert judas.formed_at == utc("2026-07-01 04:00")
    assert begun.ref == judas.id
    low, high = (110, 112) if direction == "bullish" else (PIVOT - 112, PIVOT - 110)
    assert (judas.bottom, judas.top) == (low, high)
    low, high = (100, 110) if direction == "bullish" else (PIVOT - 110, PIVOT - 100)
    assert (begun.bottom, begun.top, begun.formed_at) == (low, high, utc("2026-07-01 00:00"))
    if direction == "bullish":
        assert judas.why.startswith(
            "Judas swing up: candle 2026-07-01 04:00 UTC traded at 112, above the accumulation range 100"
        )
        assert begun.why.startswith(
            "Power of Three, down: accumulation 100 to 110 from 2026-07-01 00:00 UTC, its high taken"
        )


@BOTH
def test_the_close_back_inside_may_come_later(direction: Direction) -> None:
    """ICT-12: drawn at the furthest trade beyond, known at the close back inside; a close at the edge is inside."""
    told = day([(105, 112, 105, 111), (111, 114, 110, 112), (112, 113, 109, 110)], direction)
    assert lives(told)[0] == ("07:00", "judas_swing", "final")
    judas = told[0][1]
    assert judas.formed_at == utc("2026-07-01 05:00")
    assert (judas.top if direction == "bullish" else PIVOT - judas.bottom) == 114


@BOTH
@pytest.mark.parametrize(
    "rows",
    [
        [QUIET] * 12,  # no sweep
        [(105, 110, 105, 106)] * 3,  # a trade at the edge is not beyond
        [*[QUIET] * 5, TRAP, *FALL],  # 09:00 UTC is 05:00: too late
        [(105, 112, 99, 105), *FALL],  # both sides in one candle: void
        [(105, 112, 105, 111), (111, 111, 99, 105), *FALL],  # both sides before a close back inside: void
    ],
    ids=["quiet", "at the edge", "late", "both at once", "both in turn"],
)
def test_days_without_a_judas_swing(direction: Direction, rows: list[Row]) -> None:
    """ICT-12: nobody can say which side was the trap, or there was none."""
    assert day(rows, direction) == []


@BOTH
def test_the_other_side_taken_before_structure_broke_makes_the_day_void(direction: Direction) -> None:
    """ICT-12: both sides swept."""
    told = day([TRAP, (108, 109, 99, 103), *FALL], direction, settings(confirm_on="choch"))
    assert lives(told)[1:] == [("05:00", "power_of_three", "active"), ("06:00", "power_of_three", "invalidated")]


@BOTH
def test_without_a_break_the_day_ends_with_its_time(direction: Direction) -> None:
    """ICT-12: 16:00 New York is 20:00 UTC; told at the close of the first candle that opens there."""
    told = day([TRAP, *[QUIET] * 20], direction)
    assert lives(told)[1:] == [("05:00", "power_of_three", "active"), ("21:00", "power_of_three", "expired")]


def test_a_break_the_wrong_way_or_of_the_wrong_kind_is_no_distribution() -> None:
    """ICT-12: by default only a change of character; the first break has no character to change."""
    told = day([TRAP, *FALL, *[(102.0, 103.0, 101.5, 102.0)] * 2], "bullish", settings(confirm_on="choch"))
    assert [fact.state for _, fact in told if fact.kind == "power_of_three"] == ["active"]


def test_of_an_accumulation_that_was_not_seen_nothing_is_said() -> None:
    """ICT-12, DATA-3: one of its four candles is missing."""
    rows: list[Row] = [ASIA[0], None, *ASIA[2:], TRAP, *FALL]
    assert said(from_time("2026-07-01 00:00", "1h", rows), settings(), *KINDS) == []
    assert said(from_time("2026-07-01 00:00", "1h", rows), settings(min_coverage=0.75), *KINDS)


@pytest.mark.parametrize(("date", "judas"), [("2026-03-08", "06:00"), ("2026-11-01", "05:00")])
def test_the_days_on_which_clocks_change(date: str, judas: str) -> None:
    """ICT-11, ICT-12: Asia ends at 05:00 UTC before the change in March, at 04:00 before that in November."""
    start = f"{date} 01:00" if date == "2026-03-08" else f"{date} 00:00"
    told = said(from_time(start, "1h", [*ASIA, TRAP, *FALL]), settings(), "judas_swing")
    assert [close[6:] for close, _ in told] == [judas]


def test_without_its_window_nothing_is_said() -> None:
    """ICT-12: a name that the timetable does not have, or a timeframe that the window is not followed on."""
    assert day([TRAP, *FALL], "bullish", settings(accumulation="nowhere")) == []


def test_times_out_of_order_are_refused() -> None:
    """ICT-12: bad input is decided at the border."""
    with pytest.raises(ValidationError, match="follow on each other"):
        PowerOfThreeSettings(manipulation_start="06:00", manipulation_end="05:00")
