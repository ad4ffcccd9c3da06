"""What the venue checks before it takes an order: form, the symbol's filters, and the state of market and account.

Whether it can execute, and margin, are asked last, by the placement, which knows the price.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from simulator.core.margin.liquidation import AUTOCLOSE
from simulator.core.model.enums import PositionSide, Side
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ZERO
from simulator.core.model.requests import NewAlgoOrder, NewOrder
from simulator.core.state.exchange_state import Floor
from simulator.core.state.legs import rounded
from simulator.core.state.symbol_book import Pit
from simulator.rejections import Rejection
from simulator.settings import SimulatorSettings

#: Binance's rule for newClientOrderId and clientAlgoId.
_CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_LIMITED: Final = ("STOP", "TAKE_PROFIT")
_CLOSERS: Final = ("STOP_MARKET", "TAKE_PROFIT_MARKET")


def order_objection(asked: NewOrder, floor: Floor) -> Rejection | None:
    """The first reason against an order, or None."""
    pit = floor.pits.get(asked.symbol)
    against = _client_id(asked.client_id)
    if against is not None or pit is None:
        return against or Rejection.BAD_SYMBOL
    return (
        _mode(asked.position_side, floor, reduce_only=asked.reduce_only)
        or _order_form(asked)
        or _price(asked.price, pit.filters, floor.settings)
        or _quantity(asked.quantity, pit.filters, floor.settings, market=asked.type == "MARKET")
        or _good_till(asked.time_in_force, asked.good_till, floor)
        or _order_state(asked, pit, floor)
    )


def algo_objection(asked: NewAlgoOrder, floor: Floor) -> Rejection | None:
    """The first reason against a conditional order, or None."""
    pit = floor.pits.get(asked.symbol)
    against = _client_id(asked.client_algo_id)
    if against is not None or pit is None:
        return against or Rejection.BAD_SYMBOL
    settings, filters = floor.settings, pit.filters
    quantity = None
    if not asked.close_position:
        quantity = _quantity(asked.quantity, filters, settings, market=asked.type not in _LIMITED)
    return (
        _mode(asked.position_side, floor, reduce_only=asked.reduce_only)
        or _algo_form(asked, settings)
        or _price(asked.price, filters, settings)
        or _price(asked.trigger_price, filters, settings)
        or _price(asked.activate_price, filters, settings)
        or quantity
        or _good_till(asked.time_in_force, asked.good_till, floor)
        or _algo_state(asked, pit, floor)
    )


def shape_objection(price: Decimal, quantity: Decimal, pit: Pit, floor: Floor, side: Side) -> Rejection | None:
    """What the filters say of the new price and quantity of a LIMIT that is amended."""
    return (
        _price(price, pit.filters, floor.settings)
        or _quantity(quantity, pit.filters, floor.settings, market=False)
        or _percent(price, side, pit)
    )


def _client_id(client_id: str) -> Rejection | None:
    if client_id and (not _CLIENT_ID.fullmatch(client_id) or client_id.startswith(AUTOCLOSE)):
        return Rejection.INVALID_CL_ORD_ID_LEN
    return None


def _mode(position_side: PositionSide, floor: Floor, *, reduce_only: bool) -> Rejection | None:
    """The leg belongs to the position mode; reduceOnly is of the one-way mode."""
    if position_side not in floor.sides:
        return Rejection.POSITION_SIDE_NOT_MATCH
    return Rejection.REDUCE_ONLY_CONFLICT if reduce_only and floor.state.hedge else None


def _order_form(asked: NewOrder) -> Rejection | None:
    """Numbers are numbers, and which of them an order type has."""
    if not _finite(asked.price, asked.quantity) or asked.quantity is None:
        return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    limit = asked.type == "LIMIT"
    for value in (asked.price, asked.time_in_force):
        if limit and value is None:
            return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
        if not limit and value is not None:
            return Rejection.PARAM_NOT_REQUIRED
    return None


def _algo_form(asked: NewAlgoOrder, settings: SimulatorSettings) -> Rejection | None:
    """Likewise; the quantity of closePosition is the leg's."""
    numbers = (asked.quantity, asked.price, asked.trigger_price, asked.activate_price, asked.callback_rate)
    if not _finite(*numbers):
        return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    if asked.close_position:
        if asked.type not in _CLOSERS:
            return Rejection.INVALID_CLOSE_POSITION_TYPE
        if asked.quantity:
            return Rejection.QUANTITY_EXISTS_WITH_CLOSE_POSITION
        if asked.reduce_only:
            return Rejection.PARAM_NOT_REQUIRED
        if (asked.position_side, asked.side) in (("LONG", "BUY"), ("SHORT", "SELL")):
            return Rejection.REDUCE_ONLY_REJECT
    elif asked.quantity is None:
        return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    trailing = asked.type == "TRAILING_STOP_MARKET"
    for value, wanted in (
        (asked.price, asked.type in _LIMITED),
        (asked.trigger_price, not trailing),
        (asked.callback_rate, trailing),
    ):
        if wanted and value is None:
            return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
        if not wanted and value is not None:
            return Rejection.PARAM_NOT_REQUIRED
    if asked.activate_price is not None and not trailing:
        return Rejection.PARAM_NOT_REQUIRED
    rate = asked.callback_rate
    if rate is not None and not settings.min_callback_rate <= rate <= settings.max_callback_rate:
        return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    return None


