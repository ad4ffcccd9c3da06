"""The whole engine on real candles: days of BTCUSDT and ETHUSDT perpetuals (BT-5).

Causality, one result in every way of running, mirror and scale, as ``test_analysis_whole_engine`` has them for made-up ones.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pytest

from services.analysis.settings import AnalysisSettings
from shared.domain.candles import Candle
from shared.domain.facts import Fact
from shared.domain.timeframes import Timeframe
from tests.support.analysis.candles import LIVELY, events, run
from tests.support.analysis.causality import prefix_violations, scramble_violations
from tests.support.analysis.symmetry import mirror_offences, scale_offences
from tests.support.analysis.ways import way_offences

#: The shipped settings, and the one concept that they leave off.
SHIPPED: Final = AnalysisSettings.model_validate({"merged_gaps": {"enabled": True}})
#: Nothing in percent of the price, which is another size upside down.
IN_ATR: Final = AnalysisSettings.model_validate(
    {**LIVELY.model_dump(exclude_unset=True), "opening_gaps": {"min_size_percent": 0.0}, "max_active": 8}
)


class Recorded(NamedTuple):
    """Some candles of a file; ``ticks``: how many make one USDT."""

    file: str
    symbol: str
    timeframe: Timeframe
    ticks: int
    count: int


FILES: Final = (
    Recorded("BTCUSDT-um-1m-2025-05-04_2025-06-24.parquet", "BTCUSDT", "1m", 10, 3_000),
    Recorded("ETHUSDT-um-1m-2025-05-04_2025-06-24.parquet", "ETHUSDT", "1m", 100, 3_000),
    Recorded("BTCUSDT-um-15m-2023-01_2024-05.parquet", "BTCUSDT", "15m", 10, 2_000),
    Recorded("ETHUSDT-um-1h-2019_2026-05.parquet", "ETHUSDT", "1h", 100, 2_000),
)
EACH = pytest.mark.parametrize("recorded", FILES, ids=[f"{each.symbol}-{each.timeframe}" for each in FILES])


def real(directory: Path, recorded: Recorded) -> list[Candle]:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(directory / "market" / recorded.file).slice(0, recorded.count).to_pylist()
    return [
        Candle(
            symbol=recorded.symbol,
            timeframe=recorded.timeframe,
            **{name: row[name] for name in ("open_time", "open", "high", "low", "close", "volume")},
        )
        for row in rows
    ]


def in_ticks(candles: Sequence[Candle], ticks: int) -> list[Candle]:
    """Whole numbers, as the exchange counts them: exact in float64, upside down too."""
    return [
        msgspec.structs.replace(
            c,
            open=float(round(c.open * ticks)),
            high=float(round(c.high * ticks)),
            low=float(round(c.low * ticks)),
            close=float(round(c.close * ticks)),
        )
        for c in candles
    ]


def replay(candles: Sequence[Candle]) -> list[Fact]:
    return events(run(candles, SHIPPED))


@EACH
def test_real_candles_are_told_causally(market_data: Path, recorded: Recorded) -> None:
    """Invariant 1 on real prices, with the shipped settings and every concept on."""
    candles = real(market_data, recorded)
    count = len(candles)
    kinds = {fact.kind for fact in replay(candles)}
    assert {"swing_high", "bos", "choch", "fvg", "merged_fvg", "order_block", "sweep", "ote"} <= kinds
    assert prefix_violations(replay, candles, range(count // 8, count, count // 8)) == []
    assert scramble_violations(replay, candles, range(count // 4, count, count // 4), seed=1) == []


@EACH
def test_real_candles_give_one_result_in_every_way(market_data: Path, recorded: Recorded) -> None:
    """Invariant 3, ICT-15: stream = batch = portions = restarts at random candles, byte for byte; a hole in the middle."""
    candles = real(market_data, recorded)
    del candles[1_200:1_230]
    draw = random.Random(recorded.file)
    cuts, stops = (set(draw.sample(range(1, len(candles)), 12)) for _ in range(2))
    assert way_offences(candles, SHIPPED, cuts, stops) == []


@EACH
def test_real_candles_upside_down_are_the_mirror(market_data: Path, recorded: Recorded) -> None:
    """ICT-1 to ICT-12: on prices in ticks, exactly."""
    candles = in_ticks(real(market_data, recorded), recorded.ticks)[:1_500]
    assert list(mirror_offences(candles, IN_ATR, pivot=2.0**22)) == []


@EACH
@pytest.mark.parametrize("power", [-9, 5])
def test_real_candles_in_another_unit_are_the_same_market(market_data: Path, recorded: Recorded, power: int) -> None:
    """ICT-1 to ICT-12: no price level is special."""
    candles = real(market_data, recorded)[:1_500]
    assert list(scale_offences(candles, SHIPPED, power)) == []
