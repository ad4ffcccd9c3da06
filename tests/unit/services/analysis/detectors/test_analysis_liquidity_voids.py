"""Liquidity voids on hand-made tables (ICT-5)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction, Fact
from tests.support.analysis.candles import PIVOT, Row, closed, events, opened, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: Drawn for a void up. The ATR before the row is 4 (two candles of 4); two candles with bodies of 6 and 5.
CALM: list[Row] = [(50, 52, 48, 51), (51, 53, 49, 50)]
ROW: list[Row] = [*CALM, (50, 57, 49, 56), (56, 62, 55, 61)]
#: Ends the row above the void.
PAUSE: Row = (61.5, 63, 61.125, 62)


def settings(**void: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate({"atr_period": 2, "liquidity_void": void})


def found(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Fact]:
    facts = events(run(table(rows, direction), chosen), "liquidity_void")
    return [fact for fact in facts if fact.direction == direction]


def zone(fact: Fact) -> tuple[float, float]:
    """Bottom and top as in the bullish table."""
    return (fact.bottom, fact.top) if fact.direction == "bullish" else (PIVOT - fact.top, PIVOT - fact.bottom)


def life(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[tuple[int, str, tuple[float, float]]]:
    return [(fact.changed_at, fact.state, zone(fact)) for fact in found(rows, direction, chosen)]


@BOTH
def test_a_void_is_provisional_until_the_row_has_ended(direction: Direction) -> None:
    """ICT-5: two wide candles one way; known so far at the second, for good at the first that is none of them."""
    analyses = run(table([*ROW, PAUSE], direction), settings())
    first, confirmed = events(analyses, "liquidity_void")
    assert (first.state, first.formed_at, first.confirmed_at) == ("provisional", opened(2), closed(3))
    assert (confirmed.state, confirmed.changed_at, confirmed.id) == ("active", closed(4), first.id)
    assert zone(first) == zone(confirmed) == (50, 61)
    assert first.candles == (opened(2), opened(3))


@BOTH
def test_a_longer_row_supersedes_what_was_said_of_it(direction: Direction) -> None:
    """ICT-5: history is not redrawn: the shorter void ends, a larger one is told."""
    rows: list[Row] = [*ROW, (61, 68, 61, 67), (67.5, 69, 67.125, 68)]
    assert life(rows, direction, settings()) == [
        (closed(3), "provisional", (50, 61)),
        (closed(4), "superseded", (50, 61)),
        (closed(4), "provisional", (50, 67)),
        (closed(5), "active", (50, 67)),
    ]
    assert len({fact.id for fact in found(rows, direction, settings())}) == 2


@BOTH
@pytest.mark.parametrize(
    ("second", "is_void"),
    [
        ((56, 61, 55, 60), True),  # a body of exactly 1 ATR
        ((56, 61, 55, 59.875), False),  # less
        ((56, 61, 52.625, 61), True),  # 0.597 of its range
        ((56, 56, 50, 50), False),  # the other way
        ((56, 56, 56, 56), False),  # flat
    ],
)
def test_the_candles_of_the_row(direction: Direction, second: Row, is_void: bool) -> None:
    """ICT-5: boundaries; the yardstick is the ATR before the first candle, not one that the row has widened."""
    assert bool(found([*ROW[:3], second], direction, settings(min_body_share=0.59))) is is_void


@BOTH
def test_a_body_must_fill_its_range(direction: Direction) -> None:
    """ICT-5: long wicks are no displacement."""
    wicked: list[Row] = [*ROW[:3], (56, 63, 54, 61)]
    assert found(wicked, direction, settings(min_body_share=5 / 9))
    assert found(wicked, direction, settings(min_body_share=0.56)) == []


@BOTH
def test_number_and_height_are_needed_both(direction: Direction) -> None:
    """ICT-5: min candles, min size."""
    assert found([*ROW, PAUSE], direction, settings(min_candles=3)) == []
    assert found([*ROW, PAUSE], direction, settings(min_size_atr=11 / 4))
    assert found([*ROW, PAUSE], direction, settings(min_size_atr=11.125 / 4)) == []
    grown = found([*ROW, (61, 68, 61, 67)], direction, settings(min_size_atr=4.0))
    assert [(fact.state, zone(fact)) for fact in grown] == [("provisional", (50, 67))]


@BOTH
def test_the_zone_may_be_of_the_whole_candles(direction: Direction) -> None:
    """ICT-5: zone = range."""
    assert zone(found(ROW, direction, settings(zone="range"))[0]) == (49, 62)


@BOTH
def test_no_void_while_the_atr_is_cold(direction: Direction) -> None:
    """ICT-5: nothing to measure with."""
    assert found([*ROW, PAUSE], direction, settings().model_copy(update={"atr_period": 14})) == []


@BOTH
def test_a_gap_ends_a_row_without_confirming_it(direction: Direction) -> None:
    """ICT-5, DATA-3: whether it went on is not known."""
    assert life([*ROW, None, PAUSE], direction, settings()) == [
        (closed(3), "provisional", (50, 61)),
        (closed(5), "expired", (50, 61)),
    ]
    assert found([*ROW[:3], None, ROW[3]], direction, settings()) == []


@BOTH
@pytest.mark.parametrize(
    ("end", "state", "fill"),
    [
        ((61.5, 63, 61.125, 62), "active", 0.0),
        ((61.5, 63, 61, 62), "touched", 0.0),
        ((61, 62, 58, 60), "touched", 3 / 11),
        ((61, 62, 55.5, 56), "half_filled", 0.5),
        ((61, 62, 50.5, 52), "filled", 10.5 / 11),
        ((61, 62, 49, 49), "filled", 1.0),
    ],
)
def test_the_candle_that_ends_the_row_fills_it_already(direction: Direction, end: Row, state: str, fill: float) -> None:
    """ICT-5: every state that a void can be confirmed in."""
    final = found([*ROW, end], direction, settings(min_body_atr=1.2))[-1]
    assert (final.state, final.changed_at) == (state, closed(4))
    assert final.fill == pytest.approx(fill)


@BOTH
def test_it_fills_and_expires_like_a_gap(direction: Direction) -> None:
    """ICT-5: from its confirmation on."""
    rows: list[Row] = [*ROW, PAUSE, (62, 63, 58, 60), (60, 61, 55.5, 60), (60, 61, 50, 55)]
    assert [(fact.changed_at, fact.state) for fact in found(rows, direction, settings(min_body_atr=1.2))[2:]] == [
        (closed(5), "touched"),
        (closed(6), "half_filled"),
        (closed(7), "filled"),
    ]
    aged = found([*ROW, PAUSE, PAUSE, PAUSE, PAUSE], direction, settings(max_age_candles=2))
    assert (aged[-1].state, aged[-1].changed_at) == ("expired", closed(7))


def test_a_row_the_other_way_may_begin_where_one_ends() -> None:
    """ICT-5: the candle that ends a row is the first of the next."""
    rows: list[Row] = [*ROW, (61, 61, 49, 50), (50, 50, 35, 36)]
    facts = told(run(table(rows), settings(min_body_atr=0.5)), "liquidity_void")
    assert facts == [
        (3, "liquidity_void", "bullish", "provisional"),
        (4, "liquidity_void", "bullish", "filled"),
        (5, "liquidity_void", "bearish", "provisional"),
    ]


@BOTH
def test_a_provisional_void_counts_among_the_bounded_number(direction: Direction) -> None:
    """ICT-5: the oldest makes room when a void is proposed, not later."""
    chosen = settings().model_copy(update={"max_active": 1})
    calm: list[Row] = [(62, 63, 61.5, 62)] * 4
    rows: list[Row] = [*ROW, PAUSE, *calm, (62, 70, 62, 70), (70, 78, 70, 78), (78.5, 79, 78.25, 78.5)]
    assert [state for _, state, _ in life(rows, direction, chosen)] == [
        "provisional",
        "active",
        "expired",
        "provisional",
        "active",
    ]


@BOTH
def test_score_and_why(direction: Direction) -> None:
    """ICT-5: height in ATR; one sentence for a person."""
    void = found(ROW, direction, settings())[0]
    assert void.score == pytest.approx(11 / 4 / 5)
    assert void.why.startswith(f"{direction.capitalize()} liquidity void ")
    assert "2 displacement candles" in void.why
    assert void.why.endswith("2.8 ATR high.")
