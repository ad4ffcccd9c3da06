"""Asks the filters about what strategies signal: the one place where signals.core meets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from services.signals.contract import Enabled
from services.signals.filters import FILTERS
from services.signals.filters.contract import Filter, FilterSettings
from services.signals.filters.sensitivity import ZONE, Sensitivity, zones_at
from services.signals.filters.settings import FiltersSettings
from services.signals.filters.time_suitability import READS, suitability
from services.signals.filters.zone_record import ZoneRecord
from services.signals.gates import Gate
from services.signals.view import MarketView
from services.signals.view.scope import Scope
from shared.domain.decisions import Signal
from shared.domain.facts import Analysis, FactKind
from shared.domain.timeframes import FINEST, Timeframe


class Filters:
    """The filters of one partition, by strategy.

    suitable: the time's score was above its threshold at the last close; always False when nobody is to be told.
    """

    def __init__(self, symbols: Iterable[str], strategies: Iterable[Enabled], settings: FiltersSettings) -> None:
        self._time = settings.time_suitability
        self._sensitive = settings.sensitivity.enabled
        self._sensitivity = Sensitivity(symbols, settings.sensitivity)
        #: True when signals are followed on candles, so that zones get a record.
        self.learns: Final = self._sensitivity.learns
        self.suitable = False
        self._asked: dict[str, list[tuple[Filter[Any], FilterSettings]]] = {}
        self._scopes: dict[str, Scope] = {}
        self._scaled: dict[tuple[str, str], tuple[float, Enabled]] = {}
        for each in strategies:
            asked = [(found, settings.of(found.name)) for found in FILTERS.values()]
            asked = [(found, own) for found, own in asked if own.applies_to(each.name)]
            self._asked[each.name] = asked
            self._scopes[each.name] = _scope(asked, each.timeframe)
        #: By timeframe, how many candles of prices and of order flow they look back at most.
        self.history: Final[Mapping[Timeframe, int]] = _longest(scope.history for scope in self._scopes.values())
        self.flow: Final[Mapping[Timeframe, int]] = _longest(scope.flow for scope in self._scopes.values())

    @property
    def records(self) -> dict[str, ZoneRecord]:
        """The records of kill zones by symbol, for the snapshot; empty when nothing is learnt."""
        return self._sensitivity.state

    def restore(self, records: Mapping[str, ZoneRecord], *, suitable: bool) -> None:
        """Take over a state, without what is switched off now."""
        self._sensitivity.restore(records)
        self.suitable = suitable and self._time.tell

    def absorb(self, analysis: Analysis) -> None:
        """Take a closed candle of any timeframe and symbol."""
        self._sensitivity.absorb(analysis)

    def zones(self, newest: Analysis | None, close_time: int) -> tuple[str, ...] | None:
        """The kill zones of a close (UTC ms) by the newest 1m analysis; None when they are not known or nobody asks."""
        return zones_at(newest, close_time) if self._sensitive else None

    def sensitive(self, enabled: Enabled, symbol: str, zones: tuple[str, ...] | None) -> Enabled:
        """The strategy as it is to be asked in these zones: itself, or itself with more or fewer points to reach."""
        factor = self._sensitivity.factor(symbol, enabled.name, zones) if self._sensitive else 1.0
        if factor == 1.0:
            return enabled
        known = self._scaled.get((symbol, enabled.name))
        if known is None or known[0] != factor:
            known = self._scaled[symbol, enabled.name] = (factor, enabled.asking(factor))
        return known[1]

    def follow(self, signal: Signal, zones: tuple[str, ...] | None) -> None:
        """Follow on candles what a strategy signalled, whatever becomes of it."""
        self._sensitivity.follow(signal, zones)

    def scope(self, strategy: str) -> Scope | None:
        """What the filters of a strategy's signals read; None when there are none."""
        return self._scopes[strategy] if self._asked[strategy] else None

    def gates(self, view: MarketView, signal: Signal) -> tuple[Gate, ...]:
        """Every gate of all filters of this strategy, in a view of their scope, so that every reason is told."""
        return tuple([gate for each, own in self._asked[signal.strategy] for gate in each.gates(view, signal, own)])

    def notes(self, symbol: str, enabled: Enabled, zones: tuple[str, ...] | None) -> tuple[Gate, ...]:
        """What the sensitivity did to a strategy in these zones, for a person."""
        return self._sensitivity.notes(symbol, enabled, zones)

    def risen(self, analyses: Iterable[Analysis | None], close_time: int) -> float | None:
        """The time's score at a close (UTC ms) when it has risen above the threshold since the last one; else None.

        analyses: the newest 1m analysis of each symbol; the first that closes now speaks, without one nothing changes.
        """
        if not self._time.tell:
            return None
        shown = next((each for each in analyses if each is not None and each.candle.close_time == close_time), None)
        if shown is None:
            return None
        score, before = suitability(shown, self._time), self.suitable
        self.suitable = score > self._time.threshold
        return score if self.suitable and not before else None


def reads(settings: FiltersSettings, strategies: Iterable[Enabled]) -> frozenset[FactKind]:
    """The kinds of facts that the filters which are on read."""
    kinds: set[FactKind] = set()
    if settings.time_suitability.tell:
        kinds |= READS
    if settings.sensitivity.enabled:
        kinds.add(ZONE)
    for each in strategies:
        for found in FILTERS.values():
            own = settings.of(found.name)
            if own.applies_to(each.name):
                kinds.update(*found.reads(own, each.timeframe).values())
    return frozenset(kinds)


def reads_on(settings: FiltersSettings, strategies: Iterable[Enabled], timeframe: Timeframe) -> frozenset[FactKind]:
    """The kinds of facts that the filters of these strategies' signals read on a timeframe."""
    kinds: set[FactKind] = set()
    for each in strategies:
        for found in FILTERS.values():
            own = settings.of(found.name)
            if own.applies_to(each.name):
                kinds.update(found.reads(own, each.timeframe).get(timeframe, ()))
    return frozenset(kinds)


def _scope(asked: Iterable[tuple[Filter[Any], FilterSettings]], timeframe: Timeframe) -> Scope:
    kinds: dict[Timeframe, frozenset[FactKind]] = {FINEST: frozenset(), timeframe: frozenset()}
    asked = tuple(asked)
    for found, own in asked:
        for frame, read in found.reads(own, timeframe).items():
            kinds[frame] = kinds[frame] | read
    bars = _longest(found.history(own, timeframe) for found, own in asked)
    flows = _longest(found.flow(own, timeframe) for found, own in asked)
    return Scope(kinds, (), bars, flows)


def _longest(counts: Iterable[Mapping[Timeframe, int]]) -> dict[Timeframe, int]:
    longest: dict[Timeframe, int] = {}
    for each in counts:
        for frame, count in each.items():
            longest[frame] = max(longest.get(frame, 0), count)
    return longest
