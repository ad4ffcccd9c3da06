"""The matching core: one account of a USDⓈ-M exchange with its symbol books, conditional orders, positions and money.

Pure and exact. Time is passed in with every call (UTC ms) and must not go back. Order, conditional-order and trade ids each
count up from 1, so the same calls give the same ids, events and statements on every run. Events wait until ``take_events``.
A call that is refused changes nothing. Symbols must be among the filters, except where a call can answer with a Refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.candles import RawCandle
from shared.domain.order_words import PositionSide
from shared.exchange.error_codes import ErrorCode
from simulator.core.margin import configuration, funding, liquidation
from simulator.core.matching import candles, matching, placement, quiet_band, timers
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.enums import MarginType
from simulator.core.model.events import CoreEvent
from simulator.core.model.exact import exact
from simulator.core.model.orders import ZERO, Order
from simulator.core.model.requests import Amendment, NewAlgoOrder, NewOrder, Refusal
from simulator.core.model.statements import Commission, SymbolConfig
from simulator.core.queries import ExchangeQueries
from simulator.core.state.exchange_state import refusal
from simulator.core.state.snapshot import ExchangeSnapshot
from simulator.core.state.symbol_book import SymbolBook

_DECODER: Final = msgspec.msgpack.Decoder(ExchangeSnapshot)
_ENCODER: Final = msgspec.msgpack.Encoder()


class ExchangeCore(ExchangeQueries):
    """Takes price events, orders and settings; gives answers and events.

    brackets: tables by symbol. A symbol without a table gets one bracket from the settings.
    """

    # ---- the market ----------------------------------------------------------------------------------------------------

    def on_trade(self, symbol: str, price: Decimal, time: int, quantity: Decimal | None = None) -> None:
        """A trade of the market; ``quantity`` (base currency) is what resting orders can get of it, None = all."""
        state = self._state
        if time >= state.next_timer:
            self.on_time(time)
        book = state.books[symbol]
        band = book.quiet_band
        if band is not None and band.low < price < band.high and band.low_limit <= price <= band.high_limit:
            book.last = price
            if time > state.saved.time:
                state.saved.time = time
            return
        self._trade(book, price, time, quantity)

    def on_quote(
        self,
        symbol: str,
        bid: Decimal,
        ask: Decimal,
        time: int,
        bid_quantity: Decimal | None = None,
        ask_quantity: Decimal | None = None,
    ) -> None:
        """The best bid and ask. They are what takers get, and what resting limits are crossed by; None = endless size."""
        state = self._state
        if time >= state.next_timer:
            self.on_time(time)
        book = state.books[symbol]
        book.bid, book.ask, book.bid_quantity, book.ask_quantity, book.taken_quantity = (
            bid,
            ask,
            bid_quantity,
            ask_quantity,
            ZERO,
        )
        band = book.quiet_band
        if band is not None and band.best_buy < ask and bid < band.best_sell:
            if time > state.saved.time:
                state.saved.time = time
            return
        self._quote(book, time)

    def on_mark(self, symbol: str, price: Decimal, time: int) -> None:
        """The mark price. Until the first one the mark price of a symbol is its last price."""
        state = self._state
        if time >= state.next_timer:
            self.on_time(time)
        book = state.books[symbol]
        band = book.quiet_band
        if band is not None and book.mark is not None and band.mark_low < price < band.mark_high:
            book.mark = price
            if time > state.saved.time:
                state.saved.time = time
            return
        self._mark(book, price, time)

    @exact
    def on_candles(self, found: Sequence[RawCandle], time: int) -> None:
        """One-minute candles that closed at ``time``, one a symbol: each symbol walks the stated path of its candle."""
        self._begin(time)
        for candle in found:
            candles.match(self._state, self._state.books[candle.symbol], candle)

    @exact
    def on_fundings(self, rates: Mapping[str, Decimal], time: int) -> None:
        """Funding of several symbols at one moment; then whoever is under water at the marks is liquidated."""
        self._begin(time)
        for symbol, rate in rates.items():
            funding.pay_funding(self._state, self._state.books[symbol], rate)
        liquidation.sweep(self._state)

    def on_funding(self, symbol: str, rate: Decimal, time: int) -> None:
        """A funding time: every leg pays quantity x mark x ``rate`` (docs/binance.md §7.2)."""
        self.on_fundings({symbol: rate}, time)

    @exact
    def on_time(self, time: int) -> None:
        """Advance the time: run countdowns and good-till dates that are due. Every other call does so too."""
        self._begin(time)

    # ---- orders --------------------------------------------------------------------------------------------------------

    @exact
    def place(self, request: NewOrder, time: int) -> Order | Refusal:
        """The order as it is after it took what it could at once. (An ACK is the same with status NEW, nothing executed.)"""
        self._begin(time)
        return placement.place(request, self._state)

    def place_batch(self, request: Sequence[NewOrder], time: int) -> list[Order | Refusal]:
        """One after the other; a refused one does not stop the next."""
        return [self.place(each, time) for each in request]

    @exact
    def amend(self, request: Amendment, time: int) -> Order | Refusal:
        """Another price or quantity for a resting LIMIT; it loses its place in the queue."""
        self._begin(time)
        return placement.amend(request, self._state)

    @exact
    def cancel(self, symbol: str, time: int, *, order_id: int = 0, client_id: str = "") -> Order | Refusal:
        """By order id, else by client id (the open order that bears it). -2011 when there is no such open order."""
        self._begin(time)
        return placement.cancel(self._state, symbol, order_id, client_id)

    @exact
    def cancel_all(self, symbol: str, time: int) -> list[Order]:
        """Every open order of the symbol; algo orders stay."""
        self._begin(time)
        return placement.cancel_all(self._state, symbol)

    @exact
    def countdown(self, symbol: str, duration: int, time: int) -> Refusal | None:
        """Cancel the symbol's open orders ``duration`` ms from now unless asked again; 0 = off. Algo orders stay."""
        self._begin(time)
        if symbol not in self._state.books:
            return refusal(ErrorCode.BAD_SYMBOL)
        timers.countdown(self._state, symbol, duration)
        return None

    @exact
    def place_algo(self, request: NewAlgoOrder, time: int) -> AlgoOrder | Refusal:
        """A conditional order: no margin is asked before it triggers."""
        self._begin(time)
        return placement.place_algo(request, self._state)

    @exact
    def cancel_algo(self, time: int, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | Refusal:
        """One that still waits; -2011 otherwise."""
        self._begin(time)
        return placement.cancel_algo(self._state, algo_id, client_algo_id)

    @exact
    def cancel_all_algos(self, symbol: str, time: int) -> list[AlgoOrder]:
        """Every waiting algo order of the symbol."""
        self._begin(time)
        return placement.cancel_all_algos(self._state, symbol)

    # ---- account -------------------------------------------------------------------------------------------------------

    @exact
    def set_leverage(self, symbol: str, leverage: int, time: int) -> SymbolConfig | Refusal:
        """-4028 outside the brackets, -2027 position too large, -2028 too little margin, -4161 lower while isolated."""
        self._begin(time)
        return configuration.set_leverage(self._state, symbol, leverage)

    @exact
    def set_margin_type(self, symbol: str, margin_type: MarginType, time: int) -> Refusal | None:
        """-4046 no change, -4047 open orders, -4048 a position."""
        self._begin(time)
        return configuration.set_margin_type(self._state, symbol, margin_type)

    @exact
    def set_hedge_mode(self, hedge: bool, time: int) -> Refusal | None:
        """Position mode: LONG and SHORT legs, or BOTH. -4059 no change, -4067 open orders, -4068 positions."""
        self._begin(time)
        return configuration.set_hedge_mode(self._state, hedge=hedge)

    @exact
    def move_margin(self, symbol: str, amount: Decimal, time: int, position_side: PositionSide = "BOTH") -> Refusal | None:
        """Add (positive) or take out (negative) margin of an isolated leg, USDT."""
        self._begin(time)
        return configuration.move_margin(self._state, symbol, position_side, amount)

    @exact
    def transfer(self, amount: Decimal, time: int) -> Refusal | None:
        """Deposit (positive) or withdraw (negative) USDT. -2018 for more than can be withdrawn."""
        self._begin(time)
        return configuration.transfer(self._state, amount)

    def set_commission(self, symbol: str, commission: Commission, time: int) -> None:
        """Fees of one symbol from now on, in place of the settings'."""
        self._begin(time)
        self._state.books[symbol].commission = commission

    # ---- events and state -----------------------------------------------------------------------------------------------

    def take_events(self) -> list[CoreEvent]:
        """Everything that happened since the last call, in order."""
        events = self._state.events[:]
        self._state.events.clear()
        return events

    def snapshot(self) -> bytes:
        """The whole state in msgpack."""
        return _ENCODER.encode(self.saved())

    def saved(self) -> ExchangeSnapshot:
        """The whole state, to embed in a larger snapshot. Not a copy: encode it before the next call."""
        return self._state.snapshot()

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's. Raises msgspec.ValidationError for bytes that are not one."""
        self.resume(_DECODER.decode(data))

    def resume(self, state: ExchangeSnapshot) -> None:
        """Go on from a state that was decoded from a snapshot."""
        self._state.restore(state)

    # ---- inside --------------------------------------------------------------------------------------------------------

    def _begin(self, time: int) -> None:
        state = self._state
        if time >= state.next_timer:
            timers.run_due(state, time)
        state.saved.time = max(state.saved.time, time)

    @exact
    def _trade(self, book: SymbolBook, price: Decimal, time: int, quantity: Decimal | None) -> None:
        self._begin(time)
        matching.trade(self._state, book, price, quantity)
        self._look(book)

    @exact
    def _quote(self, book: SymbolBook, time: int) -> None:
        self._begin(time)
        matching.quote(self._state, book)
        if book.last is not None and book.quiet_band is None:
            quiet_band.compute(self._state, book)

    @exact
    def _mark(self, book: SymbolBook, price: Decimal, time: int) -> None:
        self._begin(time)
        matching.mark(self._state, book, price)
        self._look(book)

    def _look(self, book: SymbolBook) -> None:
        """A price left the lines, or there were none: draw them anew, all holdings' together."""
        if book.legs:
            self._state.invalidate_margin()
        quiet_band.compute(self._state, book)
