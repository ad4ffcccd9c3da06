"""Three real years of BTCUSDT, held from the first hour to the last, against libraries measured on the same days."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from research.performance.equity import EquityCurve
from research.performance.summary import summarise
from tests.support.research.empyrical_reference import ours
from tests.support.research.results import HOUR

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def held(market_data: Path) -> EquityCurve:
    """One bitcoin from the close of the first hour of 2023 to that of the last of 2025."""
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000 for year in (2023, 2026))
    table = pq.read_table(market_data / "market" / "BTCUSDT-um-1h-2019_2026-05.parquet", columns=["open_time", "close"])
    closes = pc.add(table["open_time"], HOUR)
    kept = table.append_column("closed", closes).filter(
        pc.and_(pc.greater_equal(closes, first), pc.less_equal(closes, last))
    )
    return EquityCurve.of(list(zip(kept["closed"].to_pylist(), kept["close"].to_pylist(), strict=True)))


def test_daily_closes_measure_as_empyrical_quantstats_and_ffn_did(held: EquityCurve) -> None:
    """BT-2: six digits; those libraries count from the close of the first day, so that day is left out here."""
    found = ours(held.daily_returns()[1:])
    assert {name: round(found[name] or 0.0, 6) for name in ("sharpe", "sortino", "fall", "cagr", "value_at_risk")} == {
        "sharpe": 1.419819, "sortino": 2.263247, "fall": -0.320465, "cagr": 0.740694, "value_at_risk": -0.036048,
    }  # fmt: skip


def test_hours_show_a_deeper_fall_than_days(held: EquityCurve) -> None:
    """BT-2: 1,096 days; value at risk of a hundred days was exceeded about as often as it says."""
    found = summarise(held, [])
    assert found.days == 1_096
    assert (round(found.max_drawdown, 6), round(found.max_drawdown_daily, 6)) == (0.347636, 0.320465)
    assert found.var_violations is not None
    assert (found.var_violations.days, found.var_violations.violations) == (996, 56)
    assert found.var_violations.p_value > 0.05
