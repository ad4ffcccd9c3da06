"""Checks requests before an order is accepted: form, the symbol's filters, and the state of market and account.

Every check returns the error code of the first rule broken, or None. Liquidity and margin are checked afterwards, in
``fills.check_executable``, where the price is known.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from shared.domain.order_words import PositionSide, Side
from shared.exchange.error_codes import ErrorCode
from simulator.core.margin.liquidation import AUTOCLOSE
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ZERO
from simulator.core.model.requests import NewAlgoOrder, NewOrder
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.legs import rounded
from simulator.core.state.symbol_book import SymbolBook
from simulator.settings import SimulatorSettings

#: Allowed form of newClientOrderId and clientAlgoId, by Binance's rule.
_CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_LIMITED: Final = ("STOP", "TAKE_PROFIT")
_CLOSERS: Final = ("STOP_MARKET", "TAKE_PROFIT_MARKET")


def validate_order(request: NewOrder, state: ExchangeState) -> ErrorCode | None:
    """Check a plain order; return the first error, None if it may be placed."""
    book = state.books.get(request.symbol)
    rejection = _client_id(request.client_id)
    if rejection is not None or book is None:
        return rejection or ErrorCode.BAD_SYMBOL
    return (
        _mode(request.position_side, state, reduce_only=request.reduce_only)
        or _order_form(request)
        or _price(request.price, book.filters, state.settings)
        or _quantity(request.quantity, book.filters, state.settings, market=request.type == "MARKET")
        or _good_till(request.time_in_force, request.good_till, state)
        or _order_state(request, book, state)
    )


def validate_algo_order(request: NewAlgoOrder, state: ExchangeState) -> ErrorCode | None:
    """Check a conditional order; return the first error, None if it may be placed."""
    book = state.books.get(request.symbol)
    rejection = _client_id(request.client_algo_id)
    if rejection is not None or book is None:
        return rejection or ErrorCode.BAD_SYMBOL
    settings, filters = state.settings, book.filters
    quantity = None
    if not request.close_position:
        quantity = _quantity(request.quantity, filters, settings, market=request.type not in _LIMITED)
    return (
        _mode(request.position_side, state, reduce_only=request.reduce_only)
        or _algo_form(request, settings)
        or _price(request.price, filters, settings)
        or _price(request.trigger_price, filters, settings)
        or _price(request.activate_price, filters, settings)
        or quantity
        or _good_till(request.time_in_force, request.good_till, state)
        or _algo_state(request, book, state)
    )


def validate_amendment(
    price: Decimal, quantity: Decimal, book: SymbolBook, state: ExchangeState, side: Side
) -> ErrorCode | None:
    """Check the new price and quantity of an amended LIMIT against the filters."""
    return (
        _price(price, book.filters, state.settings)
        or _quantity(quantity, book.filters, state.settings, market=False)
        or _percent(price, side, book)
    )


def _client_id(client_id: str) -> ErrorCode | None:
    if client_id and (not _CLIENT_ID.fullmatch(client_id) or client_id.startswith(AUTOCLOSE)):
        return ErrorCode.INVALID_CL_ORD_ID_LEN
    return None


def _mode(position_side: PositionSide, state: ExchangeState, *, reduce_only: bool) -> ErrorCode | None:
    """Check that the position side exists in the position mode; reduceOnly is allowed in one-way mode only."""
    if position_side not in state.sides:
        return ErrorCode.POSITION_SIDE_NOT_MATCH
    return ErrorCode.REDUCE_ONLY_CONFLICT if reduce_only and state.saved.hedge else None


def _order_form(request: NewOrder) -> ErrorCode | None:
    """Check that numbers are finite, and that the order type's parameters are present and no others."""
    if not _finite(request.price, request.quantity) or request.quantity is None:
        return ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    limit = request.type == "LIMIT"
    for value in (request.price, request.time_in_force):
        if limit and value is None:
            return ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED
        if not limit and value is not None:
            return ErrorCode.PARAM_NOT_REQUIRED
    return None


