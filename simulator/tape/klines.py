"""Builds klines of every interval from the trades. Streams and REST send them; tests compare clients' candles with them."""

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
#: Trade id that the exchange prints as first and last trade of a kline without trades.
_NO_TRADE: Final = -1


@dataclass(slots=True)
class Kline:
    """A kline. Prices in ticks, volumes in steps, turnovers in ticks x steps.

    taker_volume, taker_turnover: the part that takers bought.
    """

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
        """Add a trade; the first one sets the open price."""
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
        """Return this kline joined with the one right after it. A kline without trades adds nothing to the prices."""
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
    """Keeps one symbol's klines of all intervals: the open minute, and per interval the closed klines and an unfinished one.

    kept: most closed klines per interval; older ones are dropped. ``roll`` advances the time. A minute without trades
    has all four prices at the close before it.
    """

    def __init__(self, kept: int) -> None:
        self._closed: dict[str, deque[Kline]] = {interval: deque(maxlen=kept) for interval in INTERVALS}
        #: Interval -> its unfinished kline up to the open minute, which is not in it yet.
        self._behind: dict[str, Kline] = {}
        self._minute: Kline | None = None

    def add(self, trade: MarketTrade) -> None:
        """Add a trade of the open minute. Call ``roll`` first when a new minute has begun."""
        assert self._minute is not None
        self._minute.add(trade)

    def roll(self, open_time: int, price: int) -> None:
        """Open the minute at ``open_time`` (UTC ms) and close all minutes before it.

        price: last price, ticks; used for the very first minute only.
        """
        minute = self._minute
        if minute is None:
            self._minute = Kline(open_time, price, price, price, price)
            return
        while minute.open_time < open_time:
            self._close(minute)
            minute = Kline(minute.open_time + MINUTE, *(minute.close,) * 4)
        self._minute = minute

    def add_history(self, bar: Bar, first_trade: int, trades: int) -> None:
        """Add a closed minute known only as a candle, then open the next one. Half its volume counts as bought by takers.

        first_trade: id of its first trade; trades: how many ids it takes.
        """
        self._close(
            Kline(
                bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.volume * (bar.high + bar.low) // 2,
                trades, bar.volume // 2, bar.volume * (bar.high + bar.low) // 4,
                first_trade if trades else _NO_TRADE, first_trade + trades - 1 if trades else _NO_TRADE,
            )
        )  # fmt: skip
        self._minute = Kline(bar.open_time + MINUTE, *(bar.close,) * 4)

    def open(self, interval: str) -> Kline | None:
        """Return the unfinished kline, the open minute included; None before the first minute."""
        minute = self._minute
        if minute is None or interval == _FINEST:
            return minute
        behind = self._behind.get(interval)
        if behind is None:
            return replace(minute, open_time=opens_at(minute.open_time, interval))
        return behind.joined(minute)

    def last_closed(self, interval: str) -> Kline | None:
        """Return the latest closed kline; None if there is none."""
        closed = self._closed[interval]
        return closed[-1] if closed else None

    def closed(self, interval: str) -> Sequence[Kline]:
        """Return the closed klines, earliest first."""
        return self._closed[interval]

    def between(self, interval: str, start: int | None, end: int | None, limit: int) -> list[Kline]:
        """Select klines that open within [start, end] (UTC ms, None = no bound), the unfinished one last.

        Returns the first ``limit`` of them if ``start`` is given, else the latest ``limit``.
        """
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
