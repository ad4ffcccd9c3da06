"""The generated demo market, analysed by the real cores once, for tests of signals on a realistic week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from services.ingest.core import IngestCore
from services.ingest.settings import IngestSettings
from shared.domain.candles import CandleBundle, FeedStep
from shared.domain.facts import AnalysisBundle, FactKind
from shared.domain.timeframes import TIMEFRAMES
from simulator.market.generator import GeneratedMarket
from tests.support.runtime.telling import tell

#: Of the demo: `ict demo` plays the same.
SYMBOLS = ("BTCUSDT", "ETHUSDT")
DAYS = 5.0
SEED = 7


@cache
def candles(days: float = DAYS, seed: int = SEED) -> tuple[CandleBundle, ...]:
    """Every candle bundle of the market, of all timeframes, in the order in which ingest sends them."""
    market = GeneratedMarket(SYMBOLS, days=days, seed=seed)
    core = IngestCore(0, SYMBOLS, TIMEFRAMES, IngestSettings())
    return tuple(
        message
        for at, step in market.steps()
        for message in tell(core, FeedStep(partition=0, close_time=at, candles=step))
        if isinstance(message, CandleBundle)
    )


def analyses(
    kinds: frozenset[FactKind], days: float = DAYS, seed: int = SEED, settings: AnalysisSettings | None = None
) -> Iterator[AnalysisBundle]:
    """Every analysis bundle of the market with facts of these kinds, in the same order."""
    return analyse(candles(days, seed), kinds, settings or AnalysisSettings())


def analyse(
    bundles: Iterable[CandleBundle], kinds: frozenset[FactKind], settings: AnalysisSettings
) -> Iterator[AnalysisBundle]:
    """The analysis of these candles, bundle by bundle."""
    cores = {frame: AnalysisCore(0, frame, settings, kinds) for frame in TIMEFRAMES}
    for bundle in bundles:
        for message in tell(cores[bundle.timeframe], bundle):
            assert isinstance(message, AnalysisBundle)
            yield message
