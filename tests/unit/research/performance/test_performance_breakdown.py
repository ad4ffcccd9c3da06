"""Tables of trades by group, by hand."""

from __future__ import annotations

import pytest

from research.performance.breakdown import breakdown
from tests.support.research.results import trade


def test_each_group_has_its_row_in_the_order_of_its_first_trade() -> None:
    """BT-2: tables by symbol, session or strategy."""
    trades = [trade(20, symbol="ETHUSDT", fees=2), trade(-10, fees=1), trade(-5, symbol="ETHUSDT", fees=2, risk=0.0)]
    rows = breakdown(trades, lambda each: [each.symbol])
    assert [(row.group, row.trades, row.result, row.costs, row.win_rate, row.expectancy_r) for row in rows] == [
        ("ETHUSDT", 2, 15.0, 4.0, 0.5, 2.0),
        ("BTCUSDT", 1, -10.0, 1.0, 0.0, -1.0),
    ]
    assert [row.profit_factor for row in rows] == [pytest.approx(4.0), 0.0]


def test_a_trade_counts_in_each_of_its_groups_and_in_none_without() -> None:
    """BT-2: windows of time overlap."""
    strategies = {"a": ["ob_fvg", "silver_bullet"], "b": ["ob_fvg"], "c": []}
    rows = breakdown([trade(1, id=name) for name in strategies], lambda each: strategies[each.id])
    assert [(row.group, row.trades) for row in rows] == [("ob_fvg", 2), ("silver_bullet", 1)]
    assert breakdown([], lambda each: [each.symbol]) == []
