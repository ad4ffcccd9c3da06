"""The book around a quote: a pure function of the time, so that it is the same whoever looks, and however often.

Levels stand on every tick near the best prices, on every tenth farther out, on every hundredth far away. What stands at a
price changes now and then, at moments of its own. The best levels hold what the quote says.
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
    """Price → quantity (ticks → steps), best first. ``update_id`` grows with ``time`` (UTC ms)."""

    time: int
    update_id: int
    bids: dict[int, int]
    asks: dict[int, int]


def update_id(time: int, *, at_request: bool = False) -> int:
    """The book's update id at ``time``: what a stream sends for that moment, or (one more) what a request gets.

    The exchange demands of the first difference after a snapshot ``U <= lastUpdateId <= u``. A difference covers the ids
    behind the one before it up to its own, so a snapshot of the very moment of a difference lies in the next one.
    """
    return 2 * time + at_request


def changes(before: dict[int, int], after: dict[int, int]) -> dict[int, int]:
    """Levels of ``after`` that are new or different, and those that are gone, with quantity 0."""
    changed = {price: quantity for price, quantity in after.items() if before.get(price) != quantity}
    changed.update((price, 0) for price in before if price not in after)
    return changed


class SyntheticBook:
    """The books of one symbol."""

    def __init__(self, grid: Grid, seed: int, settings: TapeSettings) -> None:
        self._settings = settings
        self._seed = np.uint64(seed & 0xFFFFFFFF)
        self._steps_at = settings.level_notional / float(grid.tick * grid.step)

    def book(self, quote: Quote, time: int, *, at_request: bool = False) -> BookSnapshot:
        """What stands at ``time``, the best prices being ``quote``'s."""
        bids = self._side(quote.bid, -1, time)
        asks = self._side(quote.ask, 1, time)
        bids[quote.bid] = quote.bid_quantity
        asks[quote.ask] = quote.ask_quantity
        return BookSnapshot(time, update_id(time, at_request=at_request), bids, asks)

    def quantity(self, price: int, time: int) -> int:
        """Steps at one price: the book's, reckoned without arrays."""
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
        """Each price has a period and a phase of its own, and draws a new quantity once a period."""
        own = _mixed(prices.astype(np.uint64) ^ (self._seed << np.uint64(32)))
        life = self._settings.level_life_ms
        period = life // 4 + (own & _SIXTEEN_BITS).astype(np.int64) * (3 * life // 2) // 0xFFFF + 1
        phase = (own >> np.uint64(16) & _SIXTEEN_BITS).astype(np.int64)
        turn = ((time + phase) // period).astype(np.uint64)
        drawn = _mixed(own ^ turn)
        share = (drawn & _SIXTEEN_BITS).astype(np.float64) / 0xFFFF
        return np.maximum(1, np.rint(self._steps_at / prices * 2.0 * share)).astype(np.int64)


def _multiples(best: int, way: int, nearest: int, farthest: int, unit: int) -> NDArray[np.int64]:
    """Multiples of ``unit`` between the two distances from ``best``."""
    low, high = sorted((best + way * nearest, best + way * farthest))
    first = -(-low // unit) * unit
    found = np.arange(first, high, unit, dtype=np.int64)
    return found if way > 0 else found[::-1]


def _mixed_one(value: int) -> int:
    """``_mixed`` of one number."""
    value = (value + int(_MIX_1)) & _ALL_BITS
    value = ((value ^ (value >> 30)) * int(_MIX_2)) & _ALL_BITS
    value = ((value ^ (value >> 27)) * int(_MIX_3)) & _ALL_BITS
    return value ^ (value >> 31)


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64: every bit of the result depends on every bit of the argument."""
    value = value + _MIX_1
    value = (value ^ (value >> np.uint64(30))) * _MIX_2
    value = (value ^ (value >> np.uint64(27))) * _MIX_3
    mixed: NDArray[np.uint64] = value ^ (value >> np.uint64(31))
    return mixed
