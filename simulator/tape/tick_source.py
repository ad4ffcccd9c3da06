"""The port for sources of ticks, and the source that splits one-minute candles into ticks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Protocol

from services.ingest.candle_source import CandleSource
from shared.domain.candles import RawCandle
from shared.domain.timeframes import MINUTE
from simulator.tape.events import MarketTrade, Quote, Tick
from simulator.tape.grid import Grid
from simulator.tape.minute import Bar, generator_of, trades_of
from simulator.tape.settings import TapeSettings
from simulator.tape.synthetic_book import BookSnapshot, SyntheticBook


class Books(Protocol):
    """Gives the order book of one symbol at a time."""

    def book(self, quote: Quote, time: int, *, at_request: bool = False) -> BookSnapshot:
        """Return the book at ``time`` (UTC ms). ``quote``: best bid and ask at that time."""
        ...


class TickSource(Protocol):
    """A source of ticks of some symbols in order of time, and of the candles before the first tick."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols."""
        ...

    @property
    def start(self) -> int:
        """Return the start, UTC ms, a whole minute; no tick is earlier."""
        ...

    def opening(self, symbol: str) -> Quote:
        """Return best bid and ask at the start."""
        ...

    def history(self, symbol: str) -> Sequence[Bar]:
        """Return the one-minute candles before the start, earliest first, without gaps. May be empty."""
        ...

    def books(self, symbol: str) -> Books:
        """Return the order books of a symbol."""
        ...

    def ticks(self) -> Iterator[Tick]:
        """Yield ticks from the start on, in order of time. Their trades have no final ids; ``TapeMarket`` assigns those."""
        ...


class NoMarket(Exception):
    """Raised for a source without data to start from; the text says what to do."""


class CandleTicks:
    """Splits candles, generated or recorded, into ticks. The first ``history_minutes`` of them are the history.

    Raises NoMarket if there are no candles after the history.
    """

    def __init__(self, source: CandleSource, grids: Mapping[str, Grid], settings: TapeSettings, seed: int) -> None:
        self._grids = grids
        self._settings = settings
        self._seed = seed
        self._symbols = source.symbols
        self._books = {symbol: SyntheticBook(grids[symbol], seed, settings) for symbol in source.symbols}
        self._history: dict[str, list[Bar]] = {symbol: [] for symbol in source.symbols}
        if len(source) <= settings.history_minutes:
            raise NoMarket(
                f"the candles last {len(source)} minutes and the history is to have {settings.history_minutes}: "
                "give more candles, or lower tape.history_minutes"
            )
        self._steps = source.steps()
        self._start = source.first - MINUTE + settings.history_minutes * MINUTE
        for _, candles in islice(self._steps, settings.history_minutes):
            for candle in candles:
                self._history[candle.symbol].append(self._bar(candle))
        self._first: tuple[int, tuple[RawCandle, ...]] = next(self._steps)
        self._openings = {symbol: self._opening(symbol) for symbol in source.symbols}

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of the candles."""
        return self._symbols

    @property
    def start(self) -> int:
        """Return the open time of the first candle after the history, UTC ms."""
        return self._start

    def opening(self, symbol: str) -> Quote:
        """Return best bid and ask at the start."""
        return self._openings[symbol]

    def history(self, symbol: str) -> Sequence[Bar]:
        """Return the history; a minute without a candle gets all four prices at the close before it."""
        bars: list[Bar] = []
        for bar in self._history[symbol]:
            while bars and bars[-1].open_time + MINUTE < bar.open_time:
                price = bars[-1].close
                bars.append(Bar(bars[-1].open_time + MINUTE, price, price, price, price, 0))
            bars.append(bar)
        while bars and bars[-1].open_time + MINUTE < self._start:
            price = bars[-1].close
            bars.append(Bar(bars[-1].open_time + MINUTE, price, price, price, price, 0))
        return bars

    def books(self, symbol: str) -> SyntheticBook:
        """Return the symbol's synthetic order book."""
        return self._books[symbol]

    def ticks(self) -> Iterator[Tick]:
        """Yield the ticks. A second call goes on where the first one stopped."""
        yield from self._minute(self._first[1])
        for _, candles in self._steps:
            yield from self._minute(candles)

    def _minute(self, candles: Sequence[RawCandle]) -> Iterator[Tick]:
        return merge(*(self._ticks_of(candle) for candle in candles), key=lambda tick: tick.time)

    def _ticks_of(self, candle: RawCandle) -> Iterator[Tick]:
        bar = self._bar(candle)
        symbol = candle.symbol
        for trade in trades_of(bar, generator_of(self._seed, symbol, bar.open_time), self._settings):
            yield self._quote(symbol, trade.time, trade.price, at_bid=trade.buyer_is_maker)
            yield MarketTrade(symbol, trade.time, 0, trade.price, trade.quantity, trade.buyer_is_maker)

    def _quote(self, symbol: str, time: int, price: int, *, at_bid: bool) -> Quote:
        """Return the quote around a trade at ``price`` (ticks), which is the best bid (``at_bid``) or the best ask."""
        spread = self._settings.spread_ticks
        bid = price if at_bid else max(1, price - spread)
        book = self._books[symbol]
        ask = bid + spread
        return Quote(symbol, time, bid, book.quantity(bid, time), ask, book.quantity(ask, time))

    def _opening(self, symbol: str) -> Quote:
        history = self._history[symbol]
        if history:
            price = history[-1].close
        else:
            candles = [candle for candle in self._first[1] if candle.symbol == symbol]
            if not candles:
                raise NoMarket(f"{symbol} has no candle at the start; begin where every symbol has one")
            price = self._bar(candles[0]).open
        return self._quote(symbol, self._start, price, at_bid=True)

    def _bar(self, candle: RawCandle) -> Bar:
        grid = self._grids[candle.symbol]
        first, high, low, last = (grid.ticks(price) for price in (candle.open, candle.high, candle.low, candle.close))
        return Bar(candle.open_time, first, high, low, last, grid.steps(candle.volume))
