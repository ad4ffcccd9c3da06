"""Decides a recorded market by the very cores of ingest, analysis and signals, without risk and execution.

The decisions are those of ``ict demo`` on the same candles: signals know nothing of what became of a trade.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from research.report.resting import Resting
from services.analysis.core import AnalysisCore
from services.analysis.settings import AnalysisSettings
from services.ingest.candle_source import CandleSource
from services.ingest.core import IngestCore
from services.ingest.settings import IngestSettings
from services.signals.core import SignalsCore, Watch
from services.signals.settings import SignalsSettings
from shared.bus.topology import partition_of
from shared.config.settings import CommonSettings
from shared.core import Core
from shared.domain.candles import CandleBundle, FeedStep, RawCandle
from shared.domain.decisions import Decision, DecisionBundle
from shared.domain.facts import ALL_KINDS, Analysis, AnalysisBundle
from shared.domain.message import Message
from shared.domain.timeframes import TIMEFRAMES, Timeframe

#: Is shown an analysis as it is made.
See = Callable[[Analysis], None]


class Chain:
    """The cores of one partition, from candles to decisions; only on the timeframes that signals need.

    see: is shown every analysis, which then is of every configured timeframe and has facts of every kind. resting: is told
    what is analysed and decided, as it is.
    Raises ValueError when a strategy reads a timeframe that is not configured, or a symbol of another partition.
    """

    def __init__(
        self,
        partition: int,
        common: CommonSettings,
        ingest: IngestSettings,
        analysis: AnalysisSettings,
        signals: SignalsSettings,
        watch: Watch | None = None,
        see: See | None = None,
        resting: Resting | None = None,
    ) -> None:
        read = signals.frames() if see is None else frozenset(TIMEFRAMES)
        symbols, frames = common.symbols_of(partition), tuple(each for each in common.timeframes if each in read)
        self.partition: Final = partition
        self._ingest = IngestCore(partition, symbols, frames, ingest)
        kinds = signals.reads() if see is None else ALL_KINDS
        self._see = see
        self._resting = resting
        self._analysis: dict[Timeframe, Core] = {frame: AnalysisCore(partition, frame, analysis, kinds) for frame in frames}
        self._signals = SignalsCore(partition, symbols, frames, signals, watch)

    def step(self, close_time: int, candles: Sequence[RawCandle]) -> Iterator[DecisionBundle]:
        """Take the candles of one minute; yield what is decided."""
        feed = FeedStep(partition=self.partition, close_time=close_time, candles=tuple(candles))
        for bundle in self._ingest.handle(feed, close_time):
            if isinstance(bundle, CandleBundle):
                for analysed in self._analysis[bundle.timeframe].handle(bundle, close_time):
                    yield from self._decisions(analysed, close_time)

    def _decisions(self, analysed: Message, close_time: int) -> Iterator[DecisionBundle]:
        if self._see is not None and isinstance(analysed, AnalysisBundle):
            for each in analysed.analyses:
                self._see(each)
        if self._resting is not None and isinstance(analysed, AnalysisBundle):
            self._resting.heard(analysed.analyses)
        for decided in self._signals.handle(analysed, close_time):
            if isinstance(decided, DecisionBundle):
                if self._resting is not None:
                    self._resting.decided(decided)
                yield decided


class Deciding:
    """All partitions of a configuration: ``over`` gives the decisions of a market, minute by minute, in bounded memory.

    Raises ValueError as ``Chain`` does.
    """

    def __init__(
        self,
        common: CommonSettings,
        ingest: IngestSettings,
        analysis: AnalysisSettings,
        signals: SignalsSettings,
        watch: Watch | None = None,
        see: See | None = None,
        resting: Resting | None = None,
    ) -> None:
        count = common.partitions.count
        self._chains = [Chain(number, common, ingest, analysis, signals, watch, see, resting) for number in range(count)]
        self._place = {symbol: partition_of(symbol, count, common.partitions.pinned) for symbol in common.symbols}

    def over(self, source: CandleSource) -> Iterator[tuple[int, tuple[Decision, ...]]]:
        """Yield the close time (UTC ms) of every minute, and what was decided then: one decision a symbol.

        Raises SourceRefused when a file was changed since it was opened.
        """
        for close_time, candles in source.steps():
            decided = [each for bundle in self.bundles(close_time, candles) for each in bundle.decisions]
            yield close_time, tuple(decided)

    def bundles(self, close_time: int, candles: Sequence[RawCandle]) -> Iterator[DecisionBundle]:
        """Take the candles of one minute (``close_time``: UTC ms); yield what each partition decides."""
        for chain in self._chains:
            own = [each for each in candles if self._place[each.symbol] == chain.partition]
            yield from chain.step(close_time, own)
