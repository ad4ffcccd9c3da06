"""The facts of one analysis by kind and direction, made when asked for, and kept while the analysis is the newest."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, final

import msgspec

from services.signals.zone_priority import ZONE_KINDS, ZoneAt, in_order
from shared.domain.facts import Analysis, Direction, Fact, FactKind
from shared.domain.timeframes import Timeframe

_NONE: Final[tuple[Fact, ...]] = ()
#: What a break of structure is.
BREAKS: Final[tuple[FactKind, ...]] = ("bos", "choch")
#: Zones that are kept beside their facts, those of ended facts too; then they are made anew.
_MOST_PLACES: Final = 512


@final
class Reading:
    """What a closed candle is without its facts: the candle, the trend and the average true range (quote currency)."""

    __slots__ = ("atr", "candle", "trend")

    def __init__(self, analysis: Analysis) -> None:
        self.candle: Final = analysis.candle
        self.trend: Final = analysis.trend
        self.atr: Final = analysis.atr


@final
class FactIndex:
    """Answers of one analysis. A 4h analysis is asked for four hours: it is sorted once.

    before: the index of the analysis before on the same timeframe. At most closes the facts that stand are the very same:
    then its answers are these.
    """

    __slots__ = (
        "_all", "_bare", "_breaks_known", "_groups", "_last_break", "_lean", "_levels", "_places", "_sorted", "_zones",
        "analysis", "reading",
    )  # fmt: skip

    def __init__(self, analysis: Analysis, before: FactIndex | None = None) -> None:
        self.analysis: Final = analysis
        self.reading: Final = Reading(analysis)
        self._bare: Analysis | None = None
        self._lean: dict[frozenset[FactKind], Analysis] = {}
        same = before if before is not None and before.analysis.active is analysis.active else None
        self._groups: dict[FactKind, list[Fact]] = _by_kind(analysis.active) if same is None else same._groups
        self._sorted: dict[FactKind, dict[Direction, tuple[Fact, ...]]] = {} if same is None else same._sorted
        self._places: dict[str, ZoneAt] = before._places if before is not None else {}
        self._breaks_known: bool = same is not None and same._breaks_known
        self._last_break: Fact | None = same._last_break if same is not None else None
        self._all: dict[FactKind, tuple[Fact, ...]] = {} if same is None else same._all
        self._zones: dict[frozenset[FactKind], tuple[ZoneAt, ...]] = {} if same is None else same._zones
        self._levels: dict[tuple[frozenset[FactKind], Direction], tuple[tuple[float, ZoneAt], ...]] = (
            {} if same is None else same._levels
        )

    def of(self, kind: FactKind, direction: Direction) -> tuple[Fact, ...]:
        """The active facts of this kind and direction, in the order of the analysis."""
        return self._of_kind(kind).get(direction, _NONE)

    def of_kind(self, kind: FactKind) -> tuple[Fact, ...]:
        """The active facts of this kind, of every direction: bullish first."""
        known = self._all.get(kind)
        if known is None:
            found = self._of_kind(kind)
            known = (*found.get("bullish", _NONE), *found.get("bearish", _NONE), *found.get("none", _NONE))
            self._all[kind] = known
        return known

    def only(self, kinds: frozenset[FactKind]) -> Analysis:
        """The analysis without facts of other kinds: the same object when it holds no others."""
        found = self._lean.get(kinds)
        if found is None:
            found = self._lean[kinds] = _only(self.analysis, kinds)
        return found

    def bare(self) -> Analysis:
        """The analysis without any fact: made once for all strategies, which ``only`` is not."""
        if self._bare is None:
            self._bare = msgspec.structs.replace(self.analysis, active=(), events=())
        return self._bare

    def zones(self, kinds: frozenset[FactKind]) -> tuple[ZoneAt, ...]:
        """The living zones of these kinds, in the order of ``zone_priority``."""
        found = self._zones.get(kinds)
        if found is None:
            zones = [self._placed(fact) for kind in kinds if kind in ZONE_KINDS for fact in self._groups.get(kind, ())]
            found = self._zones[kinds] = in_order(zones)
        return found

    def last_break(self) -> Fact | None:
        """The last break of structure or change of character, of either direction; None without one."""
        if not self._breaks_known:
            self._breaks_known = True
            last: Fact | None = None
            for kind in BREAKS:
                for fact in self.of_kind(kind):
                    if last is None or (fact.confirmed_at, fact.id) > (last.confirmed_at, last.id):
                        last = fact
            self._last_break = last
        return self._last_break

    def _placed(self, fact: Fact) -> ZoneAt:
        """The zone of a fact: that of the analysis before where the fact is the very same."""
        places = self._places
        found = places.get(fact.id)
        if found is None or found.fact is not fact:
            if len(places) >= _MOST_PLACES:
                places.clear()
            found = places[fact.id] = ZoneAt(self.analysis.timeframe, fact)
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

    def _of_kind(self, kind: FactKind) -> dict[Direction, tuple[Fact, ...]]:
        """By direction; sorted when it is asked for first, because most kinds never are."""
        known = self._sorted.get(kind)
        if known is None:
            found: dict[Direction, list[Fact]] = {}
            for fact in self._groups.get(kind, ()):
                found.setdefault(fact.direction, []).append(fact)
            known = self._sorted[kind] = {direction: tuple(facts) for direction, facts in found.items()}
        return known


@final
class Indexes:
    """The indexes of one symbol's newest analyses. No state: what is in it can be made again at any time."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[Timeframe, FactIndex] = {}

    def of(self, timeframe: Timeframe, analysis: Analysis) -> FactIndex:
        """The index of this analysis, which is the newest of this timeframe."""
        index = self._of.get(timeframe)
        if index is None or index.analysis is not analysis:
            index = self._of[timeframe] = FactIndex(analysis, index)
        return index


def _by_kind(facts: tuple[Fact, ...]) -> dict[FactKind, list[Fact]]:
    """Those that something may rest on, in their order: provisional ones are left out."""
    found: dict[FactKind, list[Fact]] = {}
    for fact in facts:
        if fact.state != "provisional":
            group = found.get(fact.kind)
            if group is None:
                found[fact.kind] = [fact]
            else:
                group.append(fact)
    return found


def _only(analysis: Analysis, kinds: Collection[FactKind]) -> Analysis:
    active, events = analysis.active, analysis.events
    if all(fact.kind in kinds for fact in active) and all(fact.kind in kinds for fact in events):
        return analysis
    return msgspec.structs.replace(
        analysis,
        active=tuple([fact for fact in active if fact.kind in kinds]),
        events=tuple([fact for fact in events if fact.kind in kinds]),
    )
