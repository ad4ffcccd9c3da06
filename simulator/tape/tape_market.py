"""The simulated market of all symbols: a source's ticks with trade ids, mark prices every second, funding and klines.

Pure: the same source, settings and calls give the same events. ``advance(to)`` returns events before ``to``; a tick at
``to`` itself belongs to the next call. The work of a whole second (new minute, mark prices, funding) at ``to`` is
included and precedes the ticks of that second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, Protocol

from shared.domain.timeframes import MINUTE
from simulator.tape.day import Day, rolling_day
from simulator.tape.events import Event, Mark, MarketTrade, Quote, Settlement, Tick
from simulator.tape.grid import Grid
from simulator.tape.klines import KlineBook
from simulator.tape.marks import MarkWalk
from simulator.tape.minute import Bar
from simulator.tape.settings import TapeSettings
from simulator.tape.synthetic_book import BookSnapshot
from simulator.tape.tick_source import TickSource

_SECOND: Final = 1_000


class Funding(Protocol):
    """Where funding rates come from (``simulator.market.funding``)."""

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Return symbol → rate (fraction) for symbols with funding at ``close_time`` (UTC ms)."""
        ...

    def next_of(self, symbol: str, now: int) -> tuple[int, Decimal] | None:
        """Return time (UTC ms) and rate of the symbol's first settlement after ``now``; None if none is to come."""
        ...


