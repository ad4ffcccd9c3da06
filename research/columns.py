"""Candles as columns: what whole-frame rules, training and pictures work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, Timeframe

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Columns:
    """Closed candles of one symbol and timeframe, oldest first. ``open_time`` in UTC ms; prices in quote currency."""

    symbol: str
    timeframe: Timeframe
    open_time: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.open_time)

    def close_time(self, row: int) -> int:
        """The instant (UTC ms) at which the candle of ``row`` was closed."""
        return int(self.open_time[row]) + DURATION[self.timeframe]

    def head(self, rows: int) -> Columns:
        """The first ``rows`` candles alone."""
        return Columns(
            self.symbol,
            self.timeframe,
            self.open_time[:rows],
            self.open[:rows],
            self.high[:rows],
            self.low[:rows],
            self.close[:rows],
            self.volume[:rows],
        )


def of_candles(candles: Sequence[Candle], symbol: str = "", timeframe: Timeframe = "1m") -> Columns:
    """The candles in columns. ``symbol`` and ``timeframe`` are only read when there are no candles."""
    if candles:
        symbol, timeframe = candles[0].symbol, candles[0].timeframe
    return Columns(
        symbol,
        timeframe,
        np.array([candle.open_time for candle in candles], dtype=np.int64),
        np.array([candle.open for candle in candles], dtype=np.float64),
        np.array([candle.high for candle in candles], dtype=np.float64),
        np.array([candle.low for candle in candles], dtype=np.float64),
        np.array([candle.close for candle in candles], dtype=np.float64),
        np.array([candle.volume for candle in candles], dtype=np.float64),
    )
