"""Klines of every interval, added up from the trades: what the streams say, and the true history that tests compare with."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from shared.domain.timeframes import MINUTE
from simulator.tape.events import MarketTrade
from simulator.tape.intervals import INTERVALS, opens_at
from simulator.tape.minute import Bar

_FINEST: Final = "1m"
_COARSER: Final = INTERVALS[1:]
#: What the exchange prints as first and last trade of a kline without trades.
_NO_TRADE: Final = -1


@dataclass(slots=True)
class Kline:
    """Prices in ticks, volumes in steps, turnovers in ticks x steps. ``taker``: bought by takers."""

    open_time: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    turnover: int = 0
    trades: int = 0
    taker_volume: int = 0
    taker_turnover: int = 0
    first_trade: int = _NO_TRADE
    last_trade: int = _NO_TRADE

    def add(self, trade: MarketTrade) -> None:
        """Count a trade in. The first one sets the open."""
        price, quantity = trade.price, trade.quantity
        if not self.trades:
            self.open = self.high = self.low = price
            self.first_trade = trade.id
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.volume += quantity
        self.turnover += price * quantity
        self.trades += 1
        self.last_trade = trade.id
        if not trade.buyer_is_maker:
            self.taker_volume += quantity
            self.taker_turnover += price * quantity

    def joined(self, later: Kline) -> Kline:
        """This kline with what came right after it. What has no trades does not move the prices of what has some."""
        if not later.trades:
            return replace(self)
        if not self.trades:
            return replace(later, open_time=self.open_time)
        return Kline(
            self.open_time, self.open, max(self.high, later.high), min(self.low, later.low), later.close,
            self.volume + later.volume, self.turnover + later.turnover, self.trades + later.trades,
            self.taker_volume + later.taker_volume, self.taker_turnover + later.taker_turnover,
            self.first_trade, later.last_trade,
        )  # fmt: skip


class KlineBook:
    """One symbol's klines of all intervals: the open minute, and per interval what is closed and what is behind the minute.

    At most ``kept`` closed klines an interval. Time is told by ``roll``; a minute without trades is flat at the last price.
    """

    def __init__(self, kept: int) -> None:
        self._closed: dict[str, deque[Kline]] = {interval: deque(maxlen=kept) for interval in INTERVALS}
        #: Coarser klines that are open, without the open minute.
        self._behind: dict[str, Kline] = {}
        self._minute: Kline | None = None

    def add(self, trade: MarketTrade) -> None:
        """Count a trade in. It must lie in the open minute: roll first."""
        assert self._minute is not None
        self._minute.add(trade)

    def roll(self, open_time: int, price: int) -> None:
        """The minute that opens at ``open_time`` begins; those before it close. ``price``: the last one, ticks."""
        minute = self._minute
        if minute is None:
            self._minute = Kline(open_time, price, price, price, price)
            return
        while minute.open_time < open_time:
            self._close(minute)
            minute = Kline(minute.open_time + MINUTE, *(minute.close,) * 4)
        self._minute = minute

    def add_history(self, bar: Bar, first_trade: int, trades: int) -> None:
        """A closed minute that is known as a candle only; half of it counts as bought by takers. Roll goes on after it."""
        self._close(
            Kline(
                bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.volume * (bar.high + bar.low) // 2,
                trades, bar.volume // 2, bar.volume * (bar.high + bar.low) // 4,
                first_trade if trades else _NO_TRADE, first_trade + trades - 1 if trades else _NO_TRADE,
            )
        )  # fmt: skip
        self._minute = Kline(bar.open_time + MINUTE, *(bar.close,) * 4)

    def open(self, interval: str) -> Kline | None:
        """The unfinished kline; None before the first minute."""
        minute = self._minute
        if minute is None or interval == _FINEST:
            return minute
        behind = self._behind.get(interval)
        if behind is None:
            return replace(minute, open_time=opens_at(minute.open_time, interval))
        return behind.joined(minute)

    def last_closed(self, interval: str) -> Kline | None:
        """The latest finished kline."""
        closed = self._closed[interval]
        return closed[-1] if closed else None

    def closed(self, interval: str) -> Sequence[Kline]:
        """Finished klines, earliest first."""
        return self._closed[interval]

    def between(self, interval: str, start: int | None, end: int | None, limit: int) -> list[Kline]:
        """Klines that open within [start, end], the open one last: the first ``limit`` from ``start``, else the latest."""
        closed = self._closed[interval]
        unfinished = self.open(interval)
        if start is None and end is None:
            count = len(closed)
            rows = list(islice(closed, max(0, count - limit), count))
            return ([*rows, unfinished] if unfinished is not None else rows)[-limit:]
        rows = list(closed)
        if unfinished is not None:
            rows.append(unfinished)
        low = 0 if start is None else bisect_left(rows, start, key=lambda kline: kline.open_time)
        high = len(rows) if end is None else bisect_left(rows, end + 1, key=lambda kline: kline.open_time)
        chosen = rows[low:high]
        return chosen[-limit:] if start is None else chosen[:limit]

    def _close(self, minute: Kline) -> None:
        self._closed[_FINEST].append(minute)
        after = minute.open_time + MINUTE
        for interval in _COARSER:
            opened = opens_at(minute.open_time, interval)
            behind = self._behind.get(interval)
            joined = behind.joined(minute) if behind is not None else replace(minute, open_time=opened)
            if opens_at(after, interval) != opened:
                self._closed[interval].append(joined)
                self._behind.pop(interval, None)
            else:
                self._behind[interval] = joined
