"""Volume imbalances on hand-made tables (ICT-5)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction, Fact
from tests.support.analysis.candles import PIVOT, Row, closed, events, opened, run, table

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: Drawn for a bullish one: bodies end at 54 and begin at 56, wicks overlap from 55 to 57.
APART: list[Row] = [(50, 57, 49, 54), (56, 60, 55, 59)]
ABOVE: Row = (59, 61, 58, 60)


def settings(**imbalance: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate({"atr_period": 1, "volume_imbalance": {"min_size_atr": 0.0, **imbalance}})


def found(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Fact]:
    return events(run(table(rows, direction), chosen), "volume_imbalance")


def zone(fact: Fact) -> tuple[float, float]:
    """Bottom and top as in the bullish table."""
    return (fact.bottom, fact.top) if fact.direction == "bullish" else (PIVOT - fact.top, PIVOT - fact.bottom)


@BOTH
def test_bodies_apart_and_wicks_together(direction: Direction) -> None:
    """ICT-5: the zone lies between the bodies, known at the close of the later candle."""
    (imbalance,) = found(APART, direction, settings())
    assert (imbalance.direction, imbalance.state, imbalance.fill) == (direction, "active", 0.0)
    assert (imbalance.formed_at, imbalance.confirmed_at) == (opened(1), closed(1))
    assert imbalance.candles == (opened(0), opened(1))
    assert zone(imbalance) == (54, 56)


@BOTH
@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ((54, 60, 53, 59), None),  # bodies meet
        ((54.125, 60, 53, 59), (54, 54.125)),
        ((59, 60, 55, 56), (54, 56)),  # the colour does not matter
        ((58, 60, 57, 59), (54, 58)),  # wicks touch at 57
        ((58, 60, 57.125, 59), None),  # an opening gap, not an imbalance
    ],
)
def test_boundaries(direction: Direction, second: Row, expected: tuple[float, float] | None) -> None:
    """ICT-5: strict between the bodies, ties count between the wicks."""
    assert [zone(fact) for fact in found([APART[0], second], direction, settings())] == ([expected] if expected else [])


@BOTH
def test_none_across_a_gap(direction: Direction) -> None:
    """ICT-5, DATA-3: the candle before is not known."""
    assert found([APART[0], None, APART[1]], direction, settings()) == []


@BOTH
def test_small_ones_are_noise(direction: Direction) -> None:
    """ICT-5: min size in ATR of the candles before; cold, there is none."""
    assert found(APART, direction, settings(min_size_atr=2 / 8))
    assert found(APART, direction, settings(min_size_atr=2.125 / 8)) == []
    cold = settings(min_size_atr=0.01).model_copy(update={"atr_period": 14})
    assert found(APART, direction, cold) == []


@BOTH
def test_it_fills_from_the_next_candle_on(direction: Direction) -> None:
    """ICT-5: its own wick does not count; touched, half filled, filled."""
    rows: list[Row] = [
        *APART,
        ABOVE,
        (59, 60, 56, 59),
        (59, 60, 55.5, 59),
        (59, 60, 55, 59),
        (59, 60, 54, 59),
        (59, 60, 53, 59),
    ]
    assert [(fact.changed_at, fact.state, fact.fill) for fact in found(rows, direction, settings())] == [
        (closed(1), "active", 0.0),
        (closed(3), "touched", 0.0),
        (closed(4), "touched", 0.25),
        (closed(5), "half_filled", 0.5),
        (closed(6), "filled", 1.0),
    ]


@BOTH
def test_it_expires(direction: Direction) -> None:
    """ICT-5: bounded in age."""
    changes = found([*APART, ABOVE, ABOVE, ABOVE], direction, settings(max_age_candles=2))
    assert [(fact.state, fact.changed_at) for fact in changes] == [("active", closed(1)), ("expired", closed(4))]


@BOTH
def test_score_and_why(direction: Direction) -> None:
    """ICT-5: size in ATR; one sentence for a person."""
    (imbalance,) = found(APART, direction, settings())
    assert imbalance.score == 2 / 8 / 0.5
    assert imbalance.why.startswith(f"{direction.capitalize()} volume imbalance ")
    assert imbalance.why.endswith("while their wicks overlap, size 0.25 ATR.")
    cold = found(APART, direction, settings().model_copy(update={"atr_period": 14}))[0]
    assert cold.score == 0.0
    assert cold.why.endswith("size ATR not warm.")
