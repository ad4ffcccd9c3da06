"""The facts of one analysis by kind and direction, made when asked for, and kept while the analysis is the newest."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from services.signals.zone_priority import ZoneAt, by_priority
from shared.domain.facts import Analysis, Direction, Fact, FactKind
from shared.domain.timeframes import Timeframe

_NONE: tuple[Fact, ...] = ()


class FactIndex:
    """Answers of one analysis. A 4h analysis is asked for four hours: it is sorted once."""

    __slots__ = ("_lean", "_levels", "_sorted", "_zones", "analysis")

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self._sorted: dict[tuple[FactKind, Direction], tuple[Fact, ...]] | None = None
        self._lean: dict[frozenset[FactKind], Analysis] = {}
        self._zones: dict[frozenset[FactKind], tuple[ZoneAt, ...]] = {}
        self._levels: dict[tuple[frozenset[FactKind], Direction], tuple[tuple[float, ZoneAt], ...]] = {}

    def of(self, kind: FactKind, direction: Direction) -> tuple[Fact, ...]:
        """The active facts of this kind and direction, in the order of the analysis."""
        if self._sorted is None:
            self._sorted = self._sort()
        return self._sorted.get((kind, direction), _NONE)

    def of_kind(self, kind: FactKind) -> tuple[Fact, ...]:
        """The active facts of this kind, of every direction: bullish first."""
        return (*self.of(kind, "bullish"), *self.of(kind, "bearish"), *self.of(kind, "none"))

    def only(self, kinds: frozenset[FactKind]) -> Analysis:
        """The analysis without facts of other kinds: the same object when it holds no others."""
        found = self._lean.get(kinds)
        if found is None:
            found = self._lean[kinds] = _only(self.analysis, kinds)
        return found

    def zones(self, kinds: frozenset[FactKind]) -> tuple[ZoneAt, ...]:
        """The living zones of these kinds, in the order of ``zone_priority``."""
        found = self._zones.get(kinds)
        if found is None:
            found = self._zones[kinds] = by_priority({self.analysis.timeframe: self.analysis}, kinds)
        return found

    def levels(self, kinds: frozenset[FactKind], direction: Direction) -> tuple[tuple[float, ZoneAt], ...]:
        """The active levels of these kinds and this direction, each with the edge that price meets first; in any order."""
        asked = (kinds, direction)
        found = self._levels.get(asked)
        if found is None:
            above, frame = direction == "bearish", self.analysis.timeframe
            facts = [fact for kind in sorted(kinds) for fact in self.of(kind, direction)]
            found = tuple([(fact.bottom if above else fact.top, ZoneAt(frame, fact)) for fact in facts])
            self._levels[asked] = found
        return found

    def _sort(self) -> dict[tuple[FactKind, Direction], tuple[Fact, ...]]:
        found: dict[tuple[FactKind, Direction], list[Fact]] = {}
        for fact in self.analysis.active:
            if fact.state != "provisional":
                found.setdefault((fact.kind, fact.direction), []).append(fact)
        return {place: tuple(facts) for place, facts in found.items()}


class Indexes:
    """The indexes of one symbol's newest analyses. No state: what is in it can be made again at any time."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[Timeframe, FactIndex] = {}

    def of(self, timeframe: Timeframe, analysis: Analysis) -> FactIndex:
        """The index of this analysis, which is the newest of this timeframe."""
        index = self._of.get(timeframe)
        if index is None or index.analysis is not analysis:
            index = self._of[timeframe] = FactIndex(analysis)
        return index


def _only(analysis: Analysis, kinds: Collection[FactKind]) -> Analysis:
    active, events = analysis.active, analysis.events
    if all(fact.kind in kinds for fact in active) and all(fact.kind in kinds for fact in events):
        return analysis
    return msgspec.structs.replace(
        analysis,
        active=tuple([fact for fact in active if fact.kind in kinds]),
        events=tuple([fact for fact in events if fact.kind in kinds]),
    )
