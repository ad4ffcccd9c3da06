"""Equal highs and lows, pools, sweeps and turtle soup on hand-made tables, both ways up (ICT-8)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.analysis.settings import AnalysisSettings
from shared.domain.facts import Direction, Fact, FactKind
from tests.support.analysis.candles import PIVOT, Row, closed, events, opened, run, table, told

BOTH = pytest.mark.parametrize("direction", ["bullish", "bearish"])


def settings(**concepts: object) -> AnalysisSettings:
    """Pivots and swings of one candle on each side; equals within 1 % (the ATR stays cold)."""
    base: dict[str, object] = {
        "swing_length": 1,
        "equal_levels": {"length": 1, "tolerance_percent": 1.0},
        "pools": {"merge_atr": 0.0},
    }
    return AnalysisSettings.model_validate({**base, **concepts})


def hills(*highs: float, close: float = 90.0) -> list[Row]:
    """Candles with these highs that close at ``close``; their lows rise, so that there is no swing low."""
    return [(close, high, 80 + number / 8, close) for number, high in enumerate(highs)]


def side(direction: Direction) -> tuple[FactKind, Direction]:
    """Of a table that is told about highs: the kind and direction of its equal levels."""
    return ("equal_highs", "bearish") if direction == "bullish" else ("equal_lows", "bullish")


def upright(fact: Fact, direction: Direction) -> float:
    return fact.top if direction == "bullish" else PIVOT - fact.top


@BOTH
def test_two_pivots_within_the_tolerance_are_equal_and_the_level_is_the_outer_one(direction: Direction) -> None:
    """ICT-8: known when the second pivot is confirmed, drawn at the first; stops clear beyond the outermost."""
    rows = hills(98, 100, 98, 97, 100.5, 97)
    pct = 1.0 if direction == "bullish" else 0.05  # of a price of about 4,000 in the mirror
    analyses = run(table(rows, direction), settings(equal_levels={"length": 1, "tolerance_percent": pct}))
    kind, turned = side(direction)
    assert told(analyses, kind) == [(5, kind, turned, "active")]
    (level,) = events(analyses, kind)
    assert (level.formed_at, level.confirmed_at, level.touches) == (opened(1), closed(5), 2)
    assert upright(level, direction) == 100.5
    assert level.candles == (opened(1), opened(4))
    assert level in analyses[-1].active


@pytest.mark.parametrize(
    ("highs", "levels"),
    [
        ((98, 100, 98, 97, 100, 97), [100]),  # exactly equal
        ((98, 100, 98, 97, 99.125, 97), [100]),  # just within the tolerance
        ((98, 100, 98, 97, 99.0, 97), []),  # beyond it
        ((98, 100, 98, 102, 98, 100, 97), []),  # traded beyond between them: the stops are gone
        ((98, 100, 98, 100.5, 98, 100, 97), [100.5]),  # beyond by less than the tolerance: they are equals themselves
        ((98, 100, 98, 100, 98, 100, 97), [100]),  # the third joins
        ((98, 100, 98), []),
    ],
)
def test_equal_highs_lie_within_the_tolerance(highs: tuple[float, ...], levels: list[float]) -> None:
    """ICT-8: within the tolerance (0.9 here), nothing traded further between."""
    found = [
        fact
        for fact in events(run(table(hills(*highs)), settings()), "equal_highs")
        if fact.state == "active" and fact.touches == 2
    ]
    assert [fact.top for fact in found] == levels


def test_a_further_equal_is_progress_and_a_trade_beyond_ends_the_level() -> None:
    """ICT-8: ``touches`` counts the members; swept when the close is back, broken when it is not."""
    rows = [*hills(98, 100, 98, 100, 98, 99.5, 98), (90.0, 101.0, 88.0, 95.0)]
    analyses = run(table(rows), settings())
    assert told(analyses, "equal_highs") == [
        (4, "equal_highs", "bearish", "active"),
        (6, "equal_highs", "bearish", "active"),
        (7, "equal_highs", "bearish", "swept"),
    ]
    grown = events(analyses, "equal_highs")[1]
    assert (grown.touches, grown.top, grown.candles) == (3, 100.0, (opened(1), opened(3), opened(5)))
    broken = run(table([*rows[:-1], (90.0, 101.0, 88.0, 100.5)]), settings())
    assert told(broken, "equal_highs")[-1] == (7, "equal_highs", "bearish", "broken")


def test_a_gap_forgets_lone_pivots_and_keeps_levels() -> None:
    """ICT-8: nobody knows what traded in it."""
    lone: list[Row] = [*hills(98, 100, 98), None, *hills(97, 100, 97)]
    assert told(run(table(lone), settings()), "equal_highs") == []
    standing: list[Row] = [*hills(98, 100, 98, 100, 98), None, *hills(97, 98, 97)]
    assert events(run(table(standing), settings()), "equal_highs")[0] in run(table(standing), settings())[-1].active


def test_the_tolerance_is_of_an_average_range_that_must_be_warm() -> None:
    """ICT-8: 0.1 ATR(200) by default; while it is cold and no percentage is given, nothing is equal."""
    cold = settings(equal_levels={"length": 1, "atr_period": 50})
    warm = settings(equal_levels={"length": 1, "atr_period": 2})
    rows = hills(98, 100, 98, 97, 98.5, 97)
    assert told(run(table(rows), cold), "equal_highs") == []
    assert [fact.touches for fact in events(run(table(rows), warm), "equal_highs")] == [2]


@BOTH
def test_every_swing_makes_a_pool_and_a_sweep_of_it_is_told_beside_its_end(direction: Direction) -> None:
    """ICT-8: the pool ends swept; the sweep is an event that refers to it, from the level to the furthest trade."""
    rows = [*hills(98, 100, 98), (90.0, 103.0, 85.0, 99.0)]
    analyses = run(table(rows, direction), settings())
    turned: Direction = "bearish" if direction == "bullish" else "bullish"
    pools = [row for row in told(analyses, "liquidity_pool") if row[2] == turned]
    assert pools == [(2, "liquidity_pool", turned, "active"), (3, "liquidity_pool", turned, "swept")]
    (sweep,) = events(analyses, "sweep")
    (pool, _) = [fact for fact in events(analyses, "liquidity_pool") if fact.direction == turned]
    assert (sweep.direction, sweep.formed_at, sweep.confirmed_at, sweep.ref) == (turned, opened(3), closed(3), pool.id)
    assert (sweep.top - sweep.bottom, upright(pool, direction)) == (3.0, 100.0)
    assert "closed back" in sweep.why
    assert "stops rest" in pool.why


def test_a_run_is_no_sweep() -> None:
    """ICT-8: a close beyond breaks the pool, and no sweep is told."""
    analyses = run(table([*hills(98, 100, 98), (90.0, 103.0, 85.0, 102.0)]), settings())
    assert told(analyses, "liquidity_pool")[-1] == (3, "liquidity_pool", "bearish", "broken")
    assert events(analyses, "sweep") == []


def test_price_may_be_back_later_where_the_setting_grants_it() -> None:
    """ICT-8: within k candles."""
    rows = [*hills(98, 100, 98), (90.0, 103.0, 85.0, 102.0), (102.0, 104.0, 86.0, 99.0)]
    late = settings(pools={"merge_atr": 0.0, "return_within": 2})
    (sweep,) = events(run(table(rows), late), "sweep")
    assert (sweep.formed_at, sweep.top, sweep.bottom) == (opened(4), 104.0, 100.0)


def test_a_shallow_sweep_may_be_left_untold() -> None:
    """ICT-8: the depth is asked in ATR; while that is cold nothing is deep enough."""
    rows = [*hills(98, 100, 98), (90.0, 103.0, 85.0, 99.0)]
    deep = {"atr_period": 2, "sweeps": {"min_depth_atr": 0.5}}
    assert events(run(table(rows), settings(**deep)), "sweep") == []
    assert len(events(run(table(rows), settings(**{**deep, "sweeps": {"min_depth_atr": 0.1}})), "sweep")) == 1
    assert events(run(table(rows), settings(sweeps={"min_depth_atr": 0.1})), "sweep") == []


def test_every_pool_that_one_candle_passes_is_swept_on_its_own() -> None:
    """ICT-8: one event each, oldest first, with ids of their own."""
    rows = [*hills(98, 102, 98, 101, 97, 100, 97), (90.0, 103.0, 85.0, 99.0)]
    sweeps = events(run(table(rows), settings(equal_levels={"enabled": False})), "sweep")
    assert [fact.bottom for fact in sweeps] == [102.0, 101.0, 100.0]
    assert len({fact.id for fact in sweeps}) == 3


def test_a_swing_near_a_pool_joins_it_and_makes_it_more_important() -> None:
    """ICT-8: touches, age and volume make the score."""
    rows = hills(98, 100, 98, 97, 99.5, 97)
    analyses = run(table(rows), settings(atr_period=2, pools={"merge_atr": 0.1}))
    pools = [fact for fact in events(analyses, "liquidity_pool") if fact.direction == "bearish"]
    assert [(fact.touches, fact.top) for fact in pools] == [(1, 100.0), (2, 100.0)]
    assert 0.0 < pools[0].score < pools[1].score <= 1.0
    apart = run(table(rows), settings(atr_period=2, pools={"merge_atr": 0.01}))
    assert len({fact.id for fact in events(apart, "liquidity_pool") if fact.direction == "bearish"}) == 2


def test_importance_needs_a_weight() -> None:
    """ICT-8: three zeros would divide by nothing."""
    with pytest.raises(ValidationError, match="give at least one"):
        settings(pools={"weights": {"touches": 0.0, "age": 0.0, "volume": 0.0}})


SOUP = AnalysisSettings.model_validate({"turtle_soup": {"lookback": 5, "separation": 2}})


@BOTH
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([*hills(100, 98, 98, 98, 98), (90, 101, 88, 99)], [5]),
        ([*hills(100, 98, 98, 98, 98), (90, 101, 88, 100)], [5]),  # back at the extreme
        ([*hills(100, 98, 98, 98, 98), (90, 101, 88, 100.5)], []),  # closed beyond
        ([*hills(100, 98, 98, 98, 98), (90, 100, 88, 99)], []),  # traded at it, not beyond
        ([*hills(98, 98, 98, 98, 100), (90, 101, 88, 99)], []),  # the extreme is too fresh
        ([*hills(100, 98, 98, 100, 98), (90, 101, 88, 99)], [5]),  # of equals the earliest counts
        ([*hills(100, 98, 98, 98), (90, 101, 88, 99)], []),  # too few candles before
        ([*hills(102, 100, 98, 98, 98, 98), (90, 101, 88, 99)], [6]),  # the older one has left the window
        ([*hills(100, 98, 98), None, *hills(98, 98), (90, 101, 88, 99)], []),  # a gap in the window
    ],
)
def test_turtle_soup_sweeps_an_extreme_that_stood(rows: list[Row], expected: list[int], direction: Direction) -> None:
    """ICT-8: beyond the extreme of the candles before, and closed back, at that close."""
    turned = "bearish" if direction == "bullish" else "bullish"
    found = [row for row in told(run(table(rows, direction), SOUP), "turtle_soup") if row[2] == turned]
    assert found == [(number, "turtle_soup", turned, "final") for number in expected]


def test_turtle_soup_says_which_extreme() -> None:
    """ICT-8: from the extreme to the furthest trade."""
    (soup,) = events(run(table([*hills(100, 98, 98, 98, 98), (90, 101, 88, 99)]), SOUP), "turtle_soup")
    assert (soup.top, soup.bottom, soup.candles) == (101.0, 100.0, (opened(0), opened(5)))
    assert "5-candle high 100" in soup.why
    with pytest.raises(ValidationError, match="nothing could be found"):
        AnalysisSettings.model_validate({"turtle_soup": {"lookback": 5, "separation": 6}})


@pytest.mark.parametrize("price", [0.1 + 0.2, 3 * 0.1, 0.3])
def test_a_trade_at_a_level_takes_nothing_however_its_price_was_reckoned(price: float) -> None:
    """ICT-8: 0.3 and 0.1 + 0.2 are one price, at the level and not beyond it."""
    rows: list[Row] = [(0.25, high, 0.2 + number / 1000, 0.25) for number, high in enumerate((0.28, 0.3, 0.28, 0.29, price))]
    soup = {"lookback": 3, "separation": 2}
    analyses = run(table([*rows, rows[-2]]), settings(turtle_soup=soup, structure={"break_on": "wick"}))
    assert [fact.kind for fact in events(analyses, "sweep", "turtle_soup", "bos", "rejection_block")] == []
    (pool,) = [fact for fact in analyses[-1].active if fact.kind == "liquidity_pool" and fact.direction == "bearish"]
    assert (pool.state, pool.top, pool.touches) == ("active", 0.3, 2)


def test_a_pivot_exactly_at_the_tolerance_is_equal_at_every_price() -> None:
    """ICT-8: *within* the tolerance includes it; a tick further is not."""
    equal = apart = 0
    for number in range(10, 110):
        close = number / 10
        top, near = round(1.2 * close, 3), round(1.19 * close, 4)  # apart by 1 % of the close
        for second, count in ((near, 1), (round(near - 0.0001, 4), 0)):
            highs = (close, top, close, close, second, close)
            rows: list[Row] = [(close, high, close - 0.01 + at / 1000, close) for at, high in enumerate(highs)]
            found = len(events(run(table(rows), settings()), "equal_highs"))
            equal, apart = (equal + found, apart) if count else (equal, apart + found)
    assert (equal, apart) == (100, 0)


def test_while_the_average_range_is_cold_even_the_same_price_is_not_equal() -> None:
    """ICT-8: no percentage is set: nothing is equal yet; a pivot of the cold time may find its equal in the warm one."""
    cold = settings(equal_levels={"length": 1, "atr_period": 50})
    assert told(run(table(hills(98, 100, 98, 97, 100, 97)), cold), "equal_highs") == []
    warm = settings(equal_levels={"length": 1, "atr_period": 4})
    later = events(run(table(hills(98, 100, 98, 97, 100, 97)), warm), "equal_highs")
    assert [(fact.top, fact.candles) for fact in later] == [(100.0, (opened(1), opened(4)))]


def test_a_lone_pivot_of_the_cold_time_waits_until_price_trades_beyond_it() -> None:
    """ICT-8: while there is no tolerance, any trade beyond a lone pivot takes its stops."""
    chosen = settings(equal_levels={"length": 1, "atr_period": 6, "tolerance_atr": 1.0})
    passed = hills(98, 100, 98, 100.5, 98, 97, 96, 100.25, 96)
    levels = events(run(table(passed), chosen), "equal_highs")
    assert [fact.candles[0] for fact in levels] == [opened(3)]


#: Prices whose tenths float64 does not have; every candle of the tables below is 0.4 wide, so that the ATR is 0.4.
BASES = [number / 10 for number in range(10, 110)]


def wide(base: float, *highs: float) -> list[Row]:
    """Candles 0.4 wide that open and close at ``base``; ``highs`` are above it."""
    return [(base, round(base + high, 4), round(base + high - 0.4, 4), base) for high in highs]


@pytest.mark.parametrize(("reach", "found"), [(0.4, 100), (0.399, 0)])
def test_a_sweep_of_exactly_the_least_depth_is_reported_at_every_price(reach: float, found: int) -> None:
    """ICT-8: *at least* half an ATR beyond the level includes it."""
    chosen = settings(atr_period=2, sweeps={"min_depth_atr": 0.5}, equal_levels={"enabled": False})
    sweeps = [
        fact
        for base in BASES
        for fact in events(run(table(wide(base, 0.1, 0.2, 0.1, reach)), chosen), "sweep")
        if fact.direction == "bearish"
    ]
    assert len(sweeps) == found


@pytest.mark.parametrize(("second", "touches"), [(0.2, 2), (0.199, 1)])
def test_a_swing_exactly_within_reach_of_a_pool_joins_it_at_every_price(second: float, touches: int) -> None:
    """ICT-8: *within* half an ATR of the pool includes it."""
    chosen = settings(atr_period=2, pools={"merge_atr": 0.5})
    for base in BASES:
        pools = events(run(table(wide(base, 0.1, 0.4, 0.1, second, 0.1)), chosen), "liquidity_pool")
        assert max(fact.touches for fact in pools if fact.direction == "bearish") == touches, base
