"""The pairs of one partition and timeframe: what they add to the analyses of a close (ICT-9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from services.analysis.cross.pair import Pair
from services.analysis.explain import fact_of
from services.analysis.frame.finding import Finding
from services.analysis.settings import AnalysisSettings
from services.analysis.state import StaleSnapshot, layout, load, save
from shared.domain.facts import Analysis
from shared.domain.timeframes import DURATION, Timeframe


class PairsState(msgspec.Struct):
    """``layout``: fingerprint of what a pair holds; ``pairs``: name → plain values."""

    layout: str
    pairs: dict[str, list[Any]]


class Pairs:
    """All configured pairs. One is read from the close on at which both of its symbols have been seen in this partition."""

    def __init__(self, timeframe: Timeframe, settings: AnalysisSettings) -> None:
        self._timeframe: Timeframe = timeframe
        cross = settings.cross
        self._pairs: Final = [
            Pair(pair, cross, DURATION[timeframe], settings.swing_length) for pair in (cross.pairs if cross.enabled else ())
        ]
        self._symbols: Final = frozenset(symbol for pair in self._pairs for symbol in (pair.first, pair.second))

    def read(self, analyses: Sequence[Analysis], seen: Mapping[str, object], close_time: int) -> tuple[Analysis, ...]:
        """The analyses of one close with what the pairs say of them. ``seen``: by symbol, those that ever had a candle."""
        if not self._pairs:
            return tuple(analyses)
        judged = {each.symbol: each for each in analyses if each.symbol in self._symbols and each.candle.state != "disputed"}
        events: dict[str, list[Finding]] = {}
        active: dict[str, list[Finding]] = {}
        for pair in self._pairs:
            if pair.first in seen and pair.second in seen:
                found = pair.update(judged.get(pair.first), judged.get(pair.second), close_time)
                for symbol, new, alive in zip((pair.first, pair.second), found, pair.active(), strict=True):
                    events.setdefault(symbol, []).extend(new)
                    active.setdefault(symbol, []).extend(alive)
        return tuple([self._with(each, events.get(each.symbol), active.get(each.symbol)) for each in analyses])

    def state(self) -> PairsState:
        """A copy of all that the pairs know."""
        return PairsState(_layout(self._pairs), {_name(pair): save(pair) for pair in self._pairs})

    def restore(self, state: PairsState) -> None:
        """Continue from ``state``; a pair that it does not know begins anew. Raises StaleSnapshot."""
        if self._pairs and state.pairs and state.layout != _layout(self._pairs):
            raise StaleSnapshot(
                "the snapshot of pairs of symbols was saved by another version; start without it and warm up from candles"
            )
        for pair in self._pairs:
            if _name(pair) in state.pairs:
                load(pair, state.pairs[_name(pair)])

    def _with(self, analysis: Analysis, events: list[Finding] | None, active: list[Finding] | None) -> Analysis:
        if not events and not active:
            return analysis
        symbol, timeframe = analysis.symbol, self._timeframe
        return msgspec.structs.replace(
            analysis,
            events=(*analysis.events, *[fact_of(each, symbol, timeframe) for each in events or ()]),
            active=(*analysis.active, *[fact_of(each, symbol, timeframe) for each in active or ()]),
        )


def _name(pair: Pair) -> str:
    return f"{pair.first}/{pair.second}"


def _layout(pairs: Sequence[Pair]) -> str:
    return layout([("pair", pair) for pair in pairs[:1]])
