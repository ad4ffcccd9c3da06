"""What the exchange checks before it takes an order: form, the symbol's filters, and the state of market and account."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from shared.domain.instruments import Instrument
from shared.domain.orders import Order
from simulator.account import rounded
from simulator.orders import only_reduces
from simulator.rejections import Rejection
from simulator.settings import SimulatorSettings
from simulator.venue import AUTOCLOSE, Venue

#: Binance's rule for newClientOrderId and clientAlgoId.
_CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_CONDITIONAL: Final = ("STOP_MARKET", "TAKE_PROFIT_MARKET")


def objection(order: Order, venue: Venue) -> Rejection | None:
    """The first reason against an order, or None. Margin is asked last, by the placement, which knows the price."""
    if not _CLIENT_ID.fullmatch(order.client_id) or order.client_id.startswith(AUTOCLOSE):
        return Rejection.INVALID_CL_ORD_ID_LEN
    instrument = venue.instruments.get(order.symbol)
    if instrument is None:
        return Rejection.BAD_SYMBOL
    return _form(order) or _filters(order, instrument, venue.settings) or _state(order, instrument, venue)


def is_conditional(order: Order) -> bool:
    """True when the order waits for a trigger."""
    return order.type in _CONDITIONAL


def would_trigger(order: Order, last: Decimal) -> bool:
    """True when the trigger of a conditional order is already reached at the ``last`` price (-2021)."""
    if order.trigger is None:
        return False
    falls = (order.side == "sell") == (order.type == "STOP_MARKET")
    return last <= order.trigger if falls else last >= order.trigger


def _form(order: Order) -> Rejection | None:
    """Numbers are numbers, and which of them an order type has; the quantity of closePosition is the position's."""
    conditional = is_conditional(order)
    if not all(value.is_finite() for value in (order.quantity, order.price, order.trigger) if value is not None):
        return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    if order.close_position:
        if not conditional:
            return Rejection.INVALID_CLOSE_POSITION_TYPE
        if order.quantity != 0:
            return Rejection.QUANTITY_EXISTS_WITH_CLOSE_POSITION
        if order.reduce_only:
            return Rejection.PARAM_NOT_REQUIRED
    for value, wanted in ((order.price, order.type == "LIMIT"), (order.trigger, conditional)):
        if value is None:
            if wanted:
                return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
        elif not wanted:
            return Rejection.PARAM_NOT_REQUIRED
    return None


def _filters(order: Order, instrument: Instrument, settings: SimulatorSettings) -> Rejection | None:
    """Tick, step, minimum and maximum; endless digits are refused before they are divided."""
    for price in (order.price, order.trigger):
        if price is None:
            continue
        if price <= 0:
            return Rejection.PRICE_LESS_THAN_MIN_PRICE
        if price > settings.max_price:
            return Rejection.PRICE_HIGHTER_THAN_MULTIPLIER_UP
        if _too_fine(price, settings):
            return Rejection.BAD_PRECISION
        if price % instrument.tick_size:
            return Rejection.PRICE_NOT_INCREASED_BY_TICK_SIZE
    quantity = order.quantity
    if order.close_position:
        return None
    if quantity <= 0:
        return Rejection.QTY_LESS_THAN_ZERO
    if quantity > settings.max_quantity:
        return Rejection.QTY_GREATER_THAN_MAX_QTY
    if _too_fine(quantity, settings):
        return Rejection.BAD_PRECISION
    if quantity % instrument.step_size:
        return Rejection.QTY_NOT_INCREASED_BY_STEP_SIZE
    if quantity < instrument.min_quantity:
        return Rejection.QTY_LESS_THAN_MIN_QTY
    return None


def _too_fine(value: Decimal, settings: SimulatorSettings) -> bool:
    return rounded(value, settings.decimals) != value


def _state(order: Order, instrument: Instrument, venue: Venue) -> Rejection | None:
    """Price known, trigger still ahead, something to reduce, notional, room in the book."""
    market = venue.markets.get(order.symbol)
    if market is None:
        return Rejection.UNABLE_TO_FILL
    if would_trigger(order, market.price):
        return Rejection.ORDER_WOULD_IMMEDIATELY_TRIGGER
    # Conditional orders are asked when they trigger: until then a position may come.
    if order.reduce_only and not is_conditional(order) and not venue.reducible(order):
        return Rejection.REDUCE_ONLY_REJECT
    if not only_reduces(order) and order.quantity * (order.price or order.trigger or market.price) < instrument.min_notional:
        return Rejection.MIN_NOTIONAL
    resting = [other.order for other in venue.book.all()]
    if is_conditional(order):
        if sum(is_conditional(other) for other in resting) >= venue.settings.max_conditional_orders:
            return Rejection.REACH_MAX_STOP_ORDER_LIMIT
    elif order.type == "LIMIT":
        limits = sum(other.type == "LIMIT" and other.symbol == order.symbol for other in resting)
        if limits >= venue.settings.max_open_orders:
            return Rejection.MAX_OPEN_ORDER_EXCEEDED
    return None
