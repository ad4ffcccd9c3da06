"""Measures of daily returns by hand, and against what empyrical-reloaded computed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from research.performance import returns as daily
from tests.support.research.empyrical_reference import MEASURES, RECORD, apart, ours, series
from tests.support.research.results import array

RECORDED = json.loads(RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: f"seed{row['seed']}")
def test_measures_equal_those_of_empyrical(row: dict[str, object]) -> None:
    """BT-2: to 1e-9, and absent where it has none."""
    mine = ours(np.array(row["returns"]))
    reference = row["measures"]
    assert isinstance(reference, dict)
    assert reference.keys() == MEASURES.keys()
    assert {name: mine[name] for name in MEASURES if apart(mine[name], reference[name]) > 1e-9} == {}


def test_the_record_is_of_series_that_the_script_draws() -> None:
    """A record that cannot be made again proves nothing."""
    assert len(RECORDED) == 24
    assert all(series(row["seed"]).tolist() == row["returns"] for row in RECORDED)


def test_a_measure_that_is_off_is_caught() -> None:
    """STYLE: the specimen is a Sharpe ratio with n in the place of n - 1."""
    returns = np.array(RECORDED[0]["returns"])
    wrong = float(returns.mean() / returns.std()) * math.sqrt(365)
    assert apart(wrong, RECORDED[0]["measures"]["sharpe"]) > 1e-9
    assert apart(None, 0.0) == math.inf


def test_measures_by_hand() -> None:
    """BT-2: two days, +10 % and -5 %."""
    returns = array(0.1, -0.05)
    assert daily.total_return(returns) == pytest.approx(0.045)
    assert daily.cagr(returns) == pytest.approx(1.045 ** (365 / 2) - 1)
    assert daily.sharpe(returns) == pytest.approx(0.025 / (0.15 / math.sqrt(2)) * math.sqrt(365))
    assert daily.sortino(returns) == pytest.approx(0.025 * 365 / math.sqrt(0.0025 / 2 * 365))
    assert daily.omega(returns) == pytest.approx(2.0)
    assert daily.fall(returns) == pytest.approx(0.05)
    assert daily.calmar(returns) == pytest.approx((1.045 ** (365 / 2) - 1) / 0.05)


def test_without_days_nothing_can_be_told() -> None:
    """BT-2: absent, not NaN."""
    assert set(ours(array()).values()) - {0.0} == {None}
    assert daily.fall(array()) == 0.0
    assert daily.moments(array()) is None


def test_one_day_has_a_return_and_no_spread() -> None:
    found = ours(array(0.01))
    assert found["total_return"] == pytest.approx(0.01)
    assert found["volatility"] is found["sharpe"] is found["sortino"] is found["calmar"] is None


@pytest.mark.parametrize("value", [0.0, 0.001, 0.1, -0.001])
def test_returns_that_do_not_differ_have_no_sharpe_ratio(value: float) -> None:
    """BT-2: the spread of equal numbers is dust of rounding, and dividing by it gives 1e15."""
    returns = np.full(7, value)
    assert daily.sharpe(returns) is None
    assert daily.volatility(returns) == 0.0
    assert daily.moments(returns) is None


def test_without_a_losing_day_there_is_no_sortino_calmar_or_omega() -> None:
    returns = array(0.01, 0.02, 0.0)
    assert daily.sortino(returns) is daily.calmar(returns) is daily.omega(returns) is None
    assert daily.sharpe(returns) is not None


def test_growth_that_no_float_holds_is_absent() -> None:
    """BT-2: never infinite."""
    returns = np.full(2000, 5.0)
    returns[0] = 4.0
    assert daily.total_return(returns) is daily.cagr(returns) is None
    assert daily.cagr(array(0.9, 8.0)) is None or math.isfinite(daily.cagr(array(0.9, 8.0)) or 0.0)
    assert daily.cagr(array(1e3)) is None
    assert daily.fall(returns) == 0.0
    assert daily.sharpe(array(1e200, -1e200)) is None


def test_a_total_loss_is_minus_one_a_year_and_a_fall_of_all() -> None:
    returns = array(0.5, -1.0, 0.0)
    assert daily.cagr(returns) == daily.total_return(returns) == -1.0
    assert daily.fall(returns) == 1.0
    assert daily.calmar(returns) == -1.0


def test_moments_are_those_of_the_textbook() -> None:
    """BT-4: skewness and kurtosis go into the probabilistic Sharpe ratio; a normal distribution has 3, not 0."""
    found = daily.moments(array(1, 2, 3, 4, 10))
    assert found is not None
    assert (found.mean, found.deviation) == pytest.approx((4.0, math.sqrt(12.5)))
    assert found.skewness == pytest.approx(36.0 / 10.0**1.5)
    assert found.kurtosis == pytest.approx(278.8 / 100.0)
