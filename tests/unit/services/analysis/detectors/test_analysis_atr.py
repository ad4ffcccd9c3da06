"""Average true range by hand (ICT-2, ICT-3, ICT-5 use it as their yardstick)."""

from __future__ import annotations

import pytest

from services.analysis.settings import AnalysisSettings
from tests.support.analysis.candles import run, table

SETTINGS = AnalysisSettings(atr_period=3)


def test_the_first_value_is_a_mean_and_then_wilders_recursion() -> None:
    """ICT-3: true range reaches to the close before; 0 until a period is in."""
    rows = [
        (100, 104, 98, 100),  # 6
        (108, 110, 106, 107),  # 10: from the close 100 up to 110
        (100, 101, 99, 100),  # 8: from the close 107 down to 99
        (100, 103, 100, 102),  # 3
    ]
    values = [analysis.atr for analysis in run(table(rows), SETTINGS)]
    assert values == [0.0, 0.0, 8.0, pytest.approx(8 + (3 - 8) / 3)]


def test_a_jump_over_missing_candles_is_not_volatility() -> None:
    """DATA-3: after a gap only the candle's own range counts."""
    rows = [(100, 102, 98, 100), (100, 102, 98, 100), None, (200, 202, 198, 200)]
    assert run(table(rows), SETTINGS)[-1].atr == 4.0
