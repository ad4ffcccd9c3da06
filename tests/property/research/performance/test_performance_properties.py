"""Measures of any run: finite or absent, alike at any scale, and in the order that a trader expects."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.columns import Floats
from research.performance import returns as daily
from research.performance.drawdowns import drawdowns
from research.performance.equity import DAY, EquityCurve
from research.performance.exposure import time_in_market
from research.performance.summary import summarise
from research.performance.tail_risk import conditional_value_at_risk, value_at_risk
from research.performance.trades import TradeResult, distribution, expectancy, profit_factor, win_rate
from tests.support.research.empyrical_reference import ours
from tests.support.research.results import NEW_YEAR, day, trade

MONEY = st.floats(-1e7, 1e7, allow_nan=False)
RETURNS = st.lists(st.floats(-0.5, 0.5).map(lambda value: round(value, 6)), min_size=2, max_size=60).map(
    lambda values: np.array(values, dtype=np.float64)
)


@st.composite
def curves(draw: st.DrawFn, lowest: float = -1e6) -> EquityCurve:
    gaps = draw(st.lists(st.integers(0, 3 * DAY), max_size=40))
    values = draw(st.lists(st.floats(lowest, 1e6), min_size=len(gaps), max_size=len(gaps)))
    times = [day(draw(st.floats(0, 1))) + int(gap) for gap in np.cumsum([0, *gaps])[:1]]
    for gap in gaps:
        times.append(times[-1] + gap)
    points = list(zip(times, [draw(st.floats(1.0, 1e6)), *values], strict=True))
    return EquityCurve.of(points, times[-1] + draw(st.integers(0, 2 * DAY)))


@st.composite
def closed(draw: st.DrawFn) -> TradeResult:
    opened = draw(st.floats(0, 20))
    return trade(
        draw(MONEY),
        opened,
        opened + draw(st.floats(0, 20)),
        fees=draw(st.floats(0, 1e4)),
        slippage=draw(st.floats(0, 1e4)),
        funding=draw(st.floats(-1e4, 1e4)),
        risk=draw(st.one_of(st.just(0.0), st.floats(1e-9, 1e4))),
        entry_value=draw(st.floats(0, 1e6)),
        exit_value=draw(st.floats(0, 1e6)),
    )


@given(curves(), st.lists(closed(), max_size=20))
def test_every_measure_is_finite_or_absent(curve: EquityCurve, trades: list[TradeResult]) -> None:
    """BT-2: also of equity below zero, of no time, of results that no risk explains."""
    found = summarise(curve, trades)
    values = [value for value in msgspec.to_builtins(found).values() if isinstance(value, float)]
    assert all(map(math.isfinite, values))
    assert 0.0 <= found.max_drawdown_daily <= found.max_drawdown + 1e-12 <= 1.0 + 1e-12
    assert 0.0 <= found.under_water <= 1.0
    assert 0 <= found.longest_drawdown_ms <= curve.end - curve.start
    assert found.total_return is None or found.total_return >= -1.0
    assert (found.ruined_at is None) or (found.max_drawdown == 1.0 and found.sharpe is None)


@given(curves(lowest=1.0), st.sampled_from([0.01, 3.0, 1e4]))
def test_a_run_with_other_money_has_the_same_ratios(curve: EquityCurve, scale: float) -> None:
    """BT-2: measures of returns know no USDT."""
    other = EquityCurve(curve.times, curve.values * scale, curve.end, curve.ruined_at)
    one, two = (ours(each.daily_returns()) for each in (curve, other))
    for name, value in one.items():
        if name != "sharpe" and value is not None and abs(value) < 1e6:  # a spread near rounding is one or the other
            assert two[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name


@given(curves(lowest=1.0))
def test_daily_returns_compound_to_the_whole(curve: EquityCurve) -> None:
    grown = float(np.prod(1.0 + curve.daily_returns()))
    assert grown == pytest.approx(float(curve.values[-1] / curve.values[0]) if curve.end > curve.start else grown, rel=1e-9)
    months = float(np.prod([1.0 + row.value for row in curve.monthly_returns()]))
    assert months == pytest.approx(grown, rel=1e-9)


@given(curves(lowest=1.0), st.integers(1, 30), st.floats(-0.4, 5.0))
def test_transfers_change_no_return(curve: EquityCurve, place: int, share: float) -> None:
    """BT-2: money that comes or goes right before a change, and is then traded in proportion."""
    if place >= len(curve.times) or curve.times[place] == curve.times[place - 1]:
        return
    amount = float(curve.values[place - 1]) * share
    values = curve.values.copy()
    values[place:] *= (values[place] + amount) / values[place]
    points = list(zip(curve.times.tolist(), values.tolist(), strict=True))
    if min(values) <= 0:
        return
    moved = EquityCurve.of(points, curve.end, [(int(curve.times[place]), amount)])
    assert moved.daily_returns().tolist() == pytest.approx(curve.daily_returns().tolist(), rel=1e-6, abs=1e-9)


@given(RETURNS, st.randoms(use_true_random=False))
def test_order_of_days_matters_to_drawdown_alone(returns: Floats, random: object) -> None:
    """BT-2: everything else is a measure of the set of days."""
    shuffled = returns.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types its randoms as object
    one, two = ours(returns), ours(shuffled)
    for name in set(one) - {"fall", "calmar"}:
        assert two[name] == (None if one[name] is None else pytest.approx(one[name], rel=1e-6, abs=1e-9)), name


@given(RETURNS, st.floats(0.001, 0.2))
def test_the_same_gain_on_every_day_raises_what_counts_gains(returns: Floats, gain: float) -> None:
    better = returns + gain
    one, two = ours(returns), ours(better)
    for name in ("total_return", "cagr", "sharpe"):
        if one[name] is not None and two[name] is not None:
            assert two[name] >= one[name], name
    assert daily.fall(better) <= daily.fall(returns) + 1e-12


@given(RETURNS)
def test_the_mean_of_the_worst_days_is_no_better_than_their_border(returns: Floats) -> None:
    """BT-2: CVaR is at least VaR, and both grow with the level."""
    border, mean = value_at_risk(returns), conditional_value_at_risk(returns)
    assert border is not None
    assert mean is not None
    assert mean >= border - 1e-12
    assert (value_at_risk(returns, 0.99) or 0.0) >= border - 1e-12


@given(curves(lowest=1.0))
def test_falls_do_not_overlap_and_are_in_order(curve: EquityCurve) -> None:
    falls = drawdowns(curve)
    for fall in falls:
        assert 0.0 < fall.depth <= 1.0
        assert fall.peak_at <= fall.trough_at <= (curve.end if fall.recovered_at is None else fall.recovered_at)
    for one, two in pairwise(falls):
        assert one.recovered_at is not None
        assert one.recovered_at <= two.peak_at


@given(st.lists(closed(), min_size=1, max_size=20))
def test_distribution_of_r_holds_every_trade_once(trades: list[TradeResult]) -> None:
    found = np.array([r for each in trades if (r := each.r) is not None])
    bars = distribution(found)
    assert sum(bar.trades for bar in bars) == len(found)
    assert len(bars) <= 30
    for bar in bars:
        inside = int(np.sum((found >= bar.low) & (found < bar.high)))
        if bar not in (bars[0], bars[-1]):
            assert bar.trades == inside


@given(st.lists(MONEY, min_size=1, max_size=30).map(np.array))
def test_a_profit_factor_above_one_is_an_expectancy_above_zero(results: Floats) -> None:
    """BT-2: two ways to say that it earned."""
    factor, mean = profit_factor(results), expectancy(results)
    assert mean is not None
    if factor is not None and abs(factor - 1.0) > 1e-9:
        assert (factor > 1.0) == (mean > 0.0)
    assert 0.0 <= (win_rate(results) or 0.0) <= 1.0


@given(st.lists(closed(), max_size=15))
def test_time_in_the_market_is_that_of_a_count_of_hours(trades: list[TradeResult]) -> None:
    """BT-2: counted moment by moment."""
    moments = NEW_YEAR + np.arange(0, 20 * DAY, DAY // 48) + DAY // 96
    inside = np.zeros(len(moments), dtype=bool)
    for each in trades:
        inside |= (moments >= each.opened_at) & (moments < each.closed_at)
    assert time_in_market(trades, NEW_YEAR, day(20)) == pytest.approx(inside.mean(), abs=0.02 * 15 / 10)