class SymbolMarket:
    """The current quote, trades, mark price and klines of one symbol.

    tilt: factor on all prices of the source; 1 unless a price was set by hand.
    """

    def __init__(self, source: TickSource, grid: Grid, settings: TapeSettings) -> None:
        self.symbol = grid.symbol
        self.grid = grid
        self.klines = KlineBook(settings.klines_kept)
        self.trades: deque[MarketTrade] = deque(maxlen=settings.trades_kept)
        self.tilt = Fraction(1)
        self.quote: Quote = source.opening(grid.symbol)
        self.last_price = self.quote.bid
        self.next_trade = 1
        self._books = source.books(grid.symbol)
        self._source_quote = self.quote
        for bar in source.history(grid.symbol):
            count = min(settings.trades_per_minute, bar.volume)
            self.klines.add_history(bar, self.next_trade, count)
            self.next_trade += count
            self.last_price = bar.close
        self.klines.roll(source.start, self.last_price)
        self._marks = MarkWalk(self.middle, settings)
        self._index_jump = settings.index_jump
        self.mark = Mark(grid.symbol, source.start, self.middle, self.middle, Decimal(0), 0)

    @property
    def middle(self) -> Decimal:
        """Return the mid price of best bid and ask, USDT."""
        return self.grid.price(self.quote.bid + self.quote.ask) / 2

    def take(self, tick: Tick) -> Tick:
        """Apply a tick of the source; return it with the tilted price and, for a trade, its id."""
        if isinstance(tick, Quote):
            self._source_quote = tick
            self.quote = self._tilted(tick)
            return self.quote
        trade = MarketTrade(
            tick.symbol, tick.time, self.next_trade, self._tilted_price(tick.price), tick.quantity, tick.buyer_is_maker
        )
        self.next_trade += 1
        self.last_price = trade.price
        self.trades.append(trade)
        self.klines.add(trade)
        return trade

    def tick_mark(self, time: int, rate: Decimal, next_funding: int) -> Mark:
        """Compute the mark price of this second. ``rate``: funding rate due at ``next_funding`` (UTC ms), 0 = none."""
        mark, index = self._marks.at(time, self.middle)
        self.mark = Mark(self.symbol, time, mark, index, rate, next_funding)
        return self.mark

    def leaps(self, tick: Tick) -> bool:
        """Return True for the first quote of a minute that is farther from the last quote than ``index_jump``.

        So does the price come back after a gap between two candles, or after minutes without any. Mark and index then
        follow at once (``leap``), because on the exchange they did while nothing was traded here.
        """
        before = self._source_quote
        if not isinstance(tick, Quote) or tick.time // MINUTE == before.time // MINUTE:
            return False
        return abs(tick.bid - before.bid) > self._index_jump * before.bid

    def leap(self, time: int) -> Mark:
        """Move mark and index to the current quote at once and return the new mark."""
        self._marks.jump(self.middle)
        return self.tick_mark(time, self.mark.rate, self.mark.next_funding)

    def jump(self, time: int, tilt: Fraction) -> list[Event]:
        """Multiply the source's prices by ``tilt`` from now on; return mark, quote and trade at the new price."""
        self.tilt = tilt
        moved = self._source_quote
        self.quote = self._tilted(Quote(moved.symbol, time, moved.bid, moved.bid_quantity, moved.ask, moved.ask_quantity))
        mark = self.leap(time)
        trade = MarketTrade(self.symbol, time, self.next_trade, self.quote.bid, 1, buyer_is_maker=True)
        self.next_trade += 1
        self.last_price = trade.price
        self.trades.append(trade)
        self.klines.add(trade)
        return [mark, self.quote, trade]

    def tilt_to(self, price: Decimal) -> Fraction:
        """Return the tilt that puts the best bid at ``price`` (USDT)."""
        return Fraction(self.grid.ticks(price), self._source_quote.bid)

    def book(self, time: int, *, at_request: bool = False) -> BookSnapshot:
        """Return the whole order book at ``time`` (UTC ms). ``at_request``: for a REST snapshot, see ``update_id``."""
        return self._tilted_book(self._books.book(self._source_quote, time, at_request=at_request))

    def day(self) -> Day:
        """Return the statistics of the last 24 hours."""
        minute = self.klines.open("1m")
        assert minute is not None
        return rolling_day(self.klines.closed("1m"), minute)

    def _tilted_price(self, price: int) -> int:
        return price if self.tilt == 1 else max(1, round(price * self.tilt))

    def _tilted(self, quote: Quote) -> Quote:
        if self.tilt == 1:
            return quote
        bid = self._tilted_price(quote.bid)
        ask = max(bid + 1, bid + quote.ask - quote.bid)
        return Quote(quote.symbol, quote.time, bid, quote.bid_quantity, ask, quote.ask_quantity)

    def _tilted_book(self, book: BookSnapshot) -> BookSnapshot:
        if self.tilt == 1:
            return book
        move = self.quote.bid - self._source_quote.bid
        bids = {price + move: quantity for price, quantity in book.bids.items() if price + move > 0}
        asks = {price + move: quantity for price, quantity in book.asks.items()}
        return BookSnapshot(book.time, book.update_id, bids, asks)


