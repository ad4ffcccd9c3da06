"""Splits, grids, costs and entries of any kind keep what they promise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.columns import Columns
from research.validation.cost_sensitivity import break_even, scaled, sensitivity
from research.validation.leaks import leaks
from research.validation.plateaus import plateau
from research.validation.random_entries import ExitRule, luck, played
from research.validation.walk_forward import Span, Split, walk_forward
from tests.support.research.results import generator, trade

LENGTHS = st.integers(1, 400)
GAPS = st.integers(0, 60)


@given(LENGTHS, LENGTHS, GAPS, GAPS, st.integers(0, 200), st.integers(0, 2_000), st.booleans())
def test_splits_leak_nothing_and_lack_nothing(
    train: int, test: int, purge: int, embargo: int, pause: int, rest: int, anchored: bool
) -> None:
    """BT-4: tests after their training, purge and embargo apart, apart from each other, inside the data."""
    span = Span(1_000, 1_000 + train + purge + embargo + test + rest)
    splits = list(
        walk_forward(span, train=train, test=test, step=test + pause, purge=purge, embargo=embargo, anchored=anchored)
    )
    assert leaks(splits, span=span, longest_holding=purge, embargo=embargo) == []
    for split in splits:
        assert split.test.start - split.train.end == purge + embargo
        assert split.test.end - split.test.start == test
        assert split.train.start == span.start if anchored else split.train.end - split.train.start == train
    for one, two in pairwise(splits):
        assert two.test.start - one.test.start == test + pause
    assert span.end - splits[-1].test.end < test + pause  # no whole test was left over


@given(LENGTHS, LENGTHS, GAPS, st.integers(0, 2_000), st.lists(st.tuples(st.integers(0, 5_000), GAPS), max_size=30))
def test_no_trade_of_a_training_is_open_in_its_test(
    train: int, test: int, purge: int, rest: int, trades: list[tuple[int, int]]
) -> None:
    """BT-4: when none is held longer than the purge; one that is, is caught."""
    splits = list(walk_forward(Span(0, train + purge + 1 + test + rest), train=train, test=test, purge=purge, embargo=1))
    held = [(opened, opened + min(length, purge)) for opened, length in trades]
    assert leaks(splits, longest_holding=purge, embargo=1, holdings=held) == []
    last = splits[0].train.end - 1
    assert leaks(splits, holdings=[*held, (last, splits[0].test.start)])


@given(st.integers(0, 50), st.integers(1, 50), st.integers(-60, 60), st.integers(1, 50))
def test_every_pair_of_spans_that_share_time_or_stand_the_wrong_way_round_is_caught(
    start: int, length: int, gap: int, test: int
) -> None:
    begin = start + length + gap
    found = leaks([Split(Span(start, start + length), Span(begin, begin + test))])
    assert bool(found) == (gap < 0)


@given(st.integers(0, 10_000), st.sampled_from([(7,), (4, 5), (3, 3, 4)]), st.integers(1, 2), st.floats(0.01, 100))
def test_plateaus_know_no_scale_and_lie_within_their_neighbourhood(
    seed: int, shape: tuple[int, ...], radius: int, scale: float
) -> None:
    """BT-4: worst <= middle, and the best cell stays the best in other units and mirrored."""
    rng = generator(seed)
    scores = rng.normal(size=shape)
    scores[rng.random(shape) < 0.2] = np.nan
    found = plateau(scores, radius)
    has = ~np.isnan(scores)
    assert np.array_equal(np.isnan(found.middle), ~has)
    assert np.all(found.worst[has] <= np.minimum(found.middle[has], scores[has]))
    bigger = plateau(scores * scale + 3.0, radius)
    assert bigger.middle[has] == pytest.approx(found.middle[has] * scale + 3.0, rel=1e-6, abs=1e-6)
    mirrored = plateau(np.flip(scores), radius)
    assert np.flip(mirrored.middle)[has] == pytest.approx(found.middle[has])
    if has.any():
        assert found.best is not None
        assert found.middle[found.best] == np.nanmax(found.middle)


TRADES = st.lists(
    st.builds(
        lambda result, fees, slippage: trade(result, fees=fees, slippage=slippage),
        st.floats(-1e4, 1e4),
        st.floats(0, 1e3),
        st.floats(0, 1e3),
    ),
    min_size=1,
    max_size=20,
)


@given(TRADES, st.lists(st.floats(0, 5), min_size=2, max_size=6).map(sorted))
def test_dearer_trading_earns_less(trades: list, factors: list[float]) -> None:
    """BT-4: and at the factor of break-even nothing is left."""
    rows = sensitivity(trades, factors)
    for cheap, dear in pairwise(rows):
        assert dear.result <= cheap.result + 1e-6
        assert (dear.win_rate or 0.0) <= (cheap.win_rate or 0.0)
    factor = break_even(trades)
    if factor:
        assert sum(each.result for each in scaled(trades, factor, factor)) == pytest.approx(0.0, abs=1e-5 * max(1.0, factor))


def one_by_one(candles: Columns, entry: int, rule: ExitRule, cost: float) -> float:
    """The rules of an exit, candle by candle, in prices."""
    paid = float(candles.open[entry])
    sign = 1.0 if rule.long else -1.0
    left = float(candles.close[entry + rule.candles - 1])
    for at in range(entry, entry + rule.candles):
        worst, best = (candles.low[at], candles.high[at]) if rule.long else (candles.high[at], candles.low[at])
        stop = paid * (1.0 - sign * rule.stop)
        if sign * (worst - stop) <= 0.0:
            left = stop if sign * (candles.open[at] - stop) > 0.0 else float(candles.open[at])
            break
        if rule.target is not None and sign * (best - paid * (1.0 + sign * rule.target)) >= 0.0:
            left = paid * (1.0 + sign * rule.target)
            break
    return (sign * (left - paid) - cost * (paid + left)) / (paid * rule.stop)


@settings(max_examples=60)
@given(
    st.integers(0, 10_000), st.booleans(), st.floats(0.003, 0.05), st.one_of(st.none(), st.floats(0.003, 0.1)),
    st.integers(1, 150), st.floats(0, 0.002),
)  # fmt: skip
def test_exits_are_those_of_a_walk_candle_by_candle(
    seed: int, long: bool, stop: float, target: float | None, held: int, cost: float
) -> None:
    """BT-4: over the border of what is looked at together, with gaps between candles."""
    rng = generator(seed)
    opens = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.004, size=200)))
    closes = opens * np.exp(rng.normal(0.0, 0.004, size=200))
    highs = np.maximum(opens, closes) * (1.0 + 0.003 * rng.random(200))
    lows = np.minimum(opens, closes) * (1.0 - 0.003 * rng.random(200))
    candles = Columns("BTCUSDT", "1m", np.arange(200, dtype=np.int64), opens, highs, lows, closes, np.ones(200))
    rule = ExitRule(long, stop, target, held)
    entries = np.arange(200 - held + 1)
    found = played(candles, entries, rule, cost)
    assert found.tolist() == pytest.approx([one_by_one(candles, int(at), rule, cost) for at in entries], rel=1e-6, abs=1e-9)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30).map(np.array), st.floats(-5, 5), st.floats(0, 5))
def test_a_better_result_is_less_likely_luck(chance: np.ndarray, actual: float, more: float) -> None:
    """SIG-9."""
    assert 0.0 < luck(actual + more, chance) <= luck(actual, chance) <= 1.0
