"""Internal structure, market structure shifts and failed breaks on hand-made tables (ICT-1, ICT-2)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction
from tests.support.analysis.candles import OPPOSITE, Row, closed, events, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: A swing high of 60 at candle 1, broken at candle 3; lows only rise.
BREAK: list[Row] = [(50, 55, 48, 54), (54, 60, 49, 57), (57, 58, 50, 56), (56, 62, 51, 61)]


def settings(**structure: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate(
        {"swing_length": 1, "atr_period": 2, "structure": structure, "displacement": {"min_body_atr": 1.0}}
    )


@BOTH
@pytest.mark.parametrize(("wait", "close", "found"), [(0, 60, True), (0, 60.5, False), (2, 59, True), (3, 59, False)])
def test_a_close_back_at_the_level_in_time_fails_the_break(
    direction: Direction, wait: int, close: float, found: bool
) -> None:
    """ICT-2: within 3 candles of the break, at or behind the level, once, in the other direction."""
    stay: list[Row] = [(61, 63, 60.5, 62)] * wait
    rows: list[Row] = [*BREAK, *stay, (61, 62, 58, close), (close, 62, 57, 58)]
    said = told(run(table(rows, direction), settings(failed_within=3 if found or wait else 1)), "failed_break")
    assert said == ([(4 + wait, "failed_break", OPPOSITE[direction], "final")] if found else [])


#: Up over 60, a swing low of 52 at candle 4, then down through it: a change of character at candle 6.
REVERSAL: list[Row] = [*BREAK[:3], (56, 64, 53, 63), (63, 63.5, 52, 58), (58, 62, 53, 60)]


@BOTH
@pytest.mark.parametrize(("breaking", "found"), [((60, 61, 48, 49), True), ((55, 56, 50, 51), False)])
def test_a_change_of_character_with_displacement_is_a_shift(direction: Direction, breaking: Row, found: bool) -> None:
    """ICT-2: MSS = CHoCH + displacement of its direction; told after the CHoCH, at the same close."""
    analyses = run(table([*REVERSAL, breaking], direction), settings(mss_within=1))
    (choch,) = events(analyses, "choch")
    shifts = events(analyses, "mss")
    assert [(s.direction, s.confirmed_at, s.ref) for s in shifts] == (
        [(OPPOSITE[direction], closed(6), choch.id)] if found else []
    )


#: A small high of 60 at candle 2, which is no swing of length 3, broken at candle 5.
SMALL: list[Row] = [
    (70, 75, 50, 55), (54, 58, 51, 56), (56, 60, 52, 57), (57, 59, 53, 55), (55, 58, 54, 57), (57, 63, 55, 62),
]  # fmt: skip


@BOTH
def test_small_swings_break_on_their_own(direction: Direction) -> None:
    """ICT-1, ICT-2: internal structure beside the external one, with kinds of its own."""
    chosen = AnalysisSettings.model_validate({"swing_length": 3, "internal": {"length": 1}})
    analyses = run(table(SMALL, direction), chosen)
    assert told(analyses, "bos", "choch") == []
    assert told(analyses, "internal_bos") == [(5, "internal_bos", direction, "final")]
    assert "internal swing" in events(analyses, "internal_bos")[0].why
    assert {analysis.trend for analysis in analyses} == {"none"}


@BOTH
def test_the_break_of_a_swing_that_is_external_too_is_one_event(direction: Direction) -> None:
    """ICT-2: internal breaks at the external level are not told again; the small swing is broken all the same."""
    chosen = AnalysisSettings.model_validate({"swing_length": 2, "internal": {"length": 1}})
    rows: list[Row] = [
        (50, 55, 47, 54), (54, 57, 48, 56), (56, 60, 49, 57), (57, 58, 50, 56), (56, 57, 51, 55), (55, 63, 52, 62),
    ]  # fmt: skip
    side = "internal_high" if direction == "bullish" else "internal_low"
    said = told(run(table(rows, direction), chosen), "bos", "internal_bos", "internal_high", "internal_low")
    assert [(n, kind, state) for n, kind, _, state in said if n == 5] == [(5, "bos", "final"), (5, side, "broken")]


def test_internal_structure_rests_where_it_would_be_the_external_one() -> None:
    """ICT-1: a length at or above swing_length looks for nothing."""
    chosen = AnalysisSettings.model_validate({"swing_length": 1, "internal": {"length": 1}})
    assert events(run(table(SMALL), chosen), "internal_high", "internal_low", "internal_bos") == []
