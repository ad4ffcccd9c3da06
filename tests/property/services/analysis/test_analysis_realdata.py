"""Causality on real candles (BT-5): a few days of BTCUSDT and ETHUSDT perpetuals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from analysis_candles import events, run
from causality import prefix_violations, scramble_violations

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Fact
from shared.domain.timeframes import Timeframe

pytestmark = pytest.mark.realdata
MARKET = Path(__file__).resolve().parents[5] / "shared" / "data" / "market"


def real(file: str, symbol: str, timeframe: Timeframe, count: int) -> list[Candle]:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = MARKET / file
    if not path.exists():
        pytest.skip(f"no market data at {path}: it lies beside the repository, not in it")
    rows = parquet.read_table(path).slice(0, count).to_pylist()
    return [
        Candle(
            symbol=symbol,
            timeframe=timeframe,
            **{name: row[name] for name in ("open_time", "open", "high", "low", "close", "volume")},
        )
        for row in rows
    ]


def replay(candles: Sequence[Candle]) -> list[Fact]:
    return events(run(candles, AnalysisSettings()))


@pytest.mark.parametrize(
    ("file", "symbol", "timeframe", "count"),
    [
        ("BTCUSDT-um-1m-2025-05-04_2025-06-24.parquet", "BTCUSDT", "1m", 4_320),
        ("ETHUSDT-um-1m-2025-05-04_2025-06-24.parquet", "ETHUSDT", "1m", 4_320),
        ("BTCUSDT-um-15m-2023-01_2024-05.parquet", "BTCUSDT", "15m", 2_000),
    ],
)
def test_real_candles_are_told_causally(file: str, symbol: str, timeframe: Timeframe, count: int) -> None:
    """Invariant 1 on real prices, with the shipped settings."""
    candles = real(file, symbol, timeframe, count)
    assert {"swing_high", "swing_low", "bos", "choch", "fvg", "order_block"} <= {fact.kind for fact in replay(candles)}
    assert prefix_violations(replay, candles, range(count // 12, count, count // 12)) == []
    assert scramble_violations(replay, candles, range(count // 4, count, count // 4), seed=1) == []
