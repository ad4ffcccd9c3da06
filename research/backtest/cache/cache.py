"""The cache of one tape: what a run looks up in it, and what it leaves there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from research.backtest.cache.analyses import KeepingAnalyses, KeptAnalyses
from research.backtest.cache.decisions import KeepingDecisions, Part, parts_of
from research.backtest.cache.key import analysis_key, decisions_key
from research.backtest.cache.store import Store
from research.backtest.sections import Sections
from shared.domain.timeframes import Timeframe
from simulator.recorder import Recorder


class Cache:
    """Analyses and decisions of a tape. data: symbol → hash of its candles, which is of no other tape.

    read: what was found in it, in the order of asking: ``analyses``, ``decisions``.
    """

    def __init__(self, store: Store, data: Mapping[str, str]) -> None:
        self._store: Final = store
        self._data: Final = data
        self.read: Final[list[str]] = []

    def analyses(self, sections: Sections, frames: Sequence[Timeframe]) -> KeptAnalyses | None:
        """The analyses of these timeframes; None where they were not kept."""
        found = self._store.find("analyses", analysis_key(sections, frames, self._data))
        if found is None:
            return None
        self.read.append("analyses")
        return KeptAnalyses(found)

    @contextmanager
    def keeping_analyses(self, sections: Sections, frames: Sequence[Timeframe]) -> Iterator[KeepingAnalyses]:
        """Keep analyses; those of a run that does not come to its end are forgotten."""
        entry = self._store.begin("analyses", analysis_key(sections, frames, self._data))
        try:
            yield KeepingAnalyses(entry)
        finally:
            entry.drop()

    def decisions(self, sections: Sections, *, zones: bool) -> Iterator[Part] | None:
        """The decisions of the tape; None where they were not kept. zones: those of the signals are wanted too."""
        key = decisions_key(sections, self._data, zones=zones)
        found = self._store.find("decisions", key) if key is not None else None
        if found is None:
            return None
        self.read.append("decisions")
        return parts_of(found)

    @contextmanager
    def keeping_decisions(self, sections: Sections, recorder: Recorder, *, zones: bool) -> Iterator[KeepingDecisions | None]:
        """Keep decisions, as ``keeping_analyses`` does; None where no key tells them apart."""
        key = decisions_key(sections, self._data, zones=zones)
        if key is None:
            yield None
            return
        entry = self._store.begin("decisions", key)
        try:
            yield KeepingDecisions(entry, recorder)
        finally:
            entry.drop()
            recorder.copy = None
