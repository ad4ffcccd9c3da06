"""Places, cancels and queries orders in Binance's two books, with one outcome for every order call."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from shared.domain.backoff import Backoff
from shared.domain.bounded import forget_oldest
from shared.exchange.binance import endpoints, requests
from shared.exchange.binance.rest import CallFailed, Rest
from shared.exchange.binance.user_stream import UserMemory
from shared.exchange.binance.wire import orders as wire_orders
from shared.exchange.binance.wire import rest as wire_rest
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import NOT_THERE, RULES, BadAnswer, ExchangeError, rule_of
from shared.exchange.limits.windows import Urgency
from shared.exchange.model.orders import AccountTrade, Book, ExchangeOrder, NewOrder, OrderRef
from shared.exchange.outcome.outcomes import Accepted, Doubt, NotReady, Outcome, Ready, Refused, Uncertain, refused_by
from shared.exchange.settings import ExchangeSettings

log = structlog.get_logger(__name__)

#: Most orders that Binance accepts in one batch (docs/binance.md §4.4).
_BATCH: Final = 5
#: Orders that were admitted and not placed, which are remembered.
_ADMITTED: Final = 100
_SHAPES: Final[dict[Book, type[wire_orders.OrderAnswer]]] = {"plain": wire_orders.PlainOrder, "algo": wire_orders.AlgoOrder}


class BinanceOrders:
    """Implements the order calls of ``port.Trading``."""

    def __init__(self, rest: Rest, settings: ExchangeSettings) -> None:
        self._rest = rest
        self._settings = settings
        self._user = UserMemory()
        self._admitted: OrderedDict[str, requests.Request] = OrderedDict()

    async def admit(self, order: NewOrder) -> Refused | None:
        if order.client_id in self._admitted:
            return None
        try:
            request = requests.place(order)
            await self._rest.admit(request.endpoint, request.params, request.urgency)
        except ExchangeError as error:
            return refused_by(error)
        self._admitted[order.client_id] = request
        forget_oldest(self._admitted, _ADMITTED)
        return None

    async def place(self, order: NewOrder, *, signed_at: int | None = None, ready: Ready | None = None) -> Outcome:
        admitted = self._admitted.pop(order.client_id, None)
        try:
            request = admitted or requests.place(order)
        except ExchangeError as error:
            return Refused(code=error.code, message=error.message)
        shape = _SHAPES[order.book]
        sent_at = asyncio.get_running_loop().time()
        try:
            outcome = await self._attempt(
                request,
                lambda body: self._stated(request.endpoint, body, shape),
                signed_at,
                admitted=admitted is not None,
                ready=ready,
            )
        except NotReady:
            self._admitted[order.client_id] = request  # it is counted, and may leave later
            raise
        if isinstance(outcome, Refused) and outcome.code == ErrorCode.CLOSE_POSITION_ORDER_EXISTS:
            return await self._standing(order, outcome)
        return self._shows(outcome, sent_at)

    async def place_batch(self, orders: Sequence[NewOrder]) -> tuple[Outcome, ...]:
        outcomes: dict[int, Outcome] = {}
        plain: list[tuple[int, NewOrder]] = []
        for index, order in sorted(enumerate(orders), key=lambda each: not each[1].protects):
            if order.book == "algo":
                outcomes[index] = await self.place(order)
            else:
                plain.append((index, order))
        for first in range(0, len(plain), _BATCH):
            chunk = plain[first : first + _BATCH]
            told = await self._place_together([order for _, order in chunk])
            outcomes.update({index: outcome for (index, _), outcome in zip(chunk, told, strict=True)})
        return tuple(outcomes[index] for index in range(len(orders)))

    async def cancel(self, ref: OrderRef, *, ready: Ready | None = None) -> Outcome:
        request = requests.cancel(ref)
        sent_at = asyncio.get_running_loop().time()

        def confirmed(body: bytes) -> ExchangeOrder | None:
            if ref.book == "plain":
                return self._stated(request.endpoint, body, wire_orders.PlainOrder)
            self._rest.read(request.endpoint, body, wire_orders.AlgoCancelled)
            return None

        return self._shows(await self._attempt(request, confirmed, ready=ready), sent_at)

    async def cancel_all(self, symbol: str) -> None:
        params: dict[str, object] = {"symbol": symbol}
        done = await asyncio.gather(
            self._rest.call(endpoints.CANCEL_ALL, params, wire_rest.Done),
            self._rest.call(endpoints.CANCEL_ALL_ALGO, params, wire_rest.Done),
            return_exceptions=True,
        )
        for each in done:
            if isinstance(each, BaseException):
                raise each

    async def order(self, ref: OrderRef) -> ExchangeOrder | None:
        request = requests.query(ref)
        try:
            answer = await self._rest.call(request.endpoint, request.params, _SHAPES[ref.book])
        except ExchangeError as error:
            if error.code == ErrorCode.NO_SUCH_ORDER:
                return None
            raise
        return self._rest.reading(request.endpoint, answer.value)

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        params: dict[str, object] = {} if symbol is None else {"symbol": symbol}
        plain, algo = await asyncio.gather(
            self._rest.call(endpoints.OPEN_ORDERS, params, list[wire_orders.PlainOrder]),
            self._rest.call(endpoints.OPEN_ALGO_ORDERS, params, list[wire_orders.AlgoOrder]),
        )
        return self._rest.reading(endpoints.OPEN_ORDERS, lambda: tuple(each.value() for each in (*plain, *algo)))

    async def conditional_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        """Return the open conditional orders; ``symbol`` None = of all symbols. What protects asks, and waits for no one."""
        params: dict[str, object] = {} if symbol is None else {"symbol": symbol}
        rows = await self._rest.call(endpoints.OPEN_ALGO_ORDERS, params, list[wire_orders.AlgoOrder], urgency="protect")
        return self._rest.reading(endpoints.OPEN_ALGO_ORDERS, lambda: tuple(each.value() for each in rows))

    async def account_trades(
        self,
        symbol: str,
        *,
        order_id: int | None = None,
        start: int | None = None,
        from_id: int | None = None,
        limit: int = 500,
    ) -> tuple[AccountTrade, ...]:
        params: dict[str, object] = {"symbol": symbol, "limit": limit}
        params |= {
            name: value
            for name, value in (("orderId", order_id), ("startTime", start), ("fromId", from_id))
            if value is not None
        }
        rows = await self._rest.call(endpoints.USER_TRADES, params, list[wire_orders.UserTrade])
        return self._rest.reading(endpoints.USER_TRADES, lambda: tuple(row.value() for row in rows))

    async def countdown_cancel(self, symbol: str, ms: int) -> None:
        await self._rest.call(endpoints.COUNTDOWN, {"symbol": symbol, "countdownTime": ms}, wire_rest.Done)

    def _shows(self, outcome: Outcome, sent_at: float) -> Outcome:
        """Return the outcome; what was accepted must show on the user stream. ``sent_at``: event loop time, seconds."""
        if isinstance(outcome, Accepted):
            self._user.owed.accepted(sent_at, asyncio.get_running_loop().time())
        return outcome

    async def _standing(self, order: NewOrder, refused: Refused) -> Outcome:
        """Return the open order of the same side and kind that closes the position, because of which ``order`` was refused.

        ``refused`` if it is gone by now, so that the caller may place its own again; uncertain if it cannot be asked for.
        """
        endpoint = endpoints.OPEN_ALGO_ORDERS
        try:
            rows = await self._rest.call(endpoint, {"symbol": order.symbol}, list[wire_orders.AlgoOrder], urgency="protect")
            orders = self._rest.reading(endpoint, lambda: [row.value() for row in rows])
        except ExchangeError as error:
            return self._uncertain("status_unknown", error)
        for each in orders:
            same_leg = (each.side, each.type, each.position_side) == (order.side, order.type, order.position_side)
            if each.close_position and same_leg and not each.over:
                log.warning("stop_stands_already", order=order.client_id, standing=each.client_id, trigger=str(each.trigger))
                return Accepted(order=each, stood=True)
        return refused

    # -- one call, one outcome ----------------------------------------------------------------------------------------

    async def _attempt(
        self,
        request: requests.Request,
        reader: Callable[[bytes], ExchangeOrder | None],
        signed_at: int | None = None,
        *,
        admitted: bool = False,
        ready: Ready | None = None,
    ) -> Outcome:
        """Send the request; send it again only while it is certain that nothing happened. admitted: it is counted once."""
        done = await self._attempt_body(request, signed_at, admitted=admitted, ready=ready)
        if not isinstance(done, bytes):
            return done
        try:
            return Accepted(order=reader(done))
        except BadAnswer as error:
            return self._uncertain("unreadable", error)

    async def _attempt_body(
        self,
        request: requests.Request,
        signed_at: int | None = None,
        *,
        admitted: bool = False,
        ready: Ready | None = None,
    ) -> bytes | Refused | Uncertain:
        pauses = Backoff(self._settings.retry_pause_s, self._settings.retry_longest_s).pauses()
        for attempts_left in reversed(range(self._settings.order_attempts)):
            try:
                if not admitted:
                    await self._rest.admit(request.endpoint, request.params, request.urgency)
                admitted = False
                return await self._rest.send(request.endpoint, request.params, signed_at, ready)
            except ExchangeError as error:
                if error.action == "query" and error.code not in NOT_THERE:
                    return self._uncertain(_doubt_of(error), error)
                if signed_at is not None and error.code == ErrorCode.INVALID_TIMESTAMP:
                    self._rest.measure_soon()  # signed again it would be another decision: that is the caller's
                    return refused_by(error)
                patient = (error.retry_after or 0.0) <= self._settings.limiter.patience(request.urgency)
                if error.action != "retry" or not attempts_left or not patient:
                    return refused_by(error)
                await self._rest.pause_after(error, next(pauses))
        raise AssertionError("order_attempts is at least 1")

    async def _place_together(self, orders: Sequence[NewOrder]) -> list[Outcome]:
        """Send at most ``_BATCH`` plain orders in one request; return one outcome for each, in the same sequence."""
        outcomes: list[Outcome | None] = []
        sent: list[dict[str, object]] = []
        for order in orders:
            try:
                sent.append({name: _text(value) for name, value in requests.order_params(order).items()})
                outcomes.append(None)
            except ExchangeError as error:
                outcomes.append(Refused(code=error.code, message=error.message))
        if not sent:
            return [outcome for outcome in outcomes if outcome is not None]
        urgency: Urgency = "protect" if all(order.protects for order in orders) else "order"
        params: dict[str, object] = {"batchOrders": msgspec.json.encode(sent).decode()}
        told = iter(await self._batch_outcomes(requests.Request(endpoints.PLACE_BATCH, params, urgency), len(sent)))
        return [outcome if outcome is not None else next(told) for outcome in outcomes]

    async def _batch_outcomes(self, request: requests.Request, count: int) -> list[Outcome]:
        done = await self._attempt_body(request)
        if not isinstance(done, bytes):
            return [done] * count
        endpoint = request.endpoint
        try:
            parts = self._rest.read(endpoint, done, list[msgspec.Raw])
        except BadAnswer as error:
            return [self._uncertain("unreadable", error)] * count
        if len(parts) != count:
            odd = BadAnswer(endpoint.name, f"{len(parts)} elements for {count} orders")
            return [self._uncertain("unreadable", odd)] * count
        return [self._element(endpoint, bytes(part)) for part in parts]

    def _element(self, endpoint: endpoints.Endpoint, body: bytes) -> Outcome:
        try:
            failed = self._rest.read(endpoint, body, wire_orders.BatchElement)
            if not failed.code:
                return Accepted(order=self._stated(endpoint, body, wire_orders.PlainOrder))
        except BadAnswer as error:
            return self._uncertain("unreadable", error)
        action = rule_of(400, failed.code, "", of_order=True).action
        meant = ExchangeError(action, failed.code, failed.msg, call=endpoint.name)
        if meant.action == "query" and meant.code not in NOT_THERE:
            return self._uncertain(_doubt_of(meant), meant)
        return refused_by(meant)

    def _stated(self, endpoint: endpoints.Endpoint, body: bytes, shape: type[wire_orders.OrderAnswer]) -> ExchangeOrder:
        answer = self._rest.read(endpoint, body, shape)
        return self._rest.reading(endpoint, answer.value)

    def _uncertain(self, doubt: Doubt, error: ExchangeError) -> Uncertain:
        """Build the uncertain outcome; the exchange accepts the request until its sending time plus the recv window."""
        signed_at = error.sent_at or self._rest.clock.now()
        return Uncertain(doubt=doubt, until=signed_at + self._settings.recv_window_ms, message=str(error))


def _doubt_of(error: ExchangeError) -> Doubt:
    if isinstance(error, CallFailed) and error.doubt is not None:
        return error.doubt
    if error.code == ErrorCode.DUPLICATED_CLIENT_ORDER_ID:
        return "known_id"
    return "unnamed" if error.code and error.code not in RULES and error.status < 500 else "status_unknown"


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
