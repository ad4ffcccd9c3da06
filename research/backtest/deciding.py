"""The decisions of a tape by the cores of analysis and signals, only at closes at which a strategy judges.

The others have a decision too: nobody judges then, and it says so. The recorder writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final, NamedTuple, Protocol

from research.backtest.beside import reads_minutes
from research.backtest.cache.analyses import KeepingAnalyses
from research.backtest.cache.cache import Cache
from research.backtest.flowing import frame_of
from research.backtest.frames import Frame, Inexact, flawless, whole
from research.backtest.sections import Sections
from research.backtest.tape import Tape
from research.decisions import Deciding
from research.report.resting import Resting
from services.analysis.core import AnalysisCore
from services.signals.core import Said, SignalsCore
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import Analysis, AnalysisBundle
from shared.domain.timeframes import DAY, DURATION, FINEST, MINUTE, Timeframe, closing_at, next_boundary

#: After so long, ms, the closes of all timeframes begin anew.
_WEEK: Final = 7 * DAY
_symbol: Final = itemgetter(0)


class Decided(NamedTuple):
    """What is decided in a row of the tape. said: of each symbol, in order. bundles: if there is a signal, else none."""

    row: int
    said: Sequence[Said]
    bundles: tuple[DecisionBundle, ...]


class Unsuited(Exception):
    """A tape or settings that cannot be decided in columns: the minutes have to pass ingest one by one."""


class _Analyses(Protocol):
    """Where analyses come from."""

    def at(self, partition: int, frame: Frame, close_time: int) -> Sequence[Analysis]:
        """Return the analyses of the candles of a timeframe that close now, UTC ms; asked in order of time."""
        ...


class _Worked:
    """Analyses by the cores of all partitions. keeping: is shown each."""

    def __init__(self, sections: Sections, frames: tuple[Timeframe, ...], keeping: KeepingAnalyses | None) -> None:
        self._cores = {
            (number, each): AnalysisCore(number, each, sections.analysis, sections.signals.reads_on(each))
            for number in range(sections.common.partitions.count)
            for each in frames
        }
        self._keeping = keeping

    def at(self, partition: int, frame: Frame, close_time: int) -> Sequence[Analysis]:
        (found,) = self._cores[partition, frame.timeframe].handle(frame.bundle(partition, close_time), close_time)
        assert isinstance(found, AnalysisBundle)
        if self._keeping is not None:
            self._keeping.add(found)
        return found.analyses


class _Partition:
    """The signals of one partition, fed with the coarser candles alone: for 1m there is an analysis without contents."""

    def __init__(
        self, number: int, sections: Sections, tape: Tape, frames: tuple[Timeframe, ...], resting: Resting | None
    ) -> None:
        symbols = sections.common.symbols_of(number)
        self.number: Final = number
        self._frames = {each: frame_of(tape, symbols, each) for each in frames}
        self._signals = SignalsCore(number, symbols, (FINEST, *frames), sections.signals)
        self._resting = resting

    def learn(self, close_time: int, closing: Sequence[Timeframe], analyses: _Analyses) -> list[Analysis]:
        """Analyse the candles that close now."""
        found: list[Analysis] = []
        for each in closing:
            found += analyses.at(self.number, self._frames[each], close_time)
        if self._resting is not None:
            self._resting.heard(found)
        return found

    def pass_over(self, close_time: int, closing: Sequence[Timeframe], analyses: _Analyses) -> None:
        """Take a close at which no strategy judges."""
        for each in self.learn(close_time, closing, analyses):
            self._signals.learn(each)

    def at(self, close_time: int, closing: tuple[Timeframe, ...], analyses: _Analyses) -> tuple[Said, ...]:
        """Judge a close."""
        return self._signals.judge(close_time, closing, self.learn(close_time, closing, analyses))

    def bundle(self, close_time: int, said: Sequence[Said]) -> DecisionBundle:
        """The decisions of what was said, which has a signal in it."""
        decided = self._signals.bundle(close_time, said)
        if self._resting is not None:
            self._resting.decided(decided)
        return decided


class ColumnDeciding:
    """All partitions of a configuration over one tape. Raises Unsuited; ValueError as ``research.decisions.Deciding``."""

    def __init__(self, sections: Sections, tape: Tape, resting: Resting | None = None, cache: Cache | None = None) -> None:
        enabled = sections.signals.enabled()
        read = frozenset().union(*(each.scope.reads for each in enabled))
        regimes = sections.signals.regimes
        if reads_minutes(sections.signals) or regimes.models or regimes.routes:
            raise Unsuited("a strategy or a filter reads 1m candles, or regimes are watched")
        if not flawless(tape, sections.ingest.max_move):
            raise Unsuited("the candles have numbers or moves that ingest has to judge")
        if (tape.flows or tape.settled) and not whole(tape):
            raise Unsuited("a candle of which minutes are absent tells neither order flow nor funding as columns add them")
        self._frames = tuple(each for each in sections.common.timeframes if each in read)
        self._judged = frozenset(each.timeframe for each in enabled)
        self._tape = tape
        self._sections = sections
        self._cache = cache
        try:
            self._partitions = [
                _Partition(number, sections, tape, self._frames, resting)
                for number in range(sections.common.partitions.count)
            ]
        except Inexact as error:
            raise Unsuited(f"the volumes of {error} have too many digits") from None

    def decided(self) -> Iterator[Decided]:
        """Yield, in order, the rows at which a strategy judges."""
        cache, kept = self._cache, None
        if cache is not None:
            kept = cache.analyses(self._sections, self._frames)
        if cache is None or kept is not None:
            yield from self._over(kept or _Worked(self._sections, self._frames, None))
            return
        with cache.keeping_analyses(self._sections, self._frames) as keeping:
            yield from self._over(_Worked(self._sections, self._frames, keeping))
            keeping.finish()

    def _over(self, analyses: _Analyses) -> Iterator[Decided]:
        first, partitions = self._tape.first, self._partitions
        finest = min(self._frames, key=DURATION.__getitem__)
        week: dict[int, tuple[Timeframe, ...]] = {}  # what closes at each close of a week: the same in every one
        for time in range(next_boundary(first - 1, finest), self._tape.last + 1, DURATION[finest]):
            closing = week.get(time % _WEEK)
            if closing is None:
                closing = week[time % _WEEK] = closing_at(time, self._frames)
            if self._judged.isdisjoint(closing):
                for each in partitions:
                    each.pass_over(time, closing, analyses)
                continue
            said = [each.at(time, closing, analyses) for each in partitions]
            bundles: tuple[DecisionBundle, ...] = ()
            if signals(said):
                bundles = tuple([each.bundle(time, own) for each, own in zip(partitions, said, strict=True)])
            yield Decided((time - first) // MINUTE, in_order(said), bundles)


def decided(sections: Sections, tape: Tape, resting: Resting | None = None, cache: Cache | None = None) -> Iterator[Decided]:
    """Yield the rows at which a strategy judges, in order; others too where the tape cannot be decided in columns.

    resting: hears the analyses and the decisions, and keeps the zones of signals. cache: analyses are read from it, or left
    in it when the last row was yielded.
    """
    try:
        return ColumnDeciding(sections, tape, resting, cache).decided()
    except Unsuited:
        return _minute_by_minute(sections, tape, resting)


def _minute_by_minute(sections: Sections, tape: Tape, resting: Resting | None) -> Iterator[Decided]:
    """Yield every row of a tape that is unsuited for columns: through ingest, as the slow path does."""
    deciding = Deciding(sections.common, sections.ingest, sections.analysis, sections.signals, resting=resting)
    for row, (close_time, candles) in enumerate(tape.steps()):
        bundles = tuple(deciding.bundles(close_time, candles))
        said = [tuple([(each.symbol, each.judgements) for each in bundle.decisions]) for bundle in bundles]
        yield Decided(row, in_order(said), bundles if signals(said) else ())


def in_order(said: Sequence[tuple[Said, ...]]) -> Sequence[Said]:
    """What the partitions say of their symbols, in the order of all symbols. Those of each are in order already."""
    if len(said) == 1:
        return said[0]
    return sorted([each for own in said for each in own], key=_symbol)


def signals(said: Sequence[tuple[Said, ...]]) -> bool:
    """Whether a strategy signals anything of a symbol."""
    for own in said:
        for _, judgements in own:
            for each in judgements:
                if each.signal is not None:
                    return True
    return False


def nobody_signals(partitions: int, close_time: int) -> tuple[DecisionBundle, ...]:
    """As much as risk reads of decisions without a signal."""
    return tuple([DecisionBundle(partition=number, close_time=close_time, decisions=()) for number in range(partitions)])
