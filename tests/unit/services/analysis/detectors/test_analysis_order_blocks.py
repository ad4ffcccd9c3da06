"""Order blocks and their lives on hand-made tables (ICT-3)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction, Fact
from tests.support.analysis.candles import OPPOSITE, PIVOT, Row, closed, events, opened, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])

#: Swing high 60 at candle 1; the last down-close candle is 2 (52 to 58), the low of the leg at 3, the break at 4.
BREAK: list[Row] = [
    (50, 55, 48, 54),
    (54, 60, 50, 57),
    (57, 58, 52, 53),
    (53, 56, 51, 55),
    (55, 63, 54, 62),
]
AWAY: Row = (62, 64, 59, 61)


def settings(**block: object) -> AnalysisSettings:
    return AnalysisSettings.model_validate(
        {"swing_length": 1, "atr_period": 4, "fvg": {"min_size_percent": 0.0}, "order_block": block}
    )


def back_to(low: float, close: float = 60.0) -> Row:
    return (60.5, 61, low, close)


def life(rows: list[Row], direction: Direction, chosen: AnalysisSettings) -> list[Fact]:
    """The facts of the first order block of the direction."""
    blocks = [fact for fact in events(run(table(rows, direction), chosen), "order_block") if fact.direction == direction]
    return [fact for fact in blocks if fact.id == blocks[0].id]


def zone(fact: Fact) -> tuple[float, float]:
    """Bottom and top as in the bullish table."""
    return (fact.bottom, fact.top) if fact.direction == "bullish" else (PIVOT - fact.top, PIVOT - fact.bottom)


@BOTH
def test_a_block_is_known_at_the_break_not_at_its_own_candle(direction: Direction) -> None:
    """ICT-3: the last opposite candle before the leg, confirmed at the break's close."""
    analyses = run(table(BREAK, direction), settings())
    assert told(analyses, "order_block") == [(4, "order_block", direction, "active")]
    (block,) = events(analyses, "order_block")
    assert (block.formed_at, block.confirmed_at, block.changed_at) == (opened(2), closed(4), closed(4))
    assert zone(block) == (52, 58)
    assert (block.touches, block.fill) == (0, 0.0)
    assert block in analyses[-1].events


@BOTH
@pytest.mark.parametrize(
    ("chosen", "bounds"),
    [
        ({"zone": "body"}, (53, 57)),
        ({"origin": "run"}, (51.5, 58)),
        ({"origin": "run", "zone": "body"}, (52, 57)),
        ({}, (51.5, 55)),
    ],
)
def test_zone_is_range_or_body_of_the_candle_or_its_run(
    direction: Direction, chosen: dict[str, str], bounds: tuple[float, float]
) -> None:
    """ICT-3: origin candle or run; the run is drawn at its last candle."""
    rows = list(BREAK)
    if bounds != (53, 57):
        rows.insert(3, (53.5, 55, 51.5, 52))
    block = life(rows, direction, settings(**chosen))[0]
    assert zone(block) == bounds
    assert block.formed_at == opened(len(rows) - 3)


@BOTH
def test_of_two_equal_lows_the_leg_starts_at_the_later(direction: Direction) -> None:
    """ICT-3: ties."""
    rows: list[Row] = [*BREAK[:2], (57, 58, 51, 53), (53, 56, 52, 55), (55, 56, 51, 54), (54, 63, 53, 62)]
    assert life(rows, direction, settings())[0].formed_at == opened(4)


@BOTH
def test_a_pause_inside_the_leg_is_not_its_origin(direction: Direction) -> None:
    """ICT-3: the candle before the *leg*, not the last opposite candle before the break."""
    rows: list[Row] = [*BREAK[:4], (55, 57.5, 54, 57), (57, 59, 56, 56.5), (56.5, 63, 56, 62)]
    assert life(rows, direction, settings())[0].formed_at == opened(2)


@BOTH
def test_no_opposite_candle_no_block(direction: Direction) -> None:
    """ICT-3: dojis and candles of the leg's own direction are none."""
    rows: list[Row] = [*BREAK[:2], (57, 58, 52, 57), *BREAK[3:]]
    analyses = run(table(rows, direction), settings())
    assert events(analyses, "bos")
    assert events(analyses, "order_block") == []


@BOTH
def test_a_leg_is_looked_at_no_further_back_than_the_setting(direction: Direction) -> None:
    """ICT-3: bounded search."""
    pauses: list[Row] = [(55, high, 54, 55) for high in (57, 57.5, 58)]
    rows: list[Row] = [*BREAK[:4], *pauses, (55, 63, 54, 62)]
    assert len(life(rows, direction, settings(leg_candles=5))) == 1
    assert events(run(table(rows, direction), settings(leg_candles=4)), "order_block") == []


