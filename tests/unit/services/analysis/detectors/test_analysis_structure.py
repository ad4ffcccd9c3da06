"""BOS, CHoCH and the trend on hand-made tables (ICT-1, ICT-2)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction
from tests.support.analysis.candles import OPPOSITE, Row, closed, events, opened, run, table, told

L1 = AnalysisSettings.model_validate({"swing_length": 1})
WICK = AnalysisSettings.model_validate({"swing_length": 1, "structure": {"break_on": "wick"}})
BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: A swing high of 60 at candle 1, confirmed at the close of candle 2; lows only rise.
SWING: list[Row] = [(50, 55, 48, 54), (54, 60, 49, 57), (57, 58, 50, 56)]


@BOTH
def test_the_first_close_beyond_a_swing_is_a_bos_once(direction: Direction) -> None:
    """ICT-2: neutral first break = BOS; a swing breaks once."""
    analyses = run(table([*SWING, (56, 62, 51, 61), (61, 64, 52, 63)], direction), L1)
    side = "swing_high" if direction == "bullish" else "swing_low"
    assert told(analyses, "swing_high", "swing_low", "bos", "choch") == [
        (2, side, OPPOSITE[direction], "active"),
        (3, side, OPPOSITE[direction], "broken"),
        (3, "bos", direction, "final"),
    ]
    bos = events(analyses, "bos")[0]
    assert (bos.formed_at, bos.confirmed_at) == (opened(1), closed(3))
    assert [a.trend for a in analyses[2:4]] == ["none", "up" if direction == "bullish" else "down"]
    assert {(fact.kind, fact.state) for fact in analyses[3].active} >= {(side, "broken"), ("bos", "final")}


@BOTH
@pytest.mark.parametrize("close", [60.0, 59.0])
def test_a_wick_beyond_or_a_close_at_the_level_is_no_break(direction: Direction, close: float) -> None:
    """ICT-2: by close; close == level is not beyond."""
    analyses = run(table([*SWING, (56, 62, 51, close)], direction), L1)
    assert events(analyses, "bos", "choch") == []


@BOTH
def test_a_wick_breaks_when_the_settings_say_so(direction: Direction) -> None:
    """ICT-2: wick as option."""
    analyses = run(table([*SWING, (56, 62, 51, 59)], direction), WICK)
    assert [(fact.kind, fact.direction) for fact in events(analyses, "bos", "choch")] == [("bos", direction)]
    assert "traded" in events(analyses, "bos")[0].why


@BOTH
def test_a_break_by_the_candle_that_confirms_the_swing_is_impossible(direction: Direction) -> None:
    """ICT-2: the swing must be confirmed by an earlier candle; one closing above it at j+1 confirms nothing."""
    analyses = run(table([*SWING[:2], (57, 62, 50, 61)], direction), L1)
    assert events(analyses, "bos", "choch") == []


#: Up over 60, a swing low of 52 at candle 4, then down through it.
REVERSAL: list[Row] = [
    *SWING,
    (56, 64, 53, 63),
    (63, 63.5, 52, 58),
    (58, 62, 53, 60),
    (60, 61, 50, 51),
]


@BOTH
def test_a_break_against_the_trend_is_a_choch_and_turns_it(direction: Direction) -> None:
    """ICT-1, ICT-2: CHoCH if the trend was the other way."""
    analyses = run(table(REVERSAL, direction), L1)
    breaks = [(fact.kind, fact.direction) for fact in events(analyses, "bos", "choch")]
    assert breaks == [("bos", direction), ("choch", OPPOSITE[direction])]
    assert [a.trend for a in analyses[3:]] == (
        ["up", "up", "up", "down"] if direction == "bullish" else ["down", "down", "down", "up"]
    )


@BOTH
def test_a_second_break_with_the_trend_is_a_bos(direction: Direction) -> None:
    """ICT-2: continuation."""
    rows: list[Row] = [*SWING, (56, 64, 53, 63), (63, 66, 54, 64), (64, 65, 55, 63), (63, 68, 56, 67)]
    breaks = events(run(table(rows, direction), L1), "bos", "choch")
    assert [(fact.kind, fact.direction) for fact in breaks] == [("bos", direction)] * 2
    assert "with trend" in breaks[1].why


#: A swing high of 60 and a swing low of 40 at candle 1, then a candle beyond both by wick.
OUTSIDE: list[Row] = [(50, 55, 45, 50), (50, 60, 40, 50), (50, 55, 45, 50), (50, 61, 39, 52)]


def test_a_candle_beyond_both_swings_breaks_neither() -> None:
    """ICT-2: by wick, the order of its high and low is unknown."""
    analyses = run(table(OUTSIDE), WICK)
    assert events(analyses, "bos", "choch") == []
    assert {fact.state for fact in analyses[-1].active} == {"active"}


@BOTH
def test_displacement_lets_only_a_strong_body_break(direction: Direction) -> None:
    """ICT-2: optional displacement, in ATR of the candles before; the swing stays for a stronger candle."""
    settings = AnalysisSettings.model_validate(
        {"swing_length": 1, "atr_period": 2, "structure": {"min_displacement_atr": 0.5}}
    )
    weak, strong = (59, 62, 51, 61), (56, 69, 55, 68)
    # The flat candle keeps its high on a level with the weak one's, so no newer swing replaces the 60.
    analyses = run(table([*SWING, weak, strong], direction), settings)
    assert [n for n, kind, _, _ in told(analyses) if kind == "bos"] == [4]


def test_displacement_asks_for_a_warm_atr() -> None:
    """ICT-2: without a yardstick nothing breaks."""
    settings = AnalysisSettings.model_validate(
        {"swing_length": 1, "atr_period": 14, "structure": {"min_displacement_atr": 0.1}}
    )
    assert events(run(table([*SWING, (56, 90, 51, 90)]), settings), "bos", "choch") == []


@BOTH
def test_levels_survive_a_gap(direction: Direction) -> None:
    """ICT-2, DATA-3: windows restart, swings stay breakable."""
    analyses = run(table([*SWING, None, (56, 62, 51, 61)], direction), L1)
    assert [n for n, kind, _, _ in told(analyses) if kind == "bos"] == [4]


@BOTH
def test_a_candle_beyond_both_swings_breaks_the_one_that_it_closes_beyond(direction: Direction) -> None:
    """ICT-2: whatever the order of its trades was, the last was beyond that one: told at this close, not one later."""
    rows: list[Row] = [*OUTSIDE[:3], (50, 61, 35, 38), (38, 39, 34, 36)]
    analyses = run(table(rows, direction), WICK)
    turned = OPPOSITE[direction]
    broken, kept = ("swing_low", "swing_high") if direction == "bullish" else ("swing_high", "swing_low")
    found = told(analyses, "bos", "choch", "swing_high", "swing_low")
    assert [row for row in found if row[3] in ("broken", "final")] == [
        (3, broken, direction, "broken"),
        (3, "bos", turned, "final"),
    ]
    assert {fact.kind for fact in analyses[3].active if fact.state == "active"} >= {kept}


def test_the_close_at_a_swing_of_a_candle_beyond_both_is_not_beyond_it() -> None:
    """ICT-2: then the order of its trades is not known, and nothing is broken."""
    for close in (40.0, 60.0):
        analyses = run(table([*OUTSIDE[:3], (50, 61, 39, close)]), WICK)
        assert events(analyses, "bos", "choch") == []
