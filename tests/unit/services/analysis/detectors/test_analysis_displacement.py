"""Displacement on hand-made tables (ICT-10)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction
from tests.support.analysis.candles import Row, closed, events, opened, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])
#: Three candles with a true range of 10 each: ATR 10.
QUIET: list[Row] = [(100, 105, 95, 101), (101, 105, 95, 100), (100, 105, 95, 100)]


def settings(**displacement: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate({"swing_length": 50, "atr_period": 3, "displacement": displacement})


@BOTH
@pytest.mark.parametrize(
    ("candle", "found"),
    [
        ((100, 116, 99, 115), True),  # body 15: exactly 1.5 ATR
        ((100, 115, 99, 114.5), False),
        ((100, 125, 100, 115), True),  # body exactly 60 % of the range
        ((100, 126, 100, 115), False),
    ],
)
def test_a_body_large_for_its_time_and_its_range(direction: Direction, candle: Row, found: bool) -> None:
    """ICT-10: body >= 1.5 ATR of the candles before, and >= 60 % of the range; known at its close."""
    facts = events(run(table([*QUIET, candle], direction), settings()), "displacement")
    assert [(f.direction, f.formed_at, f.confirmed_at, f.score) for f in facts] == (
        [(direction, opened(3), closed(3), 0.5)] if found else []
    )
    assert all("1.50 ATR" in fact.why for fact in facts)


def test_nothing_while_the_atr_is_cold() -> None:
    """ICT-10: a candle is never measured by itself."""
    assert events(run(table([*QUIET[:2], (100, 160, 99, 159)]), settings()), "displacement") == []


@BOTH
@pytest.mark.parametrize(("low", "found"), [(105.5, True), (105, False)])
def test_with_a_gap_required_it_is_told_one_close_later(direction: Direction, low: float, found: bool) -> None:
    """ICT-10: the third candle leaves a gap to the first."""
    rows: list[Row] = [*QUIET, (100, 121, 99, 120), (120, 125, low, 122)]
    said = told(run(table(rows, direction), settings(require_gap=True)), "displacement")
    assert said == ([(4, "displacement", direction, "final")] if found else [])


def test_a_required_gap_does_not_span_a_missing_candle() -> None:
    """ICT-10, DATA-3."""
    rows: list[Row] = [*QUIET, (100, 121, 99, 120), None, (120, 125, 110, 122)]
    assert told(run(table(rows), settings(require_gap=True)), "displacement") == []


def test_a_body_of_exactly_the_least_size_is_a_displacement_at_every_price() -> None:
    """ICT-10: *at least* includes, in decimals that float64 does not have; a tick less is too small."""
    found, less = 0, 0
    for number in range(10, 110):
        price = number / 10
        quiet: list[Row] = [(price, round(price + 0.1, 1), round(price - 0.1, 1), price)] * 3  # ATR 0.2
        opened_, close = price, round(price + 0.3, 1)  # 1.5 ATR, and 60 % of 0.5
        wide = (round(price - 0.1, 1), round(price + 0.4, 1))
        candle: Row = (opened_, wide[1], wide[0], close)
        found += len(events(run(table([*quiet, candle]), settings()), "displacement"))
        candle = (opened_, wide[1], wide[0], round(close - 0.001, 3))
        less += len(events(run(table([*quiet, candle]), settings()), "displacement"))
    assert (found, less) == (100, 0)
