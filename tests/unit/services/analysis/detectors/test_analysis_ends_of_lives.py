"""States that the tables of the single concepts do not reach, drawn by hand, both ways up: mostly how a life ends.

``test_analysis_hand_drawn`` holds that every state of every concept is reached by some table.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Direction, FactKind
from tests.support.analysis.candles import MIRROR_KIND, OPPOSITE, Row, alone, events, run, table, told
from tests.support.analysis.clock_candles import flat, from_time, said

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])


def facing(kind: FactKind, direction: Direction) -> FactKind:
    """The kind that the table turned upside down speaks of."""
    return kind if direction == "bullish" else MIRROR_KIND.get(kind, kind)


def first_life(candles: Sequence[Candle], chosen: AnalysisSettings, kind: FactKind) -> list[tuple[int, str]]:
    """(number of the candle, state) of the first fact of the kind."""
    facts = events(run(candles, chosen), kind)
    first = facts[0].id
    return [(candle, state) for (candle, _, _, state), fact in zip(told(run(candles, chosen), kind), facts, strict=True)
            if fact.id == first]  # fmt: skip


# --- merged gaps ---------------------------------------------------------------------------------------------------------

#: Gaps 1000 to 1020 and 1030 to 1035 of neighbouring candles: together 1000 to 1035 from candle 3 on.
MERGED: list[Row] = [
    (990, 1000, 985, 998), (998, 1030, 997, 1028), (1028, 1045, 1020, 1040), (1040, 1060, 1035, 1055),
    (1055, 1056, 1040, 1050),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([(1050, 1051, 1030, 1045)], [(5, "touched")]),
        ([(1050, 1051, 1035, 1045)], [(5, "touched")]),  # at its very edge
        ([(1050, 1051, 1035.125, 1045)], []),
        ([(1050, 1051, 1017, 1045), (1045, 1046, 1010, 1040)], [(5, "half_filled"), (6, "half_filled")]),
        ([(1050, 1051, 1000, 1010)], [(5, "filled")]),
        ([(1050, 1051, 990, 1000)], [(5, "filled")]),  # a close at the far edge is not through
        ([(1050, 1051, 990, 999)], [(5, "inverted")]),
        ([(1050, 1051, 1040, 1045)] * 4, [(7, "expired")]),
        ([(1050, 1051, 1040, 1045), None, None, None, (1050, 1051, 1030, 1045)], [(9, "expired")]),  # age is time
    ],
)
def test_a_merged_gap_fills_and_ages_as_a_single_one(
    after: list[Row], expected: list[tuple[int, str]], direction: Direction
) -> None:
    """ICT-5."""
    chosen = alone("fvg", "merged_gaps", swing_length=50, fvg={"min_size_percent": 0.0, "max_age_candles": 3},
                   merged_gaps={"enabled": True})  # fmt: skip
    assert first_life(table([*MERGED, *after], direction), chosen, "merged_fvg") == [(3, "active"), *expected]


# --- blocks --------------------------------------------------------------------------------------------------------------


@BOTH
def test_an_inversion_gap_that_nobody_comes_back_to_expires(direction: Direction) -> None:
    """ICT-5: the gap 1000 to 1020 is closed through at candle 3."""
    gap: list[Row] = [(990, 1000, 985, 998), (998, 1030, 997, 1028), (1028, 1045, 1020, 1040), (1040, 1041, 990, 995)]
    chosen = alone("fvg", "inversion", swing_length=50, fvg={"min_size_percent": 0.0}, inversion={"max_age_candles": 2})
    life = first_life(table([*gap, *[(995.0, 998.0, 990.0, 995.0)] * 4], direction), chosen, "ifvg")
    assert life == [(3, "active"), (6, "expired")]


def blocks(**concepts: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate(
        {"swing_length": 1, "atr_period": 3, "fvg": {"min_size_percent": 0.0}, **concepts}
    )


#: The order block 52 to 58 of candle 2 is closed through at candle 6; below it price rests.
BREAKER: list[Row] = [
    (50, 55, 48, 54), (54, 60, 50, 57), (57, 58, 52, 53), (53, 56, 51, 55), (55, 63, 54, 62), (62, 64, 59, 61),
    (61, 61.5, 51, 51.5),
]  # fmt: skip
#: The leg from candle 3 took nothing; candle 6 breaks the swing that it began at: a mitigation block from 50 to 55.
MITIGATION: list[Row] = [
    (52, 56, 51, 55), (55, 60, 54, 57), (57, 58, 53, 54), (54, 55, 50, 51), (51, 58, 51, 56), (56, 57, 52, 53),
    (53, 54, 48, 49),
]  # fmt: skip


@BOTH
def test_a_breaker_that_nobody_comes_back_to_expires(direction: Direction) -> None:
    """ICT-4."""
    rows: list[Row] = [*BREAKER, *[(51.0, 51.5, 50.0, 51.0)] * 4]
    chosen = blocks(breaker_block={"max_age_candles": 2})
    assert first_life(table(rows, direction), chosen, "breaker_block") == [(6, "active"), (9, "expired")]


@BOTH
def test_the_life_of_a_mitigation_block(direction: Direction) -> None:
    """ICT-4: touched at its very edge, half through, a wick beyond, and the close beyond its other side."""
    below: Row = (49, 49.5, 48.5, 49)
    rows: list[Row] = [
        *MITIGATION,
        below,
        (49, 50, 48.5, 49),  # 8
        below,
        (49, 52.5, 48.5, 49),  # 10
        below,
        (49, 56, 48.5, 55),  # 12: a close at the edge is not through
        (55, 56, 54, 55.125),  # 13
    ]
    life = first_life(table(rows, direction), blocks(), "mitigation_block")
    assert life == [(6, "active"), (8, "mitigated"), (10, "mean_threshold"), (12, "mean_threshold"), (13, "invalidated")]


# --- internal structure --------------------------------------------------------------------------------------------------

INTERNAL = AnalysisSettings.model_validate({"swing_length": 3, "internal": {"length": 1}})


@BOTH
def test_an_internal_swing_ends_when_a_newer_one_takes_its_place(direction: Direction) -> None:
    """ICT-1: a high of 60 at candle 1 that no close passes, and one of 59 at candle 3."""
    rows: list[Row] = [(50, 55, 48, 54), (54, 60, 49, 57), (57, 58, 50, 56), (56, 59, 51, 57), (57, 58, 52, 56)]
    high = facing("internal_high", direction)
    told_of = [(number, kind, state) for number, kind, _, state in told(run(table(rows, direction), INTERNAL), high)]
    assert told_of == [(2, high, "active"), (4, high, "expired"), (4, high, "active")]


@BOTH
def test_an_internal_break_against_the_internal_trend_is_a_change_of_character(direction: Direction) -> None:
    """ICT-2: up through the small high 60 at candle 5, down through the small low 54.5 at candle 8."""
    rows: list[Row] = [
        (70, 75, 50, 55), (54, 58, 51, 56), (56, 60, 52, 57), (57, 59, 53, 55), (55, 58, 54, 57), (57, 63, 55, 62),
        (62, 62.5, 54.5, 58), (58, 61, 55, 60), (60, 60.5, 53, 54),
    ]  # fmt: skip
    assert told(run(table(rows, direction), INTERNAL), "internal_bos", "internal_choch", "choch") == [
        (5, "internal_bos", direction, "final"),
        (8, "internal_choch", OPPOSITE[direction], "final"),
    ]
    at_the_level: list[Row] = [*rows[:-1], (60, 60.5, 53, 54.5)]
    assert told(run(table(at_the_level, direction), INTERNAL), "internal_choch") == []


# --- levels --------------------------------------------------------------------------------------------------------------


def hills(*highs: float) -> list[Row]:
    """Candles with these highs; their lows rise, so that there is no swing low."""
    return [(90, high, 80 + number / 8, 90) for number, high in enumerate(highs)]


@BOTH
@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([(90, 101, 82, 100)], (5, "swept")),  # back at the level
        ([(90, 101, 82, 100.5)], (5, "broken")),
        ([(90, 100, 82, 95)] * 2, (6, "active")),  # a trade at it is not beyond: one more equal
        ([(90, 99, 82, 95)] * 4, (8, "expired")),
    ],
)
def test_the_end_of_equal_highs(after: list[Row], expected: tuple[int, str], direction: Direction) -> None:
    """ICT-8: two highs of 100, known at candle 4."""
    chosen = alone("equal_levels", swing_length=1,
                   equal_levels={"length": 1, "tolerance_percent": 0.001, "max_age_candles": 3})  # fmt: skip
    rows = [*hills(98, 100, 98, 100, 98), *after]
    life = first_life(table(rows, direction), chosen, facing("equal_highs", direction))
    assert life == [(4, "active"), expected]


@BOTH
@pytest.mark.parametrize(
    ("row", "state"),
    [
        ((100, 112, 99, 110), "swept"),
        ((100, 112, 99, 111), "broken"),
        ((100, 110, 99, 105), "expired"),  # a trade at it is not beyond: it stands until the period is over
    ],
)
@pytest.mark.parametrize(
    ("kind", "before", "after", "known", "passed", "over"),
    [
        ("previous_week_high", 7, 7, "06-08 00:00", "06-09 00:00", "06-15 00:00"),
        ("previous_month_high", 30, 31, "07-01 00:00", "07-02 00:00", "08-01 00:00"),
    ],
)
def test_the_end_of_the_levels_of_weeks_and_months(
    row: Row, state: str, kind: FactKind, before: int, after: int, known: str, passed: str, over: str, direction: Direction
) -> None:
    """ICT-8: daily candles from Monday, the 1st of June 2026; the day after the period goes to 110 or beyond."""
    rows: list[Row] = [*[(100.0, 110.0, 95.0, 100.0)] * before, row, *[(100.0, 105.0, 96.0, 100.0)] * (after - 1)]
    found = said(from_time("2026-06-01 00:00", "1d", rows, direction), alone("previous_levels"), facing(kind, direction))
    first = [(close, fact.state) for close, fact in found if fact.id == found[0][1].id]
    assert first == [(known, "active"), (over if state == "expired" else passed, state)]


# --- time ----------------------------------------------------------------------------------------------------------------


def test_a_window_of_the_kind_session_is_entered_and_left() -> None:
    """ICT-11: the shipped table has none; settings may add one."""
    whole = {"kind": "session", "start": "08:00", "end": "11:00", "zone": "Asia/Seoul"}
    chosen = alone("timetable", timetable={"windows": {"seoul": whole}})
    told_of = said(from_time("2026-06-30 22:00", "1h", flat(6)), chosen, "session")
    assert [(close, fact.label, fact.state) for close, fact in told_of] == [
        ("06-30 23:00", "seoul", "active"),
        ("07-01 02:00", "seoul", "final"),
    ]


GAPS_KEPT = alone("opening_gaps", opening_gaps={"keep": 1})


@BOTH
def test_a_new_week_gap_fills_and_is_kept(direction: Direction) -> None:
    """ICT-7: Friday closes at 100, Sunday 18:00 New York opens at 110; 50 hours lie between."""
    rows: list[Row] = [
        *flat(50), (110.0, 112.0, 110.0, 112.0),
        (112, 112, 108, 112), (112, 112, 105, 112), (112, 112, 100, 112), (112, 112, 90, 112),
    ]  # fmt: skip
    told_of = said(from_time("2026-07-03 20:00", "1h", rows, direction), GAPS_KEPT, "nwog")
    assert {fact.direction for _, fact in told_of} == {direction}
    assert [(close, fact.state, fact.fill) for close, fact in told_of] == [
        ("07-05 23:00", "active", 0.0),
        ("07-06 00:00", "touched", 0.2),
        ("07-06 01:00", "half_filled", 0.5),
        ("07-06 02:00", "filled", 1.0),
    ]


@BOTH
@pytest.mark.parametrize(("kind", "born"), [("ndog", 8), ("nwog", 2), ("gap_4h", 83)])
def test_of_every_kind_of_opening_gap_the_newest_are_kept(kind: FactKind, born: int, direction: Direction) -> None:
    """ICT-7: here one of a kind; the next one ends it, told before it. Two weeks that only rise, a step every hour."""
    rows: list[Row] = [(price, price, price, price) for price in (100.0 + number for number in range(14 * 24))]
    told_of = said(from_time("2026-06-29 00:00", "1h", rows, direction), GAPS_KEPT, kind)
    assert {fact.direction for _, fact in told_of} == {direction}
    assert [fact.state for _, fact in told_of] == ["active", *["expired", "active"] * (born - 1)]
