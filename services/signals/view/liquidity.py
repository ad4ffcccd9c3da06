"""Questions about liquidity: what was swept, what still rests where, and the levels of earlier periods."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from services.signals.view.structure import StructureQueries
from services.signals.zone_priority import ZoneAt
from shared.domain.facts import Direction, Fact, FactKind
from shared.domain.order_words import Side
from shared.domain.timeframes import DURATION, Timeframe

#: Levels at which stops rest. Those above the market are *bearish*, those below it bullish.
LIQUIDITY: Final[frozenset[FactKind]] = frozenset(
    {
        "previous_month_high", "previous_month_low", "previous_week_high", "previous_week_low", "previous_day_high",
        "previous_day_low", "session_high", "session_low", "equal_highs", "equal_lows", "liquidity_pool",
    }
)  # fmt: skip
Period = Literal["day", "week", "month"]
_PREVIOUS: Final[dict[Period, tuple[FactKind, FactKind]]] = {
    "day": ("previous_day_high", "previous_day_low"),
    "week": ("previous_week_high", "previous_week_low"),
    "month": ("previous_month_high", "previous_month_low"),
}


class Levels(NamedTuple):
    """High and low of a period; None for one that was taken since, or is not known."""

    high: Fact | None
    low: Fact | None


class LiquidityQueries(StructureQueries):
    """Sweeps, targets, previous levels."""

    __slots__ = ()

    def last_sweep(self, direction: Direction, timeframe: Timeframe, *, since: int = 0) -> Fact | None:
        """The last sweep of a timeframe, confirmed at ``since`` (UTC ms) or later; None without one.

        A sweep of lows is bullish, one of highs bearish. Raises UndeclaredRead.
        """
        self._frames("sweep", timeframe, or_higher=False)
        for fact in reversed(self._kept(timeframe).get("sweep", ())):
            if fact.confirmed_at < since:  # the oldest come first
                return None
            if fact.direction == direction:
                return fact
        return None

    def swept(self, direction: Direction, timeframe: Timeframe, *, since: int) -> bool:
        """True when liquidity was swept at ``since`` (UTC ms) or later: ``since=view.last_open("kill_zone", "5m")``."""
        return self.last_sweep(direction, timeframe, since=since) is not None

    def displacement_after(self, fact: Fact, timeframe: Timeframe) -> Fact | None:
        """The first displacement in the direction of ``fact`` that was confirmed after it; None without one."""
        found = self.moments("displacement", timeframe, fact.direction, since=fact.confirmed_at + 1)
        return found[0] if found else None

    def targets(self, side: Side, beyond: float, timeframe: Timeframe, *, or_higher: bool = True) -> tuple[ZoneAt, ...]:
        """The liquidity beyond a price in the direction of a trade, nearest first: above it for a BUY, below for a SELL.

        Of levels at one price the longest timeframe's stands for all. Only declared kinds are found; raises UndeclaredRead
        when none of ``LIQUIDITY`` is declared there.
        """
        buys = side == "BUY"
        direction: Direction = "bearish" if buys else "bullish"
        found: dict[float, ZoneAt] = {}
        for frame, kinds in self._liquidity(timeframe, or_higher):  # longest first: of one price, that one stays
            index = self._index(frame)
            if index is not None:
                for price, level in index.levels(kinds, direction):
                    if (price > beyond) if buys else (price < beyond):
                        found.setdefault(price, level)
        return tuple([found[price] for price in sorted(found, reverse=not buys)])

    def previous(self, period: Period, timeframe: Timeframe) -> Levels:
        """High and low of the day, week or month before, as this timeframe knows them. Raises UndeclaredRead."""
        high, low = ([*self.facts(kind, timeframe), None][0] for kind in _PREVIOUS[period])
        return Levels(high, low)

    def _liquidity(self, timeframe: Timeframe, or_higher: bool) -> list[tuple[Timeframe, frozenset[FactKind]]]:
        """Where it reads which kinds of levels, the longest timeframe first. Raises UndeclaredRead when nowhere."""
        shortest = DURATION[timeframe]
        found = [
            (frame, kinds)
            for frame, reads in reversed(self._scope.reads.items())
            if frame == timeframe or (or_higher and DURATION[frame] > shortest)
            if (kinds := LIQUIDITY & reads)
        ]
        if not found:
            self._frames("liquidity_pool", timeframe, or_higher=or_higher)
        return found
