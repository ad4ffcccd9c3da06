"""Carries out requests: places, amends and cancels orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from shared.exchange.error_codes import ErrorCode
from simulator.core.matching import fills
from simulator.core.matching.validation import validate_algo_order, validate_amendment, validate_order
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.events import OrderUpdate
from simulator.core.model.orders import ZERO, Order, advance
from simulator.core.model.requests import Amendment, NewAlgoOrder, NewOrder, Refusal
from simulator.core.state.exchange_state import ExchangeState, refusal
from simulator.core.state.symbol_book import RestingOrder, only_reduces

#: Prefix of the client ids given to orders that were sent without one.
_OWN: Final = "sim-"


def place(request: NewOrder, state: ExchangeState) -> Order | Refusal:
    """Validate and execute an order, or refuse it. The remainder rests if the time in force allows it."""
    rejection = validate_order(request, state)
    if rejection is not None:
        return refusal(rejection)
    book = state.books[request.symbol]
    order = Order(
        order_id=0,
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        position_side=request.position_side,
        type=request.type,
        original_type=request.type,
        time_in_force=request.time_in_force or "GTC",
        quantity=request.quantity or ZERO,
        price=request.price or ZERO,
        reduce_only=request.reduce_only,
        self_trade_prevention=request.self_trade_prevention,
        good_till=request.good_till,
        created=state.time,
        updated=state.time,
    )
    base = fills.market_base(book, order.side)
    rejection = fills.check_executable(state, book, order, base)
    if rejection is not None:
        return refusal(rejection)
    number = state.next_id()
    order = msgspec.structs.replace(order, order_id=number, client_id=order.client_id or f"{_OWN}{number}")
    return fills.execute(state, book, state.accept(order), base)


def place_algo(request: NewAlgoOrder, state: ExchangeState) -> AlgoOrder | Refusal:
    """Validate a conditional order and keep it until its trigger, or refuse it.

    A trailing order without an activation price starts trailing at once.
    """
    rejection = validate_algo_order(request, state)
    if rejection is not None:
        return refusal(rejection)
    book = state.books[request.symbol]
    number = state.next_id()
    begins = request.type == "TRAILING_STOP_MARKET" and request.activate_price is None
    algo = AlgoOrder(
        algo_id=number,
        client_algo_id=request.client_algo_id or f"{_OWN}algo-{number}",
        symbol=request.symbol,
        side=request.side,
        position_side=request.position_side,
        type=request.type,
        time_in_force=request.time_in_force or "GTC",
        quantity=request.quantity or ZERO,
        price=request.price or ZERO,
        trigger_price=request.trigger_price or ZERO,
        working_type=request.working_type,
        price_protect=request.price_protect,
        reduce_only=request.reduce_only,
        close_position=request.close_position,
        activate_price=request.activate_price or ZERO,
        callback_rate=request.callback_rate or ZERO,
        self_trade_prevention=request.self_trade_prevention,
        good_till=request.good_till,
        activated=begins,
        created=state.time,
        updated=state.time,
    )
    price = book.mark_price if request.working_type == "MARK_PRICE" else book.last_price
    return state.add_conditional(algo, price if begins else ZERO).algo


def amend(request: Amendment, state: ExchangeState) -> Order | Refusal:
    """Change price or quantity of a resting order and move it to the end of the queue at its price.

    It is cancelled instead if the new quantity is already executed, or if a GTX order would take liquidity.
    """
    resting = state.find(request.order_id, request.client_id)
    if resting is None or resting.order.closed or resting.order.symbol != request.symbol:
        return refusal(ErrorCode.NO_SUCH_ORDER)
    order, book = resting.order, state.books[request.symbol]
    rejection = _check_amendment(request, order, state)
    if rejection is not None:
        return refusal(rejection)
    amended = msgspec.structs.replace(
        order, price=request.price, quantity=request.quantity, self_trade_prevention="NONE", amendments=order.amendments + 1
    )
    if request.quantity <= order.executed:
        return state.cancel(resting)
    base = fills.market_base(book, order.side)
    rejection = fills.check_executable(state, book, amended, base, without=order)
    if rejection is ErrorCode.GTX_ORDER_REJECT:
        return state.cancel(resting)
    if rejection is not None:
        return refusal(rejection)
    return _requeue(resting, amended, state, base)


def _check_amendment(request: Amendment, order: Order, state: ExchangeState) -> ErrorCode | None:
    book = state.books[order.symbol]
    if request.side != order.side or order.type != "LIMIT":
        return ErrorCode.NO_SUCH_ORDER
    if request.reduce_only is not None and request.reduce_only != order.reduce_only:
        return ErrorCode.MODIFY_REDUCE_ONLY
    if (request.price, request.quantity) == (order.price, order.quantity):
        return ErrorCode.SAME_ORDER
    if order.amendments >= state.settings.max_amendments:
        return ErrorCode.EXCEED_MAXIMUM_MODIFY_ORDER_LIMIT
    rejection = validate_amendment(request.price, request.quantity, book, state, order.side)
    if rejection is None and not only_reduces(order) and request.price * request.quantity < book.filters.min_notional:
        return ErrorCode.MODIFICATION_MIN_NOTIONAL
    return rejection


def _requeue(resting: RestingOrder, amended: Order, state: ExchangeState, base: Decimal) -> Order:
    book = state.books[amended.symbol]
    book.resting_orders.remove(resting)
    book.quiet_band = None
    del state.open[amended.order_id]
    resting.order = advance(amended, "amend", state.time)
    resting.sequence = state.next_sequence()
    state.events.append(OrderUpdate(execution="AMENDMENT", order=resting.order, time=state.time))
    return fills.execute(state, book, resting, base)


def cancel(state: ExchangeState, symbol: str, order_id: int, client_id: str) -> Order | Refusal:
    """Cancel an open order; refuse if there is none with this id."""
    resting = state.find(order_id, client_id)
    if resting is None or resting.order.closed or resting.order.symbol != symbol:
        return refusal(ErrorCode.CANCEL_REJECTED)
    return state.cancel(resting)


def cancel_all(state: ExchangeState, symbol: str) -> list[Order]:
    """Cancel every open order of the symbol."""
    book = state.books.get(symbol)
    return [state.cancel(resting) for resting in list(book.resting_orders)] if book is not None else []


def cancel_algo(state: ExchangeState, algo_id: int, client_algo_id: str) -> AlgoOrder | Refusal:
    """Cancel a conditional order that has not triggered; refuse if there is none with this id."""
    conditional = state.open_algos.get(algo_id or state.by_algo_client.get(client_algo_id, 0))
    return refusal(ErrorCode.CANCEL_REJECTED) if conditional is None else state.cancel_algo(conditional)


def cancel_all_algos(state: ExchangeState, symbol: str) -> list[AlgoOrder]:
    """Cancel every conditional order of the symbol that has not triggered."""
    book = state.books.get(symbol)
    return [state.cancel_algo(conditional) for conditional in list(book.conditional_orders)] if book is not None else []
