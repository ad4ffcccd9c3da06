"""The zigzag on hand-made tables (ICT-1)."""

from __future__ import annotations

import pytest

from services.analysis.detectors.swings import label_of
from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction
from tests.support.analysis.candles import Row, events, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])
L1 = AnalysisSettings.model_validate({"swing_length": 1, "atr_period": 2, "zigzag": {"equal_atr": 0.1}})


def closes(*values: float) -> list[Row]:
    """Candles one wide around these prices: a turn of the list is a swing one candle later."""
    return [(value, value + 0.5, value - 0.5, value) for value in values]


def said(rows: list[Row], direction: Direction) -> list[tuple[int, str, str]]:
    """(candle, side as in the bullish table, state)."""
    flip = {"pivot_high": "pivot_low", "pivot_low": "pivot_high"}
    found = told(run(table(rows, direction), L1), "pivot_high", "pivot_low")
    return [(n, (kind if direction == "bullish" else flip[kind])[6:], state) for n, kind, _, state in found]


@BOTH
def test_a_pivot_stands_once_the_other_side_turns(direction: Direction) -> None:
    """ICT-1: provisional at its swing's confirmation, final at the next opposite one."""
    assert said(closes(10, 20, 12, 18), direction) == [
        (2, "high", "provisional"), (3, "high", "final"), (3, "low", "provisional"),
    ]  # fmt: skip


#: Highs of 20 and 25 with a low between them that is no swing low: its candle's low is tied by the one before.
TWO_HIGHS: list[Row] = [
    (10, 11, 9, 10), (10, 20, 9.5, 15), (15, 16, 10, 15), (15, 25, 10.5, 16), (16, 17, 11, 16), (16, 17, 11.5, 16),
]  # fmt: skip


@BOTH
def test_a_further_swing_of_the_same_side_takes_its_place(direction: Direction) -> None:
    """ICT-1: superseded by an event of its own, nothing is rewritten."""
    assert said(TWO_HIGHS, direction) == [
        (2, "high", "provisional"), (4, "high", "superseded"), (4, "high", "provisional"),
    ]  # fmt: skip


@BOTH
@pytest.mark.parametrize("second", [20.0, 19.0])
def test_a_swing_that_goes_no_further_is_passed_over(direction: Direction, second: float) -> None:
    """ICT-1: of equals the first stays."""
    rows = list(TWO_HIGHS)
    rows[3] = (15, second, 10.5, 16)
    assert said(rows, direction) == [(2, "high", "provisional")]


@pytest.mark.parametrize(("second", "label"), [(30.0, "HH"), (12.0, "LH"), (20.0, "EQH"), (20.4, "EQH"), (19.6, "EQH")])
def test_pivots_are_named_against_the_last_final_one_of_their_side(second: float, label: str) -> None:
    """ICT-1: HH, LH, EQH within a tenth of the ATR (here several points wide)."""
    facts = events(run(table(closes(10, 20, 5, second, 6)), L1), "pivot_high")
    assert [fact.label for fact in facts if fact.state == "provisional"] == ["", label]
    facts = events(run(table(closes(10, 20, 5, second, 6), "bearish"), L1), "pivot_low")
    mirror = {"HH": "LL", "LH": "HL", "EQH": "EQL"}[label]
    assert [fact.label for fact in facts if fact.state == "provisional"] == ["", mirror]


def test_a_candle_that_is_high_and_low_is_taken_one_side_a_close() -> None:
    """ICT-1: first the side that carries the leg on, then the turn, each at a close of its own."""
    rows = [*closes(10, 20, 12), (12, 25, 3, 14), *closes(12, 13)]
    assert said(rows, "bullish")[:4] == [
        (2, "high", "provisional"), (4, "high", "superseded"), (4, "high", "provisional"), (5, "high", "final"),
    ]  # fmt: skip


def test_a_pivot_exactly_at_the_tolerance_is_equal_at_every_price() -> None:
    """ICT-1: equal *within* the tolerance includes it; a tick further is higher or lower."""
    for number in range(10, 110):
        before, above, below = number / 10, round(number / 10 + 0.3, 4), round(number / 10 - 0.3, 4)
        assert [label_of("bearish", level, before, 0.3) for level in (above, below)] == ["EQH", "EQH"]
        assert [label_of("bullish", level, before, 0.3) for level in (above, below)] == ["EQL", "EQL"]
        assert label_of("bearish", round(above + 0.001, 4), before, 0.3) == "HH"
        assert label_of("bullish", round(below - 0.001, 4), before, 0.3) == "LL"
