"""The pairs of one partition and timeframe: what they add to the analyses of a close (ICT-9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Protocol, cast

import msgspec

from services.analysis.base.finding import Finding, messages, unchanged
from services.analysis.cross.pair import Pair
from services.analysis.cross.side import Side
from services.analysis.explain import fact_of
from services.analysis.saved import PairsState
from services.analysis.settings import AnalysisSettings
from services.analysis.state import layout, load, save
from shared.core import StaleSnapshot
from shared.domain.candles import Candle
from shared.domain.facts import ALL_KINDS, Analysis, Fact, FactKind
from shared.domain.timeframes import DURATION, Timeframe

#: What pairs say.
KINDS: Final[frozenset[FactKind]] = frozenset({"smt_swing", "smt_level", "liquidity_correlation"})


class Reader(Protocol):
    """What a pair asks of a symbol's engine."""

    @property
    def found(self) -> list[Finding]:
        """All that its last close made known."""
        ...

    def active(self) -> list[Finding]:
        """All that stands."""
        ...


class Pairs:
    """All configured pairs. One is read from the close on at which both of its symbols have been seen in this partition.

    ``published``: the kinds that go into the analyses. No other finding rests on a pair's, so pairs are read only when one
    of their kinds is among them.
    """

    def __init__(self, timeframe: Timeframe, settings: AnalysisSettings, published: frozenset[FactKind] = ALL_KINDS) -> None:
        self._timeframe: Timeframe = timeframe
        self._published = published
        cross = settings.cross
        pairs = cross.pairs if cross.enabled and published & KINDS else ()
        self._pairs: Final = [Pair(pair, cross, DURATION[timeframe], settings.swing_length) for pair in pairs]
        self._symbols: Final = frozenset(symbol for pair in self._pairs for symbol in (pair.first, pair.second))
        #: By symbol: what its engine and its pairs say is alive, and both together; made anew when one of them changes, so
        #: that a reader sees by the object whether anything did.
        self._together: dict[str, tuple[tuple[Fact, ...], tuple[Fact, ...], tuple[Fact, ...]]] = {}

    def read(self, analyses: Sequence[Analysis], engines: Mapping[str, Reader], close_time: int) -> tuple[Analysis, ...]:
        """The analyses of one close with what the pairs say of them. ``engines``: of each symbol that ever had a candle."""
        if not self._pairs:
            return tuple(analyses)
        judged: dict[str, Candle] = {
            each.symbol: each.candle for each in analyses if each.symbol in self._symbols and each.candle.state != "disputed"
        }
        events: dict[str, list[Finding]] = {}
        active: dict[str, list[Finding]] = {}
        for pair in self._pairs:
            if pair.first in engines and pair.second in engines:
                one, other = (_side(judged.get(symbol), engines[symbol]) for symbol in (pair.first, pair.second))
                found = pair.update(one, other, close_time)
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
        new, alive = self._facts(analysis.symbol, events), self._facts(analysis.symbol, active)
        if not new and not alive:
            return analysis
        return msgspec.structs.replace(
            analysis,
            events=(*analysis.events, *new) if new else analysis.events,
            active=self._both(analysis.symbol, analysis.active, alive) if alive else analysis.active,
        )

    def _both(self, symbol: str, active: tuple[Fact, ...], alive: tuple[Fact, ...]) -> tuple[Fact, ...]:
        known = self._together.get(symbol)
        if known is None or known[0] is not active or unchanged(known[1], alive) is not known[1]:
            known = self._together[symbol] = (active, alive, (*active, *alive))
        return known[2]

    def _facts(self, symbol: str, findings: list[Finding] | None) -> tuple[Fact, ...]:
        published = [each for each in findings or () if each.kind in self._published]
        if not published:
            return ()
        make = partial(fact_of, symbol=symbol, timeframe=self._timeframe)
        return cast("tuple[Fact, ...]", tuple(messages(published, make)))


def _side(candle: Candle | None, engine: Reader) -> Side | None:
    return None if candle is None else Side(candle, engine.found, engine.active)


def _name(pair: Pair) -> str:
    return f"{pair.first}/{pair.second}"


def _layout(pairs: Sequence[Pair]) -> str:
    return layout([("pair", pair) for pair in pairs[:1]])
