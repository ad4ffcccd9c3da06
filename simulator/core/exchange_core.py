"""The matching core: simulates one account of a USDⓈ-M exchange: order books, conditional orders, positions, money.

Pure and exact. Every call passes the time (UTC ms), which must not go back. Ids are made from it, so the same calls give
the same ids, events and statements on every run (unless ``number_from`` was called). Events are queued until
``take_events``. A refused call changes nothing. A symbol without filters raises KeyError, except where the call can
return a Refusal.
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
    """Applies price events, orders and settings changes; returns answers and queues events.

    brackets: tables by symbol. A symbol without a table gets one bracket from the settings.
    """

    # ---- the market ----------------------------------------------------------------------------------------------------

    def on_trade(self, symbol: str, price: Decimal, time: int, quantity: Decimal | None = None) -> None:
        """Apply a trade of the market.

        quantity: how much our resting orders can fill from it, base currency; None = no limit.
        """
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
        """Apply a new best bid and ask: takers fill at them, and resting limits that they cross fill.

        bid_quantity, ask_quantity: base currency; None = unlimited.
        """
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
        """Apply a new mark price. Before the first one, a symbol's last price serves as its mark price."""
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
        """Apply one-minute candles that closed at ``time``, one per symbol, each along the path of ``intrabar_path``."""
        self._begin(time)
        for candle in found:
            candles.match(self._state, self._state.books[candle.symbol], candle)

    @exact
    def on_fundings(self, rates: Mapping[str, Decimal], time: int) -> None:
        """Settle funding of several symbols (symbol -> rate, fraction), then liquidate at the mark prices where due."""
        self._begin(time)
        for symbol, rate in rates.items():
            funding.pay_funding(self._state, self._state.books[symbol], rate)
        liquidation.sweep_outside_bands(self._state)

    def on_funding(self, symbol: str, rate: Decimal, time: int) -> None:
        """Settle funding of one symbol: every leg pays quantity x mark x ``rate`` (docs/binance.md §7.2)."""
        self.on_fundings({symbol: rate}, time)

    @exact
    def on_time(self, time: int) -> None:
        """Advance the time: run countdowns and good-till dates that are due. Every other call with a time does so too."""
        self._begin(time)

    # ---- orders --------------------------------------------------------------------------------------------------------

    @exact
    def place(self, request: NewOrder, time: int) -> Order | Refusal:
        """Place an order; return it after its immediate fills. (Binance's ACK is the same with nothing executed yet.)"""
        self._begin(time)
        placed = placement.place(request, self._state)
        liquidation.after_fills(self._state)
        return placed

    def place_batch(self, request: Sequence[NewOrder], time: int) -> list[Order | Refusal]:
        """Place orders one after the other; a refused one does not stop the next."""
        return [self.place(each, time) for each in request]

    @exact
    def amend(self, request: Amendment, time: int) -> Order | Refusal:
        """Change price or quantity of a resting LIMIT; it loses its place in the queue."""
        self._begin(time)
        amended = placement.amend(request, self._state)
        liquidation.after_fills(self._state)
        return amended

    @exact
    def cancel(self, symbol: str, time: int, *, order_id: int = 0, client_id: str = "") -> Order | Refusal:
        """Cancel an open order by order id (0 = not given), else by client id. Refusal -2011 if there is none."""
        self._begin(time)
        return placement.cancel(self._state, symbol, order_id, client_id)

    @exact
    def cancel_all(self, symbol: str, time: int) -> list[Order]:
        """Cancel every open order of the symbol; conditional (algo) orders stay."""
        self._begin(time)
        return placement.cancel_all(self._state, symbol)

    @exact
    def countdown(self, symbol: str, duration: int, time: int) -> Refusal | None:
        """Cancel the symbol's open orders in ``duration`` ms unless called again before; 0 = off. Algo orders stay."""
        self._begin(time)
        if symbol not in self._state.books:
            return refusal(ErrorCode.BAD_SYMBOL)
        timers.countdown(self._state, symbol, duration)
        return None

    @exact
    def place_algo(self, request: NewAlgoOrder, time: int) -> AlgoOrder | Refusal:
        """Place a conditional order. Margin is checked only when it triggers."""
        self._begin(time)
        return placement.place_algo(request, self._state)

    @exact
    def cancel_algo(self, time: int, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | Refusal:
        """Cancel a conditional order that has not triggered. Refusal -2011 if there is none."""
        self._begin(time)
        return placement.cancel_algo(self._state, algo_id, client_algo_id)

    @exact
    def cancel_all_algos(self, symbol: str, time: int) -> list[AlgoOrder]:
        """Cancel every conditional order of the symbol that has not triggered."""
        self._begin(time)
        return placement.cancel_all_algos(self._state, symbol)

    # ---- account -------------------------------------------------------------------------------------------------------

    @exact
    def set_leverage(self, symbol: str, leverage: int, time: int) -> SymbolConfig | Refusal:
        """Set a symbol's leverage.

        Refusal: -4028 outside the brackets, -2027 position too large, -2028 too little margin, -4161 lowered while an
        isolated position is open.
        """
        self._begin(time)
        return configuration.set_leverage(self._state, symbol, leverage)

    @exact
    def set_margin_type(self, symbol: str, margin_type: MarginType, time: int) -> Refusal | None:
        """Set CROSSED or ISOLATED. None if done; Refusal: -4046 no change, -4047 open orders, -4048 open position."""
        self._begin(time)
        return configuration.set_margin_type(self._state, symbol, margin_type)

    @exact
    def set_hedge_mode(self, hedge: bool, time: int) -> Refusal | None:
        """Set the position mode: True = legs LONG and SHORT, False = BOTH.

        None if done; Refusal: -4059 no change, -4067 open orders, -4068 open positions.
        """
        self._begin(time)
        return configuration.set_hedge_mode(self._state, hedge=hedge)

    @exact
    def move_margin(self, symbol: str, amount: Decimal, time: int, position_side: PositionSide = "BOTH") -> Refusal | None:
        """Add (positive) or take out (negative) margin of an isolated leg, USDT. None if done."""
        self._begin(time)
        return configuration.move_margin(self._state, symbol, position_side, amount)

    @exact
    def transfer(self, amount: Decimal, time: int) -> Refusal | None:
        """Deposit (positive) or withdraw (negative) USDT. None if done; Refusal -2018 beyond the withdrawable amount."""
        self._begin(time)
        return configuration.transfer(self._state, amount)

    def set_commission(self, symbol: str, commission: Commission, time: int) -> None:
        """Set the fees of one symbol from now on, in place of those of the settings."""
        self._begin(time)
        self._state.books[symbol].commission = commission

    # ---- events and state -----------------------------------------------------------------------------------------------

    def take_events(self) -> list[CoreEvent]:
        """Return the events since the last call, in order, and empty the queue."""
        events = self._state.events[:]
        self._state.events.clear()
        return events

    def snapshot(self) -> bytes:
        """Return the whole state as msgpack."""
        return _ENCODER.encode(self.saved())

    def number_from(self, first: int) -> None:
        """Count ids up from ``first``, whatever the time: so two runs at one time of the market have different ids."""
        self._state.saved.last_id, self._state.saved.ids_by_time = first - 1, False

    def saved(self) -> ExchangeSnapshot:
        """Return the whole state, to embed in a larger snapshot. Not a copy: encode it before the next call."""
        return self._state.snapshot()

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's. Raises msgspec.ValidationError if ``data`` is no snapshot."""
        self.resume(_DECODER.decode(data))

    def resume(self, state: ExchangeSnapshot) -> None:
        """Replace the state by one decoded from a snapshot."""
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
        liquidation.after_fills(self._state)
        self._recompute_bands(book)

    @exact
    def _quote(self, book: SymbolBook, time: int) -> None:
        self._begin(time)
        matching.quote(self._state, book)
        liquidation.after_fills(self._state)
        if book.last is not None and book.quiet_band is None:
            quiet_band.compute(self._state, book)

    @exact
    def _mark(self, book: SymbolBook, price: Decimal, time: int) -> None:
        self._begin(time)
        matching.mark(self._state, book, price)
        liquidation.after_fills(self._state)
        self._recompute_bands(book)

    def _recompute_bands(self, book: SymbolBook) -> None:
        """Recompute the quiet band after a price left it; with positions, the margin bands of all legs too."""
        if book.legs:
            self._state.invalidate_margin()
        quiet_band.compute(self._state, book)
