"""Questions about zones: order blocks, gaps and the others that price can come back to."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

from services.signals import zone_priority
from services.signals.view.liquidity import LiquidityQueries
from services.signals.zone_priority import ZONE_KINDS, ZoneAt
from shared.domain.facts import Direction, Fact, FactKind
from shared.domain.timeframes import Timeframe

_ALL: Final = frozenset(ZONE_KINDS)


class ZoneQueries(LiquidityQueries):
    """Nearest zones, and which zone speaks where several lie over each other."""

    __slots__ = ()

    def order_block(
        self, direction: Direction, price: float, timeframe: Timeframe, *, or_higher: bool = True, unmitigated: bool = True
    ) -> ZoneAt | None:
        """The nearest order block on ``timeframe`` or higher: bullish ones at or below ``price``, bearish at or above.

        unmitigated: only those to which price has not come back. Raises UndeclaredRead.
        """
        return self.nearest("order_block", direction, price, timeframe, or_higher=or_higher, untouched=unmitigated)

    def gap(
        self, direction: Direction, price: float, timeframe: Timeframe, *, or_higher: bool = True, untouched: bool = False
    ) -> ZoneAt | None:
        """The nearest fair value gap that is not filled on ``timeframe`` or higher, as ``order_block`` finds blocks."""
        return self.nearest("fvg", direction, price, timeframe, or_higher=or_higher, untouched=untouched)

    def nearest(
        self,
        kind: FactKind,
        direction: Direction,
        price: float,
        timeframe: Timeframe,
        *,
        or_higher: bool = True,
        untouched: bool = False,
    ) -> ZoneAt | None:
        """The zone of a kind that is nearest to ``price``; price inside it is nearest of all. None without one.

        Bullish zones are looked for at or below the price, bearish ones at or above: not one that price has passed through.
        Of equally near ones the longer timeframe's, then the higher score, then the later. Raises UndeclaredRead.
        """
        below = direction == "bullish"
        nearest, where = math.inf, timeframe
        best: Fact | None = None
        for frame in self._frames(kind, timeframe, or_higher=or_higher):  # longest first
            index = self._index(frame)
            for fact in index.of(kind, direction) if index is not None else ():
                if (price < fact.bottom) if below else (price > fact.top):
                    continue
                away = max(price - fact.top if below else fact.bottom - price, 0.0)
                if away > nearest or (untouched and fact.state != "active"):
                    continue
                if away < nearest or (frame == where and _rank(fact) < _rank(best)):
                    nearest, best, where = away, fact, frame
        return None if best is None else ZoneAt(where, best)

    def zones(self, kinds: Collection[FactKind] = _ALL) -> tuple[ZoneAt, ...]:
        """The living zones of the declared kinds on all its timeframes, HTF before MTF before LTF (``zone_priority``)."""
        found: list[ZoneAt] = []
        for frame, read in self._scope.zones(kinds if isinstance(kinds, frozenset) else frozenset(kinds)):
            index = self._index(frame)
            if index is not None:
                found += index.zones(read)
        return tuple(found)

    def zones_reached(self, zones: Sequence[ZoneAt], candle_of: Timeframe) -> tuple[ZoneAt, ...]:
        """Those of ``zones`` that the newest candle of a timeframe touched, in the same order: the first speaks for them."""
        self._kinds(candle_of)
        index = self._index(candle_of)
        if index is None:
            return ()
        candle = index.analysis.candle
        return zone_priority.reached(zones, candle.low, candle.high)

    def overruled(self, zone: ZoneAt) -> bool:
        """True when a zone of a longer timeframe lies over it and works in the other direction."""
        return zone_priority.overruled(self.zones(), zone)

    def entry_zone(self, timeframe: Timeframe) -> Fact | None:
        """The optimal trade entry of the timeframe's dealing range that price has not left at its origin; None without one.

        Raises UndeclaredRead.
        """
        found = self.facts("ote", timeframe)
        return found[-1] if found else None


def _rank(fact: Fact | None) -> tuple[float, int, str]:
    """Of equally near zones of one timeframe the smallest is nearest."""
    return (0.0, 0, "") if fact is None else (-fact.score, -fact.confirmed_at, fact.id)
