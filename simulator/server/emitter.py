"""Builds the messages of market streams. Pure.

Trades and quotes give a message at once; the other streams send at multiples of their interval. Only streams with a
subscriber give messages, and each message is built once however many subscribers its stream has.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from simulator.server.printing import market_events as printed
from simulator.server.streams import ALL, Stream
from simulator.tape.events import Event, MarketTrade, Quote
from simulator.tape.intervals import closes_at
from simulator.tape.synthetic_book import BookSnapshot, changes, update_id
from simulator.tape.tape_market import SymbolMarket, TapeMarket

#: A stream and one message for it (an object that becomes JSON).
Emission = tuple[Stream, Any]


@dataclass(slots=True)
class _Wanted:
    stream: Stream
    subscribers: int = 0
    #: Depth streams: the book at the last message; the next message holds the difference to it.
    book: BookSnapshot | None = None
    #: Kline streams: open time and number of trades at the last message; unchanged = nothing to send.
    seen: tuple[int, int] = field(default=(-1, -1))


class Emitter:
    """Keeps the subscribed streams by name and builds their messages."""

    def __init__(self, market: TapeMarket) -> None:
        self._market = market
        self._wanted: dict[str, _Wanted] = {}
        self._due: list[tuple[int, str]] = []

    def subscribe(self, stream: Stream) -> None:
        """Count one more subscriber of ``stream``. A symbol that is not traded here is ignored."""
        if stream.symbol != ALL and stream.symbol not in self._market:
            return
        wanted = self._wanted.get(stream.name)
        if wanted is None:
            wanted = self._wanted[stream.name] = _Wanted(stream)
            now = self._market.time
            if stream.kind == "depth":
                wanted.book = self._market[stream.symbol].book(now)
            if stream.every:
                heapq.heappush(self._due, (now - now % stream.every + stream.every, stream.name))
        wanted.subscribers += 1

    def unsubscribe(self, stream: Stream) -> None:
        """Count one subscriber less; the last one to go ends the stream's messages."""
        wanted = self._wanted.get(stream.name)
        if wanted is None:
            return
        wanted.subscribers -= 1
        if not wanted.subscribers:
            del self._wanted[stream.name]
            self._due = [due for due in self._due if due[1] != stream.name]
            heapq.heapify(self._due)

    def subscribed(self) -> list[str]:
        """Return the names of all streams with a subscriber, sorted."""
        return sorted(self._wanted)

    def next_due(self) -> int | None:
        """Return the time of the next periodic message (market's clock, UTC ms); None if no such stream is subscribed."""
        return self._due[0][0] if self._due else None

    def due(self, now: int) -> Iterator[Emission]:
        """Build the periodic messages due at ``now`` (UTC ms). Advance the market to ``now`` first."""
        while self._due and self._due[0][0] <= now:
            _, name = heapq.heappop(self._due)
            wanted = self._wanted[name]
            heapq.heappush(self._due, (now - now % wanted.stream.every + wanted.stream.every, name))
            yield from self._periodic(wanted, now)

    def happened(self, event: Event) -> Iterator[Emission]:
        """Build the messages that a trade or a quote sends at once: aggTrade, trade, bookTicker."""
        name = event.symbol.lower()
        if isinstance(event, MarketTrade):
            grid = self._market[event.symbol].grid
            if wanted := self._wanted.get(f"{name}@aggTrade"):
                yield wanted.stream, printed.aggregate_trade(event, grid, event.time)
            if wanted := self._wanted.get(f"{name}@trade"):
                yield wanted.stream, printed.trade(event, grid, event.time)
        elif isinstance(event, Quote):
            for each in (f"{name}@bookTicker", "!bookTicker"):
                if wanted := self._wanted.get(each):
                    grid = self._market[event.symbol].grid
                    yield wanted.stream, printed.book_ticker(event, update_id(event.time), grid, event.time)

    def liquidated(self, symbol: str, message: Any) -> Iterator[Emission]:
        """Send a forceOrder ``message`` to the symbol's stream and to the stream of all symbols."""
        for name in (f"{symbol.lower()}@forceOrder", "!forceOrder@arr"):
            if wanted := self._wanted.get(name):
                yield wanted.stream, message

    def _periodic(self, wanted: _Wanted, now: int) -> Iterator[Emission]:
        stream = wanted.stream
        if stream.symbol == ALL:
            yield stream, [self._summary(stream, self._market[symbol], now) for symbol in self._market.symbols]
            return
        market = self._market[stream.symbol]
        if stream.kind in ("kline", "continuousKline"):
            yield from self._kline(wanted, market, now)
        elif stream.kind == "depth":
            yield from self._depth(wanted, market, now)
        elif stream.kind == "partialDepth":
            yield stream, self._partial_depth(stream, market, now)
        else:
            yield stream, self._summary(stream, market, now)

    def _summary(self, stream: Stream, market: SymbolMarket, now: int) -> Any:
        if stream.kind == "markPrice":
            return printed.mark_price(market.mark, now)
        if stream.kind == "miniTicker":
            return printed.mini_ticker(market.day(), market.grid, now)
        last = market.trades[-1].quantity if market.trades else 0
        return printed.ticker(market.day(), last, market.grid, now)

    def _kline(self, wanted: _Wanted, market: SymbolMarket, now: int) -> Iterator[Emission]:
        """Build a kline message: the closed kline at the moment it closes, else the open one if a trade changed it."""
        interval = wanted.stream.interval
        kline, closed = market.klines.last_closed(interval), True
        if kline is None or closes_at(kline.open_time, interval) != now:
            kline, closed = market.klines.open(interval), False
            if kline is None or (kline.open_time, kline.trades) == wanted.seen:
                return
        wanted.seen = (kline.open_time, kline.trades)
        body = printed.kline_body(kline, interval, market.grid, closed=closed)
        yield (
            wanted.stream,
            printed.kline(body, now) if wanted.stream.kind == "kline" else printed.continuous_kline(body, now),
        )

    def _depth(self, wanted: _Wanted, market: SymbolMarket, now: int) -> Iterator[Emission]:
        before, book = wanted.book, market.book(now)
        assert before is not None
        bids, asks = changes(before.bids, book.bids), changes(before.asks, book.asks)
        if not bids and not asks:
            return
        wanted.book = book
        message = printed.depth_update(
            market.grid, now, before.update_id + 1, book.update_id, before.update_id, bids, asks
        )  # fmt: skip
        yield wanted.stream, message

    def _partial_depth(self, stream: Stream, market: SymbolMarket, now: int) -> Any:
        book = market.book(now)
        bids, asks = (dict(islice(side.items(), stream.levels)) for side in (book.bids, book.asks))
        last = book.update_id
        return printed.depth_update(market.grid, now, last, last, last - 1, bids, asks)