def _finite(*values: Decimal | None) -> bool:
    return all(value.is_finite() for value in values if value is not None)


def _price(price: Decimal | None, filters: Filters, settings: SimulatorSettings) -> Rejection | None:
    """PRICE_FILTER; endless digits are refused before they are divided."""
    if price is None:
        return None
    if price <= 0 or price < filters.min_price:
        return Rejection.PRICE_LESS_THAN_MIN_PRICE
    if price > filters.max_price:
        return Rejection.PRICE_HIGHTER_THAN_MULTIPLIER_UP
    if rounded(price, settings.decimals) != price:
        return Rejection.BAD_PRECISION
    return Rejection.PRICE_NOT_INCREASED_BY_TICK_SIZE if (price - filters.min_price) % filters.tick_size else None


def _quantity(quantity: Decimal | None, filters: Filters, settings: SimulatorSettings, *, market: bool) -> Rejection | None:
    """LOT_SIZE or MARKET_LOT_SIZE."""
    if quantity is None:
        return None
    if not quantity.is_finite():
        return Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED
    if quantity <= 0:
        return Rejection.QTY_LESS_THAN_ZERO
    if quantity > (filters.market_max_quantity if market else filters.max_quantity):
        return Rejection.QTY_GREATER_THAN_MAX_QTY
    if rounded(quantity, settings.decimals) != quantity:
        return Rejection.BAD_PRECISION
    if quantity % (filters.market_step_size if market else filters.step_size):
        return Rejection.QTY_NOT_INCREASED_BY_STEP_SIZE
    if quantity < (filters.market_min_quantity if market else filters.min_quantity):
        return Rejection.QTY_LESS_THAN_MIN_QTY
    return None


def _good_till(time_in_force: str | None, good_till: int, floor: Floor) -> Rejection | None:
    """GTD needs a date far enough ahead, and nothing else has one."""
    if time_in_force != "GTD":
        return Rejection.PARAM_NOT_REQUIRED if good_till else None
    ahead = floor.settings.good_till_ahead * 1_000
    return Rejection.INVALID_GOOD_TILL_DATE if good_till <= floor.time + ahead else None


def _percent(price: Decimal, side: Side, pit: Pit) -> Rejection | None:
    """PERCENT_PRICE around the mark price."""
    up, down = pit.filters.multiplier_up, pit.filters.multiplier_down
    if side == "BUY" and up is not None and price > pit.mark_price * up:
        return Rejection.PRICE_HIGHTER_THAN_MULTIPLIER_UP
    if side == "SELL" and down is not None and price < pit.mark_price * down:
        return Rejection.PRICE_LOWER_THAN_MULTIPLIER_DOWN
    return None


