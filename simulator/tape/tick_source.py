"""Where ticks come from: the port, and the source that takes one-minute candles apart."""

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
    """The order book of one symbol as time goes by."""

    def book(self, quote: Quote, time: int, *, at_request: bool = False) -> BookSnapshot:
        """What stands at ``time``; ``quote`` is the best bid and ask of that moment."""
        ...


class TickSource(Protocol):
    """Ticks of some symbols in order of time, and what was before the first of them."""

    @property
    def symbols(self) -> tuple[str, ...]: ...

    @property
    def start(self) -> int:
        """UTC ms, a whole minute: no tick is earlier."""
        ...

    def opening(self, symbol: str) -> Quote:
        """Best prices at the start."""
        ...

    def history(self, symbol: str) -> Sequence[Bar]:
        """One-minute candles that end at the start."""
        ...

    def books(self, symbol: str) -> Books: ...

    def ticks(self) -> Iterator[Tick]:
        """From the start on, in order of time. Trades are numbered by whoever takes them."""
        ...


class NoMarket(Exception):
    """The source has no candle to begin with; the text says what to do."""


class CandleTicks:
    """Candles, generated or recorded, as ticks: the first ``history_minutes`` are history, the others are traded.

    Raises NoMarket when the candles do not reach beyond the history.
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
        return self._symbols

    @property
    def start(self) -> int:
        return self._start

    def opening(self, symbol: str) -> Quote:
        return self._openings[symbol]

    def history(self, symbol: str) -> Sequence[Bar]:
        """Minutes without a candle are flat at the price before them."""
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
        return self._books[symbol]

    def ticks(self) -> Iterator[Tick]:
        """See the port. A second walk goes on where the first one stopped."""
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
        """Best prices around a trade at ``price``."""
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