def _algo_form(request: NewAlgoOrder, settings: SimulatorSettings) -> ErrorCode | None:
    """Check the same for a conditional order. closePosition takes no quantity: the leg's is used at the trigger."""
    numbers = (request.quantity, request.price, request.trigger_price, request.activate_price, request.callback_rate)
    if not _finite(*numbers):
        return ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    if request.close_position:
        if request.type not in _CLOSERS:
            return ErrorCode.INVALID_CLOSE_POSITION_TYPE
        if request.quantity:
            return ErrorCode.QUANTITY_EXISTS_WITH_CLOSE_POSITION
        if request.reduce_only:
            return ErrorCode.PARAM_NOT_REQUIRED
        if (request.position_side, request.side) in (("LONG", "BUY"), ("SHORT", "SELL")):
            return ErrorCode.REDUCE_ONLY_REJECT
    elif request.quantity is None:
        return ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    trailing = request.type == "TRAILING_STOP_MARKET"
    for value, wanted in (
        (request.price, request.type in _LIMITED),
        (request.trigger_price, not trailing),
        (request.callback_rate, trailing),
    ):
        if wanted and value is None:
            return ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED
        if not wanted and value is not None:
            return ErrorCode.PARAM_NOT_REQUIRED
    if request.activate_price is not None and not trailing:
        return ErrorCode.PARAM_NOT_REQUIRED
    rate = request.callback_rate
    if rate is not None and not settings.min_callback_rate <= rate <= settings.max_callback_rate:
        return ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    return None


def _finite(*values: Decimal | None) -> bool:
    return all(value.is_finite() for value in values if value is not None)


def _price(price: Decimal | None, filters: Filters, settings: SimulatorSettings) -> ErrorCode | None:
    """Check PRICE_FILTER, and the number of decimals before the tick."""
    if price is None:
        return None
    if price > filters.max_price:
        return ErrorCode.PRICE_HIGHTER_THAN_MULTIPLIER_UP
    if price > 0 and _too_fine(price, filters.price_digits, settings):
        return ErrorCode.BAD_PRECISION
    if price <= 0 or price < filters.min_price:
        return ErrorCode.PRICE_LESS_THAN_MIN_PRICE
    return ErrorCode.PRICE_NOT_INCREASED_BY_TICK_SIZE if (price - filters.min_price) % filters.tick_size else None


def _too_fine(number: Decimal, digits: int | None, settings: SimulatorSettings) -> bool:
    """Return True if a number has more decimals than its symbol, or any symbol, allows; zeros at its end do not count."""
    return number != rounded(number, settings.decimals if digits is None else min(digits, settings.decimals))


def _quantity(quantity: Decimal | None, filters: Filters, settings: SimulatorSettings, *, market: bool) -> ErrorCode | None:
    """Check LOT_SIZE, or MARKET_LOT_SIZE if ``market``, and the number of decimals before the step."""
    if quantity is None:
        return None
    if not quantity.is_finite():
        return ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    if quantity <= 0:
        return ErrorCode.QTY_LESS_THAN_ZERO
    if quantity > (filters.market_max_quantity if market else filters.max_quantity):
        return ErrorCode.QTY_GREATER_THAN_MAX_QTY
    if _too_fine(quantity, filters.quantity_digits, settings):
        return ErrorCode.BAD_PRECISION
    if quantity % (filters.market_step_size if market else filters.step_size):
        return ErrorCode.QTY_NOT_INCREASED_BY_STEP_SIZE
    if quantity < (filters.market_min_quantity if market else filters.min_quantity):
        return ErrorCode.QTY_LESS_THAN_MIN_QTY
    return None


def _good_till(time_in_force: str | None, good_till: int, state: ExchangeState) -> ErrorCode | None:
    """Check that GTD has a date far enough ahead, and that no other time in force has a date."""
    if time_in_force != "GTD":
        return ErrorCode.PARAM_NOT_REQUIRED if good_till else None
    ahead = state.settings.good_till_ahead * 1_000
    return ErrorCode.FUTURE_GOOD_TILL_DATE if good_till <= state.time + ahead else None


def _percent(price: Decimal, side: Side, book: SymbolBook) -> ErrorCode | None:
    """Check PERCENT_PRICE: the price may not be too far from the mark price."""
    up, down = book.filters.multiplier_up, book.filters.multiplier_down
    if side == "BUY" and up is not None and price > book.mark_price * up:
        return ErrorCode.PRICE_HIGHTER_THAN_MULTIPLIER_UP
    if side == "SELL" and down is not None and price < book.mark_price * down:
        return ErrorCode.PRICE_LOWER_THAN_MULTIPLIER_DOWN
    return None


