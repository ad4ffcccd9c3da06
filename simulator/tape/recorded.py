"""Plays recorded stream messages: one gzip file per symbol, each line ``<receive time, ns> <message>`` (hftbacktest's).

bookTicker and trade messages become quotes and trades at the exchange's transaction time; the depth snapshot and the
depth updates become the order book. There is no history before the first message.
"""

from __future__ import annotations

import gzip
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from heapq import merge
from pathlib import Path
from typing import Any

import msgspec

from shared.domain.timeframes import MINUTE
from simulator.tape.events import MarketTrade, Quote, Tick
from simulator.tape.grid import Grid
from simulator.tape.minute import Bar
from simulator.tape.synthetic_book import BookSnapshot, update_id
from simulator.tape.tick_source import NoMarket

_Change = tuple[int, bool, dict[int, int], dict[int, int]]


class RecordedBooks:
    """Rebuilds the order book from a snapshot and depth updates. The times asked for must not go back."""

    def __init__(self) -> None:
        self._waiting: deque[_Change] = deque()
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def push(self, time: int, bids: dict[int, int], asks: dict[int, int], *, whole: bool) -> None:
        """Queue a book message until its ``time`` (UTC ms). ``whole``: it is the whole book, not changed levels.

        bids, asks: price in ticks -> quantity in steps, 0 = level removed.
        """
        self._waiting.append((time, whole, bids, asks))

    def book(self, quote: Quote, time: int, *, at_request: bool = False) -> BookSnapshot:
        """Return the book at ``time``. Levels better than ``quote`` were taken since the last update and are left out."""
        while self._waiting and self._waiting[0][0] <= time:
            _, whole, bids, asks = self._waiting.popleft()
            if whole:
                self._bids, self._asks = dict(bids), dict(asks)
            else:
                _apply(self._bids, bids)
                _apply(self._asks, asks)
        bids = {price: self._bids[price] for price in sorted(self._bids, reverse=True) if price < quote.bid}
        asks = {price: self._asks[price] for price in sorted(self._asks) if price > quote.ask}
        return BookSnapshot(
            time,
            update_id(time, at_request=at_request),
            {quote.bid: quote.bid_quantity, **bids},
            {quote.ask: quote.ask_quantity, **asks},
        )


class RecordedTicks:
    """A TickSource (``simulator.tape.tick_source``) of recorded files. Raises NoMarket for a file without a quote."""

    def __init__(self, files: Mapping[str, Path], grids: Mapping[str, Grid]) -> None:
        self._files = dict(sorted(files.items()))
        self._grids = grids
        self._books = {symbol: RecordedBooks() for symbol in self._files}
        self._openings: dict[str, Quote] = {}
        for symbol in self._files:
            first = self._first_quote(symbol)
            if first is None:
                raise NoMarket(f"{self._files[symbol]}: no bookTicker message of {symbol}; give another file")
            self._openings[symbol] = first
        earliest = min(quote.time for quote in self._openings.values())
        self._start = earliest - earliest % MINUTE

    def _first_quote(self, symbol: str) -> Quote | None:
        """Return the file's first quote, None if it has none. Raises NoMarket for a file that cannot be read."""
        try:
            return next((tick for tick in self._read(symbol, None) if isinstance(tick, Quote)), None)
        except (OSError, EOFError, zlib.error, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
            raise NoMarket(
                f"{self._files[symbol]}: no recorded stream messages can be read ({type(error).__name__}: {error}); "
                "give a gzip of `local time, JSON` lines, as hftbacktest's collector writes them"
            ) from error

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the recorded symbols, sorted."""
        return tuple(self._files)

    @property
    def start(self) -> int:
        """Return the minute of the earliest quote, UTC ms."""
        return self._start

    def opening(self, symbol: str) -> Quote:
        """Return the symbol's first quote."""
        return self._openings[symbol]

    def history(self, symbol: str) -> Sequence[Bar]:
        """Return no candles: a recording has none."""
        return ()

    def books(self, symbol: str) -> RecordedBooks:
        """Return the order books of a symbol, which ``ticks`` feeds."""
        return self._books[symbol]

    def ticks(self) -> Iterator[Tick]:
        """Yield the ticks of all files in order of time."""
        return merge(*(self._read(symbol, self._books[symbol]) for symbol in self._files), key=lambda tick: tick.time)

    def _read(self, symbol: str, books: RecordedBooks | None) -> Iterator[Tick]:
        """Read the file's ticks and push its book messages to ``books``.

        A message out of order gets the latest time read so far.
        """
        grid = self._grids[symbol]
        latest = 0
        with gzip.open(self._files[symbol], "rb") as lines:
            for line in lines:
                message: dict[str, Any] = msgspec.json.decode(line.split(b" ", 1)[1])
                body = message.get("data", message)
                latest = max(latest, int(body.get("T", 0)))
                kind = body.get("e", "snapshot")
                if kind == "bookTicker":
                    yield Quote(
                        symbol, latest, grid.ticks(Decimal(body["b"])), grid.steps(Decimal(body["B"])),
                        grid.ticks(Decimal(body["a"])), grid.steps(Decimal(body["A"])),
                    )  # fmt: skip
                elif kind == "trade" and body.get("X") == "MARKET":
                    price, quantity = grid.ticks(Decimal(body["p"])), grid.steps(Decimal(body["q"]))
                    yield MarketTrade(symbol, latest, 0, price, quantity, bool(body["m"]))
                elif kind == "depthUpdate" and books is not None:
                    books.push(latest, _levels(body["b"], grid), _levels(body["a"], grid), whole=False)
                elif kind == "snapshot" and books is not None:
                    books.push(latest, _levels(body["bids"], grid), _levels(body["asks"], grid), whole=True)


def _levels(pairs: Sequence[Sequence[str]], grid: Grid) -> dict[int, int]:
    return {grid.ticks(Decimal(price)): grid.steps(Decimal(quantity)) for price, quantity in pairs}


def _apply(side: dict[int, int], changes: dict[int, int]) -> None:
    for price, quantity in changes.items():
        if quantity:
            side[price] = quantity
        else:
            side.pop(price, None)
