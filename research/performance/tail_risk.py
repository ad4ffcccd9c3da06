"""Value at risk: how bad a bad day is, and whether a forecast of it held.

All figures are losses as fractions of equity: 0.03 is a loss of 3 %. A negative one says that even the bad days won.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from research.columns import Floats

#: Share of the days on which the loss is to stay within value at risk.
LEVEL: Final = 0.95

_NORMAL: Final = NormalDist()


class VarViolations(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which the loss exceeded value at risk, of the days that had a forecast.

    expected: how many there would be if the forecast were right. p_value: probability of being as far or farther from
    that when it is right (Kupiec's likelihood ratio, chi-square with one degree of freedom); small = the forecast is wrong.
    """

    days: int
    violations: int
    expected: float
    p_value: float


def value_at_risk(returns: Floats, level: float = LEVEL) -> float | None:
    """Loss that is not exceeded on ``level`` of the days: the historical quantile, linear between two days."""
    return float(-np.percentile(returns, 100.0 * (1.0 - level))) if len(returns) else None


def conditional_value_at_risk(returns: Floats, level: float = LEVEL) -> float | None:
    """Mean loss of the worst days, 1 - ``level`` of all, at least one."""
    if not len(returns):
        return None
    worst = int(round((len(returns) - 1) * (1.0 - level), 9)) + 1  # 10 * (1 - 0.9) is one day, not 0.99 of it
    return float(-np.mean(np.partition(returns, worst - 1)[:worst]))


def forecasts(returns: Floats, window: int, level: float = LEVEL) -> Floats:
    """Value at risk for each day after the first ``window``, from the ``window`` days before it. Raises ValueError."""
    if window < 2:
        raise ValueError(f"window {window}: value at risk needs at least two days")
    if len(returns) <= window:
        return np.zeros(0)
    before = sliding_window_view(returns, window)[:-1]
    found: Floats = -np.percentile(before, 100.0 * (1.0 - level), axis=1)
    return found


def violations(returns: Floats, forecast: Floats, level: float = LEVEL) -> VarViolations | None:
    """Judge forecasts of value at risk by the returns of their days. None without a day.

    Raises ValueError when there are not as many of the one as of the other.
    """
    if len(returns) != len(forecast):
        raise ValueError(f"{len(forecast)} forecasts for {len(returns)} days: give one a day")
    days = len(returns)
    if not days:
        return None
    exceeded = int(np.count_nonzero(-returns > forecast))
    odds = 1.0 - level
    likelier = _log_likelihood(exceeded, days, exceeded / days) - _log_likelihood(exceeded, days, odds)
    distance = math.sqrt(max(0.0, 2.0 * likelier))
    return VarViolations(
        days=days, violations=exceeded, expected=odds * days, p_value=min(1.0, 2.0 * _NORMAL.cdf(-distance))
    )


def _log_likelihood(exceeded: int, days: int, odds: float) -> float:
    within = days - exceeded
    return (exceeded * math.log(odds) if exceeded else 0.0) + (within * math.log1p(-odds) if within else 0.0)
