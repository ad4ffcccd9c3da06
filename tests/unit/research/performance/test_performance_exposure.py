"""Time in the market, exposure and turnover, by hand."""

from __future__ import annotations

import pytest

from research.performance.exposure import mean_equity, mean_exposure, time_in_market, turnover
from tests.support.research.results import curve, daily, day, trade


def test_time_with_two_trades_open_counts_once() -> None:
    """BT-2: exposure."""
    trades = [trade(1, 1, 3), trade(1, 2, 4), trade(1, 6, 7), trade(1, 2.5, 2.6)]
    assert time_in_market(trades, day(0), day(10)) == pytest.approx(0.4)


def test_time_outside_of_the_run_does_not_count() -> None:
    assert time_in_market([trade(1, -5, 1), trade(1, 9, 30)], day(0), day(10)) == pytest.approx(0.2)
    assert time_in_market([], day(0), day(10)) == 0.0
    assert time_in_market([], day(0), day(0)) is None


def test_mean_equity_is_weighted_by_time() -> None:
    assert mean_equity(curve((0, 100), (1, 200), end=4)) == pytest.approx(175)
    assert mean_equity(daily(100)) is None


def test_turnover_and_exposure_are_in_multiples_of_equity() -> None:
    """BT-2: half of the time twice the equity is a mean exposure of 1."""
    run = curve((0, 1000), end=10)
    trades = [trade(1, 0, 5, entry_value=2000, exit_value=2200)]
    assert turnover(trades, run) == pytest.approx(4.2)
    assert mean_exposure(trades, run) == pytest.approx(1.0)
    assert mean_exposure([trade(1, -9, 5, entry_value=2000), trade(1, 20, 30, entry_value=2000)], run) == pytest.approx(1.0)
    assert turnover(trades, daily(1000)) is mean_exposure(trades, daily(1000)) is None
