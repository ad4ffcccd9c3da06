"""Breaker and mitigation blocks on hand-made tables (ICT-4)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Direction, Fact
from tests.support.analysis.candles import OPPOSITE, PIVOT, Row, closed, events, opened, run, table

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: Drawn for a block below price; ``bearish`` turns the tables over. Swing high 60 at candle 1 (confirmed at 2), the
#: bullish order block is candle 2 (52 to 58), confirmed by the break at candle 4.
ORDER_BLOCK: list[Row] = [
    (50, 55, 48, 54),
    (54, 60, 50, 57),
    (57, 58, 52, 53),
    (53, 56, 51, 55),
    (55, 63, 54, 62),
]
AWAY: Row = (62, 64, 59, 61)
THROUGH: Row = (61, 61.5, 51, 51.5)

#: A down-close candle at a swing low (3), a rally to a high (4) at, under or over the swing high 60 (1), and the break of
#: the swing low's 50 at candle 6. No close ever breaks the high, so there is no order block.
FAILURE_SWING: list[Row] = [
    (52, 56, 51, 55),
    (55, 60, 54, 57),
    (57, 58, 53, 54),
    (54, 55, 50, 51),
    (51, 58, 51, 56),
    (56, 57, 52, 53),
    (53, 54, 48, 49),
]


def settings(order_block: dict[str, object] | None = None, **other: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate(
        {
            "swing_length": 1,
            "atr_period": 3,
            "fvg": {"min_size_percent": 0.0},
            "order_block": order_block or {},
            **other,
        }
    )


def turned(rows: list[Row], direction: Direction) -> list[Candle]:
    """The table as drawn gives facts of direction ``bearish``: that is what failed support becomes."""
    return table(rows, OPPOSITE[direction])


def zone(fact: Fact) -> tuple[float, float]:
    """Bottom and top as in the table that was drawn."""
    return (fact.bottom, fact.top) if fact.direction == "bearish" else (PIVOT - fact.top, PIVOT - fact.bottom)


def flipped(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Fact]:
    found = events(run(turned(rows, direction), chosen), "breaker_block", "mitigation_block")
    return [fact for fact in found if fact.direction == direction]


@BOTH
def test_an_order_block_that_is_closed_through_becomes_a_breaker(direction: Direction) -> None:
    """ICT-4: known at the invalidating close, at the block's prices, the other way; told after the block's end."""
    analyses = run(turned([*ORDER_BLOCK, AWAY, THROUGH], direction), settings())
    block = events(analyses, "order_block")[0]
    (breaker,) = [fact for fact in events(analyses, "breaker_block") if fact.direction == direction]
    assert (breaker.formed_at, breaker.confirmed_at, breaker.state) == (opened(2), closed(6), "active")
    assert zone(breaker) == (52, 58)
    assert breaker.ref == block.id
    assert breaker.candles == (opened(2), opened(6))
    kinds = [(fact.kind, fact.state) for fact in analyses[-1].events if fact.kind in ("order_block", "breaker_block")]
    assert kinds[:2] == [("order_block", "invalidated"), ("breaker_block", "active")]


@BOTH
@pytest.mark.parametrize(
    ("last", "found"),
    [
        ((61, 61.5, 51, 52), []),  # a close at the far side is not through
        ((61, 61.5, 51, 51.875), ["breaker_block"]),
    ],
)
def test_only_a_close_beyond_makes_a_breaker(direction: Direction, last: Row, found: list[str]) -> None:
    """ICT-4: with invalidate_on wick the block may be gone, but it was not closed through."""
    for rule in ("close", "wick", "body"):
        facts = flipped([*ORDER_BLOCK, AWAY, last], direction, settings({"invalidate_on": rule}))
        assert [fact.kind for fact in facts] == found


@BOTH
def test_a_block_that_expired_cannot_fail(direction: Direction) -> None:
    """ICT-4: only a living order block has a future."""
    rows = [*ORDER_BLOCK, AWAY, AWAY, THROUGH]
    assert flipped(rows, direction, settings({"max_age_candles": 2})) == []
    assert len(flipped(rows, direction, settings({"max_age_candles": 3}))) == 1


@BOTH
@pytest.mark.parametrize(
    ("rally", "kind"),
    [
        (58, "mitigation_block"),  # a lower high: failure swing
        (60, "mitigation_block"),  # an equal high takes nothing
        (60.125, "breaker_block"),  # one tick beyond
    ],
)
def test_a_swing_that_took_no_liquidity_leaves_a_mitigation_block(direction: Direction, rally: float, kind: str) -> None:
    """ICT-4: known at the structure break; one boolean tells the two kinds apart."""
    rows: list[Row] = [*FAILURE_SWING[:4], (51, rally, 51, 56), *FAILURE_SWING[5:]]
    analyses = run(turned(rows, direction), settings())
    (block,) = events(analyses, "breaker_block", "mitigation_block")
    assert (block.kind, block.direction, block.state) == (kind, direction, "active")
    assert (block.formed_at, block.confirmed_at) == (opened(3), closed(6))
    assert zone(block) == (50, 55)
    assert block.ref == events(analyses[-1:], "bos", "choch")[0].id


@BOTH
def test_the_breaking_candle_itself_may_take_the_liquidity(direction: Direction) -> None:
    """ICT-4: its close comes after its high, in whatever order the rest was traded."""
    rows: list[Row] = [*FAILURE_SWING[:6], (53, 61, 48, 49)]
    assert [fact.kind for fact in flipped(rows, direction, settings())] == ["breaker_block"]


@BOTH
def test_the_block_of_a_failure_swing_is_the_last_opposite_candle_up_to_it(direction: Direction) -> None:
    """ICT-4: zone by the rules of order blocks; no further back than the swing before."""
    up: Row = (50.5, 55, 50, 54)  # candle 3, the swing low, closes up: the block is candle 2
    rows: list[Row] = [*FAILURE_SWING[:3], up, *FAILURE_SWING[4:]]
    (block,) = flipped(rows, direction, settings())
    assert (block.formed_at, zone(block)) == (opened(2), (53, 58))
    (run_of_two,) = flipped(FAILURE_SWING, direction, settings({"origin": "run", "zone": "body"}))
    assert (run_of_two.formed_at, zone(run_of_two)) == (opened(3), (51, 57))
    none: list[Row] = [*FAILURE_SWING[:1], (55, 60, 54, 57), (54, 58, 53, 54.5), up, *FAILURE_SWING[4:]]
    assert flipped(none, direction, settings()) == []


@BOTH
def test_a_failure_swing_must_be_seen_whole(direction: Direction) -> None:
    """ICT-4, DATA-3: a gap in the leg hides whether it took liquidity; a leg that is too long is not looked at."""
    rows: list[Row] = [*FAILURE_SWING[:5], None, *FAILURE_SWING[5:]]
    analyses = run(turned(rows, direction), settings())
    assert events(analyses, "bos", "choch")
    assert events(analyses, "mitigation_block", "breaker_block") == []
    longer: list[Row] = [*FAILURE_SWING[:5], *[(56, 57, 55, 56)] * 3, *FAILURE_SWING[5:]]
    assert len(flipped(longer, direction, settings({"leg_candles": 6}))) == 1
    assert flipped(longer, direction, settings({"leg_candles": 5})) == []


@BOTH
def test_a_block_is_not_failed_by_a_close_inside_it(direction: Direction) -> None:
    """ICT-4: the swing low is broken, but the block's candle reaches lower than the close."""
    rows: list[Row] = [
        (52, 56, 51, 55),
        (55, 60, 54, 57),
        (57, 58, 44, 53),  # the block: a down-close candle with a long wick
        (53, 55, 48, 54),
        (54, 55, 46, 54.5),  # the swing low 46
        (54, 57, 52, 56),
    ]
    inside: list[Row] = [*rows, (56, 56, 44.5, 45)]
    assert events(run(turned(inside, direction), settings())[-1:], "bos", "choch")
    assert flipped(inside, direction, settings()) == []
    assert [zone(fact) for fact in flipped([*rows, (56, 56, 43, 43.5)], direction, settings())] == [(44, 58)]


