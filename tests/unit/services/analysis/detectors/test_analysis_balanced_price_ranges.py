"""Balanced price ranges on hand-made tables (ICT-5)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Analysis, Direction, Fact
from tests.support.analysis.candles import PIVOT, Row, closed, events, opened, run, table

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: Drawn for a bullish range: a gap down (52 to 58 at candle 1), then a gap up (50 to 57 at candle 4): 52 to 57.
RANGE: list[Row] = [
    (60, 61, 58, 59),
    (59, 59, 47, 48),
    (48, 52, 46, 47),
    (47, 50, 45, 49),
    (49, 60, 49, 59),
    (59, 62, 57, 61),
]
ABOVE: Row = (61, 63, 60, 62)


def settings(fvg: dict[str, object] | None = None, **balanced: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate(
        {
            "atr_period": 3,
            "fvg": {"min_size_percent": 0.0, **(fvg or {})},
            "balanced_price_range": {"min_size_atr": 0.0, **balanced},
        }
    )


def analyses(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Analysis]:
    return run(table(rows, direction), chosen)


def found(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Fact]:
    return events(analyses(rows, direction, chosen), "balanced_price_range")


def zone(fact: Fact) -> tuple[float, float]:
    """Bottom and top as in the bullish table."""
    return (fact.bottom, fact.top) if fact.direction == "bullish" else (PIVOT - fact.top, PIVOT - fact.bottom)


@BOTH
def test_two_gaps_of_opposite_direction_balance_where_they_overlap(direction: Direction) -> None:
    """ICT-5: known with the second gap, of its direction; the first may be closed through by then."""
    everything = analyses(RANGE, direction, settings())
    (balanced,) = events(everything, "balanced_price_range")
    assert (balanced.direction, balanced.state) == (direction, "active")
    assert (balanced.formed_at, balanced.confirmed_at) == (opened(4), closed(5))
    assert zone(balanced) == (52, 57)
    first = events(everything, "fvg")[0]
    assert balanced.ref == first.id
    assert events(everything, "fvg")[-2].state == "inverted"
    assert everything[-1].events[-1] is balanced


@BOTH
def test_gaps_that_only_touch_do_not_balance(direction: Direction) -> None:
    """ICT-5: ties."""
    rows: list[Row] = [*RANGE[:3], (47, 52, 45, 49), (49, 60, 49, 59), (59, 62, 58, 61)]
    assert [zone(fact) for fact in found(rows, direction, settings())] == [(52, 58)]
    touching: list[Row] = [(60, 61, 58, 59), (59, 59, 47, 48), (48, 57, 46, 47), *RANGE[3:]]
    assert events(analyses(touching, direction, settings()), "fvg")
    assert found(touching, direction, settings()) == []


@BOTH
def test_gaps_of_one_direction_do_not_balance(direction: Direction) -> None:
    """ICT-5: it takes both ways."""
    rows: list[Row] = [(10, 11, 9, 10), (10, 15, 10, 15), (15, 17, 13, 16), (16, 20, 16, 20), (20, 22, 18, 21)]
    assert len(events(analyses(rows, direction, settings()), "fvg")) >= 2
    assert found(rows, direction, settings()) == []


@BOTH
def test_the_gaps_lie_no_further_apart_than_the_setting(direction: Direction) -> None:
    """ICT-5: from middle candle to middle candle, missing candles included."""
    assert len(found(RANGE, direction, settings(max_apart_candles=3))) == 1
    assert found(RANGE, direction, settings(max_apart_candles=2)) == []
    with_gap: list[Row] = [*RANGE[:3], None, *RANGE[3:]]
    assert len(found(with_gap, direction, settings(max_apart_candles=4))) == 1
    assert found(with_gap, direction, settings(max_apart_candles=3)) == []


@BOTH
def test_the_newest_overlapping_gap_is_the_partner(direction: Direction) -> None:
    """ICT-5: one range a gap."""
    rows: list[Row] = [
        (70, 71, 68, 69),
        (69, 69, 56, 57),
        (57, 62, 55, 56),  # a gap down 62 to 68
        (56, 58, 54.5, 55),
        (55, 55, 47, 48),
        (48, 51, 46, 47),  # a gap down 51 to 54.5
        (47, 50, 45, 49),
        (49, 72, 49, 71),
        (71, 73, 69, 72),  # a gap up 50 to 69 over both
    ]
    (balanced,) = found(rows, direction, settings())
    assert zone(balanced) == (51, 54.5)


@BOTH
def test_a_sliver_is_filtered_by_atr(direction: Direction) -> None:
    """ICT-5: min size; cold, there is none."""
    atr = analyses(RANGE, direction, settings())[-2].atr
    assert found(RANGE, direction, settings(min_size_atr=5 / atr))
    assert found(RANGE, direction, settings(min_size_atr=5.125 / atr)) == []
    cold = settings(min_size_atr=0.01).model_copy(update={"atr_period": 14})
    assert found(RANGE, direction, cold) == []
    no_filter = settings().model_copy(update={"atr_period": 14})
    assert found(RANGE, direction, no_filter)[0].score == 0.0


@BOTH
def test_its_life(direction: Direction) -> None:
    """ICT-5: touches, half, and the close beyond the far side."""
    rows: list[Row] = [*RANGE, ABOVE, (61, 62, 57, 61), ABOVE, (61, 61, 54.5, 60), (60, 60, 51, 51.5)]
    changes = [fact for fact in found(rows, direction, settings()) if fact.formed_at == opened(4)]
    assert [(fact.changed_at, fact.state, fact.touches) for fact in changes] == [
        (closed(5), "active", 0),
        (closed(7), "mitigated", 1),
        (closed(9), "mean_threshold", 2),
        (closed(10), "invalidated", 2),
    ]


@BOTH
def test_it_expires(direction: Direction) -> None:
    """ICT-5: bounded in age and number."""
    changes = found([*RANGE, ABOVE, ABOVE, ABOVE], direction, settings(max_age_candles=2))
    assert [(fact.state, fact.changed_at) for fact in changes] == [("active", closed(5)), ("expired", closed(8))]


@BOTH
def test_without_gaps_nothing_balances(direction: Direction) -> None:
    """Settings: it rests on the fair value gaps."""
    assert found(RANGE, direction, settings(fvg={"enabled": False})) == []


@BOTH
def test_why_names_both_gaps(direction: Direction) -> None:
    """ICT-5: one sentence for a person."""
    why = found(RANGE, direction, settings())[0].why
    assert why.startswith(f"{direction.capitalize()} balanced price range ")
    assert why.count("UTC") == 2
    assert "overlaps the" in why