class TapeMarket:
    """Advances the markets of all symbols of a source.

    time: how far it has been advanced, UTC ms. finished: True once the source has no more ticks.
    settled: symbol → funding settlements so far, earliest first.
    """

    def __init__(
        self,
        source: TickSource,
        grids: Mapping[str, Grid],
        funding: Funding,
        settings: TapeSettings,
    ) -> None:
        self.symbols = source.symbols
        self.start = source.start
        self.time = source.start
        self.finished = False
        self.settled: dict[str, list[Settlement]] = {symbol: [] for symbol in source.symbols}
        self._of = {symbol: SymbolMarket(source, grids[symbol], settings) for symbol in source.symbols}
        self._funding = funding
        self._own_periods: dict[str, int] = {}
        self._rates: dict[str, Decimal] = {}
        for symbol in source.symbols:
            self._settle_history(symbol, source.history(symbol))
            self._of[symbol].tick_mark(source.start, *self._announced(symbol, source.start))
        self._ticks = source.ticks()
        self._next: Tick | None = next(self._ticks, None)
        self._next_second = source.start

    def __getitem__(self, symbol: str) -> SymbolMarket:
        """Return the market of a symbol. Raises KeyError for one that is not traded here."""
        return self._of[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._of

    def advance(self, to: int) -> Iterator[Event]:
        """Advance to ``to`` (UTC ms) and yield the events on the way, in order (see the module for those at ``to``)."""
        while True:
            bound = min(to, self._next_second)
            yield from self._ticks_before(bound)
            self.time = max(self.time, bound)
            if bound == self._next_second:
                yield from self._second(bound)
                self._next_second += _SECOND
            if bound >= to:
                return

    def jump(self, symbol: str, tilt: Fraction) -> list[Event]:
        """Multiply a symbol's source prices by ``tilt`` from now on; return mark, quote and trade at the new price."""
        return self._of[symbol].jump(self.time, tilt)

    def set_funding_hours(self, symbol: str, hours: int | None) -> None:
        """Settle a symbol's funding every ``hours`` hours from 00:00 UTC, at its latest known rate; None = as the others."""
        if hours is None:
            self._own_periods.pop(symbol, None)
        else:
            self._own_periods[symbol] = hours * 60 * MINUTE

    def funding_hours(self, symbol: str) -> int | None:
        """Return the hours between the symbol's next two settlements, or the last and the next; None if unknown."""
        period = self._own_periods.get(symbol)
        if period is not None:
            return period // (60 * MINUTE)
        following = self._funding.next_of(symbol, self.time)
        if following is None:
            return None
        after = self._funding.next_of(symbol, following[0])
        settled = self.settled[symbol]
        if after is None and not settled:
            return None
        between = after[0] - following[0] if after is not None else following[0] - settled[-1].time
        return between // (60 * MINUTE)

    def _due(self, now: int) -> dict[str, Decimal]:
        """Return symbol → rate (fraction) of the funding that is settled at ``now`` (UTC ms)."""
        rates = self._funding.rates_at(now)
        for symbol, period in self._own_periods.items():
            rate = rates.pop(symbol, self._rates.get(symbol))
            if rate is not None and now % period == 0:
                rates[symbol] = rate
        return rates

    def _announced(self, symbol: str, now: int) -> tuple[Decimal, int]:
        """Return rate and time (UTC ms) of the symbol's next settlement after ``now``; both 0 if none is to come."""
        found = self._funding.next_of(symbol, now)
        if found is not None:
            self._rates[symbol] = found[1]
        period = self._own_periods.get(symbol)
        if period is not None and symbol in self._rates:
            return self._rates[symbol], now - now % period + period
        return (Decimal(0), 0) if found is None else (found[1], found[0])

    def _settle_history(self, symbol: str, history: Sequence[Bar]) -> None:
        """Record the funding settlements of the history, at the candles' closes as mark prices."""
        for bar in history:
            close_time = bar.open_time + MINUTE
            rate = self._funding.rates_at(close_time).get(symbol)
            if rate is not None:
                mark = self._of[symbol].grid.price(bar.close)
                self.settled[symbol].append(Settlement(symbol, close_time, mark, rate))

    def _ticks_before(self, bound: int) -> Iterator[Event]:
        tick = self._next
        while tick is not None and tick.time < bound:
            self.time = max(self.time, tick.time)
            market = self._of[tick.symbol]
            leaps = market.leaps(tick)
            event = market.take(tick)
            if leaps:  # before the quote, so that the mark price is not the last to know
                yield market.leap(tick.time)
            yield event
            tick = self._next = next(self._ticks, None)
        self.finished = tick is None

    def _second(self, now: int) -> Iterator[Event]:
        for symbol, market in self._of.items():
            if now % MINUTE == 0:
                market.klines.roll(now, market.last_price)
            yield market.tick_mark(now, *self._announced(symbol, now))
        if now % MINUTE == 0 and now > self.start:
            for symbol, rate in sorted(self._due(now).items()):
                if symbol in self._of:
                    settlement = Settlement(symbol, now, self._of[symbol].mark.mark, rate)
                    self.settled[symbol].append(settlement)
                    yield settlement
