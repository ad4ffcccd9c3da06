"""The rolling 24 hours of a symbol, from its one-minute klines."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from simulator.tape.klines import Kline

#: Minutes of the window, the unfinished one being the last.
_WINDOW: Final = 1_440


@dataclass(frozen=True, slots=True)
class Day:
    """Ticks, steps, ticks x steps; times UTC ms. ``first_trade``, ``last_trade``: -1 when there was none."""

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
    """``minute`` and what lies within 24 hours before its end; ``closed``: finished minutes, earliest first."""
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
