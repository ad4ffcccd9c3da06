"""Rejection blocks on hand-made tables (ICT-4)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings, PoolSettings
from shared.domain.facts import Analysis, Direction, Fact
from tests.support.analysis.candles import OPPOSITE, PIVOT, Row, closed, events, opened, run, table

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: Drawn for a swing high (60 at candle 1, confirmed at 2) that is taken from below; ``bullish`` turns the table over.
SWING: list[Row] = [
    (50, 55, 48, 54),
    (54, 60, 50, 57),
    (57, 58, 52, 55),
]
#: Takes the 60 with a wick of 6 over a body of 2.
TAKES: Row = (59, 63, 56, 57)
BELOW: Row = (57, 58, 55, 56)


def settings(**rejection: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate(
        {"swing_length": 1, "atr_period": 3, "rejection_block": {"min_wick_atr": 0.0, **rejection}}
    )


def analyses(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Analysis]:
    return run(table(rows, OPPOSITE[direction]), chosen)


def found(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Fact]:
    facts = events(analyses(rows, direction, chosen), "rejection_block")
    return [fact for fact in facts if fact.direction == direction]


def zone(fact: Fact) -> tuple[float, float]:
    """Bottom and top as in the table that was drawn."""
    return (fact.bottom, fact.top) if fact.direction == "bearish" else (PIVOT - fact.top, PIVOT - fact.bottom)


@BOTH
def test_a_wick_that_takes_a_swing_and_is_refused_is_a_block(direction: Direction) -> None:
    """ICT-4: from the body to the extreme, known weakly at its own close."""
    everything = analyses([*SWING, TAKES], direction, settings())
    (block,) = events(everything, "rejection_block")
    assert (block.direction, block.state, block.score) == (direction, "active", 0.5)
    assert (block.formed_at, block.confirmed_at) == (opened(3), closed(3))
    assert zone(block) == (59, 63)
    swing = next(fact for fact in events(everything) if fact.formed_at == opened(1) and fact.kind.startswith("swing"))
    assert block.ref == swing.id


@BOTH
@pytest.mark.parametrize(
    ("candle", "is_block"),
    [
        ((59, 60, 56, 57), False),  # at the level: nothing taken
        ((59, 60.125, 56, 59), True),  # one tick beyond; a doji has no body to compare with
        ((60, 62, 57, 58), True),  # the body at the level, the wick just as long
        ((60, 61.875, 57, 58), False),  # a wick shorter than the body
        ((60.125, 66, 59, 59.5), False),  # a body that reaches beyond
        ((58, 66, 58, 60.125), False),  # a close beyond: the swing is broken
        ((57, 66, 57, 60), True),  # up-close, exactly at the level
    ],
)
def test_the_wick_takes_the_level_and_the_body_stays_inside(direction: Direction, candle: Row, is_block: bool) -> None:
    """ICT-4: boundaries and ties."""
    assert bool(found([*SWING, candle], direction, settings())) is is_block


@BOTH
def test_a_wick_is_measured_in_atr_too(direction: Direction) -> None:
    """ICT-4: the ATR of the candles before; cold, there is no block."""
    atr = analyses([*SWING, TAKES], direction, settings())[2].atr
    assert atr == pytest.approx((7 + 10 + 6) / 3)
    assert found([*SWING, TAKES], direction, settings(min_wick_atr=4 / 8))
    assert not found([*SWING, TAKES], direction, settings(min_wick_atr=4.125 / atr))
    cold = settings(min_wick_atr=0.01).model_copy(update={"atr_period": 14})
    assert not found([*SWING, TAKES], direction, cold)


@BOTH
def test_a_swing_is_taken_once(direction: Direction) -> None:
    """ICT-4: the second wick over the same level finds no liquidity, also when the first made no block."""
    second: Row = (56, 62, 55, 57)
    assert len({fact.id for fact in found([*SWING, TAKES, second], direction, settings())}) == 1
    weak_first: Row = (60, 60.5, 54, 55)
    assert found([*SWING, weak_first, second], direction, settings()) == []


@BOTH
@pytest.mark.parametrize(
    ("candle", "level", "bounds"),
    [
        ((57, 61, 56, 58), "swing", (58, 61)),  # both are taken: the last swing speaks
        ((57, 61, 56, 59), "pool", (59, 61)),  # the body is beyond the last swing, and inside the pool
        ((57, 61, 56, 60.5), None, None),  # beyond both
        ((57, 60, 57, 59), None, None),  # the pool is not taken
    ],
)
def test_a_pool_that_is_swept_is_rejected_too(
    direction: Direction, candle: Row, level: str | None, bounds: tuple[float, float] | None
) -> None:
    """ICT-4: an older swing at 60 is a pool when the last swing is 58."""
    rows: list[Row] = [*SWING, (55, 57, 51, 53), (53, 58, 52, 56), (56, 57, 53, 55), candle]
    everything = analyses(rows, direction, settings(min_wick_body=0.5))
    blocks = events(everything[-1:], "rejection_block")
    assert [zone(block) for block in blocks] == ([] if bounds is None else [bounds])
    kinds = {fact.id: fact.kind for fact in events(everything)}
    assert [level in kinds[block.ref] for block in blocks] == [True] * len(blocks)
    without = settings(min_wick_body=0.5).model_copy(update={"pools": PoolSettings(enabled=False)})
    assert len(events(analyses(rows, direction, without)[-1:], "rejection_block")) == (level == "swing")


@BOTH
def test_it_is_strong_once_its_candle_is_a_swing_itself(direction: Direction) -> None:
    """ICT-4: pivot confirmation; the same fact, the same state, the full score."""
    changes = found([*SWING, TAKES, BELOW], direction, settings())
    assert [(fact.changed_at, fact.state, fact.score) for fact in changes] == [
        (closed(3), "active", 0.5),
        (closed(4), "active", 1.0),
    ]
    assert len({fact.id for fact in changes}) == 1
    higher: Row = (57, 64, 57, 62)
    assert {fact.score for fact in found([*SWING, TAKES, higher, BELOW], direction, settings())} == {0.5}


@BOTH
def test_a_touch_and_the_strength_of_one_close_are_told_once(direction: Direction) -> None:
    """ICT-4: a fact changes at most once a close."""
    touching: Row = (57, 60, 55, 56)
    changes = found([*SWING, TAKES, touching], direction, settings())
    assert [(fact.changed_at, fact.state, fact.touches, fact.score) for fact in changes[1:]] == [
        (closed(4), "mitigated", 1, 1.0)
    ]


@BOTH
def test_after_a_gap_it_stays_weak(direction: Direction) -> None:
    """ICT-4, DATA-3: a swing that cannot be seen cannot confirm it; the block lives on."""
    changes = found([*SWING, TAKES, None, BELOW, BELOW, (57, 61, 55, 56)], direction, settings())
    assert [(fact.state, fact.score) for fact in changes] == [("active", 0.5), ("mean_threshold", 0.5)]


@BOTH
@pytest.mark.parametrize(
    ("rule", "candle", "state"),
    [
        ("close", (58, 64, 57, 63), "mean_threshold"),  # at the extreme is not beyond
        ("close", (58, 64, 57, 63.125), "invalidated"),
        ("wick", (58, 63.125, 57, 60), "invalidated"),
        ("body", (63.125, 64, 57, 58), "invalidated"),
    ],
)
def test_a_close_beyond_the_wick_ends_it(direction: Direction, rule: str, candle: Row, state: str) -> None:
    """ICT-4: and by wick or body where that is chosen."""
    changes = found([*SWING, TAKES, BELOW, candle], direction, settings(invalidate_on=rule))
    assert [fact.state for fact in changes if fact.id == changes[0].id][-1] == state


@BOTH
def test_price_that_closes_at_the_edge_has_to_leave_first(direction: Direction) -> None:
    """ICT-4: touches are returns."""
    up_close: Row = (57, 66, 57, 60)  # the body's top is the close
    changes = found([*SWING, up_close, (60, 61, 58, 58), BELOW, (57, 60, 56, 57)], direction, settings())
    assert [(fact.changed_at, fact.touches) for fact in changes if fact.touches] == [(closed(6), 1)]


@BOTH
def test_it_expires_by_age_and_by_touches(direction: Direction) -> None:
    """ICT-4: bounded."""
    aged = found([*SWING, TAKES, BELOW, BELOW, BELOW], direction, settings(max_age_candles=2))
    assert (aged[-1].state, aged[-1].changed_at) == ("expired", closed(6))
    touch: Row = (57, 59, 55, 56)
    tired = found([*SWING, TAKES, BELOW, touch, BELOW, touch], direction, settings(max_touches=1))
    assert (tired[-1].state, tired[-1].touches) == ("expired", 2)


def test_one_candle_may_reject_both_sides() -> None:
    """ICT-4: a swing high and a swing low taken at once."""
    rows: list[Row] = [*SWING, (55, 57, 50, 56), (56, 59, 54, 58), (57, 62, 48, 56.5)]
    facts = events(run(table(rows), settings())[-1:], "rejection_block")
    assert [(fact.direction, fact.bottom, fact.top) for fact in facts] == [("bearish", 57, 62), ("bullish", 48, 56.5)]


@BOTH
def test_why_names_the_swing_and_the_wick(direction: Direction) -> None:
    """ICT-4: one sentence for a person."""
    why = found([*SWING, TAKES], direction, settings())[0].why
    assert why.startswith(f"{direction.capitalize()} rejection block ")
    assert why.endswith("a wick 2.0 times the body.")
    assert why.count("UTC") == 2
    assert found([*SWING, (59, 61, 56, 59)], direction, settings())[0].why.endswith("a wick without a body.")


@pytest.mark.parametrize(("reach", "found"), [(0.4, 100), (0.399, 0)])
def test_a_wick_exactly_as_long_as_asked_for_rejects_at_every_price(reach: float, found: int) -> None:
    """ICT-4: *at least* one body includes it."""
    blocks = 0
    for number in range(10, 110):
        base = number / 10
        rows: list[Row] = [(base, round(base + high, 4), base, base) for high in (0.1, 0.3, 0.1)]
        rows.append((base, round(base + reach, 4), base, round(base + 0.2, 4)))
        blocks += len(events(run(table(rows), settings(min_wick_body=1.0, min_wick_atr=0.0)), "rejection_block"))
    assert blocks == found
