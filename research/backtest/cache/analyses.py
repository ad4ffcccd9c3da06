"""Analyses as the cache holds them: each as what is new since the one before of its symbol and timeframe.

Their candles are not kept: the tape has them. A fact is kept once, when it first stands in an analysis; later ones point at
it by its place among the active facts of the analysis before.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from research.backtest.cache.change import Change, decode, encode
from research.backtest.cache.store import Writing
from research.backtest.frames import Frame
from shared.domain.candles import Candle
from shared.domain.facts import Analysis, AnalysisBundle, Fact
from shared.domain.timeframes import Timeframe

#: Analyses of a frame.
_TOGETHER: Final = 2_048
_TRENDS: Final[tuple[Literal["none", "up", "down"], ...]] = ("none", "up", "down")
#: A series: partition, timeframe, symbol.
Series = tuple[int, Timeframe, str]


def change_of(before: Sequence[Fact], analysis: Analysis) -> Change:
    """Return what is new in an analysis. before: the active facts of the one before."""
    trend, same = _TRENDS.index(analysis.trend), analysis.active is before
    if same and not analysis.events:
        return Change(trend, analysis.atr)
    places = {id(fact): place for place, fact in enumerate(before)}
    new: list[Fact] = []
    told = {}
    for name, facts in (("events", analysis.events), ("active", () if same else analysis.active)):
        found = array("H")
        for fact in facts:
            place = places.get(id(fact))
            if place is None:
                place = places[id(fact)] = len(before) + len(new)
                new.append(fact)
            found.append(place)
        told[name] = found.tobytes()
    return Change(trend, analysis.atr, tuple(new), told["events"], None if same else told["active"])


def analysis_of(before: tuple[Fact, ...], change: Change, candle: Candle) -> Analysis:
    """Return the analysis of a candle. before: as for ``change_of``."""
    events: tuple[Fact, ...] = ()
    active = before
    if change.events or change.active is not None:
        known = (*before, *change.new)
        events = tuple([known[place] for place in array("H", change.events)])
        if change.active is not None:
            active = tuple([known[place] for place in array("H", change.active)])
    return Analysis(
        symbol=candle.symbol, timeframe=candle.timeframe, candle=candle, trend=_TRENDS[change.trend],
        atr=change.atr, events=events, active=active,
    )  # fmt: skip


class KeptAnalyses:
    """Gives the analyses of an entry, in the order in which they were added."""

    def __init__(self, frames: Iterator[bytes]) -> None:
        self._frames = frames
        self._changes: list[Change] = []
        self._place = 0
        self._active: dict[Series, tuple[Fact, ...]] = {}

    def at(self, partition: int, frame: Frame, close_time: int) -> list[Analysis]:
        """Return the analyses of the candles that close now."""
        found = []
        for candle in frame.candles(close_time):
            if self._place == len(self._changes):
                self._changes, self._place = decode(next(self._frames)), 0
            series = partition, candle.timeframe, candle.symbol
            analysis = analysis_of(self._active.get(series, ()), self._changes[self._place], candle)
            self._place += 1
            self._active[series] = analysis.active
            found.append(analysis)
        return found


class KeepingAnalyses:
    """Adds analyses to an entry as they are made. ``finish`` after the last one."""

    def __init__(self, entry: Writing) -> None:
        self._entry = entry
        self._waiting: list[Change] = []
        self._active: dict[Series, tuple[Fact, ...]] = {}

    def add(self, bundle: AnalysisBundle) -> None:
        """Take the analyses of one close."""
        if self._entry.lost:
            return
        for each in bundle.analyses:
            series = bundle.partition, each.timeframe, each.symbol
            self._waiting.append(change_of(self._active.get(series, ()), each))
            self._active[series] = each.active
        if len(self._waiting) >= _TOGETHER:
            self._entry.add(encode(self._waiting))
            self._waiting.clear()

    def finish(self) -> None:
        """Keep the entry."""
        self._entry.add(encode(self._waiting))
        self._entry.finish()
