"""The simulated exchange as a lane: converts messages to calls of the matching core and its events back. Pure.

Every new MarketStep and every ExchangeRequests gives exactly one ExchangeEvents. Modes sim, backtest and paper use this
lane; the protocol server uses the same matching core (``core.exchange_core``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import localcontext
from typing import Final

import msgspec

from shared.config.account import DEFAULT_ACCOUNT, AccountSettings
from shared.domain.account import AccountState, Position
from shared.domain.exchange import (
    CancelOrder,
    ExchangeEvents,
    ExchangeRequest,
    ExchangeRequests,
    FundingPayment,
    MarketStep,
)
from shared.domain.instruments import Instrument
from shared.domain.message import Message
from shared.domain.orders import Fill, Order
from shared.exchange.error_codes import ErrorCode
from simulator import translation
from simulator.core.exchange_core import ExchangeCore
from simulator.core.margin.brackets import Brackets
from simulator.core.matching.candles import is_plausible
from simulator.core.model.events import AlgoUpdate, CoreEvent, FundingPaid, OrderUpdate
from simulator.core.model.exact import EXACT
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ExecutedTrade
from simulator.core.model.requests import NewOrder, Refusal
from simulator.core.state.snapshot import ExchangeSnapshot
from simulator.settings import SimulatorSettings


class Answered(msgspec.Struct, frozen=True):
    """The answer to an earlier request: its orders as they were then, and the fills it reported."""

    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]


class SimulatedExchangeState(msgspec.Struct):
    """What a snapshot holds.

    answered: latest answers by request id. refused: latest refused orders by client id. Both oldest first.
    skipped: number of implausible candles ignored, by symbol.
    """

    core: ExchangeSnapshot
    answered: dict[str, Answered]
    refused: dict[str, Order]
    skipped: dict[str, int]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(SimulatedExchangeState)


class SimulatedExchange:
    """Simulates one account: USDT wallet, one-way mode, cross margin. The mark price is the last close.

    Time stands at the last market step: requests are answered at that time, and market orders fill from its closes.

    A repeated message is never carried out twice. A MarketStep at or before the last one is ignored. A repeated request id
    acts as a query: it returns the request's orders and the account as they are now, and the fills reported the first
    time. A repeated client order id, in any request, returns that order as it is now with all its fills. The settings
    say how many are remembered (``requests_remembered``, ``closed_remembered``).
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        instruments: Mapping[str, Instrument],
        brackets: Mapping[str, Brackets] | None = None,
        account: AccountSettings = DEFAULT_ACCOUNT,
    ) -> None:
        self._settings = settings
        self._max_price = float(settings.max_price)
        bounds = {"max_price": settings.max_price, "max_quantity": settings.max_quantity}
        self._symbols = frozenset(instruments)
        filters = {symbol: Filters.of_instrument(each, **bounds) for symbol, each in instruments.items()}
        self._core = ExchangeCore(settings, filters, brackets or {}, account)
        self._answered: dict[str, Answered] = {}
        self._refused: dict[str, Order] = {}
        self._skipped: dict[str, int] = {}

    def handle(self, message: Message) -> list[Message]:
        """Carry out a new MarketStep or an ExchangeRequests and return one ExchangeEvents; ignore anything else."""
        with localcontext(EXACT):
            if isinstance(message, MarketStep):
                return [self._step(message)] if message.close_time > self._core.time else []
            if isinstance(message, ExchangeRequests):
                return [self._answer(message)]
            return []

    def snapshot(self) -> bytes:
        """Return the whole state as msgpack."""
        return _ENCODER.encode(SimulatedExchangeState(self._core.saved(), self._answered, self._refused, self._skipped))

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's. Raises msgspec.ValidationError if ``data`` is no snapshot."""
        state = _DECODER.decode(data)
        self._core.resume(state.core)
        self._answered, self._refused, self._skipped = state.answered, state.refused, state.skipped

    @property
    def skipped(self) -> dict[str, int]:
        """Return how many candles were ignored, by symbol: implausible ones, and second ones of a symbol in a step."""
        return dict(self._skipped)

    # ---- market steps --------------------------------------------------------------------------------------------------

    def _step(self, step: MarketStep) -> ExchangeEvents:
        """Apply candles in order of symbol, then funding at the closes, then liquidations at the closes."""
        core = self._core
        found = []
        last = ""
        for candle in sorted(step.candles, key=lambda candle: candle.symbol):
            if candle.symbol not in self._symbols:  # not traded here
                continue
            if candle.symbol == last or not is_plausible(candle, self._max_price):
                self._skipped[candle.symbol] = self._skipped.get(candle.symbol, 0) + 1
                continue
            last = candle.symbol
            found.append(candle)
        core.on_candles(found, step.close_time)
        rates = step.funding_rates
        known = {symbol: rates[symbol] for symbol in sorted(self._symbols & rates.keys()) if rates[symbol].is_finite()}
        core.on_fundings(known, step.close_time)
        return self._events("", core.take_events())

    def _events(self, reply_to: str, events: Iterable[CoreEvent]) -> ExchangeEvents:
        """Convert the core's events to the pipeline's messages: one order state per change, in order.

        Consecutive changes of the same order are merged into the last.
        """
        orders: list[Order] = []
        fills: list[Fill] = []
        funding: list[FundingPayment] = []
        for each in events:
            line = self._line(each)
            if line is not None:
                if orders and orders[-1].client_id == line.client_id:
                    orders.pop()
                orders.append(line)
            if isinstance(each, OrderUpdate) and each.trade is not None:
                fills.append(self._fill(each.trade))
            if isinstance(each, FundingPaid):
                funding.append(FundingPayment(symbol=each.symbol, time=each.time, rate=each.rate, amount=each.amount))
        return ExchangeEvents(
            time=self._core.time,
            reply_to=reply_to,
            orders=tuple(orders),
            fills=tuple(fills),
            funding=tuple(funding),
            account=self._account(),
        )

    def _line(self, events: CoreEvent) -> Order | None:
        if isinstance(events, OrderUpdate):
            return translation.domain_order(events.order, self._settings.decimals)
        if isinstance(events, AlgoUpdate) and events.algo.status in ("CANCELED", "REJECTED", "EXPIRED"):
            return translation.domain_order_of_algo(events.algo)
        return None

    def _fill(self, trade: ExecutedTrade) -> Fill:
        fills = self._core.trades(order_id=trade.order_id)
        return translation.domain_fill(trade, 1 + [each.id for each in fills].index(trade.id))

    # ---- requests ------------------------------------------------------------------------------------------------------

    def _answer(self, requests: ExchangeRequests) -> ExchangeEvents:
        known = self._answered.get(requests.id)
        if known is None:
            by_client_id: dict[str, Order] = {}
            fills: dict[str, Fill] = {}
            for request in requests.requests:
                order, of_order = self._do(request)
                # Each order once, in its final state, at the place where it was first named.
                by_client_id[order.client_id] = order
                fills |= {fill.id: fill for fill in of_order}
                for event in self._core.take_events():  # what it did to others: it may be liquidated at once
                    line = self._line(event)
                    if line is not None and line.client_id != order.client_id:
                        by_client_id[line.client_id] = line
                        if isinstance(event, OrderUpdate) and event.trade is not None:
                            fill = self._fill(event.trade)
                            fills[fill.id] = fill
            orders = tuple(map(self._now, by_client_id.values()))
            known = self._answered[requests.id] = Answered(orders, tuple(fills.values()))
            if len(self._answered) > self._settings.requests_remembered:
                del self._answered[next(iter(self._answered))]
        return ExchangeEvents(
            time=self._core.time,
            reply_to=requests.id,
            orders=tuple(map(self._now, known.orders)),
            fills=known.fills,
            funding=(),
            account=self._account(),
        )

    def _do(self, request: ExchangeRequest) -> tuple[Order, list[Fill]]:
        """Carry out one request; return its order and the fills to report: all of the order's so far, none for a cancel."""
        if isinstance(request, CancelOrder):
            return self._cancel(request)
        order = request.order
        known = self._known(order.client_id)
        if known is not None:
            return known, self._fills(order.client_id)
        answer = self._place(order)
        if isinstance(answer, ErrorCode):
            refused = translation.rejected_order(order, answer, self._core.time)
            if (
                order.client_id and answer is not ErrorCode.INVALID_CL_ORD_ID_LEN
            ):  # without a valid client id a repeat cannot be recognised
                self._refused[order.client_id] = refused
                if len(self._refused) > self._settings.closed_remembered:
                    del self._refused[next(iter(self._refused))]
            return refused, []
        return answer, self._fills(order.client_id)

    def _place(self, order: Order) -> Order | ErrorCode:
        core = self._core
        request = translation.request_for(order)
        if isinstance(request, ErrorCode):
            return request
        placed = core.place(request, core.time) if isinstance(request, NewOrder) else core.place_algo(request, core.time)
        if isinstance(placed, Refusal):
            return placed.code
        known = self._known(order.client_id)
        if known is None:
            raise LookupError(f"order {order.client_id} was placed and is not known: closed_remembered is too small")
        return known

    def _cancel(self, request: CancelOrder) -> tuple[Order, list[Fill]]:
        """Cancel an order. A closed one, or one of another symbol, is returned unchanged; an unknown id as REJECTED (-2011).

        A known id never gives REJECTED: execution would take an open order for a closed one.
        """
        core, client_id = self._core, request.client_id
        known = self._known(client_id)
        if known is None:
            return translation.unknown_order(request.symbol, client_id, core.time), []
        if known.symbol == request.symbol:
            algo = core.algo_order(client_algo_id=client_id)
            if algo is not None and algo.is_waiting:
                core.cancel_algo(core.time, client_algo_id=client_id)
            else:
                core.cancel(request.symbol, core.time, client_id=client_id)
        return self._known(client_id) or known, []

    def _known(self, client_id: str) -> Order | None:
        """Return the order of this client id as it is now; None if it was never sent or is no longer remembered."""
        core = self._core
        order = core.order_of(client_id)
        if order is not None:
            return translation.domain_order(order, self._settings.decimals)
        algo = core.algo_order(client_algo_id=client_id)
        if algo is not None and algo.order_id:  # its child order is no longer remembered
            return None
        return translation.domain_order_of_algo(algo) if algo is not None else self._refused.get(client_id)

    def _fills(self, client_id: str) -> list[Fill]:
        order = self._core.order_of(client_id)
        trades = self._core.trades(order_id=order.order_id) if order is not None else []
        return [translation.domain_fill(trade, number) for number, trade in enumerate(trades, 1)]

    def _now(self, order: Order) -> Order:
        """Return the order as it is now, or unchanged if the core no longer remembers it."""
        return self._known(order.client_id) or order

    def _account(self) -> AccountState:
        """Return wallet, equity and positions as of now, USDT."""
        wallet, legs = self._core.holdings()
        positions = tuple(
            Position(symbol=leg.symbol, quantity=leg.quantity, entry_price=leg.entry_price, mark_price=leg.mark_price,
                     unrealized=leg.unrealized)
            for leg in legs
        )  # fmt: skip
        equity = sum((position.unrealized for position in positions), wallet)
        return AccountState(time=self._core.time, wallet=wallet, equity=equity, positions=positions)
