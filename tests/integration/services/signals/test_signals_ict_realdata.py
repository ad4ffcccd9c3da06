"""Every ICT strategy on real minutes of both symbols: through ingest, analysis and signals, all timeframes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from services.ingest.core import IngestCore
from services.ingest.settings import IngestSettings
from services.signals.core import SignalsCore
from services.signals.overview import SignalsOverview
from services.signals.settings import SignalsSettings
from shared.domain.candles import CandleBundle, FeedStep, RawCandle
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import MINUTE, TIMEFRAMES
from tests.support.runtime.telling import tell
from tests.support.signals.ict_checks import STAGES

MARKET = Path(__file__).resolve().parents[5] / "shared" / "data" / "market"
SOURCES = {symbol: MARKET / f"{symbol}-um-1m-2025-05-04_2025-06-24.parquet" for symbol in ("BTCUSDT", "ETHUSDT")}
DAYS = 24

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not all(path.exists() for path in SOURCES.values()), reason=f"no market data in {MARKET}"),
]


def steps() -> Iterator[FeedStep]:
    """The first minutes that both files have, as the feed gives them."""
    rows = {
        symbol: {row["open_time"]: row for row in parquet.read_table(path).slice(0, DAYS * 1_440).to_pylist()}
        for symbol, path in SOURCES.items()
    }
    for opened in sorted(set.intersection(*(set(each) for each in rows.values()))):
        candles = tuple(RawCandle(symbol=symbol, **rows[symbol][opened]) for symbol in rows)
        yield FeedStep(partition=0, close_time=opened + MINUTE, candles=candles)


def decided(settings: SignalsSettings) -> tuple[list[Decision], SignalsCore]:
    symbols = tuple(SOURCES)
    ingest = IngestCore(0, symbols, TIMEFRAMES, IngestSettings())
    analysis = {frame: AnalysisCore(0, frame, AnalysisSettings(), settings.reads()) for frame in TIMEFRAMES}
    signals = SignalsCore(0, symbols, TIMEFRAMES, settings)
    decisions: list[Decision] = []
    for step in steps():
        for bundle in tell(ingest, step):
            if isinstance(bundle, CandleBundle):
                for analysed in tell(analysis[bundle.timeframe], bundle):
                    assert isinstance(analysed, AnalysisBundle)
                    told = [each for each in tell(signals, analysed) if isinstance(each, DecisionBundle)]
                    decisions += [decision for each in told for decision in each.decisions]
    return decisions, signals


def test_each_strategy_signals_on_real_weeks_and_raises_nothing() -> None:
    """SIG-1, SIG-3, SIG-7; the counts of signals and reasons are printed."""
    decisions, core = decided(SignalsSettings(strategies=tuple(STAGES)))
    signals: Counter[str] = Counter()
    sides: Counter[tuple[str, str]] = Counter()
    reasons: dict[str, Counter[str]] = {name: Counter() for name in STAGES}
    for decision in decisions:
        for judgement in decision.judgements:
            reasons[judgement.strategy].update(judgement.reasons)
            if judgement.signal is not None:
                signals[judgement.strategy] += 1
                sides[judgement.strategy, judgement.signal.side] += 1
    for name in STAGES:
        print(name, {side: sides[name, side] for side in ("BUY", "SELL")}, dict(reasons[name].most_common()))
    overview = core.overview()["signals.p0"]
    assert isinstance(overview, SignalsOverview)
    assert overview.faults == {}
    assert all(signals[name] >= 1 for name in STAGES), signals