@BOTH
def test_one_candle_is_not_both_breaker_and_mitigation_block(direction: Direction) -> None:
    """ICT-4: the swing low of a failed order block breaks later: its candle has been told."""
    rows: list[Row] = [*ORDER_BLOCK, AWAY, (61, 61.5, 51.25, 51.5), (51.5, 53, 49, 50)]
    facts = flipped(rows, direction, settings())
    assert events(run(turned(rows, direction), settings())[-1:], "bos", "choch")
    assert [fact.kind for fact in facts if fact.state == "active"] == ["breaker_block"]


@BOTH
@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ([(62, 62.5, 61, 62.5)], "mitigation_block"),  # the swing high 64 before the block stays untaken
        ([(62, 64.5, 61, 62.5)], "breaker_block"),  # taken later, by a wick
    ],
)
def test_a_simple_block_waits_for_the_liquidity_before_it(direction: Direction, after: list[Row], kind: str) -> None:
    """ICT-4: a block of a strong candle need not have broken structure; what it took decides when it fails."""
    rows: list[Row] = [
        (58, 62, 57, 61),
        (61, 64, 60, 62),
        (62, 63, 56, 57),
        (57, 58, 52, 53),  # the block
        (53, 61, 53, 61),  # strong
        *after,
        (60, 60, 51, 51.5),
    ]
    chosen = settings({"rule": "strong_candle"})
    facts = [fact for fact in flipped(rows, direction, chosen) if fact.formed_at == opened(3)]
    assert [fact.kind for fact in facts] == [kind]


