"""Value at risk and the judgement of its forecasts."""

from __future__ import annotations

import numpy as np
import pytest

from research.performance.tail_risk import conditional_value_at_risk, forecasts, value_at_risk, violations
from tests.support.research.results import array, generator


def test_value_at_risk_is_a_loss_above_zero() -> None:
    """BT-2: of 101 evenly spread returns the fifth lowest."""
    returns = np.linspace(-0.10, 0.90, 101)
    assert value_at_risk(returns) == pytest.approx(0.05)
    assert conditional_value_at_risk(returns) == pytest.approx(0.075)  # of -10 % to -5 %


def test_the_mean_of_the_worst_days_counts_whole_days() -> None:
    """10 x (1 - 0.9) is 0.99…9 for a float, and one day for everybody else."""
    returns = array(-3, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert conditional_value_at_risk(returns, 0.9) == pytest.approx(2.0)


def test_forecasts_know_only_the_days_before() -> None:
    """BT-2: the day that is judged changes nothing of its forecast."""
    returns = array(0.01, -0.02, 0.03, -0.5, 0.02)
    changed = array(0.01, -0.02, 0.03, 0.5, 0.02)
    assert len(forecasts(returns, 3)) == 2
    assert forecasts(returns, 3)[0] == forecasts(changed, 3)[0] == value_at_risk(returns[:3])
    assert forecasts(returns, 3)[1] == value_at_risk(returns[1:4])
    assert len(forecasts(returns, 5)) == 0
    with pytest.raises(ValueError, match="at least two"):
        forecasts(returns, 1)


def test_violations_are_counted_beside_those_expected() -> None:
    """BT-2: 12 of 250 at 95 %: Kupiec's likelihood ratio is 0.0213."""
    returns = np.where(np.arange(250) < 12, -0.02, 0.0)
    found = violations(returns, np.full(250, 0.01))
    assert found is not None
    assert (found.days, found.violations, found.expected) == (250, 12, pytest.approx(12.5))
    ratio = 2 * (12 * np.log(0.048 / 0.05) + 238 * np.log(0.952 / 0.95))
    assert ratio == pytest.approx(0.0213, abs=1e-4)
    assert found.p_value == pytest.approx(0.884, abs=1e-3)  # chi-square, one degree of freedom


@pytest.mark.parametrize(("count", "p_value"), [(0, 0.0), (5, 1.0), (100, 0.0)])
def test_none_as_expected_and_all(count: int, p_value: float) -> None:
    returns = np.where(np.arange(100) < count, -0.02, 0.0)
    found = violations(returns, np.full(100, 0.01))
    assert found is not None
    assert found.violations == count
    assert found.p_value == pytest.approx(p_value, abs=2e-3)


def test_a_right_forecast_passes_and_half_of_it_fails() -> None:
    """STYLE: the specimen is a forecast that is too low."""
    returns = generator().normal(size=5_000)
    right = violations(returns, np.full(5_000, 1.645))
    wrong = violations(returns, np.full(5_000, 0.82))
    assert right is not None
    assert wrong is not None
    assert right.p_value > 0.05
    assert wrong.p_value < 1e-6


def test_without_days_there_is_nothing_to_judge() -> None:
    assert value_at_risk(array()) is conditional_value_at_risk(array()) is violations(array(), array()) is None
    with pytest.raises(ValueError, match="2 forecasts for 1 days"):
        violations(array(0.1), array(0.1, 0.2))
