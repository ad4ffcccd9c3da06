"""The whole record of a run: every number finite or absent, and the ratios silent after ruin."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from research.performance.summary import VAR_WINDOW, Performance, summarise
from tests.support.research.results import curve, daily, day, generator, trade


def wild_numbers(performance: Performance) -> dict[str, Any]:
    """What is neither finite nor absent."""
    values = msgspec.to_builtins(performance)
    return {name: value for name, value in values.items() if isinstance(value, float) and not math.isfinite(value)}


def test_a_run_by_hand() -> None:
    """BT-2: two days, two trades."""
    found = summarise(daily(1000, 1100, 1045), [trade(100, 0, 0.5, fees=4), trade(-55, 1, 1.5, fees=4)])
    assert (found.start, found.end, found.days, found.trades) == (day(0), day(2), 2, 2)
    assert (found.start_equity, found.end_equity, found.ruined_at) == (1000.0, 1045.0, None)
    assert found.total_return == pytest.approx(0.045)
    assert (found.max_drawdown, found.max_drawdown_daily) == pytest.approx((0.05, 0.05))
    assert found.longest_drawdown_ms == day(2) - day(1)
    assert found.expectancy_r == pytest.approx(2.25)
    assert found.time_in_market == pytest.approx(0.5)
    assert found.costs == 8.0
    assert found.var_violations is None
    assert (found.best_day, found.worst_day) == (pytest.approx(0.1), pytest.approx(-0.05))


def test_drawdown_within_a_day_is_seen_by_the_one_and_not_by_the_other() -> None:
    found = summarise(curve((0, 1000), (0.5, 700), (1, 1000), (2, 990)), [])
    assert found.max_drawdown == pytest.approx(0.3)
    assert found.max_drawdown_daily == pytest.approx(0.01)


def test_no_trades_and_no_time_give_absent_measures() -> None:
    """BT-2: no trades gave NaN elsewhere."""
    found = summarise(daily(1000), [])
    assert wild_numbers(found) == {}
    told = {name for name, value in msgspec.to_builtins(found).items() if value is not None}
    assert told == {
        "start", "end", "days", "trades", "start_equity", "end_equity", "max_drawdown", "max_drawdown_daily",
        "longest_drawdown_ms", "under_water", "longest_losing_streak", "costs",
    }  # fmt: skip


def test_a_ruined_account_has_no_ratio_that_looks_good() -> None:
    """BT-2: a hundred good days and one that takes all have a mean above zero."""
    values = [1000 * 1.05**number for number in range(100)]
    found = summarise(daily(*values, -1.0), [])
    assert found.ruined_at == day(100)
    assert found.sharpe is found.sortino is found.omega is None
    assert (found.total_return, found.cagr, found.calmar, found.max_drawdown, found.max_drawdown_daily) == (-1, -1, -1, 1, 1)


def test_violations_of_value_at_risk_are_judged_after_the_first_window() -> None:
    """BT-2: VaR violations."""
    values = [1000.0]
    for step in generator().normal(0.0, 0.01, size=VAR_WINDOW + 50):
        values.append(values[-1] * (1.0 + float(step)))
    found = summarise(daily(*values), []).var_violations
    assert found is not None
    assert found.days == 50
    assert 0 <= found.violations <= 10


def test_the_record_survives_json() -> None:
    """BT-3: result.json."""
    found = summarise(daily(1000, 1100, 1045), [trade(100)])
    assert msgspec.json.decode(msgspec.json.encode(found), type=Performance) == found


def test_every_measure_says_its_unit_and_formula() -> None:
    """OPS-8: docs/performance.md is made of them."""
    schema = msgspec.json.schema_components([Performance])[1]["Performance"]["properties"]
    assert [name for name, field in schema.items() if not field.get("title") or not field.get("description")] == []
