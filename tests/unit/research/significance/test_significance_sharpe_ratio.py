"""Probabilistic and deflated Sharpe ratio: the numbers that Bailey and López de Prado published."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from research.significance.sharpe_ratio import (
    deflated,
    evidence,
    expected_best,
    independent_trials,
    minimum_track_record,
    probabilistic,
)
from tests.support.research.results import array, generator


@pytest.mark.parametrize(("skewness", "kurtosis", "published"), [(0.0, 3.0, 0.982), (-2.448, 10.164, 0.913)])
def test_probabilistic_sharpe_ratio_of_the_published_fund(skewness: float, kurtosis: float, published: float) -> None:
    """BT-4: "The Sharpe Ratio Efficient Frontier": 24 months with 0.458 a month; fat tails cost 7 points."""
    assert probabilistic(0.458, 0.0, 24, skewness, kurtosis) == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize(
    ("year", "skewness", "kurtosis", "years"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_minimum_track_record_of_the_published_table(year: int, skewness: float, kurtosis: float, years: float) -> None:
    """BT-4: the same paper: how long until 2 a year is above 1 a year with 95 %, by days, weeks, months."""
    needed = minimum_track_record(2.0 / math.sqrt(year), 1.0 / math.sqrt(year), skewness, kurtosis)
    assert needed is not None
    assert needed / year == pytest.approx(years, abs=0.006)


def test_expected_best_of_ten_trials_without_skill() -> None:
    """BT-4: "Pseudo-Mathematics and Financial Charlatanism": 1.57 for ten trials of deviation 1."""
    assert expected_best(10, 1.0) == pytest.approx(1.57, abs=0.005)


def test_expected_best_is_near_that_of_draws() -> None:
    """The formula is the limit for many; a thousand are many."""
    draws = generator().normal(size=(2_000, 1_000)).max(axis=1)
    assert expected_best(1_000, 1.0) == pytest.approx(float(draws.mean()), abs=0.03)


@pytest.mark.parametrize(
    ("trials", "skewness", "kurtosis", "published"),
    [(100, -3.0, 10.0, 0.9004), (46, -3.0, 10.0, 0.9505), (88, 0.0, 3.0, 0.9505)],
)
def test_deflated_sharpe_ratio_of_the_published_example(
    trials: int, skewness: float, kurtosis: float, published: float
) -> None:
    """BT-4, SIG-9: "The Deflated Sharpe Ratio": 2.5 a year over 1,250 days, the trials' variance 1/2 a year."""
    found = deflated(2.5 / math.sqrt(250), trials, math.sqrt(0.5 / 250), 1_250, skewness, kurtosis)
    assert found == pytest.approx(published, abs=5e-5)
    assert expected_best(100, math.sqrt(0.5 / 250)) == pytest.approx(0.1132, abs=5e-5)


def test_a_record_as_long_as_is_needed_is_just_enough() -> None:
    """BT-4: the two formulas are one, solved for the other side."""
    needed = minimum_track_record(0.1, 0.02, -0.5, 6.0, confidence=0.9)
    assert needed is not None
    below, above = (probabilistic(0.1, 0.02, count, -0.5, 6.0) for count in (math.floor(needed), math.ceil(needed)))
    assert below < 0.9 <= above
    assert minimum_track_record(0.02, 0.02, 0.0, 3.0) is minimum_track_record(-1.0, 0.0, 0.0, 3.0) is None


def test_probability_is_right_as_often_as_it_says() -> None:
    """BT-4: of strategies without skill one in twenty shows 0.95 and more."""
    rng, shown = generator(5), 0
    for _ in range(1_000):
        found = evidence(rng.normal(0.0, 0.01, size=250), [0.0])
        assert found is not None
        shown += found.probabilistic >= 0.95
    assert shown == pytest.approx(50, abs=21)


def test_the_best_of_many_without_skill_is_found_out() -> None:
    """SIG-9: the specimen is the best of 200 coins; by itself it looks proven."""
    returns = generator(6).normal(0.0, 0.01, size=(500, 200))
    sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    found = evidence(returns[:, sharpes.argmax()], sharpes.tolist())
    assert found is not None
    assert found.probabilistic > 0.99
    assert found.deflated < 0.8
    assert found.trials == 200


def test_copies_of_one_trial_are_one_trial() -> None:
    """BT-4: neighbours in a grid are nearly the same strategy."""
    rng = generator()
    one, other = rng.normal(size=(500, 1)), rng.normal(size=(500, 40))
    assert independent_trials(np.tile(one, 40)) == pytest.approx(1.0)
    assert independent_trials(other) == pytest.approx(40.0, abs=1.0)
    assert 1.0 < independent_trials(0.7 * one + 0.5 * other) < 25.0
    assert independent_trials(np.hstack([one, np.zeros((500, 3))])) == 1.0


def test_a_single_trial_is_not_deflated() -> None:
    returns = generator().normal(0.001, 0.01, size=300)
    found = evidence(returns, [0.1])
    assert found is not None
    assert found.expected_best == 0.0
    assert found.deflated == found.probabilistic
    assert expected_best(1.0 + 1e-12, 1.0) == 0.0
    assert evidence(returns, [0.1, 0.0, -0.1], independent=1.0) == found


def test_returns_without_a_sharpe_ratio_have_no_evidence() -> None:
    assert evidence(np.zeros(30), [0.0]) is None


def test_arguments_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="no trials"):
        evidence(array(0.1, 0.2), [])
    with pytest.raises(ValueError, match=r"0\.5 trials"):
        expected_best(0.5, 1.0)
    with pytest.raises(ValueError, match="at least two"):
        probabilistic(0.1, 0.0, 1, 0.0, 3.0)
    with pytest.raises(ValueError, match="no distribution"):
        probabilistic(0.1, 0.0, 10, 3.0, 3.0)


def test_two_values_are_the_edge_of_what_a_distribution_can_be() -> None:
    """Kurtosis = skewness² + 1: the variance of the Sharpe ratio may round below zero and must not."""
    returns = array(*([0.01] * 3 + [-0.01] * 2))
    found = evidence(returns, [0.1])
    assert found is not None
    assert 0.0 <= found.probabilistic <= 1.0
    assert NormalDist().cdf(0.0) < found.probabilistic
