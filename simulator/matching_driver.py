"""The driver ``matching``: carries execution's requests out at the matching core of the same process. Pure.

Modes sim, backtest and paper use it, inside execution's lane (``simulator.execution_lane``). What it answers and tells is
what the exchange's adapter and its user stream would, were the same core behind the protocol server
(``tests/contract/services/execution`` holds both drivers to it), with one difference: nothing gets lost and nothing is
late, so that no outcome is ever unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from operator import attrgetter
from typing import Final

import msgspec

from services.execution.inputs import TIERS_EVERY_MS, Answer, Executions, Input, News, Paid, RequestKind, Statement, Traded
from services.execution.plans.admission import Quote
from services.execution.requests import CancelOrder, PlaceOrder, QueryAccount, QueryExecutions, QueryOrder, Request
from shared.config.account import DEFAULT_ACCOUNT, AccountSettings
from shared.domain.account import FundingPayment, MarginTier
from shared.domain.candles import RawCandle
from shared.domain.instruments import Instrument
from shared.domain.market_step import MarketStep
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Refused
from simulator.core.exchange_core import ExchangeCore
from simulator.core.margin.brackets import Brackets
from simulator.core.matching.candles import is_plausible
from simulator.core.matching.liquidity import best_price
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.events import FundingPaid
from simulator.core.model.exact import EXACT
from simulator.core.model.filters import Filters
from simulator.core.model.orders import Order
from simulator.core.model.requests import NewOrder as PlainRequest
from simulator.core.model.requests import Refusal
from simulator.port_models import asked, event_of, order_of, position_of, tier_of, trade_of, without_average
from simulator.saved import MatchingState
from simulator.settings import SimulatorSettings

_symbol: Final = attrgetter("symbol")
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(MatchingState)


class MatchingDriver:
    """Simulates one account: USDT wallet, one-way mode, cross margin. The mark price is the last close.

    Prices move by market steps only: an order that comes between two steps meets the prices of the last close. The client
    id of an open order places no second one: the answer is the open one, as a query would find it. An id whose order is
    over may be used again, as at the exchange (docs/binance.md, 5.1).
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
        self._core = core = ExchangeCore(settings, filters, brackets or {}, account)
        self._tables = {symbol: tuple(map(tier_of, core.brackets(symbol).rows)) for symbol in sorted(instruments)}
        self._stepped_until = -1
        self._priced_at: dict[str, int] = {}
        self._skipped: dict[str, int] = {}
        self._tiers_told_at = -TIERS_EVERY_MS

    def snapshot(self) -> bytes:
        """Return the whole state as msgpack."""
        state = MatchingState(self._core.saved(), self._stepped_until, self._priced_at, self._skipped, self._tiers_told_at)
        return _ENCODER.encode(state)

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's. Raises msgspec.ValidationError if ``data`` is no snapshot."""
        state = _DECODER.decode(data)
        self._core.resume(state.core)
        self._stepped_until, self._priced_at, self._skipped = state.stepped_until, state.priced_at, state.skipped
        self._tiers_told_at = state.tiers_told_at

    @property
    def core(self) -> ExchangeCore:
        """Return the matching core, for tests; do not change it."""
        return self._core

    @property
    def stepped_until(self) -> int:
        """Return the close time of the last market step, UTC ms; -1 before the first."""
        return self._stepped_until

    @property
    def skipped(self) -> dict[str, int]:
        """Return how many candles were ignored, by symbol: implausible ones, and second ones of a symbol in a step."""
        return dict(self._skipped)

    # -- the market ---------------------------------------------------------------------------------------------------

    def step(self, step: MarketStep, now: int, watched: Callable[[str], bool] = lambda symbol: False) -> list[Input] | None:
        """Apply candles in order of symbol, then funding at the closes, then liquidations; return what happened, and after
        that what traded in the symbols that are ``watched``.

        None: the step is not newer than the last one, and changes nothing.
        """
        if step.close_time <= self._stepped_until:
            return None
        self._stepped_until = step.close_time
        core, found, last = self._core, [], ""
        time = max(step.close_time, core.time)
        for candle in sorted(step.candles, key=_symbol):
            if candle.symbol not in self._symbols:  # not traded here
                continue
            if candle.symbol == last or not is_plausible(candle, self._max_price):
                self._skipped[candle.symbol] = self._skipped.get(candle.symbol, 0) + 1
                continue
            last = candle.symbol
            self._priced_at[last] = step.close_time
            found.append(candle)
        with localcontext(EXACT):
            core.on_candles(found, time)
            rates = step.funding_rates
            traded = [symbol for symbol in sorted(rates) if symbol in self._symbols] if rates else []
            known = {symbol: rates[symbol] for symbol in traded if rates[symbol].is_finite()}
            core.on_fundings(known, time)
            return [*self._happened(), *(_traded(candle) for candle in found if watched(candle.symbol))]

    def quote(self, symbol: str) -> Quote | None:
        """Return best bid and ask, half the spread from the last price, as of its candle's close; None before the first."""
        book = self._core.state.books.get(symbol)
        if book is None or book.last is None:
            return None
        with localcontext(EXACT):
            bid, ask = (best_price(book, side, self._settings) for side in ("SELL", "BUY"))
        return Quote(time=self._priced_at.get(symbol, 0), bid=bid, ask=ask)

    def _happened(self) -> list[Input]:
        """Return what the core did since the last time, in order."""
        stated: list[Input] = []
        for each in self._core.take_events():
            if isinstance(each, FundingPaid):
                identity = str(each.income_id) if each.income_id else ""
                payment = FundingPayment(symbol=each.symbol, time=each.time, rate=each.rate, amount=each.amount, id=identity)
                stated.append(Paid(payments=(payment,)))
                continue
            event = event_of(each)
            if event is not None:
                stated.append(News(event=event))
        return stated

    # -- requests -----------------------------------------------------------------------------------------------------

    def carry_out(self, request: Request, now: int) -> list[Input]:
        """Carry a request out at ``now`` (UTC ms); return its answer, then the news of what it caused, in order.

        An entry has been judged before: the lane asks the core.
        """
        with localcontext(EXACT):
            if isinstance(request, PlaceOrder):
                return [self._place(request.order, now), *self._happened()]
            if isinstance(request, CancelOrder):
                return [self._cancel(request, now), *self._happened()]
            if isinstance(request, QueryOrder):
                return [self._query(request, now)]
            if isinstance(request, QueryExecutions):
                return [self._executions(request, now)]
        assert isinstance(request, QueryAccount), "there is no other request"
        return [self.statement(now)]

    def statement(self, now: int, *, orders: bool = True) -> Statement:
        """State the account as of ``now``, UTC ms. ``orders``: with the open orders; their news are never lost here."""
        core = self._core
        with localcontext(EXACT):
            legs = tuple([position_of(leg) for leg in core.held()])
            wallet = core.state.saved.wallet
            return Statement(
                time=now,
                asked_at=now,
                wallet=wallet,
                equity=sum((leg.unrealized for leg in legs), wallet),
                legs=legs,
                orders=(*map(order_of, core.open_orders()), *map(order_of, core.open_algo_orders())) if orders else (),
                listed=None if orders else frozenset(),
                tiers=self._tiers(now),
            )

    def _tiers(self, now: int) -> dict[str, tuple[MarginTier, ...]]:
        """The margin tiers of every symbol, if they were not told for a while."""
        if now - self._tiers_told_at < TIERS_EVERY_MS:
            return {}
        self._tiers_told_at = now
        return dict(self._tables)

    def _place(self, order: NewOrder, now: int) -> Answer:
        request, core = asked(order), self._core
        if isinstance(request, Refused):
            return _refused("place", order.client_id, request.code, request.message, now)
        time = max(now, core.time)
        placed = core.place(request, time) if isinstance(request, PlainRequest) else core.place_algo(request, time)
        if not isinstance(placed, Refusal):
            stated = without_average(order_of(placed))
            return Answer(kind="place", client_id=order.client_id, result="done", asked_at=now, order=stated)
        if placed.code == ErrorCode.DUPLICATED_CLIENT_ORDER_ID:
            return Answer(kind="place", client_id=order.client_id, result="done", asked_at=now, order=self._found(order.ref))
        if placed.code == ErrorCode.CLOSE_POSITION_ORDER_EXISTS:
            standing = self._standing(order)
            if standing is not None:
                return Answer(kind="place", client_id=order.client_id, result="stands", asked_at=now, order=standing)
        return _refused("place", order.client_id, placed.code, placed.message, now)

    def _cancel(self, request: CancelOrder, now: int) -> Answer:
        core, ref = self._core, request.ref
        time, number = max(now, core.time), 0 if ref.client_id else ref.id
        gone: Order | AlgoOrder | Refusal
        if ref.book == "algo":
            gone = core.cancel_algo(time, algo_id=number, client_algo_id=ref.client_id)
        else:
            gone = core.cancel(ref.symbol, time, order_id=number, client_id=ref.client_id)
        if isinstance(gone, Refusal):
            return _refused("cancel", request.client_id, gone.code, gone.message, now)
        stated = None if isinstance(gone, AlgoOrder) else without_average(order_of(gone))  # of the other, it only confirms
        return Answer(kind="cancel", client_id=request.client_id, result="done", asked_at=now, order=stated)

    def _query(self, request: QueryOrder, now: int) -> Answer:
        found, child = self._found(request.ref), None
        if found is None:
            code = ErrorCode.NO_SUCH_ORDER
            return Answer(
                kind="query", client_id=request.client_id, result="absent", asked_at=now, code=code, message=RULES[code].text
            )
        if found.child_id:
            child = self._found(OrderRef(symbol=found.symbol, id=found.child_id))
        return Answer(kind="query", client_id=request.client_id, result="done", asked_at=now, order=found, child=child)

    def _executions(self, request: QueryExecutions, now: int) -> Executions:
        core, symbol = self._core, request.symbol
        trades = [trade for trade in core.trades(symbol) if trade.time >= request.since]
        numbers = dict.fromkeys(trade.order_id for trade in trades)
        owners = (core.order(symbol, order_id=number) for number in numbers)
        return Executions(
            symbol=symbol,
            asked_at=now,
            trades=tuple(map(trade_of, trades)),
            orders=tuple(order_of(owner) for owner in owners if owner is not None),
        )

    def _found(self, ref: OrderRef) -> ExchangeOrder | None:
        """Return an order as a query finds it; None if there is none, or none any more."""
        core, number = self._core, 0 if ref.client_id else ref.id
        if ref.book == "plain":
            order = core.order(ref.symbol, order_id=number, client_id=ref.client_id)
            return order_of(order) if order is not None else None
        algo = core.algo_order(algo_id=number, client_algo_id=ref.client_id)
        if algo is None or algo.symbol != ref.symbol:
            return None
        return order_of(algo, core.order(algo.symbol, order_id=algo.order_id) if algo.order_id else None)

    def _standing(self, order: NewOrder) -> ExchangeOrder | None:
        """Return the open order of the same side and kind that closes the leg."""
        wanted = (order.side, order.type, order.position_side)
        listed = (order_of(each) for each in self._core.open_algo_orders(order.symbol) if each.close_position)
        return next((each for each in listed if (each.side, each.type, each.position_side) == wanted), None)


def _traded(candle: RawCandle) -> Traded:
    low, high = Decimal(repr(candle.low)), Decimal(repr(candle.high))
    return Traded(symbol=candle.symbol, low=low, high=high, since=candle.open_time)


def _refused(kind: RequestKind, client_id: str, code: int, message: str, now: int) -> Answer:
    rule = RULES[code]
    return Answer(
        kind=kind,
        client_id=client_id,
        result="refused",
        asked_at=now,
        code=int(code),
        message=message,
        sentence=rule.sentence,
        action=rule.action,
    )
