"""Makes an order book around a quote, as a pure function of the time: asking again or more often changes nothing.

There is a level at every tick near the best prices, at every tenth tick farther out, at every hundredth beyond. The
quantity at each price changes from time to time, each price at its own times. The best levels have the quote's quantities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.tape.events import Quote
from simulator.tape.grid import Grid
from simulator.tape.settings import TapeSettings

_MIX_1: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_2: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_3: Final = np.uint64(0x94D049BB133111EB)
_ALL_BITS: Final = (1 << 64) - 1
_SIXTEEN_BITS: Final = np.uint64(0xFFFF)


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """An order book. ``bids``, ``asks``: price in ticks → quantity in steps, best first; ``time``: UTC ms.

    update_id: grows with ``time``.
    """

    time: int
    update_id: int
    bids: dict[int, int]
    asks: dict[int, int]


def update_id(time: int, *, at_request: bool = False) -> int:
    """Return the book's update id at ``time`` (UTC ms): for a stream message, or one more for a REST snapshot.

    After a snapshot a client waits for a depth update with ``U <= lastUpdateId <= u``. An update covers the ids after the
    previous update's up to its own. Thanks to the one more, a snapshot taken at the time of an update is covered by the
    next update, which the client has not missed.
    """
    return 2 * time + at_request


def changes(before: dict[int, int], after: dict[int, int]) -> dict[int, int]:
    """Return the levels that differ: those of ``after`` that are new or changed, and removed ones with quantity 0."""
    changed = {price: quantity for price, quantity in after.items() if before.get(price) != quantity}
    changed.update((price, 0) for price in before if price not in after)
    return changed


class SyntheticBook:
    """Makes the order books of one symbol."""

    def __init__(self, grid: Grid, seed: int, settings: TapeSettings) -> None:
        self._settings = settings
        self._seed = np.uint64(seed & 0xFFFFFFFF)
        self._steps_at = settings.level_notional / float(grid.tick * grid.step)

    def book(self, quote: Quote, time: int, *, at_request: bool = False) -> BookSnapshot:
        """Return the book at ``time`` (UTC ms) with the best prices and quantities of ``quote``."""
        bids = self._side(quote.bid, -1, time)
        asks = self._side(quote.ask, 1, time)
        bids[quote.bid] = quote.bid_quantity
        asks[quote.ask] = quote.ask_quantity
        return BookSnapshot(time, update_id(time, at_request=at_request), bids, asks)

    def quantity(self, price: int, time: int) -> int:
        """Return the quantity at one price, steps: the same as in ``book``, computed without arrays."""
        own = _mixed_one(price ^ (int(self._seed) << 32))
        life = self._settings.level_life_ms
        period = life // 4 + (own & 0xFFFF) * (3 * life // 2) // 0xFFFF + 1
        turn = (time + (own >> 16 & 0xFFFF)) // period
        share = (_mixed_one(own ^ turn) & 0xFFFF) / 0xFFFF
        return max(1, round(self._steps_at / price * 2.0 * share))

    def _side(self, best: int, way: int, time: int) -> dict[int, int]:
        settings = self._settings
        near = best + way * np.arange(settings.near_ticks, dtype=np.int64)
        middle = _multiples(best, way, settings.near_ticks, settings.middle_ticks, 10)
        far = _multiples(best, way, settings.middle_ticks, settings.far_ticks, 100)
        prices = np.concatenate((near, middle, far))
        prices = prices[prices > 0]
        return dict(zip(prices.tolist(), self._quantities(prices, time).tolist(), strict=True))

    def _quantities(self, prices: NDArray[np.int64], time: int) -> NDArray[np.int64]:
        """Return the quantities at ``prices``, steps. Each price draws a new one once in a period of its own."""
        own = _mixed(prices.astype(np.uint64) ^ (self._seed << np.uint64(32)))
        life = self._settings.level_life_ms
        period = life // 4 + (own & _SIXTEEN_BITS).astype(np.int64) * (3 * life // 2) // 0xFFFF + 1
        phase = (own >> np.uint64(16) & _SIXTEEN_BITS).astype(np.int64)
        turn = ((time + phase) // period).astype(np.uint64)
        drawn = _mixed(own ^ turn)
        share = (drawn & _SIXTEEN_BITS).astype(np.float64) / 0xFFFF
        return np.maximum(1, np.rint(self._steps_at / prices * 2.0 * share)).astype(np.int64)


def _multiples(best: int, way: int, nearest: int, farthest: int, unit: int) -> NDArray[np.int64]:
    """Return the multiples of ``unit`` between the two distances from ``best``, all in ticks. ``way``: -1 down, 1 up."""
    low, high = sorted((best + way * nearest, best + way * farthest))
    first = -(-low // unit) * unit
    found = np.arange(first, high, unit, dtype=np.int64)
    return found if way > 0 else found[::-1]


def _mixed_one(value: int) -> int:
    """Hash one number exactly as ``_mixed`` does."""
    value = (value + int(_MIX_1)) & _ALL_BITS
    value = ((value ^ (value >> 30)) * int(_MIX_2)) & _ALL_BITS
    value = ((value ^ (value >> 27)) * int(_MIX_3)) & _ALL_BITS
    return value ^ (value >> 31)


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash numbers with splitmix64: every bit of the result depends on every bit of the argument."""
    value = value + _MIX_1
    value = (value ^ (value >> np.uint64(30))) * _MIX_2
    value = (value ^ (value >> np.uint64(27))) * _MIX_3
    mixed: NDArray[np.uint64] = value ^ (value >> np.uint64(31))
    return mixed
