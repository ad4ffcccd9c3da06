"""Market and matching core together, without a network: ticks go in, stream messages and user events come out. Pure.

``advance`` feeds the market's ticks to the core one by one and builds the messages that are due in between. Messages
are queued in order until ``take_outbox``. All times are of the market's clock, UTC ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from simulator.core.exchange_core import ExchangeCore
from simulator.core.model.events import (
    AccountUpdate,
    AlgoUpdate,
    CoreEvent,
    LeverageChange,
    Liquidation,
    MarginCall,
    OrderUpdate,
)
from simulator.server.emitter import Emission, Emitter
from simulator.server.ledger_file import LedgerFile
from simulator.server.printing import user_events
from simulator.server.state_history import StateHistory
from simulator.server.streams import Stream
from simulator.tape.events import Event, Mark, MarketTrade, Quote, Settlement
from simulator.tape.grid import Grid
from simulator.tape.tape_market import TapeMarket


class MarketMessage(msgspec.Struct, frozen=True):
    """A message for all subscribers of ``stream``. ``body``: JSON; ``time``: market's clock, ms."""

    stream: Stream
    body: bytes
    time: int


class UserMessage(msgspec.Struct, frozen=True):
    """An event of the user-data stream. ``time``: market's clock, ms."""

    event: dict[str, Any]
    time: int


Message = MarketMessage | UserMessage

_encode = msgspec.json.Encoder().encode


class MarketSession:
    """Runs market and core in step. ``info``: the exchangeInfo answer without ``serverTime``."""

    def __init__(self, market: TapeMarket, core: ExchangeCore, info: Mapping[str, Any], grids: Mapping[str, Grid]) -> None:
        self.market = market
        self.core = core
        self.info = info
        self.grids = dict(grids)
        self.emitter = Emitter(market)
        self._outbox: list[Message] = []
        #: Earlier states of the core, while a fault lets reads lag; None = nothing is remembered.
        self.history: StateHistory | None = None
        #: Gets each change of an order and of the account; None = nobody judges.
        self.ledger: LedgerFile | None = None
        for symbol in market.symbols:
            self._into_core(market[symbol].quote)
            self._into_core(
                MarketTrade(symbol, market.time, 0, market[symbol].last_price, 0, buyer_is_maker=True)
            )  # the close of the last candle before the start
            self._into_core(market[symbol].mark)
        self.core.take_events()

    @property
    def time(self) -> int:
        """Return the market's clock, UTC ms."""
        return self.market.time

    def advance(self, to: int) -> None:
        """Advance market and core to ``to`` (ms): events before ``to`` are applied, messages due until ``to`` are queued."""
        while self.market.time < to:
            due = self.emitter.next_due()
            bound = to if due is None else min(to, due)
            for event in self.market.advance(bound):
                self._apply(event)
            self.core.on_time(bound)
            self.publish()
            self._emit(self.emitter.due(bound))

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Set the best bid to ``price`` (USDT). The source's later prices are multiplied by the same factor."""
        self._jump(symbol, self.market[symbol].tilt_to(price))

    def multiply_price(self, symbol: str, factor: Fraction) -> None:
        """Multiply the current price and all later ones by ``factor``."""
        self._jump(symbol, self.market[symbol].tilt * factor)

    def _jump(self, symbol: str, tilt: Fraction) -> None:
        for tick in self.market.jump(symbol, tilt):
            self._apply(tick)

    def publish(self) -> None:
        """Queue the core's new events as user events. Call it after every call of the core."""
        events = self.core.take_events()
        if events and self.history is not None:
            self.history.keep(self.time)
        for event in events:
            if self.ledger is not None:
                self.ledger.happened(event, self.time)
            self._publish(event)

    def take_outbox(self) -> list[Message]:
        """Return the messages queued since the last call, in order, and empty the queue."""
        taken, self._outbox = self._outbox, []
        return taken

    def _apply(self, event: Event) -> None:
        self._into_core(event)
        self._emit(self.emitter.happened(event))
        self.publish()

    def _into_core(self, event: Event) -> None:
        grid = self.grids[event.symbol]
        if isinstance(event, Quote):
            self.core.on_quote(
                event.symbol, grid.price(event.bid), grid.price(event.ask), event.time,
                grid.quantity(event.bid_quantity), grid.quantity(event.ask_quantity),
            )  # fmt: skip
        elif isinstance(event, MarketTrade):
            self.core.on_trade(event.symbol, grid.price(event.price), event.time, grid.quantity(event.quantity))
        elif isinstance(event, Mark):
            self.core.on_mark(event.symbol, event.mark, event.time)
        elif isinstance(event, Settlement):
            self.core.on_funding(event.symbol, event.rate, event.time)

    def _emit(self, made: Any) -> None:
        messages: list[Emission] = list(made)
        for stream, body in messages:
            self._outbox.append(MarketMessage(stream, _encode(body), self.market.time))

    def _publish(self, event: CoreEvent) -> None:
        now = self.market.time
        events: list[dict[str, Any]] = []
        if isinstance(event, OrderUpdate):
            grid = self.grids[event.order.symbol]
            lite = user_events.trade_lite(event, grid, now)
            events = [*([lite] if lite else []), user_events.order_update(event, grid, now)]
        elif isinstance(event, AlgoUpdate):
            events = [user_events.algo_update(event, self.grids[event.algo.symbol], now)]
        elif isinstance(event, AccountUpdate):
            events = [user_events.account_update(event, self.grids, now)]
        elif isinstance(event, LeverageChange):
            events = [user_events.leverage_change(event, now)]
        elif isinstance(event, MarginCall):
            events = [user_events.margin_call(event, now)]
        elif isinstance(event, Liquidation):
            grid = self.grids[event.order.symbol]
            message = user_events.force_order(event, grid, now)
            self._emit(self.emitter.liquidated(event.order.symbol, message))
        self._outbox.extend(UserMessage(event, now) for event in events)
