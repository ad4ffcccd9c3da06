"""Swing highs and lows on hand-made tables (ICT-1)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction, FactKind
from tests.support.analysis.candles import closed, events, opened, run, table, told

L2 = AnalysisSettings(swing_length=2)
L1 = AnalysisSettings(swing_length=1)
SWINGS: tuple[FactKind, ...] = ("swing_high", "swing_low")


def hill(*highs: float) -> list[tuple[float, float, float, float]]:
    """Candles with these highs and ever rising lows, so that there is no swing low; closes stay under every high."""
    return [(50 + n / 8, high, 49 + n / 8, 50 + n / 8) for n, high in enumerate(highs)]


@pytest.mark.parametrize("direction", ["bullish", "bearish"])
def test_a_swing_is_told_l_candles_after_it_formed(direction: Direction) -> None:
    """ICT-1: drawn at j, confirmed at the close of j+L, in both directions."""
    analyses = run(table(hill(60, 61, 63, 62, 61), direction), L2)
    (swing,) = events(analyses, *SWINGS)
    assert (swing.kind, swing.direction) == (
        ("swing_high", "bearish") if direction == "bullish" else ("swing_low", "bullish")
    )
    assert (swing.formed_at, swing.confirmed_at, swing.changed_at) == (opened(2), closed(4), closed(4))
    assert swing.top == swing.bottom == (63 if direction == "bullish" else 4096 - 63)
    assert swing.state == "active"
    assert events(analyses[:4], *SWINGS) == []


@pytest.mark.parametrize("direction", ["bullish", "bearish"])
@pytest.mark.parametrize(
    ("highs", "swings_at"),
    [
        ((60, 61, 63, 63, 61, 60), [2]),  # of two equals the earlier
        ((60, 61, 63, 63, 63, 61, 60, 60), [2]),  # a plateau has one swing
        ((63, 61, 63, 62, 61), []),  # an equal within L on the left
        ((60, 61, 63, 62, 63, 61, 60), [2]),  # an equal within L on the right
        ((60, 61, 63, 62, 64), []),  # a higher one within L on the right
        ((63, 60, 59, 58, 57), []),  # the first candles have no left side
        ((60, 60, 60, 60, 60, 60), []),  # a flat market
    ],
)
def test_ties_give_exactly_one_swing_the_earliest(
    direction: Direction, highs: tuple[float, ...], swings_at: list[int]
) -> None:
    """ICT-1: above the left, not below the right."""
    found = [fact.formed_at for fact in events(run(table(hill(*highs), direction), L2), *SWINGS) if fact.state == "active"]
    assert found == [opened(number) for number in swings_at]


def test_one_candle_can_be_a_high_and_a_low() -> None:
    """ICT-1: an outside candle is both, the high told first."""
    analyses = run(table([(50, 55, 45, 50), (50, 60, 40, 50), (50, 55, 45, 50)]), L1)
    assert told(analyses, *SWINGS) == [(2, "swing_high", "bearish", "active"), (2, "swing_low", "bullish", "active")]


@pytest.mark.parametrize("direction", ["bullish", "bearish"])
def test_a_newer_swing_ends_an_unbroken_older_one(direction: Direction) -> None:
    """ICT-1: whatever leaves the active set says so."""
    analyses = run(table(hill(60, 63, 61, 62, 60), direction), L1)
    kind, side = ("swing_high", "bearish") if direction == "bullish" else ("swing_low", "bullish")
    assert told(analyses, *SWINGS) == [(2, kind, side, "active"), (4, kind, side, "expired"), (4, kind, side, "active")]
    assert [fact.formed_at for fact in analyses[-1].active if fact.kind == kind] == [opened(3)]


@pytest.mark.parametrize(
    ("second", "direction", "label"),
    [
        (64.0, "bullish", "higher high"),
        (62.0, "bullish", "lower high"),
        (63.0, "bullish", "equal high"),
        (64.0, "bearish", "lower low"),
        (62.0, "bearish", "higher low"),
        (63.0, "bearish", "equal low"),
    ],
)
def test_a_swing_says_how_it_compares_with_the_one_before(second: float, direction: Direction, label: str) -> None:
    """ICT-1: HH, LH, EQH and HL, LL, EQL, at the pivot's confirmation."""
    swings = events(run(table(hill(60, 63, 61, second, 60), direction), L1), *SWINGS)
    assert "the first swing" in swings[0].why
    assert label in swings[-1].why


def test_no_swing_spans_a_gap() -> None:
    """ICT-1, DATA-3: the window restarts after a missing candle."""
    rows = [*hill(60, 61, 63), None, *hill(62, 61, 60)]
    assert events(run(table(rows), L2), *SWINGS) == []
