"""Adds trades up to minutes: the candle, what takers bought, and the number of trades."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.candles.kinds import Chunk
from shared.domain.timeframes import MINUTE

#: Digits of a volume: the exchange writes eight at most, and a sum of floats is right to them.
_DIGITS: Final = 8


class TradeMinutes:
    """The minutes of one span [start, end), UTC ms. Trades come in the order in which they happened."""

    def __init__(self, start: int, end: int) -> None:
        self._start = start
        count = (end - start) // MINUTE
        self._open, self._close = np.full(count, np.nan), np.full(count, np.nan)
        self._high, self._low = np.full(count, -np.inf), np.full(count, np.inf)
        self._volume, self._bought, self._trades = (np.zeros(count) for _ in range(3))

    def add(
        self,
        times: NDArray[np.int64],
        price: NDArray[np.float64],
        quantity: NDArray[np.float64],
        trades: NDArray[np.float64],
        bought: NDArray[np.bool_],
    ) -> None:
        """Take some trades, times UTC ms. trades: how many each row stands for; bought: the buyer was the taker."""
        places = (times - self._start) // MINUTE
        count = len(self._open)
        self._volume += np.bincount(places, quantity, count)
        self._bought += np.bincount(places, np.where(bought, quantity, 0.0), count)
        self._trades += np.bincount(places, trades, count)
        np.maximum.at(self._high, places, price)
        np.minimum.at(self._low, places, price)
        minutes, firsts = np.unique(places, return_index=True)
        fresh = np.isnan(self._open[minutes])
        self._open[minutes[fresh]] = price[firsts[fresh]]
        minutes, lasts = np.unique(places[::-1], return_index=True)
        self._close[minutes] = price[::-1][lasts]

    def rows(self) -> Chunk:
        """The minutes in which something was traded: open time, prices, volume, taker buy volume, trades."""
        traded: NDArray[Any] = np.flatnonzero(self._trades > 0.0)
        volume, bought = np.round(self._volume, _DIGITS), np.round(self._bought, _DIGITS)
        numbers = (self._open, self._high, self._low, self._close, volume, bought, self._trades)
        return (self._start + traded.astype(np.int64) * MINUTE, *(column[traded] for column in numbers))
