"""Computes a symbol's rolling 24-hour statistics from its one-minute klines."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from simulator.tape.klines import Kline

#: Minutes in the window; the last one is the open minute.
_WINDOW: Final = 1_440


@dataclass(frozen=True, slots=True)
class Day:
    """Statistics of 24 hours. Prices in ticks, volume in steps, turnover in ticks x steps, times UTC ms.

    first_trade, last_trade: trade ids, -1 if there was no trade.
    """

    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    trades: int
    first_trade: int
    last_trade: int


def rolling_day(closed: Sequence[Kline], minute: Kline) -> Day:
    """Compute the 24 hours that end with the open ``minute``. ``closed``: closed minutes, earliest first."""
    count = len(closed)
    window: Sequence[Kline] | deque[Kline] = deque(islice(closed, max(0, count - _WINDOW + 1), count))
    rows = [*window, minute]
    traded = [kline for kline in rows if kline.trades]
    return Day(
        open_time=rows[0].open_time,
        open=rows[0].open,
        high=max(kline.high for kline in rows),
        low=min(kline.low for kline in rows),
        close=minute.close,
        volume=sum(kline.volume for kline in rows),
        turnover=sum(kline.turnover for kline in rows),
        trades=sum(kline.trades for kline in rows),
        first_trade=traded[0].first_trade if traded else -1,
        last_trade=traded[-1].last_trade if traded else -1,
    )