@BOTH
def test_no_block_from_before_a_gap(direction: Direction) -> None:
    """ICT-3, DATA-3: the leg must be seen whole."""
    rows: list[Row] = [*BREAK[:3], None, *BREAK[3:]]
    analyses = run(table(rows, direction), settings())
    assert events(analyses, "bos")
    assert events(analyses, "order_block") == []


@BOTH
def test_a_break_right_after_a_gap_has_no_leg(direction: Direction) -> None:
    """ICT-3, DATA-3: one candle is not a leg."""
    analyses = run(table([*BREAK[:4], None, BREAK[4]], direction), settings())
    assert events(analyses, "bos")
    assert events(analyses, "order_block") == []


@BOTH
def test_two_breaks_from_one_origin_make_one_block(direction: Direction) -> None:
    """ICT-3: ids stay unique."""
    chosen = settings().model_copy(update={"swing_length": 2})
    rows: list[Row] = [
        (50, 54, 47, 53),
        (50, 55, 48, 54),
        (54, 60, 50, 57),
        (57, 58, 52, 56),
        (56, 57, 53, 56.5),
        (56.5, 61, 54, 58),  # a wick over 60: no break, and the next swing high
        (58, 59, 51, 55),  # the origin of both legs
        (55, 60.75, 53, 60.5),  # over 60, and confirms the 61
        (60.5, 63, 54, 62),  # over 61
    ]
    analyses = run(table(rows, direction), chosen)
    assert [n for n, kind, _, _ in told(analyses) if kind == "bos"] == [7, 8]
    assert [(n, state) for n, _, _, state in told(analyses, "order_block")] == [(7, "active"), (8, "mean_threshold")]


@BOTH
def test_touches_are_counted_by_entry_and_the_mean_threshold_is_told(direction: Direction) -> None:
    """ICT-3: mitigated at the first touch; staying inside is one touch; half depth is an event; the 4th touch ends it."""
    rows = [
        *BREAK,
        AWAY,  # 5
        back_to(57),  # 6: touch 1
        back_to(56),  # 7: still in
        back_to(55),  # 8: half
        AWAY,
        back_to(58),  # 10: touch 2, at the very edge
        AWAY,
        back_to(57),  # 12: touch 3
        AWAY,
        back_to(57),  # 14: one too many
        AWAY,
        back_to(57),
    ]
    changes = life(rows, direction, settings())
    assert [(fact.changed_at, fact.state, fact.touches) for fact in changes] == [
        (closed(4), "active", 0),
        (closed(6), "mitigated", 1),
        (closed(8), "mean_threshold", 1),
        (closed(10), "mean_threshold", 2),
        (closed(12), "mean_threshold", 3),
        (closed(14), "expired", 4),
    ]
    assert [fact.fill for fact in changes] == pytest.approx([0.0, 1 / 6, 0.5, 0.5, 0.5, 0.5])


@BOTH
def test_a_block_that_price_has_not_left_is_not_touched_by_staying(direction: Direction) -> None:
    """ICT-3: touches are returns."""
    rows: list[Row] = [
        *BREAK[:3],
        (53, 66, 50, 52.5),  # the origin, with a long wick: 50 to 66
        (52.5, 63, 52, 62),  # breaks the 60, inside the zone
        (62, 65, 61, 64),  # still inside
        (67, 70, 67, 69),  # gone
        (69, 70, 65, 69),  # back: the first touch
    ]
    assert [(f.changed_at, f.touches) for f in life(rows, direction, settings())] == [(closed(4), 0), (closed(7), 1)]


@BOTH
@pytest.mark.parametrize(
    ("back", "by_close", "by_wick"),
    [
        (back_to(52, 53), "mean_threshold", "mean_threshold"),
        (back_to(51.5, 52), "mean_threshold", "invalidated"),
        (back_to(51.5, 51.875), "invalidated", "invalidated"),
    ],
)
def test_beyond_the_far_side_ends_it(direction: Direction, back: Row, by_close: str, by_wick: str) -> None:
    """ICT-3: invalidated by close (default) or wick; at the edge is not beyond."""
    for rule, state in (("close", by_close), ("wick", by_wick), ("body", by_close)):
        changes = life([*BREAK, AWAY, back], direction, settings(invalidate_on=rule))
        assert [(fact.state, fact.touches, fact.fill) for fact in changes[1:]] == [(state, 1, 1.0)]