def _order_state(request: NewOrder, book: SymbolBook, state: ExchangeState) -> ErrorCode | None:
    """Check a plain order against the state.

    In this order: client id unused, price known, PERCENT_PRICE, something to reduce or enough notional, number of orders.
    """
    if request.client_id and state.by_client.get(request.client_id) in state.open:
        return ErrorCode.DUPLICATED_CLIENT_ORDER_ID
    if book.last is None:
        return ErrorCode.UNABLE_TO_FILL
    quantity = request.quantity or ZERO
    if request.price is not None:
        rejection = _percent(request.price, request.side, book)
        if rejection is not None:
            return rejection
    if request.reduce_only or _closes(request.position_side, request.side):
        rejection = _reducing(request, quantity, book, state.settings)
        if rejection is not None:
            return rejection
    elif quantity * (request.price or book.mark_price) < book.filters.min_notional:
        return ErrorCode.MIN_NOTIONAL
    limit = book.filters.max_orders or state.settings.max_open_orders
    if request.type == "LIMIT" and len(book.resting_orders) >= limit:
        return ErrorCode.MAX_OPEN_ORDER_EXCEEDED
    return None


def _closes(position_side: PositionSide, side: Side) -> bool:
    """Return True if an order of this side closes a hedge-mode leg: sell of LONG, buy of SHORT."""
    return (position_side, side) in (("LONG", "SELL"), ("SHORT", "BUY"))


def _reducing(request: NewOrder, quantity: Decimal, book: SymbolBook, settings: SimulatorSettings) -> ErrorCode | None:
    """Check that there is a position to close, and (``reduce_only_check``) that open reduce-only orders leave some of it."""
    reducible = book.reducible(request.side, request.position_side)
    if not reducible or (not request.reduce_only and quantity > reducible):
        return ErrorCode.REDUCE_ONLY_REJECT
    asked = settings.reduce_only_check == "all" or (settings.reduce_only_check == "limit" and request.type == "LIMIT")
    return ErrorCode.REDUCE_ONLY_MARGIN_CHECK_FAILED if asked and book.covered(request.side, request.position_side) else None


def _algo_state(request: NewAlgoOrder, book: SymbolBook, state: ExchangeState) -> ErrorCode | None:
    """Check a conditional order against the state. Margin and position are checked when it triggers.

    In this order: client id unused, price known, trigger not reached yet, no other closePosition order of its side and kind,
    enough notional, number of orders.
    """
    if request.client_algo_id and state.by_algo_client.get(request.client_algo_id) in state.open_algos:
        return ErrorCode.DUPLICATED_CLIENT_ORDER_ID
    if book.last is None:
        return ErrorCode.UNABLE_TO_FILL
    if _would_trigger(request, book.mark_price if request.working_type == "MARK_PRICE" else book.last):
        return ErrorCode.ORDER_WOULD_IMMEDIATELY_TRIGGER
    if request.close_position and any(_same_close(request, each.algo) for each in book.conditional_orders):
        return ErrorCode.CLOSE_POSITION_ORDER_EXISTS
    exempt = request.close_position or request.reduce_only or _closes(request.position_side, request.side)
    price = request.price or request.trigger_price or book.last
    if not exempt and (request.quantity or ZERO) * price < book.filters.min_notional:
        return ErrorCode.MIN_NOTIONAL
    if len(state.open_algos) >= state.settings.max_conditional_orders:
        return ErrorCode.MAX_STOP_ORDER_EXCEEDED
    return None


def _same_close(request: NewAlgoOrder, algo: AlgoOrder) -> bool:
    """Return True if ``algo`` closes the same leg's position in the same way; the exchange keeps one such order."""
    return algo.close_position and (algo.type, algo.side, algo.position_side) == (
        request.type,
        request.side,
        request.position_side,
    )


def _would_trigger(request: NewAlgoOrder, price: Decimal) -> bool:
    """Return True if ``price`` has already reached the trigger, or a trailing order's activation price."""
    if request.type == "TRAILING_STOP_MARKET":
        activate = request.activate_price
        return activate is not None and (activate >= price if request.side == "BUY" else activate <= price)
    trigger = request.trigger_price or ZERO
    falls = (request.side == "SELL") == (request.type in ("STOP", "STOP_MARKET"))
    return price <= trigger if falls else price >= trigger
