"""The venue: one account of a USDⓈ-M exchange, with its order book, algo book, positions and money. Pure and exact.

Time is passed in with every call (UTC ms) and must not go back. Order, algo and trade ids count up from 1 of their own: the
same calls give the same ids, news and statements on every run. What a call set in motion waits in the news until
``take_news``; a call that is refused changes nothing. Symbols must be among the filters, except where a Refusal can say no.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from shared.domain.candles import RawCandle
from simulator.core.margin import configuration, funding, liquidation
from simulator.core.matching import candles, matching, placement, quiet_band, timers
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.enums import MarginType, PositionSide
from simulator.core.model.events import News
from simulator.core.model.exact import exact
from simulator.core.model.orders import ZERO, Order
from simulator.core.model.requests import Amendment, NewAlgoOrder, NewOrder, Refusal
from simulator.core.model.statements import Commission, SymbolConfig
from simulator.core.queries import Inquiries
from simulator.core.state.exchange_state import refusal
from simulator.core.state.snapshot import FloorState
from simulator.core.state.symbol_book import Pit
from simulator.rejections import Rejection

_DECODER: Final = msgspec.msgpack.Decoder(FloorState)
_ENCODER: Final = msgspec.msgpack.Encoder()


class Venue(Inquiries):
    """See the module. ``brackets``: symbols without a table have one bracket, by the settings."""

    # ---- the market ----------------------------------------------------------------------------------------------------

    def on_trade(self, symbol: str, price: Decimal, time: int, quantity: Decimal | None = None) -> None:
        """A trade of the market; ``quantity`` (base currency) is what resting orders can get of it, None = all."""
        floor = self._floor
        if time >= floor.alarm:
            self.on_time(time)
        pit = floor.pits[symbol]
        drawn = pit.lines
        if drawn is not None and drawn.low < price < drawn.high and drawn.low_limit <= price <= drawn.high_limit:
            pit.last = price
            if time > floor.state.time:
                floor.state.time = time
            return
        self._trade(pit, price, time, quantity)

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
        floor = self._floor
        if time >= floor.alarm:
            self.on_time(time)
        pit = floor.pits[symbol]
        pit.bid, pit.ask, pit.bid_quantity, pit.ask_quantity, pit.taken = bid, ask, bid_quantity, ask_quantity, ZERO
        drawn = pit.lines
        if drawn is not None and drawn.best_buy < ask and bid < drawn.best_sell:
            if time > floor.state.time:
                floor.state.time = time
            return
        self._quote(pit, time)

    def on_mark(self, symbol: str, price: Decimal, time: int) -> None:
        """The mark price. Until the first one the mark price of a symbol is its last price."""
        floor = self._floor
        if time >= floor.alarm:
            self.on_time(time)
        pit = floor.pits[symbol]
        drawn = pit.lines
        if drawn is not None and pit.mark is not None and drawn.mark_low < price < drawn.mark_high:
            pit.mark = price
            if time > floor.state.time:
                floor.state.time = time
            return
        self._mark(pit, price, time)

    @exact
    def on_candles(self, found: Sequence[RawCandle], time: int) -> None:
        """One-minute candles that closed at ``time``, one a symbol: each symbol walks the stated path of its candle."""
        self._begin(time)
        for candle in found:
            candles.match(self._floor, self._floor.pits[candle.symbol], candle)

    @exact
    def on_fundings(self, rates: Mapping[str, Decimal], time: int) -> None:
        """Funding of several symbols at one moment; then whoever is under water at the marks is liquidated."""
        self._begin(time)
        for symbol, rate in rates.items():
            funding.fund(self._floor, self._floor.pits[symbol], rate)
        liquidation.sweep(self._floor)

    def on_funding(self, symbol: str, rate: Decimal, time: int) -> None:
        """A funding time: every leg pays quantity x mark x ``rate`` (binance.md §7.2)."""
        self.on_fundings({symbol: rate}, time)

    @exact
    def on_time(self, time: int) -> None:
        """Nothing but time went by: countdowns and good-till dates are looked at. Every other call does so too."""
        self._begin(time)

    # ---- orders --------------------------------------------------------------------------------------------------------

    @exact
    def place(self, asked: NewOrder, time: int) -> Order | Refusal:
        """The order as it is after it took what it could at once. (An ACK is the same with status NEW, nothing executed.)"""
        self._begin(time)
        return placement.place(asked, self._floor)

    def place_batch(self, asked: Sequence[NewOrder], time: int) -> list[Order | Refusal]:
        """One after the other; a refused one does not stop the next."""
        return [self.place(each, time) for each in asked]

    @exact
    def amend(self, asked: Amendment, time: int) -> Order | Refusal:
        """Another price or quantity for a resting LIMIT; it loses its place in the queue."""
        self._begin(time)
        return placement.amend(asked, self._floor)

    @exact
    def cancel(self, symbol: str, time: int, *, order_id: int = 0, client_id: str = "") -> Order | Refusal:
        """By order id, else by client id (the open order that bears it). -2011 when there is no such open order."""
        self._begin(time)
        return placement.cancel(self._floor, symbol, order_id, client_id)

    @exact
    def cancel_all(self, symbol: str, time: int) -> list[Order]:
        """Every open order of the symbol; algo orders stay."""
        self._begin(time)
        return placement.cancel_all(self._floor, symbol)

    @exact
    def countdown(self, symbol: str, duration: int, time: int) -> Refusal | None:
        """Cancel the symbol's open orders ``duration`` ms from now unless asked again; 0 = off. Algo orders stay."""
        self._begin(time)
        if symbol not in self._floor.pits:
            return refusal(Rejection.BAD_SYMBOL)
        timers.countdown(self._floor, symbol, duration)
        return None

    @exact
    def place_algo(self, asked: NewAlgoOrder, time: int) -> AlgoOrder | Refusal:
        """A conditional order: no margin is asked before it triggers."""
        self._begin(time)
        return placement.place_algo(asked, self._floor)

    @exact
    def cancel_algo(self, time: int, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | Refusal:
        """One that still waits; -2011 otherwise."""
        self._begin(time)
        return placement.cancel_algo(self._floor, algo_id, client_algo_id)

    @exact
    def cancel_all_algos(self, symbol: str, time: int) -> list[AlgoOrder]:
        """Every waiting algo order of the symbol."""
        self._begin(time)
        return placement.cancel_all_algos(self._floor, symbol)

    # ---- account -------------------------------------------------------------------------------------------------------

    @exact
    def set_leverage(self, symbol: str, leverage: int, time: int) -> SymbolConfig | Refusal:
        """-4028 outside the brackets, -2027 position too large, -2028 too little margin, -4161 lower while isolated."""
        self._begin(time)
        return configuration.set_leverage(self._floor, symbol, leverage)

    @exact
    def set_margin_type(self, symbol: str, margin_type: MarginType, time: int) -> Refusal | None:
        """-4046 no change, -4047 open orders, -4048 a position."""
        self._begin(time)
        return configuration.set_margin_type(self._floor, symbol, margin_type)

    @exact
    def set_hedge_mode(self, hedge: bool, time: int) -> Refusal | None:
        """Position mode: LONG and SHORT legs, or BOTH. -4059 no change, -4067 open orders, -4068 positions."""
        self._begin(time)
        return configuration.set_hedge_mode(self._floor, hedge=hedge)

    @exact
    def move_margin(self, symbol: str, amount: Decimal, time: int, position_side: PositionSide = "BOTH") -> Refusal | None:
        """Add (positive) or take out (negative) margin of an isolated leg, USDT."""
        self._begin(time)
        return configuration.move_margin(self._floor, symbol, position_side, amount)

    @exact
    def transfer(self, amount: Decimal, time: int) -> Refusal | None:
        """Deposit (positive) or withdraw (negative) USDT. -2018 for more than can be withdrawn."""
        self._begin(time)
        return configuration.transfer(self._floor, amount)

    def set_commission(self, symbol: str, commission: Commission, time: int) -> None:
        """Fees of one symbol from now on, in place of the settings'."""
        self._begin(time)
        self._floor.pits[symbol].commission = commission

    # ---- news and state ------------------------------------------------------------------------------------------------

    def take_news(self) -> list[News]:
        """Everything that happened since the last call, in order."""
        news = self._floor.news[:]
        self._floor.news.clear()
        return news

    def snapshot(self) -> bytes:
        """The whole state in msgpack."""
        return _ENCODER.encode(self.state())

    def state(self) -> FloorState:
        """The whole state, for a larger snapshot. It is the venue's own: encode it before anything else happens."""
        return self._floor.snapshot()

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's. Raises msgspec.ValidationError for bytes that are not one."""
        self.resume(_DECODER.decode(data))

    def resume(self, state: FloorState) -> None:
        """Go on from a state that was decoded from a snapshot."""
        self._floor.restore(state)

    # ---- inside --------------------------------------------------------------------------------------------------------

    def _begin(self, time: int) -> None:
        floor = self._floor
        if time >= floor.alarm:
            timers.ring(floor, time)
        floor.state.time = max(floor.state.time, time)

    @exact
    def _trade(self, pit: Pit, price: Decimal, time: int, quantity: Decimal | None) -> None:
        self._begin(time)
        matching.trade(self._floor, pit, price, quantity)
        self._look(pit)

    @exact
    def _quote(self, pit: Pit, time: int) -> None:
        self._begin(time)
        matching.quote(self._floor, pit)
        if pit.last is not None and pit.lines is None:
            quiet_band.draw(self._floor, pit)

    @exact
    def _mark(self, pit: Pit, price: Decimal, time: int) -> None:
        self._begin(time)
        matching.mark(self._floor, pit, price)
        self._look(pit)

    def _look(self, pit: Pit) -> None:
        """A price left the lines, or there were none: draw them anew, all holdings' together."""
        if pit.legs:
            self._floor.money_moved()
        quiet_band.draw(self._floor, pit)
