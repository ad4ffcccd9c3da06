"""The data beneath the questions: the newest analysis of each timeframe, what is missing of them, what was used before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from services.signals.view.flaws import Flaws, flaws
from services.signals.view.history import Bars, FlowHistory, Flows, History
from services.signals.view.index import FactIndex, Indexes, Reading
from services.signals.view.memory import MOMENTS
from services.signals.view.scope import EVERYTHING, Scope
from services.signals.view.undeclared import UndeclaredRead
from shared.domain.candles import Candle
from shared.domain.decisions import Reason
from shared.domain.facts import Analysis, Direction, Fact, FactKind
from shared.domain.timeframes import DURATION, FINEST, Timeframe

_NO_FACTS: Final[Mapping[Timeframe, Mapping[FactKind, list[Fact]]]] = MappingProxyType({})

_NO_HISTORY: Final[Mapping[Timeframe, History]] = MappingProxyType({})
_NO_FLOWS: Final[Mapping[Timeframe, FlowHistory]] = MappingProxyType({})
_SOUND: Final[tuple[Reason, ...]] = ()


class ViewData:
    """One symbol at the close ``close_time`` (UTC ms). Nothing in it is younger than that close.

    closing: the timeframes that close now. analyses: the newest of each timeframe. candles: how many analyses of each were
    seen. used: ids of facts that gave this strategy a signal before. scope: what the strategy declares; a fact of another
    kind is nowhere in the view. moments, history, flows: see ``SymbolMemory``. others: the views of other symbols that it
    declares. indexes, known: what was computed of the same analyses before; None = nothing. timeframe: that the strategy
    judges.
    """

    __slots__ = (
        "_analyses", "_flaws", "_flows", "_found", "_history", "_indexes", "_looked_at", "_moments", "_others", "_scope",
        "asked", "candles", "close_time", "closing", "symbol", "timeframe", "used",
    )  # fmt: skip

    def __init__(
        self,
        symbol: str,
        close_time: int,
        closing: tuple[Timeframe, ...],
        analyses: Mapping[Timeframe, Analysis],
        candles: Mapping[Timeframe, int],
        used: Collection[str] = (),
        *,
        scope: Scope = EVERYTHING,
        moments: Mapping[Timeframe, Mapping[FactKind, list[Fact]]] = _NO_FACTS,
        others: Mapping[str, ViewData] | None = None,
        history: Mapping[Timeframe, History] = _NO_HISTORY,
        flows: Mapping[Timeframe, FlowHistory] = _NO_FLOWS,
        indexes: Indexes | None = None,
        known: Flaws | None = None,
        timeframe: Timeframe = FINEST,
    ) -> None:
        self.symbol = symbol
        self.close_time = close_time
        self.closing = closing
        self.candles = candles
        self.used = used
        self.timeframe = timeframe
        #: What was asked for without being declared; not empty = the strategy is at fault, also when it caught the error.
        self.asked: list[str] = []
        self._analyses = analyses
        self._flaws = known
        self._scope = scope
        self._moments = moments
        self._history = history
        self._flows = flows
        self._others = others or {}
        self._indexes = indexes if indexes is not None else Indexes()
        self._looked_at: Timeframe | None = None
        self._found: FactIndex | None = None

    def at_close(self, timeframe: Timeframe) -> Analysis | None:
        """The analysis of the candle that closes now, with facts of the declared kinds; None when it is missing."""
        analysis = self.newest(timeframe)
        return analysis if analysis is not None and self._closes(analysis.candle, timeframe) else None

    def bare_at_close(self, timeframe: Timeframe) -> Analysis | None:
        """As ``at_close``, without any fact: candle, trend and average true range. Costs less."""
        analysis = self.bare(timeframe)
        return analysis if analysis is not None and self._closes(analysis.candle, timeframe) else None

    def bare(self, timeframe: Timeframe) -> Analysis | None:
        """As ``newest``, without any fact. Costs less. Raises UndeclaredRead."""
        self._kinds(timeframe)
        index = self._index(timeframe)
        return index.bare() if index is not None else None

    def reading_at_close(self, timeframe: Timeframe) -> Reading | None:
        """As ``bare_at_close``, and costs less again."""
        found = self.reading(timeframe)
        return found if found is not None and self._closes(found.candle, timeframe) else None

    def reading(self, timeframe: Timeframe) -> Reading | None:
        """As ``bare``, and costs less again. Raises UndeclaredRead."""
        self._kinds(timeframe)
        index = self._index(timeframe)
        return index.reading if index is not None else None

    def newest(self, timeframe: Timeframe) -> Analysis | None:
        """The newest analysis of a timeframe, with facts of the declared kinds; None when none came yet.

        Raises UndeclaredRead.
        """
        kinds = self._kinds(timeframe)
        index = self._index(timeframe)
        return index.only(kinds) if index is not None else None

    @property
    def missing(self) -> tuple[Timeframe, ...]:
        """The timeframes that it needs whose last candle up to this close has no analysis: now, or since an earlier close.

        A timeframe of which nothing came yet is missing at its own close only: before, it has no history.
        """
        flaws = self._known_flaws()
        return tuple([frame for frame in self._scope.required if frame in flaws.missing])

    @property
    def disputed(self) -> tuple[Timeframe, ...]:
        """The timeframes that it needs whose newest candle is implausible."""
        flaws = self._known_flaws()
        return tuple([frame for frame in self._scope.required if frame in flaws.disputed])

    @property
    def left_out(self) -> tuple[Timeframe, ...]:
        """The optional timeframes that this view shows nothing of, because their newest candle is missing or implausible."""
        return tuple([frame for frame in self._scope.optional if self._is_left_out(frame)])

    def unfit(self) -> tuple[Reason, ...]:
        """Why nothing may rest on what this view shows, of this symbol and of the others; empty when it is sound."""
        missing, disputed = self._faulty()
        for other in self._others.values():
            of_other = other._faulty()
            missing, disputed = missing or of_other[0], disputed or of_other[1]
        if not missing and not disputed:
            return _SOUND
        reasons: list[Reason] = []
        if missing:
            reasons.append("data_missing")
        if disputed:
            reasons.append("data_disputed")
        return tuple(reasons)

    def facts(self, kind: FactKind, timeframe: Timeframe, direction: Direction | None = None) -> tuple[Fact, ...]:
        """The active facts of a kind on a timeframe, provisional ones left out. Raises UndeclaredRead."""
        self._frames(kind, timeframe, or_higher=False)
        return self._of(kind, timeframe, direction)

    def moments(
        self, kind: FactKind, timeframe: Timeframe, direction: Direction | None = None, *, since: int = 0
    ) -> tuple[Fact, ...]:
        """What happened and stands in no later analysis (``MOMENTS``), confirmed since ``since`` (UTC ms); oldest first.

        Only the newest ``signals.moments`` of each kind and timeframe are remembered. Raises UndeclaredRead; ValueError for
        a kind that is no moment.
        """
        if kind not in MOMENTS:
            raise ValueError(f"{kind} is no moment: ask facts() for it")
        self._frames(kind, timeframe, or_higher=False)
        kept = self._kept(timeframe).get(kind, ())
        return tuple([f for f in kept if f.confirmed_at >= since and (direction is None or f.direction == direction)])

    def history(self, timeframe: Timeframe, count: int) -> Bars | None:
        """The newest ``count`` candles of a timeframe, the closing one included; None while fewer followed on each other.

        Raises UndeclaredRead when the strategy declares to look back less.
        """
        try:
            self._scope.bars(timeframe, count)
        except UndeclaredRead as error:
            self._note(error)
            raise
        kept = None if self._is_left_out(timeframe) else self._history.get(timeframe)
        return None if kept is None else kept.newest(count)

    def flows(self, timeframe: Timeframe, count: int) -> Flows | None:
        """The order flow of the newest ``count`` candles of a timeframe, as ``history`` gives their prices.

        Raises UndeclaredRead when the strategy declares to read less of it.
        """
        self._flow_declared(timeframe, count)
        kept = None if self._is_left_out(timeframe) else self._flows.get(timeframe)
        return None if kept is None else kept.newest(count)

    def holds(self, fact_id: str) -> bool:
        """True when a fact of this id is in the view, of this symbol or another: a signal may rest on nothing else."""
        return self.find(fact_id) is not None

    def find(self, fact_id: str) -> tuple[str, Timeframe, Fact] | None:
        """The symbol, the timeframe and the fact of an id; None when it is not in the view."""
        for frame, kinds in self._scope.reads.items():
            analysis = self.newest(frame)
            kept = self._kept(frame)
            told = (*analysis.active, *analysis.events) if analysis is not None else ()
            for fact in (*told, *(fact for kind in kinds for fact in kept.get(kind, ()))):
                if fact.id == fact_id:
                    return self.symbol, frame, fact
        return next((found for other in self._others.values() if (found := other.find(fact_id)) is not None), None)

    def _closes(self, candle: Candle, timeframe: Timeframe) -> bool:
        """Whether a candle of this timeframe closes now."""
        return candle.open_time + DURATION[timeframe] == self.close_time

    def _faulty(self) -> tuple[bool, bool]:
        """Whether a timeframe that it needs is missing, and whether one is disputed."""
        found = self._known_flaws()
        if found.none:
            return False, False
        required = self._scope.required
        return not found.missing.isdisjoint(required), not found.disputed.isdisjoint(required)

    def _known_flaws(self) -> Flaws:
        if self._flaws is None:
            self._flaws = flaws(self.close_time, self.closing, self._analyses)
        return self._flaws

    def _is_left_out(self, timeframe: Timeframe) -> bool:
        found = self._known_flaws()
        if found.none or timeframe not in self._scope.optional:
            return False
        return timeframe in found.missing or timeframe in found.disputed

    def _kept(self, timeframe: Timeframe) -> Mapping[FactKind, list[Fact]]:
        return {} if self._is_left_out(timeframe) else self._moments.get(timeframe, {})

    def _index(self, timeframe: Timeframe) -> FactIndex | None:
        if timeframe == self._looked_at:  # questions about one timeframe follow on each other
            return self._found
        analysis = None if self._is_left_out(timeframe) else self._analyses.get(timeframe)
        found = self._indexes.of(timeframe, analysis) if analysis is not None else None
        self._looked_at, self._found = timeframe, found
        return found

    def _of(self, kind: FactKind, timeframe: Timeframe, direction: Direction | None) -> tuple[Fact, ...]:
        index = self._index(timeframe)
        if index is None:
            return ()
        return index.of_kind(kind) if direction is None else index.of(kind, direction)

    def _kinds(self, timeframe: Timeframe) -> frozenset[FactKind]:
        try:
            return self._scope.kinds(timeframe)
        except UndeclaredRead as error:
            self._note(error)
            raise

    def _frames(self, kind: FactKind, timeframe: Timeframe, *, or_higher: bool) -> tuple[Timeframe, ...]:
        try:
            return self._scope.frames(kind, timeframe, or_higher)
        except UndeclaredRead as error:
            self._note(error)
            raise

    def _flow_declared(self, timeframe: Timeframe, count: int) -> None:
        try:
            self._scope.flows(timeframe, count)
        except UndeclaredRead as error:
            self._note(error)
            raise

    def _note(self, error: UndeclaredRead) -> None:
        """Note an undeclared read, so that it counts also when the strategy catches the error."""
        self.asked.append(str(error))
