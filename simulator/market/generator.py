"""Generates one-minute candles from a seed: trends, ranges, volatility clusters, sessions, jumps, correlated symbols.

For demonstrations, tests and load only: a strategy's result on it says nothing about real markets. The same seed, symbols,
start, days and settings give the same candles on every run. Each symbol has random numbers of its own besides those of the
whole market, so adding a symbol does not change the others.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from msgspec import structs

from shared.domain.candles import RawCandle
from shared.domain.order_flow import CandleFlow
from shared.domain.timeframes import DAY, MINUTE, is_boundary
from simulator.market.profiles import profile
from simulator.market.regimes import Tide, Tides
from simulator.market.settings import GeneratorSettings

#: 2025-01-06T00:00Z, a Monday, so that no timeframe begins with a partial candle.
DEFAULT_START: Final = 1_736_121_600_000
_CHUNK_MINUTES: Final = DAY // MINUTE
#: Notional of a usual trade, USDT.
_USUAL_TRADE: Final = 2_000.0


class GeneratedMarket:
    """Generates ``days`` days of one-minute candles from ``start`` (first open time, UTC ms, a whole minute).

    Implements ``services.ingest.candle_source.CandleSource``; holds one day in memory. Raises ValueError if there is
    nothing to generate.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        start: int = DEFAULT_START,
        days: float = 30.0,
        seed: int = 1,
        settings: GeneratorSettings | None = None,
        *,
        flow: bool = False,
    ) -> None:
        """``flow``: the candles tell their order flow too, drawn apart, so that the prices stay the same."""
        if not symbols or len(set(symbols)) != len(symbols):
            raise ValueError(f"symbols {list(symbols)}: name at least one, and none twice")
        if not is_boundary(start, "1m"):
            raise ValueError(f"start {start} is not a whole minute in UTC milliseconds")
        self._minutes = int(days * DAY) // MINUTE
        if self._minutes < 1:
            raise ValueError(f"{days} days are less than one minute: nothing to generate")
        self._symbols = tuple(symbols)
        self._start = start
        self._seed = seed
        self._settings = settings or GeneratorSettings()
        self._flow = flow

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the generated symbols."""
        return self._symbols

    @property
    def first(self) -> int:
        """Return the close time of the first minute, UTC ms."""
        return self._start + MINUTE

    @property
    def last(self) -> int:
        """Return the close time of the last minute, UTC ms."""
        return self._start + self._minutes * MINUTE

    def __len__(self) -> int:
        return self._minutes

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        """Yield (close time UTC ms, candles of all symbols) for every minute."""
        tides = Tides(_stream(self._seed, "the market"), self._settings)
        walks = [_Walk(symbol, _stream(self._seed, symbol), self._settings) for symbol in self._symbols]
        takers = [_Takers(symbol, self._seed) for symbol in self._symbols]
        for done in range(0, self._minutes, _CHUNK_MINUTES):
            # Always draw whole days, so that a longer run begins with the same candles as a shorter one.
            tide = tides.next(_CHUNK_MINUTES)
            begin = self._start + done * MINUTE
            day = [walk.next(begin, tide) for walk in walks]
            if self._flow:
                day = [each.told(candles) for each, candles in zip(takers, day, strict=True)]
            for minute, candles in zip(
                range(min(_CHUNK_MINUTES, self._minutes - done)), zip(*day, strict=True), strict=False
            ):
                yield begin + (minute + 1) * MINUTE, candles


def _stream(seed: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


class _Takers:
    """Gives the candles of one symbol an order flow: takers go with the price, and not always."""

    def __init__(self, symbol: str, seed: int) -> None:
        self._rng = _stream(seed, f"takers of {symbol}")
        self._steps = 10 ** profile(symbol).volume_digits

    def told(self, candles: list[RawCandle]) -> list[RawCandle]:
        """The same candles with what takers bought, and in how many trades."""
        noise, sizes = self._rng.normal(0.0, 0.1, len(candles)), self._rng.lognormal(0.0, 0.5, len(candles))
        found = []
        for candle, drawn, size in zip(candles, noise.tolist(), sizes.tolist(), strict=True):
            move = (candle.close - candle.open) / ((candle.high - candle.low) or 1.0)
            share = min(1.0, max(0.0, 0.5 + 0.3 * move + drawn))
            bought = min(candle.volume, round(candle.volume * share * self._steps) / self._steps)
            trades = 1 + int(candle.volume * candle.close / _USUAL_TRADE * size)
            found.append(structs.replace(candle, flow=CandleFlow(taker_bought=bought, trades=trades)))
        return found


class _Walk:
    """Generates the price of one symbol; log price and variance carry over from day to day."""

    def __init__(self, symbol: str, rng: np.random.Generator, settings: GeneratorSettings) -> None:
        self._symbol = symbol
        self._rng = rng
        self._settings = settings
        self._profile = profile(symbol)
        self._level = math.log(self._profile.price)
        self._lowest = self._level - math.log(settings.band)
        self._highest = self._level + math.log(settings.band)
        self._middle = self._level
        self._heat = 1.0

    def next(self, begin: int, tide: Tide) -> list[RawCandle]:
        settings = self._settings
        minutes = len(tide.shock)
        own = self._rng.standard_normal(minutes)
        shocks = math.sqrt(settings.correlation) * tide.shock + math.sqrt(1.0 - settings.correlation) * own
        jumps = self._rng.standard_normal(minutes) * settings.jump_size
        jumps[self._rng.random(minutes) >= settings.jumps_per_day / 1_440] = 0.0
        inner = self._rng.standard_normal((minutes, settings.ticks_in_minute))
        turnover = self._rng.lognormal(0.0, settings.turnover_spread, minutes)

        hours = (begin // (60 * MINUTE) + np.arange(minutes) // 60) % 24
        session = np.asarray(settings.hours)[hours]
        opens, closes, sigmas = self._closes(tide, shocks, jumps, session)

        # Within the minute: a Brownian bridge from open to close, so that high and low come from one path.
        count = settings.ticks_in_minute
        part = np.arange(1, count + 1) / count
        walked = np.cumsum(inner, axis=1) / math.sqrt(count)
        bridge = (walked - part * walked[:, -1:]) * sigmas[:, None]
        path = opens[:, None] + part * (closes - opens)[:, None] + bridge
        scale = 10**self._profile.price_digits
        ticks = np.rint(np.exp(path) * scale)
        last = ticks[:, -1]
        first = np.rint(np.exp(opens) * scale)
        high = np.maximum(ticks.max(axis=1), first)
        low = np.minimum(ticks.min(axis=1), first)

        # Volume depends on the range: a minute with the expected range has the average turnover of its hour.
        expected = first * settings.minute_volatility * math.sqrt(8 / math.pi)  # the mean range of a random walk
        activity = settings.still_turnover + (1.0 - settings.still_turnover) * (high - low) / expected
        notional = settings.minute_notional * session * activity * turnover
        steps = 10**self._profile.volume_digits
        volume = np.maximum(np.rint(notional / (first / scale) * steps), 1.0) / steps
        times = range(begin, begin + minutes * MINUTE, MINUTE)
        columns = (first / scale, high / scale, low / scale, last / scale, volume)
        return [
            RawCandle(symbol=self._symbol, open_time=at, open=o, high=h, low=lo, close=c, volume=v)
            for at, o, h, lo, c, v in zip(times, *(column.tolist() for column in columns), strict=True)
        ]

    def _closes(
        self,
        tide: Tide,
        shocks: np.ndarray[tuple[int], np.dtype[np.float64]],
        jumps: np.ndarray[tuple[int], np.dtype[np.float64]],
        session: np.ndarray[tuple[int], np.dtype[np.float64]],
    ) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
        """Compute log opens, log closes and standard deviations of the minutes; each variance depends on the last return."""
        settings = self._settings
        calm = 1.0 - settings.volatility_reaction - settings.volatility_memory
        opens, closes, sigmas = (np.empty(len(shocks)) for _ in range(3))
        given = zip(
            shocks.tolist(),
            jumps.tolist(),
            session.tolist(),
            tide.drift.tolist(),
            tide.ranging.tolist(),
            tide.turn.tolist(),
            strict=True,
        )
        for minute, (shock, jump, busy, drift, ranging, turn) in enumerate(given):
            if turn:
                self._middle = self._level
            sigma = settings.minute_volatility * busy * math.sqrt(self._heat)
            move = sigma * (shock + drift) + jump
            if ranging:
                move += settings.range_pull * (self._middle - self._level)
            move = max(-settings.largest_move, min(settings.largest_move, move))
            opens[minute], sigmas[minute] = self._level, sigma
            self._level = max(self._lowest, min(self._highest, self._level + move))
            closes[minute] = self._level
            self._heat = calm + (settings.volatility_reaction * shock * shock + settings.volatility_memory) * self._heat
        return opens, closes, sigmas
