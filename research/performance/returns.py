"""Measures of daily returns: growth, spread, and the one against the other.

Returns are fractions, one a day; crypto trades on 365 days a year. The definitions are those of empyrical, the risk-free
rate is 0. A year's figure of a few days says nothing: look at how many days it comes from.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np

from research.columns import Floats
from research.performance.finite import deviation, finite, ratio

#: Trading days of crypto a year.
DAYS_A_YEAR: Final = 365


class Moments(NamedTuple):
    """Shape of a distribution. skewness: 0 = symmetric. kurtosis: 3 = normal, more = fatter tails."""

    mean: float
    deviation: float
    skewness: float
    kurtosis: float


def growth(returns: Floats) -> Floats:
    """Worth of 1 USDT after each day, reinvested; one entry a return. Never below 0."""
    with np.errstate(over="ignore"):
        grown: Floats = np.maximum(np.cumprod(1.0 + returns), 0.0)
    return grown


def total_return(returns: Floats) -> float | None:
    """All returns compounded, a fraction."""
    return finite(growth(returns)[-1] - 1.0) if len(returns) else None


def cagr(returns: Floats) -> float | None:
    """Compound annual growth rate: the yearly return that gives the same in the same days. -1 after ruin."""
    total = total_return(returns)
    if total is None or total <= -1.0:
        return total
    try:
        return math.expm1(math.log1p(total) * DAYS_A_YEAR / len(returns))
    except OverflowError:
        return None


def volatility(returns: Floats) -> float | None:
    """Standard deviation of a year's return: that of a day (n - 1) times the root of 365."""
    daily = deviation(returns)
    return None if daily is None else daily * math.sqrt(DAYS_A_YEAR)


def downside_deviation(returns: Floats) -> float | None:
    """As volatility, of losing days alone: root of the mean, over all days, of the squared losses."""
    if not len(returns):
        return None
    return math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)) * DAYS_A_YEAR)


def daily_sharpe(returns: Floats) -> float | None:
    """Mean over standard deviation (n - 1) of a day's returns, not annualised. None where returns do not differ."""
    spread = deviation(returns)
    return None if spread is None else ratio(float(np.mean(returns)), spread)


def sharpe(returns: Floats) -> float | None:
    """Daily Sharpe ratio times the root of 365."""
    daily = daily_sharpe(returns)
    return None if daily is None else daily * math.sqrt(DAYS_A_YEAR)


def sortino(returns: Floats) -> float | None:
    """Mean return of a year over its downside deviation; None without a losing day."""
    below = downside_deviation(returns)
    if not below:
        return None
    return ratio(float(np.mean(returns)) * DAYS_A_YEAR, below)


def calmar(returns: Floats) -> float | None:
    """CAGR over the deepest fall of daily closes; None without a fall."""
    yearly = cagr(returns)
    return None if yearly is None else ratio(yearly, fall(returns))


def omega(returns: Floats) -> float | None:
    """Sum of the gains over the sum of the losses of days; None without a losing day."""
    return ratio(float(np.sum(np.maximum(returns, 0.0))), float(-np.sum(np.minimum(returns, 0.0))))


def fall(returns: Floats) -> float:
    """Deepest fall of daily closes from the highest before, 0 to 1."""
    worth = np.concatenate(((1.0,), growth(returns)))
    worth = worth[np.isfinite(worth)]
    peaks = np.maximum.accumulate(worth)
    return float(np.max(1.0 - worth / peaks))


def tail_ratio(returns: Floats) -> float | None:
    """The 95th percentile over the size of the 5th: above 1 the good days are larger than the bad ones."""
    if not len(returns):
        return None
    good, bad = np.percentile(returns, (95, 5))
    return ratio(abs(float(good)), abs(float(bad)))


def moments(returns: Floats) -> Moments | None:
    """Mean, deviation (n - 1), skewness and kurtosis; None where returns do not differ or are fewer than two."""
    spread = deviation(returns)
    if not spread:
        return None
    middle = float(np.mean(returns))
    standard = (returns - middle) / float(np.std(returns))
    return Moments(middle, spread, float(np.mean(standard**3)), float(np.mean(standard**4)))