@BOTH
def test_by_body_an_open_beyond_the_far_side_ends_it_too(direction: Direction) -> None:
    """ICT-3: invalidate_on body is the lower of open and close; the candle that opened beyond closed back inside."""
    opened_below: list[Row] = [*BREAK, AWAY, (51.5, 57, 51.5, 56)]
    for rule, state in (("close", "mean_threshold"), ("body", "invalidated"), ("wick", "invalidated")):
        assert [fact.state for fact in life(opened_below, direction, settings(invalidate_on=rule))[1:]] == [state]


@BOTH
def test_the_extreme_of_the_leg_whatever_its_colour(direction: Direction) -> None:
    """ICT-3: mode extreme; the last of equals, never the breaking candle, and only when the whole leg was seen."""
    extreme = settings(mode="extreme")
    assert [(fact.formed_at, zone(fact)) for fact in life(BREAK, direction, extreme)] == [(opened(3), (51, 56))]
    tie: list[Row] = [*BREAK[:4], (55, 57, 51, 56), (56, 63, 55, 62)]
    assert life(tie, direction, extreme)[0].formed_at == opened(4)
    plunge: list[Row] = [*BREAK[:4], (55, 63, 50.5, 62)]
    assert life(plunge, direction, extreme)[0].formed_at == opened(3)
    doji: list[Row] = [*BREAK[:3], (53, 56, 51, 53), (53, 63, 52, 62)]
    assert events(run(table(doji, direction), settings(mode="extreme", zone="body")), "order_block") == []
    unseen: list[Row] = [*BREAK[:3], None, *BREAK[3:]]
    assert events(run(table(unseen, direction), extreme), "order_block") == []
    assert "candle" in life(BREAK, direction, extreme)[0].why


@BOTH
def test_an_invalidated_block_is_no_longer_active(direction: Direction) -> None:
    """ICT-3: the end."""
    analyses = run(table([*BREAK, AWAY, back_to(51.5, 51.75), AWAY, back_to(57)], direction), settings())
    block = events(analyses, "order_block")[0]
    assert all(fact.id != block.id for fact in analyses[-1].active)
    assert [fact.state for fact in events(analyses) if fact.id == block.id] == ["active", "invalidated"]


@BOTH
def test_a_block_expires_at_the_close_after_its_last_candle(direction: Direction) -> None:
    """ICT-3: max age; the expiring candle no longer touches it."""
    for wait, last in ((2, "mitigated"), (3, "expired")):
        changes = life([*BREAK, *[AWAY] * wait, back_to(57)], direction, settings(max_age_candles=3))
        assert [(fact.state, fact.changed_at) for fact in changes[1:]] == [(last, closed(5 + wait))]


@BOTH
def test_the_oldest_block_makes_room(direction: Direction) -> None:
    """ICT-3: bounded; what leaves says so."""
    chosen = settings().model_copy(update={"max_active": 1})
    rows: list[Row] = [*BREAK, (62, 66, 60, 63), (63, 65, 60.5, 62), (62, 64, 59.5, 63.5), (63.5, 70, 62, 69)]
    told_blocks = told(run(table(rows, direction), chosen), "order_block")
    assert [(n, state) for n, _, _, state in told_blocks] == [(4, "active"), (8, "expired"), (8, "active")]


@BOTH
def test_a_block_that_was_touched_and_made_room_at_one_close_is_told_once(direction: Direction) -> None:
    """ICT-3: a fact changes at most once a close; its end carries the touch."""
    chosen = settings(rule="strong_candle").model_copy(update={"max_active": 1})
    rows: list[Row] = [(56, 58, 52, 53), (53, 60, 53, 60), (60, 61, 59, 59), (59, 75, 57, 75)]
    gone, born = events(run(table(rows, direction), chosen)[-1:], "order_block")
    assert (gone.direction, gone.state, gone.touches) == (direction, "expired", 1)
    assert (born.direction, born.state) == (direction, "active")


@BOTH
def test_a_block_of_the_other_direction_needs_no_room(direction: Direction) -> None:
    """ICT-3: each direction has its own bound; a mirrored market would else keep other blocks."""
    chosen = settings(rule="strong_candle").model_copy(update={"max_active": 1})
    rows: list[Row] = [(56, 58, 52, 53), (53, 60, 53, 60), (60, 61, 57, 57)]
    active = run(table(rows, direction), chosen)[-1].active
    assert [block.direction for block in active if block.kind == "order_block"] == [direction, OPPOSITE[direction]]


