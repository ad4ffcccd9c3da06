"""Trades at other costs, by hand."""

from __future__ import annotations

import pytest

from research.validation.cost_sensitivity import FACTORS, break_even, scaled, sensitivity
from tests.support.research.results import trade

TRADES = [trade(20, fees=4, slippage=1, funding=2), trade(-15, fees=4, slippage=1)]


def test_dearer_fees_and_slippage_lower_each_result() -> None:
    """BT-4: funding and risk stay."""
    first, second = scaled(TRADES, fees=2.0, slippage=3.0)
    assert (first.result, first.fees, first.slippage, first.funding, first.risk) == (14.0, 8.0, 3.0, 2.0, 10.0)
    assert second.result == -21.0
    assert first.before_costs == TRADES[0].before_costs


def test_rows_of_factors_by_hand() -> None:
    """BT-4: from half to three times the costs."""
    rows = sensitivity(TRADES)
    assert [row.factor for row in rows] == list(FACTORS)
    assert [row.result for row in rows] == pytest.approx([10.0, 5.0, 0.0, -5.0, -15.0])
    assert [row.costs for row in rows] == pytest.approx([5.0, 10.0, 15.0, 20.0, 30.0])
    assert (rows[1].win_rate, rows[1].profit_factor, rows[1].expectancy_r) == (0.5, pytest.approx(20 / 15), 0.25)


def test_break_even_is_the_factor_at_which_nothing_is_left() -> None:
    assert break_even(TRADES) == pytest.approx(1.5)
    assert sum(each.result for each in scaled(TRADES, 1.5, 1.5)) == pytest.approx(0.0)


def test_trades_that_lose_without_costs_break_even_at_none() -> None:
    assert break_even([trade(-20, fees=5)]) == 0.0
    assert break_even([trade(20)]) is break_even([]) is None


def test_without_trades_rows_are_empty() -> None:
    (row,) = sensitivity([], [1.0])
    assert (row.result, row.costs, row.win_rate, row.expectancy_r) == (0.0, 0, None, None)


def test_costs_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        scaled(TRADES, fees=-1.0)
