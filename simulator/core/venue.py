"""The venue: one account of a USDⓈ-M exchange, with its order book, algo book, positions and money. Pure and exact.

Time is passed in with every call (UTC ms) and must not go back. Order, algo and trade ids count up from 1 of their own: the
same calls give the same ids, news and statements on every run. What a call set in motion waits in the news until
``take_news``; a call that is refused changes nothing. Symbols must be among the filters, except where a Refusal can say no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from functools import wraps
from typing import Final, ParamSpec, TypeVar

import msgspec

from shared.domain.candles import RawCandle
from simulator.core import accounts, candles, configuration, funding, lines, liquidation, matching, placement, timers
from simulator.core.algo_orders import AlgoOrder
from simulator.core.brackets import Brackets
from simulator.core.filters import Filters
from simulator.core.floor import Floor, FloorState, refusal
from simulator.core.news import LegUpdate, News
from simulator.core.orders import ZERO, Order, Trade
from simulator.core.pit import Pit
from simulator.core.requests import Amendment, NewAlgoOrder, NewOrder, Refusal
from simulator.core.statements import AccountStatement, Commission, Income, PositionStatement, SymbolConfig
from simulator.core.words import MarginType, PositionSide
from simulator.rejections import Rejection
from simulator.settings import SimulatorSettings

#: Wide enough that sums and products of bounded prices, quantities and rates are exact, whatever the process has set.
EXACT: Final = Context(prec=60)
_DECODER: Final = msgspec.msgpack.Decoder(FloorState)
_ENCODER: Final = msgspec.msgpack.Encoder()
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _exact(call: Callable[_P, _R]) -> Callable[_P, _R]:
    """The call in a decimal context of its own."""

    @wraps(call)
    def inside(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with localcontext(EXACT):
            return call(*args, **kwargs)

    return inside


class Venue:
    """See the module. ``brackets``: symbols without a table have one bracket, by the settings."""

    def __init__(
        self, settings: SimulatorSettings, filters: Mapping[str, Filters], brackets: Mapping[str, Brackets]
    ) -> None:
        self._floor = Floor(settings, filters, brackets)

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

    @_exact
    def on_candles(self, found: Sequence[RawCandle], time: int) -> None:
        """One-minute candles that closed at ``time``, one a symbol: each symbol walks the stated path of its candle."""
        self._begin(time)
        for candle in found:
            candles.match(self._floor, self._floor.pits[candle.symbol], candle)

    @_exact
    def on_fundings(self, rates: Mapping[str, Decimal], time: int) -> None:
        """Funding of several symbols at one moment; then whoever is under water at the marks is liquidated."""
        self._begin(time)
        for symbol, rate in rates.items():
            funding.fund(self._floor, self._floor.pits[symbol], rate)
        liquidation.sweep(self._floor)

    def on_funding(self, symbol: str, rate: Decimal, time: int) -> None:
        """A funding time: every leg pays quantity x mark x ``rate`` (binance.md §7.2)."""
        self.on_fundings({symbol: rate}, time)

    @_exact
    def on_time(self, time: int) -> None:
        """Nothing but time went by: countdowns and good-till dates are looked at. Every other call does so too."""
        self._begin(time)

    # ---- orders --------------------------------------------------------------------------------------------------------

    @_exact
    def place(self, asked: NewOrder, time: int) -> Order | Refusal:
        """The order as it is after it took what it could at once. (An ACK is the same with status NEW, nothing executed.)"""
        self._begin(time)
        return placement.place(asked, self._floor)

    def place_batch(self, asked: Sequence[NewOrder], time: int) -> list[Order | Refusal]:
        """One after the other; a refused one does not stop the next."""
        return [self.place(each, time) for each in asked]

    @_exact
    def amend(self, asked: Amendment, time: int) -> Order | Refusal:
        """Another price or quantity for a resting LIMIT; it loses its place in the queue."""
        self._begin(time)
        return placement.amend(asked, self._floor)

    @_exact
    def cancel(self, symbol: str, time: int, *, order_id: int = 0, client_id: str = "") -> Order | Refusal:
        """By order id, else by client id (the open order that bears it). -2011 when there is no such open order."""
        self._begin(time)
        return placement.cancel(self._floor, symbol, order_id, client_id)

    @_exact
    def cancel_all(self, symbol: str, time: int) -> list[Order]:
        """Every open order of the symbol; algo orders stay."""
        self._begin(time)
        return placement.cancel_all(self._floor, symbol)

    @_exact
    def countdown(self, symbol: str, duration: int, time: int) -> Refusal | None:
        """Cancel the symbol's open orders ``duration`` ms from now unless asked again; 0 = off. Algo orders stay."""
        self._begin(time)
        if symbol not in self._floor.pits:
            return refusal(Rejection.BAD_SYMBOL)
        timers.countdown(self._floor, symbol, duration)
        return None

    @_exact
    def place_algo(self, asked: NewAlgoOrder, time: int) -> AlgoOrder | Refusal:
        """A conditional order: no margin is asked before it triggers."""
        self._begin(time)
        return placement.place_algo(asked, self._floor)

    @_exact
    def cancel_algo(self, time: int, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | Refusal:
        """One that still waits; -2011 otherwise."""
        self._begin(time)
        return placement.cancel_algo(self._floor, algo_id, client_algo_id)

    @_exact
    def cancel_all_algos(self, symbol: str, time: int) -> list[AlgoOrder]:
        """Every waiting algo order of the symbol."""
        self._begin(time)
        return placement.cancel_all_algos(self._floor, symbol)

    # ---- account -------------------------------------------------------------------------------------------------------

    @_exact
    def set_leverage(self, symbol: str, leverage: int, time: int) -> SymbolConfig | Refusal:
        """-4028 outside the brackets, -2027 position too large, -2028 too little margin, -4161 lower while isolated."""
        self._begin(time)
        return configuration.set_leverage(self._floor, symbol, leverage)

    @_exact
    def set_margin_type(self, symbol: str, margin_type: MarginType, time: int) -> Refusal | None:
        """-4046 no change, -4047 open orders, -4048 a position."""
        self._begin(time)
        return configuration.set_margin_type(self._floor, symbol, margin_type)

    @_exact
    def set_hedge_mode(self, hedge: bool, time: int) -> Refusal | None:
        """Position mode: LONG and SHORT legs, or BOTH. -4059 no change, -4067 open orders, -4068 positions."""
        self._begin(time)
        return configuration.set_hedge_mode(self._floor, hedge=hedge)

    @_exact
    def move_margin(self, symbol: str, amount: Decimal, time: int, position_side: PositionSide = "BOTH") -> Refusal | None:
        """Add (positive) or take out (negative) margin of an isolated leg, USDT."""
        self._begin(time)
        return configuration.move_margin(self._floor, symbol, position_side, amount)

    @_exact
    def transfer(self, amount: Decimal, time: int) -> Refusal | None:
        """Deposit (positive) or withdraw (negative) USDT. -2018 for more than can be withdrawn."""
        self._begin(time)
        return configuration.transfer(self._floor, amount)

    def set_commission(self, symbol: str, commission: Commission, time: int) -> None:
        """Fees of one symbol from now on, in place of the settings'."""
        self._begin(time)
        self._floor.pits[symbol].commission = commission

    # ---- what is -------------------------------------------------------------------------------------------------------

    @property
    def floor(self) -> Floor:
        """What is inside, for tests and benchmarks; to act on it is to leave the contract."""
        return self._floor

    @property
    def time(self) -> int:
        """The latest time seen, ms."""
        return self._floor.time

    @property
    def hedge_mode(self) -> bool:
        """True: LONG and SHORT legs; False: BOTH."""
        return self._floor.state.hedge

    def order(self, symbol: str, *, order_id: int = 0, client_id: str = "") -> Order | None:
        """By order id, else by client id (the open one, else the latest that bore it)."""
        ticket = self._floor.find(order_id, client_id)
        return ticket.order if ticket is not None and ticket.order.symbol == symbol else None

    def order_of(self, client_id: str) -> Order | None:
        """The order of a client id, whatever its symbol: the open one, else the latest that bore it."""
        ticket = self._floor.find(0, client_id)
        return ticket.order if ticket is not None else None

    def algo_order(self, *, algo_id: int = 0, client_algo_id: str = "") -> AlgoOrder | None:
        """By algo id, else by client algo id (the open one, else the latest that bore it)."""
        return self._floor.find_algo(algo_id, client_algo_id)

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """NEW and PARTIALLY_FILLED ones, by order id."""
        found = [ticket.order for ticket in self._floor.open.values() if symbol in (None, ticket.order.symbol)]
        return sorted(found, key=lambda order: order.order_id)

    def orders(self, symbol: str | None = None) -> list[Order]:
        """Open ones and the closed ones that are remembered, by order id."""
        tickets = [*self._floor.open.values(), *self._floor.state.closed.values()]
        found = [ticket.order for ticket in tickets if symbol in (None, ticket.order.symbol)]
        return sorted(found, key=lambda order: order.order_id)

    def open_algo_orders(self, symbol: str | None = None) -> list[AlgoOrder]:
        """Those that wait for their trigger, by algo id."""
        found = [each.algo for each in self._floor.open_algos.values() if symbol in (None, each.algo.symbol)]
        return sorted(found, key=lambda algo: algo.algo_id)

    def algo_orders(self, symbol: str | None = None) -> list[AlgoOrder]:
        """Waiting ones and the others that are remembered, by algo id."""
        state = self._floor.state
        others = [*state.triggered.values(), *state.closed_algos.values()]
        found = [algo for algo in others if symbol in (None, algo.symbol)]
        return sorted([*found, *self.open_algo_orders(symbol)], key=lambda algo: algo.algo_id)

    def trades(self, symbol: str | None = None, *, order_id: int = 0) -> list[Trade]:
        """Executions of the orders that are remembered, by trade id."""
        if order_id:
            ticket = self._floor.find(order_id, "")
            tickets = [] if ticket is None else [ticket]
        else:
            tickets = [*self._floor.open.values(), *self._floor.state.closed.values()]
        found = [trade for ticket in tickets for trade in ticket.trades if symbol in (None, trade.symbol)]
        return sorted(found, key=lambda trade: trade.id)

    def income(self, symbol: str | None = None) -> list[Income]:
        """Realised PnL, commissions, funding, transfers: the last ones, earliest first."""
        return [line for line in self._floor.state.income if symbol in (None, line.symbol)]

    @_exact
    def position(self, symbol: str, position_side: PositionSide = "BOTH") -> PositionStatement:
        """One leg, also a flat one."""
        return accounts.position(self._floor, self._floor.pits[symbol], position_side)

    @_exact
    def positions(self, symbol: str | None = None) -> list[PositionStatement]:
        """Legs of the position mode that are not flat or have open orders, by symbol (BOTH, or LONG then SHORT)."""
        return accounts.positions(self._floor, symbol)

    @_exact
    def holdings(self) -> tuple[Decimal, list[LegUpdate]]:
        """The wallet, USDT, and the legs that are not flat, by symbol; without margins, and so at little cost."""
        floor = self._floor
        return floor.state.wallet, [floor.leg_update(pit, side) for pit, side, _ in floor.held()]

    @_exact
    def account(self) -> AccountStatement:
        """The USDT account."""
        return accounts.account(self._floor)

    def config(self, symbol: str) -> SymbolConfig:
        """Leverage and margin type of a symbol."""
        return accounts.config(self._floor.pits[symbol])

    def brackets(self, symbol: str) -> Brackets:
        """The brackets of a symbol."""
        return self._floor.pits[symbol].brackets

    def commission(self, symbol: str) -> Commission:
        """Maker and taker fee of a symbol."""
        return self._floor.commission(self._floor.pits[symbol])

    def filters(self, symbol: str) -> Filters | None:
        """The filters of a symbol; None for one that is not traded here."""
        pit = self._floor.pits.get(symbol)
        return pit.filters if pit is not None else None

    def last_price(self, symbol: str) -> Decimal | None:
        """Price of the last trade; None before the first."""
        return self._floor.pits[symbol].last

    def mark_price(self, symbol: str) -> Decimal | None:
        """The mark price; None before the first price."""
        pit = self._floor.pits[symbol]
        return pit.mark if pit.mark is not None else pit.last

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

    @_exact
    def _trade(self, pit: Pit, price: Decimal, time: int, quantity: Decimal | None) -> None:
        self._begin(time)
        matching.trade(self._floor, pit, price, quantity)
        self._look(pit)

    @_exact
    def _quote(self, pit: Pit, time: int) -> None:
        self._begin(time)
        matching.quote(self._floor, pit)
        if pit.last is not None and pit.lines is None:
            lines.draw(self._floor, pit)

    @_exact
    def _mark(self, pit: Pit, price: Decimal, time: int) -> None:
        self._begin(time)
        matching.mark(self._floor, pit, price)
        self._look(pit)

    def _look(self, pit: Pit) -> None:
        """A price left the lines, or there were none: draw them anew, all holdings' together."""
        if pit.legs:
            self._floor.money_moved()
        lines.draw(self._floor, pit)
