"""Everything that a run of trading is measured by, in one record; docs/performance.md is made from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from research.performance import exposure, tail_risk
from research.performance import returns as daily
from research.performance import trades as closed
from research.performance.drawdowns import deepest, drawdowns, longest, under_water
from research.performance.equity import EquityCurve
from research.performance.tail_risk import VarViolations
from research.performance.trades import TradeResult

#: Days from which the value at risk of the next one is forecast.
VAR_WINDOW: Final = 100


def _meaning(unit: str, formula: str, misses: str) -> msgspec.Meta:
    return msgspec.Meta(title=unit, description=formula, extra={"misses": misses})


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to. Every number is finite, or None where it cannot be told.

    After ruin (``ruined_at``) the ratios of mean to spread are None: the mean of many good days and one that took all can be
    above zero.
    """

    start: Annotated[int, _meaning("UTC ms", "first point of the equity curve", "")]
    end: Annotated[int, _meaning("UTC ms", "moment until which the last equity holds", "")]
    days: Annotated[int, _meaning("days", "UTC days that the curve touches, those without a change too", "")]
    trades: Annotated[int, _meaning("trades", "closed trades", "trades that are still open")]
    start_equity: Annotated[float, _meaning("USDT", "equity at the start", "")]
    end_equity: Annotated[
        float, _meaning("USDT", "equity at the end, transfers taken out", "what it would cost to close what is open")
    ]
    ruined_at: Annotated[
        int | None,
        _meaning("UTC ms", "when equity was zero or below; it stays zero from there", "that exchanges liquidate earlier"),
    ]
    total_return: Annotated[
        float | None, _meaning("fraction", "daily returns compounded: end over start, less 1", "how long it took")
    ]
    cagr: Annotated[
        float | None,
        _meaning(
            "fraction a year",
            "(1 + total return) to the power of 365 / days, less 1",
            "risk; of less than a year it is a promise, not a fact",
        ),
    ]
    volatility: Annotated[
        float | None,
        _meaning(
            "fraction a year",
            "standard deviation (n - 1) of daily returns x root of 365",
            "moves within a day; days that hang together",
        ),
    ]
    downside_deviation: Annotated[
        float | None,
        _meaning("fraction a year", "root of the mean over all days of squared losses, x root of 365", "the same"),
    ]
    sharpe: Annotated[
        float | None,
        _meaning(
            "a year",
            "mean over standard deviation (n - 1) of daily returns, x root of 365; risk-free rate 0",
            "fat tails, luck, and how many variants were tried: see the deflated Sharpe ratio",
        ),
    ]
    sortino: Annotated[
        float | None,
        _meaning("a year", "365 x mean of daily returns over downside deviation", "a loss that has not come yet"),
    ]
    calmar: Annotated[
        float | None,
        _meaning(
            "a year", "CAGR over the deepest fall of daily closes", "it rests on one fall; longer runs have deeper ones"
        ),
    ]
    omega: Annotated[float | None, _meaning("ratio", "sum of gaining days over sum of losing days", "the order of the days")]
    max_drawdown: Annotated[
        float,
        _meaning(
            "fraction",
            "deepest fall from the highest equity before, at every change, 0 to 1",
            "that the next is deeper: see the Monte Carlo of trade order",
        ),
    ]
    max_drawdown_daily: Annotated[
        float, _meaning("fraction", "the same at daily closes, as most libraries compute it", "falls within a day")
    ]
    longest_drawdown_ms: Annotated[
        int, _meaning("ms", "longest time from a highest equity until it was reached again, or until the end", "its depth")
    ]
    under_water: Annotated[float, _meaning("fraction", "share of the time below an earlier highest equity", "how far below")]
    value_at_risk: Annotated[
        float | None,
        _meaning("fraction", "loss of a day that 95 % of the days stay within; negative = a gain", "how bad the others are"),
    ]
    conditional_value_at_risk: Annotated[
        float | None, _meaning("fraction", "mean loss of the worst 5 % of the days", "losses worse than any so far")
    ]
    var_violations: Annotated[
        VarViolations | None,
        _meaning(
            "record",
            "days whose loss exceeded the value at risk of the 100 days before, beside those expected; Kupiec's p-value",
            "violations that come together",
        ),
    ]
    tail_ratio: Annotated[
        float | None, _meaning("ratio", "95th percentile of daily returns over the size of the 5th", "what lies beyond both")
    ]
    skewness: Annotated[
        float | None,
        _meaning("number", "third moment of standardised daily returns; below 0: losses are the larger moves", "few days"),
    ]
    kurtosis: Annotated[
        float | None, _meaning("number", "fourth moment of standardised daily returns; normal is 3", "few days")
    ]
    best_day: Annotated[float | None, _meaning("fraction", "highest daily return", "")]
    worst_day: Annotated[float | None, _meaning("fraction", "lowest daily return", "")]
    win_rate: Annotated[
        float | None, _meaning("fraction", "share of the trades with a result above zero after costs", "how much they win")
    ]
    profit_factor: Annotated[
        float | None, _meaning("ratio", "sum of winning results over sum of losing ones", "one large win among few trades")
    ]
    payoff_ratio: Annotated[float | None, _meaning("ratio", "mean win over mean loss", "how often each comes")]
    expectancy: Annotated[float | None, _meaning("USDT", "mean result of a trade", "that sizes differ")]
    expectancy_r: Annotated[
        float | None,
        _meaning(
            "R", "mean of result over amount risked, of trades that risked something", "stops that fill beyond their price"
        ),
    ]
    quality_number: Annotated[
        float | None,
        _meaning("t-value", "mean R over its deviation, x root of the number of trades", "trades that hang together"),
    ]
    mean_holding_ms: Annotated[float | None, _meaning("ms", "mean time from opened to closed", "its spread")]
    longest_losing_streak: Annotated[int, _meaning("trades", "most losses in a row", "that longer runs have longer streaks")]
    time_in_market: Annotated[
        float | None, _meaning("fraction", "share of the time with at least one trade open", "with how much money")
    ]
    mean_exposure: Annotated[
        float | None,
        _meaning("x equity", "mean over time of the notional held, at entry prices, over mean equity", "partial exits"),
    ]
    turnover: Annotated[
        float | None, _meaning("x equity", "notional of all entries and exits over mean equity", "how long it took")
    ]
    costs: Annotated[
        float, _meaning("USDT", "fees + slippage - funding received", "slippage that nobody measured counts as 0")
    ]
    cost_share: Annotated[
        float | None,
        _meaning(
            "fraction",
            "costs over the result before costs; above 1 they ate it all; absent without a gain before costs",
            "what a larger account would pay",
        ),
    ]


