"""Doubt about any result: probabilities are probabilities, and go the way that reason says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from research.performance.returns import daily_sharpe
from research.significance.bootstrap import indices, intervals
from research.significance.overfitting import overfitting
from research.significance.sharpe_ratio import (
    evidence,
    expected_best,
    independent_trials,
    minimum_track_record,
    probabilistic,
)
from research.significance.trade_order import reordered
from tests.support.research.results import generator

SHARPE = st.floats(-0.5, 0.5)
SHAPES = st.tuples(st.floats(-3, 3), st.floats(0, 20)).map(lambda shape: (shape[0], shape[0] ** 2 + 1.0 + shape[1]))


@given(SHARPE, SHARPE, st.integers(2, 5_000), SHAPES)
def test_a_higher_benchmark_is_less_likely_beaten(
    sharpe: float, benchmark: float, count: int, shape: tuple[float, float]
) -> None:
    """BT-4: and at the Sharpe ratio itself it is even."""
    found = probabilistic(sharpe, benchmark, count, *shape)
    assert 0.0 <= found <= 1.0
    assert probabilistic(sharpe, benchmark + 0.01, count, *shape) <= found
    assert probabilistic(sharpe, sharpe, count, *shape) == pytest.approx(0.5)


@given(st.floats(0.0, 0.5), st.integers(2, 5_000), st.floats(-3, 3), st.floats(0, 20))
def test_a_longer_record_and_thinner_tails_prove_more(sharpe: float, count: int, skewness: float, tails: float) -> None:
    kurtosis = skewness**2 + 1.0 + tails
    found = probabilistic(sharpe, 0.0, count, skewness, kurtosis)
    assert probabilistic(sharpe, 0.0, count + 100, skewness, kurtosis) >= found - 1e-12
    assert probabilistic(sharpe, 0.0, count, skewness, kurtosis + 5.0) <= found + 1e-12
    assert probabilistic(sharpe, 0.0, count, -abs(skewness), kurtosis) <= found + 1e-12


@given(st.floats(0.01, 0.5), SHAPES, st.floats(0.6, 0.99))
def test_the_record_that_is_needed_proves_what_it_promises(
    sharpe: float, shape: tuple[float, float], confidence: float
) -> None:
    needed = minimum_track_record(sharpe, 0.0, *shape, confidence=confidence)
    assert needed is not None
    assume(needed >= 2)
    assert probabilistic(sharpe, 0.0, math.ceil(needed), *shape) >= confidence - 1e-9


@given(st.floats(1, 1e6), st.floats(1, 100), st.floats(0, 3))
def test_more_trials_make_a_better_best(trials: float, more: float, spread: float) -> None:
    """BT-4: and twice the spread twice as good a best."""
    assert 0.0 <= expected_best(trials, spread) <= expected_best(trials * more, spread) + 1e-12
    assert expected_best(trials, 2 * spread) == pytest.approx(2 * expected_best(trials, spread))


@given(st.integers(0, 10_000), st.integers(2, 30), st.floats(0.01, 100))
def test_evidence_knows_no_scale_and_more_trials_weaken_it(seed: int, trials: int, scale: float) -> None:
    """SIG-9: deflated is at most probabilistic."""
    returns = generator(seed).normal(0.001, 0.02, size=(40, trials))
    sharpes = [daily_sharpe(column) or 0.0 for column in returns.T]
    found, other = (evidence(returns[:, 0] * factor, sharpes) for factor in (1.0, scale))
    assert found is not None
    assert other is not None
    assert found.deflated <= found.probabilistic
    assert other.deflated == pytest.approx(found.deflated)
    assert 1.0 <= independent_trials(returns) <= trials


@given(st.integers(1, 50), st.floats(1, 20), st.integers(0, 10_000))
def test_a_draw_has_as_many_places_as_there_are_values(count: int, block: float, seed: int) -> None:
    places = indices(count, block, generator(seed))
    assert len(places) == count
    assert 0 <= places.min() <= places.max() < count


@settings(max_examples=30)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30).map(np.array), st.floats(0.01, 1000), st.integers(0, 100))
def test_intervals_scale_with_their_values_and_widen_with_their_level(values: np.ndarray, scale: float, seed: int) -> None:
    """BT-2: the same seed draws the same places."""

    def mean(drawn: np.ndarray) -> float:
        return float(drawn.mean())

    def ends(factor: float, level: float) -> tuple[float, float]:
        found = intervals(values * factor, {"": mean}, "plain", generator(seed), level=level, resamples=60)[""]
        assert found.low is not None
        assert found.high is not None
        return found.low, found.high

    low, high = ends(1.0, 0.8)
    assert ends(scale, 0.8) == pytest.approx((low * scale, high * scale), rel=1e-6, abs=1e-6)
    wider = ends(1.0, 0.95)
    assert wider[0] <= low <= high <= wider[1]
    assert values.min() - 1e-9 <= wider[0] <= wider[1] <= values.max() + 1e-9


@settings(max_examples=40)
@given(st.lists(st.floats(-1.2, 1.0), min_size=1, max_size=12), st.floats(0, 0.9), st.integers(0, 1_000))
def test_orders_of_trades_keep_their_bounds(fractions: list[float], ruin: float, seed: int) -> None:
    """BT-4: quantiles rise, falls lie between the worst trade and all, and a higher level of ruin is met more often."""
    trades = np.array(fractions)
    found, stricter = (reordered(trades, generator(seed), runs=80, ruin_level=level) for level in (ruin, ruin + 0.09))
    assert found is not None
    assert stricter is not None
    falls = list(found.drawdown.values())
    assert falls == sorted(falls)
    worst = min(1.0, max(0.0, -trades.min()))
    assert all(worst - 1e-9 <= fall <= 1.0 for fall in falls)
    assert found.ruin_probability <= stricter.ruin_probability
    final = float(np.prod(np.maximum(1.0 + trades, 0.0)))
    assert list(found.final.values()) == pytest.approx([final] * 6, rel=1e-9, abs=1e-12)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 8), st.sampled_from([2, 4, 6]), st.permutations(range(8)))
def test_overfitting_knows_neither_scale_nor_order_of_trials(seed: int, trials: int, blocks: int, order: list[int]) -> None:
    """BT-4: dearer units and other names are the same trials."""
    returns = generator(seed).normal(size=(37, trials)) * 0.01
    found = overfitting(returns, blocks)
    other = overfitting(returns[:, [place for place in order if place < trials]] * 8.0, blocks)
    assert 0.0 <= found.probability <= 1.0
    assert other.probability == found.probability
    assert other.rank == pytest.approx(found.rank)
    assert other.loss_probability == found.loss_probability
