"""The facts of one analysis by kind and direction, made when asked for, and kept while the analysis is the newest."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from shared.domain.facts import Analysis, Direction, Fact, FactKind
from shared.domain.timeframes import Timeframe

_NONE: tuple[Fact, ...] = ()


class FactIndex:
    """Answers of one analysis. A 4h analysis is asked for four hours: it is sorted once."""

    __slots__ = ("_kinds", "_lean", "_sorted", "analysis")

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self._sorted: dict[tuple[FactKind, Direction], tuple[Fact, ...]] | None = None
        self._kinds: frozenset[FactKind] = frozenset()
        self._lean: dict[frozenset[FactKind], Analysis] = {}

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
