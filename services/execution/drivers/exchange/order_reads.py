"""Decides of which symbols a statement reads the open orders, so that many symbols do not use the rate limits up. Pure.

A symbol costs a weight of 2, all symbols in one call 80. Eighty symbols one by one at every statement used more than
execution's part of the weight, and statements came later than entries allow. Where something of ours lives, orders are read
at every statement; where nothing does, what somebody else places there may be seen a little later.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

#: Most symbols that a statement reads one by one.
FEW: Final = 16
#: Time between two readings of all symbols in one call where there are more, ms.
ALL_EVERY_MS: Final = 20_000


class OrderReads:
    """Remembers what was read when. Times in ms, of a clock that never goes backwards."""

    def __init__(self) -> None:
        self._all_at: int | None = None
        self._next = 0

    def due(self, symbols: Collection[str], busy: Collection[str], now: int, *, whole: bool) -> tuple[str, ...] | None:
        """Return the symbols to read one by one; None = all in one call.

        symbols: all that may be read. busy: those in which something of ours lives. whole: news may have been missed.
        """
        many = len(symbols) > FEW
        if whole or (many and (self._all_at is None or now - self._all_at >= ALL_EVERY_MS)):
            self._all_at = now
            return None
        return self._turn(sorted(set(busy) & set(symbols)), FEW) if many else tuple(sorted(symbols))

    def instead(self, symbols: Collection[str], busy: Collection[str]) -> tuple[str, ...]:
        """Return the symbols to read one by one because the call for all failed: the busy, then others in turn."""
        first = self._turn(sorted(set(busy) & set(symbols)), FEW)
        return (*first, *self._turn(sorted(set(symbols) - set(first)), FEW - len(first)))

    def _turn(self, symbols: list[str], room: int) -> tuple[str, ...]:
        """Return at most ``room`` of the symbols, later ones at the next turn."""
        if len(symbols) <= room:
            return tuple(symbols)
        begin = self._next % len(symbols)
        self._next += room
        return tuple((symbols + symbols)[begin : begin + room])