def _order_state(asked: NewOrder, pit: Pit, floor: Floor) -> Rejection | None:
    """Client id free, price known, something to reduce, notional, room in the book."""
    if asked.client_id and floor.by_client.get(asked.client_id) in floor.open:
        return Rejection.DUPLICATED_CLIENT_ORDER_ID
    if pit.last is None:
        return Rejection.UNABLE_TO_FILL
    quantity = asked.quantity or ZERO
    if asked.price is not None:
        against = _percent(asked.price, asked.side, pit)
        if against is not None:
            return against
    if asked.reduce_only or _closes(asked.position_side, asked.side):
        against = _reducing(asked, quantity, pit)
        if against is not None:
            return against
    elif quantity * (asked.price or pit.mark_price) < pit.filters.min_notional:
        return Rejection.MIN_NOTIONAL
    limit = pit.filters.max_orders or floor.settings.max_open_orders
    if asked.type == "LIMIT" and len(pit.tickets) >= limit:
        return Rejection.MAX_OPEN_ORDER_EXCEEDED
    return None


def _closes(position_side: PositionSide, side: Side) -> bool:
    """True for the side that closes a leg of the hedge mode."""
    return (position_side, side) in (("LONG", "SELL"), ("SHORT", "BUY"))


def _reducing(asked: NewOrder, quantity: Decimal, pit: Pit) -> Rejection | None:
    """There must be something to close, and for a limit more than the open reduce-only orders close already."""
    reducible = pit.reducible(asked.side, asked.position_side)
    if not reducible or (not asked.reduce_only and quantity > reducible):
        return Rejection.REDUCE_ONLY_REJECT
    if asked.type == "LIMIT":
        waiting = sum(
            (
                ticket.order.remaining
                for ticket in pit.tickets
                if ticket.order.reduce_only and ticket.order.side == asked.side
            ),
            ZERO,
        )
        if waiting >= reducible:
            return Rejection.REDUCE_ONLY_ORDER_CHECK_FAILED
    return None


def _algo_state(asked: NewAlgoOrder, pit: Pit, floor: Floor) -> Rejection | None:
    """Client id free, price known, trigger still ahead, notional, room in the book. Margin and legs: when it triggers."""
    if asked.client_algo_id and floor.by_algo_client.get(asked.client_algo_id) in floor.open_algos:
        return Rejection.DUPLICATED_CLIENT_ORDER_ID
    if pit.last is None:
        return Rejection.UNABLE_TO_FILL
    if _would_trigger(asked, pit.mark_price if asked.working_type == "MARK_PRICE" else pit.last):
        return Rejection.ORDER_WOULD_IMMEDIATELY_TRIGGER
    exempt = asked.close_position or asked.reduce_only or _closes(asked.position_side, asked.side)
    price = asked.price or asked.trigger_price or pit.last
    if not exempt and (asked.quantity or ZERO) * price < pit.filters.min_notional:
        return Rejection.MIN_NOTIONAL
    if len(floor.open_algos) >= floor.settings.max_conditional_orders:
        return Rejection.REACH_MAX_STOP_ORDER_LIMIT
    return None


def _would_trigger(asked: NewAlgoOrder, price: Decimal) -> bool:
    """True when the trigger is reached already, or a trailing order's activation price is not ahead."""
    if asked.type == "TRAILING_STOP_MARKET":
        activate = asked.activate_price
        return activate is not None and (activate >= price if asked.side == "BUY" else activate <= price)
    trigger = asked.trigger_price or ZERO
    falls = (asked.side == "SELL") == (asked.type in ("STOP", "STOP_MARKET"))
    return price <= trigger if falls else price >= trigger
