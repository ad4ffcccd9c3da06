"""Questions about structure, the dealing range and the time of day."""

from __future__ import annotations

from typing import Literal

from services.signals.view.index import BREAKS
from services.signals.view.order_flow import FlowQueries
from shared.domain.facts import Fact, FactKind
from shared.domain.timeframes import Timeframe

Trend = Literal["up", "down", "none"]
#: Above the middle of the dealing range, below it, at it.
Place = Literal["premium", "discount", "equilibrium"]
Window = Literal["kill_zone", "silver_bullet", "macro", "session", "quiet_hours"]


class StructureQueries(FlowQueries):
    """Trend, breaks, premium and discount, windows of time."""

    __slots__ = ()

    def trend(self, timeframe: Timeframe) -> Trend:
        """The direction of structure by its breaks; ``none`` before the first, and of a timeframe without a candle yet.

        Raises UndeclaredRead for a timeframe that is not declared; the trend needs no kind of fact.
        """
        found = self.reading(timeframe)
        return found.trend if found is not None else "none"

    def last_break(self, timeframe: Timeframe) -> Fact | None:
        """The last break of structure or change of character, of either direction; None before the first.

        Raises UndeclaredRead unless both ``bos`` and ``choch`` are declared.
        """
        for kind in BREAKS:
            self._frames(kind, timeframe, or_higher=False)
        index = self._index(timeframe)
        return index.last_break() if index is not None else None

    def dealing_range(self, timeframe: Timeframe) -> Fact | None:
        """The dealing range that holds; bullish when its low came first. None without one. Raises UndeclaredRead."""
        found = self.facts("dealing_range", timeframe)
        return found[-1] if found else None

    def depth(self, price: float, timeframe: Timeframe) -> float | None:
        """Where a price lies in the dealing range: 0 at its low, 1 at its high, beyond both outside it; None without one."""
        held = self.dealing_range(timeframe)
        return None if held is None or held.top == held.bottom else (price - held.bottom) / (held.top - held.bottom)

    def place(self, price: float, timeframe: Timeframe, *, band: float = 0.0) -> Place | None:
        """Premium, discount or equilibrium of the dealing range; None without one. Raises UndeclaredRead.

        band: how far from the middle still counts as equilibrium, fraction of the range.
        """
        depth = self.depth(price, timeframe)
        if depth is None:
            return None
        if abs(depth - 0.5) <= band:
            return "equilibrium"
        return "premium" if depth > 0.5 else "discount"

    def open_windows(self, kind: Window, timeframe: Timeframe) -> tuple[Fact, ...]:
        """The kill zones (Silver Bullet hours, macros, sessions) that this close lies in. Raises UndeclaredRead."""
        return self.facts(kind, timeframe)

    def last_open(self, kind: Window, timeframe: Timeframe, label: str = "") -> int | None:
        """When the newest window of this kind, and of this name unless empty, opened, UTC ms; None when none was seen.

        It may have closed since. Raises UndeclaredRead.
        """
        asked: FactKind = kind
        found = [fact.formed_at for fact in self.moments(asked, timeframe) if label in ("", fact.label)]
        found += [fact.formed_at for fact in self.facts(asked, timeframe) if label in ("", fact.label)]
        return max(found, default=None)