@BOTH
def test_a_simple_block_without_a_known_swing_before_it_has_no_future(direction: Direction) -> None:
    """ICT-4: never guess whether liquidity was taken."""
    rows: list[Row] = [(57, 58, 52, 53), (53, 61, 53, 61), (60, 60, 51, 51.5)]
    analyses = run(turned(rows, direction), settings({"rule": "strong_candle"}))
    assert "invalidated" in {fact.state for fact in events(analyses, "order_block")}
    assert events(analyses, "breaker_block", "mitigation_block") == []


@BOTH
def test_the_life_of_a_breaker(direction: Direction) -> None:
    """ICT-4: touches, mean threshold, and the close beyond its other side."""
    below: Row = (51, 51.5, 50, 51)
    rows: list[Row] = [
        *ORDER_BLOCK,
        AWAY,
        THROUGH,  # 6
        below,
        (51, 52, 50, 51),  # 8: touch, at the very edge
        below,
        (51, 55, 50, 51),  # 10: half
        below,
        (51, 59, 50, 58),  # 12: a wick beyond, a close at the edge
        (58, 59, 57, 58.125),  # 13: closed through
    ]
    facts = flipped(rows, direction, settings())
    facts = [fact for fact in facts if fact.id == facts[0].id]
    assert [(fact.changed_at, fact.state, fact.touches) for fact in facts] == [
        (closed(6), "active", 0),
        (closed(8), "mitigated", 1),
        (closed(10), "mean_threshold", 2),
        (closed(12), "mean_threshold", 3),
        (closed(13), "invalidated", 3),
    ]


@BOTH
def test_flipped_blocks_expire_and_make_room(direction: Direction) -> None:
    """ICT-4: bounded in age and number."""
    quiet: Row = (49, 49.5, 48.5, 49)
    chosen = settings(mitigation_block={"max_age_candles": 2})
    found = flipped([*FAILURE_SWING, quiet, quiet, quiet], direction, chosen)
    assert [(fact.state, fact.changed_at) for fact in found] == [("active", closed(6)), ("expired", closed(9))]


@BOTH
def test_the_score_is_how_decisively_the_block_failed(direction: Direction) -> None:
    """ICT-4: distance of the close beyond it, in ATR; 0 while the ATR is cold."""
    analyses = run(turned([*ORDER_BLOCK, AWAY, THROUGH], direction), settings())
    (breaker,) = [fact for fact in events(analyses, "breaker_block") if fact.direction == direction]
    assert breaker.score == pytest.approx(0.5 / analyses[-2].atr)
    cold = settings().model_copy(update={"atr_period": 14})
    assert flipped([*ORDER_BLOCK, AWAY, THROUGH], direction, cold)[0].score == 0.0


@BOTH
def test_each_kind_can_be_switched_off(direction: Direction) -> None:
    """Settings: one without the other, or neither."""
    rows = [*ORDER_BLOCK, AWAY, THROUGH]
    assert flipped(rows, direction, settings(mitigation_block={"enabled": False}))
    off = settings(breaker_block={"enabled": False}, mitigation_block={"enabled": False})
    assert "invalidated" in {fact.state for fact in events(run(turned(rows, direction), off), "order_block")}
    assert flipped(rows, direction, off) == []


@BOTH
def test_why_says_what_failed_and_what_was_taken(direction: Direction) -> None:
    """ICT-4: one sentence for a person."""
    breaker = flipped([*ORDER_BLOCK, AWAY, THROUGH], direction, settings())[0].why
    assert breaker.startswith(f"{direction.capitalize()} breaker block ")
    assert "was closed through at" in breaker
    assert "had taken the liquidity beyond swing" in breaker
    mitigation = flipped(FAILURE_SWING, direction, settings())[0].why
    assert mitigation.startswith(f"{direction.capitalize()} mitigation block ")
    assert "which broke the swing that the leg began at, without having taken" in mitigation
    assert breaker.count("UTC") == mitigation.count("UTC") == 2
