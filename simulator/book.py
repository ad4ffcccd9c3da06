"""The resting orders, by symbol, with the band of prices within which none of them is reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Final

from simulator.orders import Resting

_OPEN_BAND: Final = (-inf, inf)


class Book:
    """Order in which they were placed is kept. The band makes a minute in which nothing happens cheap: two comparisons."""

    def __init__(self, orders: Iterable[Resting] = ()) -> None:
        self._by_id: dict[str, Resting] = {}
        self._by_symbol: dict[str, list[Resting]] = {}
        self._bands: dict[str, tuple[float, float]] = {}
        for resting in orders:
            self.add(resting)

    def add(self, resting: Resting) -> None:
        """Let it rest. Its level must not change from now on."""
        self._by_id[resting.order.client_id] = resting
        self._by_symbol.setdefault(resting.order.symbol, []).append(resting)
        self._bands.pop(resting.order.symbol, None)

    def remove(self, resting: Resting) -> None:
        """Take it out, if it rests here at all."""
        symbol = resting.order.symbol
        if self._by_id.pop(resting.order.client_id, None) is None:
            return
        self._by_symbol[symbol].remove(resting)
        self._bands.pop(symbol, None)

    def get(self, client_id: str) -> Resting | None:
        """The resting order of this client id."""
        return self._by_id.get(client_id)

    def of(self, symbol: str) -> Sequence[Resting]:
        """The symbol's resting orders, earliest first."""
        return self._by_symbol.get(symbol, ())

    def all(self) -> list[Resting]:
        """Every resting order, earliest first."""
        return list(self._by_id.values())

    def quiet(self, symbol: str, low: float, high: float) -> bool:
        """True when no level lies at or beyond ``low`` and ``high``: nothing can happen in this candle.

        Levels are compared as floats: rounding to float keeps the order of two numbers, so equality is the worst that it
        can make of them, and equality counts as reached.
        """
        below, above = self._bands.get(symbol) or self._band(symbol)
        return below < low and high < above

    def _band(self, symbol: str) -> tuple[float, float]:
        below, above = _OPEN_BAND
        for resting in self.of(symbol):
            level = float(resting.level)
            if resting.falls:
                below = max(below, level)
            else:
                above = min(above, level)
        self._bands[symbol] = (below, above)
        return below, above
