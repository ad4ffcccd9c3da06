"""The real analysis and the strategy together, on months of real 15m candles."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from services.signals.core import SignalsCore
from services.signals.settings import SignalsSettings
from shared.domain.candles import Candle, CandleBundle
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import Analysis, AnalysisBundle, Fact
from tests.support.runtime.telling import tell

MARKET = Path(__file__).resolve().parents[5] / "shared" / "data" / "market"
SOURCES = {symbol: MARKET / f"{symbol}-um-15m-2023-01_2024-05.parquet" for symbol in ("BTCUSDT", "ETHUSDT")}
CANDLES = 1_500

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not all(path.exists() for path in SOURCES.values()), reason=f"no market data in {MARKET}"),
]


def analyses(symbol: str) -> list[AnalysisBundle]:
    core = AnalysisCore(0, "15m", AnalysisSettings())
    bundles: list[AnalysisBundle] = []
    for row in parquet.read_table(SOURCES[symbol]).slice(0, CANDLES).to_pylist():
        candle = Candle(symbol=symbol, timeframe="15m", **row)
        message = CandleBundle(partition=0, timeframe="15m", close_time=candle.close_time, candles=(candle,))
        bundles += [out for out in tell(core, message) if isinstance(out, AnalysisBundle)]
    return bundles


@pytest.mark.parametrize("symbol", SOURCES)
def test_signals_on_real_candles_rest_on_facts_confirmed_by_their_close_and_spend_each_block_once(symbol):
    """SIG-3, SIG-7, invariant 1; and every close leaves one decision."""
    core = SignalsCore(0, (symbol,), ("1m", "15m"), SignalsSettings())
    spent: set[str] = set()
    decided = signals = 0
    for bundle in analyses(symbol):
        known: dict[str, Fact] = {fact.id: fact for fact in bundle.analyses[0].active}
        minute = AnalysisBundle(
            partition=0, timeframe="1m", close_time=bundle.close_time, analyses=(_minute(bundle.analyses[0]),)
        )
        (decisions,) = [out for message in (bundle, minute) for out in tell(core, message)]
        assert isinstance(decisions, DecisionBundle)
        decided += 1
        (decision,) = decisions.decisions
        if decision.signal is None:
            assert decision.why_not
            continue
        signals += 1
        facts = [known[fact_id] for fact_id in decision.signal.rests_on]
        assert max(fact.confirmed_at for fact in facts) <= decision.close_time
        assert [fact.kind for fact in facts[:2]] == ["order_block", "fvg"]
        assert facts[0].id not in spent
        spent.add(facts[0].id)
    assert decided == CANDLES
    assert signals >= 5


def _minute(quarter: Analysis) -> Analysis:
    """The last minute of the quarter, flat at its close: the strategy must not read it."""
    close = quarter.candle.close
    candle = Candle(
        symbol=quarter.symbol,
        timeframe="1m",
        open_time=quarter.candle.close_time - 60_000,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=0.0,
    )
    return Analysis(symbol=quarter.symbol, timeframe="1m", candle=candle, trend="none", atr=0.0, events=(), active=())
