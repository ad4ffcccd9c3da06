"""Measures of trades, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from research.performance import trades as closed
from research.performance.trades import TradeResult
from tests.support.journal.scenes import trade as reported
from tests.support.research.results import array, day, trade

RESULTS = array(20, -10, 30, 0, -15)


def test_measures_by_hand() -> None:
    """BT-2: two of five won; 50 won, 25 lost."""
    assert closed.win_rate(RESULTS) == pytest.approx(0.4)
    assert closed.profit_factor(RESULTS) == pytest.approx(2.0)
    assert closed.payoff_ratio(RESULTS) == pytest.approx(25 / 12.5)
    assert closed.expectancy(RESULTS) == pytest.approx(5.0)
    assert closed.quality_number(array(1, 2, 3)) == pytest.approx(2 * 3**0.5)


def test_without_trades_or_losses_measures_are_absent() -> None:
    """BT-2: no trades gave NaN elsewhere."""
    none = array()
    assert closed.win_rate(none) is closed.expectancy(none) is None
    assert closed.profit_factor(none) is closed.payoff_ratio(none) is None
    assert closed.quality_number(none) is closed.quality_number(array(2, 2)) is None
    assert closed.profit_factor(array(1, 2)) is closed.payoff_ratio(array(1, 2)) is None
    assert closed.profit_factor(array(-1)) == 0.0
    assert closed.mean_holding([]) is closed.cost_share([]) is None
    assert closed.longest_losing_streak([]) == 0
    assert closed.distribution(none) == []


def test_a_reported_trade_enters_with_its_decimals_as_floats() -> None:
    """BT-2: notional by quantity and average prices, costs with their signs."""
    whole = reported(
        "closed", side="BUY", quantity=Decimal("0.5"), entry_price=Decimal(100), exit_price=Decimal(120), result=Decimal(8),
        fees=Decimal("1.5"), funding=Decimal("-0.5"), risk_amount=Decimal(4), opened_at=day(0), closed_at=day(1),
    )  # fmt: skip
    found = TradeResult.of(whole, slippage=0.25)
    assert (found.entry_value, found.exit_value, found.r, found.slippage) == (50.0, 60.0, 2.0, 0.25)
    assert (found.costs, found.before_costs) == (2.25, 10.25)
    assert found.id == whole.intent_id != ""
    with pytest.raises(ValueError, match="is open: only closed trades"):
        TradeResult.of(reported("open"))


def test_a_trade_without_a_known_risk_has_no_r_and_is_left_out_of_them() -> None:
    assert trade(5, risk=0.0).r is None
    assert closed.multiples([trade(5, risk=0.0), trade(5)]).tolist() == [0.5]
    assert closed.results([trade(5, risk=0.0), trade(5)]).tolist() == [5.0, 5.0]


def test_cost_share_is_what_of_the_gain_was_paid_away() -> None:
    """BT-2: funding received makes trading cheaper."""
    trades = [trade(70, fees=20, slippage=15, funding=5), trade(-30, fees=10)]
    assert closed.cost_share(trades) == pytest.approx(40 / 80)
    assert closed.cost_share([trade(-10, fees=5)]) is None
    assert closed.cost_share([trade(-10, fees=15)]) == pytest.approx(3.0)


def test_losses_in_a_row_are_counted_in_the_order_of_closing() -> None:
    results = {3: -1, 1: -1, 2: -1, 4: 0, 5: -1, 6: 2}
    assert closed.longest_losing_streak([trade(result, closed=at) for at, result in results.items()]) == 3


def test_mean_holding_is_in_milliseconds() -> None:
    assert closed.mean_holding([trade(1, 0, 1), trade(1, 1, 4)]) == pytest.approx(day(2) - day(0))


def test_bars_of_r_have_no_hole_and_hold_every_trade() -> None:
    """BT-2: the distribution of R; -1 belongs to the bar that begins there."""
    bars = closed.distribution(array(-1.0, -0.6, 0.1, 0.4, 1.2))
    assert [(bar.low, bar.high, bar.trades) for bar in bars] == [
        (-1.0, -0.5, 2), (-0.5, 0.0, 0), (0.0, 0.5, 2), (0.5, 1.0, 0), (1.0, 1.5, 1),
    ]  # fmt: skip


def test_outliers_stand_in_the_outermost_bars() -> None:
    """A trade with next to no risk has R in the millions."""
    bars = closed.distribution(array(-1e9, 1e9, 1e300))
    assert (bars[0].low, bars[0].trades) == (-5.0, 1)
    assert (bars[-1].high, bars[-1].trades) == (10.0, 2)
    assert sum(bar.trades for bar in bars) == 3