def summarise(curve: EquityCurve, trades: Sequence[TradeResult]) -> Performance:
    """Measure a run by its equity curve and its closed trades."""
    returns = curve.daily_returns()
    falls = drawdowns(curve)
    worst, slowest = deepest(falls), longest(falls)
    results, multiples = closed.results(trades), closed.multiples(trades)
    shape = daily.moments(returns)
    alive = curve.ruined_at is None
    return Performance(
        start=curve.start,
        end=curve.end,
        days=len(returns),
        trades=len(trades),
        start_equity=float(curve.values[0]),
        end_equity=float(curve.values[-1]),
        ruined_at=curve.ruined_at,
        total_return=daily.total_return(returns),
        cagr=daily.cagr(returns),
        volatility=daily.volatility(returns),
        downside_deviation=daily.downside_deviation(returns),
        sharpe=daily.sharpe(returns) if alive else None,
        sortino=daily.sortino(returns) if alive else None,
        calmar=daily.calmar(returns),
        omega=daily.omega(returns) if alive else None,
        max_drawdown=worst.depth if worst else 0.0,
        max_drawdown_daily=daily.fall(returns),
        longest_drawdown_ms=slowest.length_ms if slowest else 0,
        under_water=under_water(curve, falls),
        value_at_risk=tail_risk.value_at_risk(returns),
        conditional_value_at_risk=tail_risk.conditional_value_at_risk(returns),
        var_violations=tail_risk.violations(returns[VAR_WINDOW:], tail_risk.forecasts(returns, VAR_WINDOW)),
        tail_ratio=daily.tail_ratio(returns),
        skewness=shape.skewness if shape else None,
        kurtosis=shape.kurtosis if shape else None,
        best_day=float(returns.max()) if len(returns) else None,
        worst_day=float(returns.min()) if len(returns) else None,
        win_rate=closed.win_rate(results),
        profit_factor=closed.profit_factor(results),
        payoff_ratio=closed.payoff_ratio(results),
        expectancy=closed.expectancy(results),
        expectancy_r=closed.expectancy(multiples),
        quality_number=closed.quality_number(multiples),
        mean_holding_ms=closed.mean_holding(trades),
        longest_losing_streak=closed.longest_losing_streak(trades),
        time_in_market=exposure.time_in_market(trades, curve.start, curve.end),
        mean_exposure=exposure.mean_exposure(trades, curve),
        turnover=exposure.turnover(trades, curve),
        costs=float(sum(trade.costs for trade in trades)),
        cost_share=closed.cost_share(trades),
    )
