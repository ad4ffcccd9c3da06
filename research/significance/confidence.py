"""Confidence intervals of the measures that people decide by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from research.performance import returns as daily
from research.performance import trades as closed
from research.performance.equity import EquityCurve
from research.performance.trades import TradeResult
from research.significance.bootstrap import RESAMPLES, Interval, Statistic, intervals

#: Measures of daily returns, by their names in Performance.
OF_RETURNS: Final[Mapping[str, Statistic]] = {
    "total_return": daily.total_return,
    "cagr": daily.cagr,
    "volatility": daily.volatility,
    "sharpe": daily.sharpe,
    "sortino": daily.sortino,
    "calmar": daily.calmar,
    "max_drawdown_daily": daily.fall,
}
#: Measures of results of trades, USDT.
OF_RESULTS: Final[Mapping[str, Statistic]] = {
    "win_rate": closed.win_rate,
    "profit_factor": closed.profit_factor,
    "payoff_ratio": closed.payoff_ratio,
    "expectancy": closed.expectancy,
}
#: Measures of multiples of R.
OF_MULTIPLES: Final[Mapping[str, Statistic]] = {"expectancy_r": closed.expectancy}


def confidence(
    curve: EquityCurve,
    trades: Sequence[TradeResult],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> dict[str, Interval]:
    """The interval of each measure, under its name in Performance. Of a ruined account only the trades are drawn from."""
    found: dict[str, Interval] = {}
    if curve.ruined_at is None:
        found |= intervals(curve.daily_returns(), OF_RETURNS, "stationary", rng, level=level, resamples=resamples)
    found |= intervals(closed.results(trades), OF_RESULTS, "plain", rng, level=level, resamples=resamples)
    found |= intervals(closed.multiples(trades), OF_MULTIPLES, "plain", rng, level=level, resamples=resamples)
    return found
