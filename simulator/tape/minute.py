"""Splits a one-minute candle into trades with the same open, high, low, close and volume."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.domain.timeframes import MINUTE
from simulator.tape.settings import TapeSettings

#: The four prices that the trades must reach: open, high, low, close.
_CORNERS: Final = 4


@dataclass(frozen=True, slots=True)
class MinuteTrade:
    """A trade within a minute, without an id yet. Price in ticks, quantity in steps, time UTC ms."""

    time: int
    price: int
    quantity: int
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A one-minute candle: prices in ticks, volume in steps, ``open_time`` UTC ms."""

    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def generator_of(seed: int, symbol: str, open_time: int) -> np.random.Generator:
    """Make the random generator of one minute and symbol, so that no other minute or symbol changes its numbers."""
    entropy = [seed, zlib.crc32(symbol.encode()), open_time // MINUTE]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def trades_of(bar: Bar, rng: np.random.Generator, settings: TapeSettings) -> list[MinuteTrade]:
    """Split ``bar`` into at most ``trades_per_minute`` trades, at least one for each of its four prices, in order of time.

    A candle without volume has no trades. One with fewer than four steps of volume still gets one step for each price.
    The first trade is at the open, the last at the close; a rising candle usually visits its low first, a falling one its
    high. A trade above its predecessor was a buy, one below a sell.
    """
    if bar.volume <= 0:
        return []
    path = _path(bar, rng, max(min(settings.trades_per_minute, bar.volume), _CORNERS), settings)
    count = len(path)
    times = np.sort(rng.integers(0, MINUTE, count)).tolist()
    spare = max(bar.volume - count, 0)
    quantities = (1 + rng.multinomial(spare, _shares(count, rng, settings.size_spread))).tolist()
    coins = rng.random(count) < 0.5
    trades = []
    before = path[0]
    for index, price in enumerate(path):
        sold = bool(coins[index]) if price == before else price < before
        trades.append(MinuteTrade(bar.open_time + times[index], price, quantities[index], sold))
        before = price
    return trades


def _shares(count: int, rng: np.random.Generator, spread: float) -> NDArray[np.float64]:
    """Draw ``count`` shares of the volume that add up to 1: few large ones, many small ones."""
    weights = rng.lognormal(0.0, spread, count)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _path(bar: Bar, rng: np.random.Generator, count: int, settings: TapeSettings) -> list[int]:
    """Return the prices of ``count`` trades, ticks, through open, both extremes and close."""
    rising = bar.close >= bar.open
    low_first = rising if rng.random() < settings.usual_order else not rising
    first, second = (bar.low, bar.high) if low_first else (bar.high, bar.low)
    inner = sorted(rng.choice(np.arange(1, count - 1), 2, replace=False).tolist())
    at = [0, inner[0], inner[1], count - 1]
    line = np.interp(np.arange(count), at, [bar.open, first, second, bar.close])
    noise = rng.standard_normal(count) * (bar.high - bar.low) * settings.noise
    noise[at] = 0.0
    prices: list[int] = np.clip(np.rint(line + noise), bar.low, bar.high).astype(np.int64).tolist()
    return prices
