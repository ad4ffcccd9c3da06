"""Whether a Sharpe ratio is more than luck: of a short record, of fat tails, of the best of many trials.

Bailey and López de Prado: "The Sharpe Ratio Efficient Frontier" (2012) and "The Deflated Sharpe Ratio" (2014). Sharpe
ratios here are those of one observation (of a day, for daily returns), not annualised; kurtosis of a normal distribution
is 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import msgspec
import numpy as np

from research.columns import Floats
from research.performance.finite import deviation, finite
from research.performance.returns import daily_sharpe, moments

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329


class SharpeEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for and against the Sharpe ratio of a strategy that was chosen among ``trials``.

    sharpe, expected_best: of one observation. expected_best: what the best of so many trials without any skill would
    show. probabilistic: probability that the true one is above 0. deflated: that it is above ``expected_best``; 0.95 and
    more is evidence. needed: observations after which a Sharpe ratio like this one is above 0 with 95 %; None = never.
    """

    observations: int
    trials: float
    sharpe: float
    expected_best: float
    probabilistic: float
    deflated: float
    needed: float | None


def probabilistic(sharpe: float, benchmark: float, observations: int, skewness: float, kurtosis: float) -> float:
    """Probability that the true Sharpe ratio is above ``benchmark``. Raises ValueError for fewer than two observations."""
    if observations < 2:
        raise ValueError(f"{observations} observation(s): a Sharpe ratio needs at least two")
    error = math.sqrt(_variance(sharpe, skewness, kurtosis) / (observations - 1))
    return _NORMAL.cdf((sharpe - benchmark) / error)


def minimum_track_record(
    sharpe: float, benchmark: float, skewness: float, kurtosis: float, confidence: float = 0.95
) -> float | None:
    """Observations after which the true Sharpe ratio is above ``benchmark`` with that confidence; None = it is not above."""
    if sharpe <= benchmark:
        return None
    return finite(1.0 + _variance(sharpe, skewness, kurtosis) * (_NORMAL.inv_cdf(confidence) / (sharpe - benchmark)) ** 2)


def expected_best(trials: float, spread: float) -> float:
    """Sharpe ratio that the best of so many independent trials without skill is expected to show; 0 for a single one.

    spread: standard deviation of the trials' Sharpe ratios. Raises ValueError for less than one trial.
    """
    if trials < 1.0:
        raise ValueError(f"{trials} trials: at least the chosen one was tried")
    if trials < 1.0 + 1e-9:
        return 0.0
    upper = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    outer = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return max(0.0, spread * ((1.0 - _EULER) * upper + _EULER * outer))


def deflated(sharpe: float, trials: float, spread: float, observations: int, skewness: float, kurtosis: float) -> float:
    """Probability that the true Sharpe ratio is above what the best of ``trials`` without skill would show."""
    return probabilistic(sharpe, expected_best(trials, spread), observations, skewness, kurtosis)


def independent_trials(returns: Floats) -> float:
    """How many independent trials the columns of ``returns`` (observations x trials) are worth, from 1 to their number.

    The mean correlation of the trials counts as one trial, the rest as independent ones. Trials that never moved are left
    out. Neighbours in a grid are nearly the same trial: counting each would deflate too much.
    """
    moved = returns[:, [bool(deviation(column)) for column in returns.T]]
    count = int(moved.shape[1])
    if count < 2:
        return 1.0
    correlations = np.corrcoef(moved, rowvar=False)
    mean = (float(correlations.sum()) - count) / (count * (count - 1))
    mean = min(max(mean, 0.0), 1.0)
    return mean + (1.0 - mean) * count


def evidence(returns: Floats, trials: Sequence[float], independent: float | None = None) -> SharpeEvidence | None:
    """Judge a strategy's returns by the Sharpe ratios of everything that was tried, itself among them.

    independent: number of independent trials; None = every trial counts. None when the returns have no Sharpe ratio.
    Raises ValueError without a trial.
    """
    if not trials:
        raise ValueError("no trials: give the Sharpe ratios of everything that was tried, the chosen one among them")
    sharpe, shape = daily_sharpe(returns), moments(returns)
    if sharpe is None or shape is None:
        return None
    count = float(len(trials)) if independent is None else independent
    best = expected_best(count, deviation(np.array(trials, dtype=np.float64)) or 0.0)
    observations = len(returns)
    return SharpeEvidence(
        observations=observations,
        trials=count,
        sharpe=sharpe,
        expected_best=best,
        probabilistic=probabilistic(sharpe, 0.0, observations, shape.skewness, shape.kurtosis),
        deflated=probabilistic(sharpe, best, observations, shape.skewness, shape.kurtosis),
        needed=minimum_track_record(sharpe, 0.0, shape.skewness, shape.kurtosis),
    )


def _variance(sharpe: float, skewness: float, kurtosis: float) -> float:
    """Of an estimated Sharpe ratio, times the observations less one. Raises ValueError for a shape that cannot be.

    Every distribution has kurtosis >= skewness² + 1, which keeps this at zero or above; rounding may not.
    """
    if kurtosis < skewness**2 + 1.0 - 1e-9 * kurtosis:
        raise ValueError(f"kurtosis {kurtosis} with skewness {skewness}: no distribution has less than skewness² + 1")
    return max(1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2, 1e-12)