def test_the_score_follows_its_formula() -> None:
    """ICT-3: reaction strength, displacement, gap left, age, touches; restated at each change."""
    # True ranges before the break: 7, 10, 6, 5; ATR 7. From the top 58 to the close 62: 4/7 ATR of 3. Bodies of the leg: 2
    # and 7 (with a gap: 2 and 3), of 1.5 ATR.
    left = 0.25 * 4 / 7 / 3 + 0.2 * 7 / 7 / 1.5
    born, touched = life([*BREAK, AWAY, back_to(57)], "bullish", settings())
    assert born.score == pytest.approx(left + 0.15 + 0.15)
    assert touched.score == pytest.approx(left + 0.15 * (1 - 2 / 100) + 0.15 * (1 - 1 / 3))
    with_gap = life([*BREAK[:4], (59, 63, 59, 62)], "bullish", settings())[0]
    assert with_gap.score == pytest.approx(0.25 * 4 / 7 / 3 + 0.2 * 3 / 7 / 1.5 + 0.25 + 0.15 + 0.15)
    assert "a fair value gap left" in with_gap.why
    only_gap = settings(score={"reaction": 0, "displacement": 0, "fvg": 2, "age": 0, "touches": 0})
    assert life([*BREAK[:4], (59, 63, 59, 62)], "bullish", only_gap)[0].score == 1.0
    cold = settings().model_copy(update={"atr_period": 14})
    assert life(BREAK, "bullish", cold)[0].score == pytest.approx(0.3)


@BOTH
@pytest.mark.parametrize(
    ("candle", "found"),
    [
        ((53, 60, 52.5, 59.5), True),
        ((53, 63, 53, 60), True),  # exactly 70 %
        ((53, 64, 53, 60), False),  # too much wick
        ((53, 53, 53, 53), False),  # no range, no body
        ((48, 51, 48, 51), False),  # closes beyond the far side of the block
    ],
)
def test_simple_variant_a_strong_candle_confirms_the_opposite_one_before_it(
    direction: Direction, candle: Row, found: bool
) -> None:
    """ICT-3: last opposite candle before a candle whose body is at least 70 % of its range."""
    blocks = events(run(table([(56, 58, 52, 53), candle], direction), settings(rule="strong_candle")), "order_block")
    assert [(fact.formed_at, fact.confirmed_at, zone(fact)) for fact in blocks] == (
        [(opened(0), closed(1), (52, 58))] if found else []
    )


@BOTH
def test_simple_variant_needs_an_opposite_candle_and_uses_it_once(direction: Direction) -> None:
    """ICT-3: the second strong candle of a leg confirms nothing new."""
    strong: list[Row] = [(53, 60, 53, 60), (60, 66, 60, 66)]
    chosen = settings(rule="strong_candle")
    assert events(run(table(strong, direction), chosen), "order_block") == []
    found = told(run(table([(56, 58, 52, 53), *strong], direction), chosen), "order_block")
    assert found == [(1, "order_block", direction, "active")]


@BOTH
def test_why_names_the_rule_the_candles_and_the_numbers(direction: Direction) -> None:
    """ICT-3: one sentence for a person."""
    why = life(BREAK, direction, settings())[0].why
    assert why.startswith(f"{direction.capitalize()} order block ")
    assert "before the leg that broke swing" in why
    assert "0.57 ATR" in why
    assert why.count("UTC") == 2
    assert why.endswith(".")


def strong_leg(base: float, close: float, *after: Row) -> list[Row]:
    """A down-close candle of 0.2 around ``base``, then one of 1.0 that closes ``close`` above it."""
    down: Row = (round(base + 0.05, 4), round(base + 0.1, 4), round(base - 0.1, 4), base)
    up: Row = (base, round(base + 0.9, 4), round(base - 0.1, 4), round(base + close, 4))
    return [down, up, *after]


@pytest.mark.parametrize(("close", "found"), [(0.7, 100), (0.699, 0)])
def test_a_body_of_exactly_the_least_share_is_strong_at_every_price(close: float, found: int) -> None:
    """ICT-3: *at least* 70 % of its range includes 70 %."""
    chosen = AnalysisSettings.model_validate({"swing_length": 50, "order_block": {"rule": "strong_candle"}})
    rows = [strong_leg(number / 10, close) for number in range(10, 110)]
    assert sum(len(events(run(table(each), chosen), "order_block")) for each in rows) == found


@pytest.mark.parametrize(("low", "state"), [(0.0, "mean_threshold"), (0.001, "mitigated")])
def test_a_return_to_exactly_the_middle_reaches_the_mean_threshold_at_every_price(low: float, state: str) -> None:
    """ICT-3: half of the zone, the price itself included."""
    chosen = AnalysisSettings.model_validate({"swing_length": 50, "order_block": {"rule": "strong_candle"}})
    for number in range(10, 110):
        base = number / 10
        close, high = round(base + 0.7, 4), round(base + 0.8, 4)
        block = events(run(table(strong_leg(base, 0.7, (close, high, round(base + low, 4), close))), chosen), "order_block")[
            -1
        ]
        assert block.state == state, base
