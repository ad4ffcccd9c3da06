"""Converts orders between the pipeline (``shared.domain.orders``) and the matching core.

For a triggered conditional order the exchange has two orders with one client id, the conditional one and its child; the
pipeline has one. Its status is NEW until the trigger, then the child's. A child that the exchange rejects at the
trigger makes it EXPIRED, with the error code.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from shared.domain.order_words import (
    BookOrderStatus,
    BookOrderType,
    ConditionalOrderStatus,
    ConditionalOrderType,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from shared.domain.orders import Fill
from shared.domain.orders import Order as DomainOrder
from shared.exchange.error_codes import ErrorCode
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.orders import ExecutedTrade, Order
from simulator.core.model.requests import NewAlgoOrder, NewOrder
from simulator.core.state.legs import rounded
from simulator.rejections import REASON

_TYPE: Final[dict[BookOrderType | ConditionalOrderType, OrderType]] = {
    "LIMIT": "LIMIT",
    "MARKET": "MARKET",
    "LIQUIDATION": "MARKET",
    "STOP_MARKET": "STOP_MARKET",
    "TAKE_PROFIT_MARKET": "TAKE_PROFIT_MARKET",
    "STOP": "STOP",
    "TAKE_PROFIT": "TAKE_PROFIT",
    "TRAILING_STOP_MARKET": "TRAILING_STOP_MARKET",
}
_FORCE: Final[dict[TimeInForce, TimeInForce | None]] = {"GTC": None, "GTD": None, "IOC": "IOC", "FOK": "FOK", "GTX": "GTX"}
_STATUS: Final[dict[BookOrderStatus, OrderStatus]] = {
    "NEW": "NEW",
    "PARTIALLY_FILLED": "PARTIALLY_FILLED",
    "FILLED": "FILLED",
    "CANCELED": "CANCELED",
    "EXPIRED": "EXPIRED",
    "EXPIRED_IN_MATCH": "EXPIRED",
}
_ALGO_STATUS: Final[dict[ConditionalOrderStatus, OrderStatus]] = {
    "NEW": "NEW",
    "TRIGGERING": "NEW",
    "TRIGGERED": "NEW",
    "FINISHED": "NEW",
    "CANCELED": "CANCELED",
    "REJECTED": "EXPIRED",
    "EXPIRED": "EXPIRED",
}


def request_for(order: DomainOrder) -> NewOrder | NewAlgoOrder | ErrorCode:
    """Convert an order to the request that places it; an ErrorCode if the exchange has no such order."""
    if not order.client_id:
        return ErrorCode.INVALID_CL_ORD_ID_LEN
    side = order.side
    if order.type != "MARKET" and order.type != "LIMIT":
        return NewAlgoOrder(
            symbol=order.symbol,
            side=side,
            type=order.type,
            quantity=order.quantity,
            price=order.price,
            trigger_price=order.trigger,
            time_in_force=order.time_in_force,
            working_type=order.working_type,
            activate_price=order.activation,
            callback_rate=order.callback_rate,
            reduce_only=order.reduce_only,
            close_position=order.close_position,
            client_algo_id=order.client_id,
        )
    if order.close_position:
        return ErrorCode.INVALID_CLOSE_POSITION_TYPE
    if not (order.trigger is order.activation is order.callback_rate is None):
        return ErrorCode.PARAM_NOT_REQUIRED
    return NewOrder(
        symbol=order.symbol,
        side=side,
        type=order.type,
        quantity=order.quantity,
        price=order.price,
        time_in_force=order.time_in_force or ("GTC" if order.type == "LIMIT" else None),
        reduce_only=order.reduce_only,
        client_id=order.client_id,
    )


def domain_order(order: Order, decimals: int) -> DomainOrder:
    """Convert a plain order, or the child of a conditional one. ``decimals``: of the average price."""
    return DomainOrder(
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        type=_TYPE[order.original_type],
        quantity=order.quantity,
        price=order.price if order.type == "LIMIT" else None,
        trigger=order.stop_price or None,
        time_in_force=_force(order),
        working_type=order.working_type,
        activation=order.activate_price or None,
        callback_rate=order.callback_rate or None,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        status=_STATUS[order.status],
        filled=order.executed,
        average_price=rounded(order.average_price, decimals),
        updated_at=order.updated,
        reject_code=order.code,
        reject_reason=reason(order.code),
    )


def domain_order_of_algo(algo: AlgoOrder) -> DomainOrder:
    """Convert a conditional order that has no child."""
    return DomainOrder(
        client_id=algo.client_algo_id,
        symbol=algo.symbol,
        side=algo.side,
        type=_TYPE[algo.type],
        quantity=algo.quantity,
        price=algo.price or None,
        trigger=algo.trigger_price or None,
        time_in_force=_force(algo),
        working_type=algo.working_type,
        activation=algo.activate_price or None,
        callback_rate=algo.callback_rate or None,
        reduce_only=algo.reduce_only,
        close_position=algo.close_position,
        status=_ALGO_STATUS[algo.status],
        updated_at=algo.updated,
        reject_code=algo.code,
        reject_reason=reason(algo.code),
    )


def domain_fill(trade: ExecutedTrade, number: int) -> Fill:
    """Convert an execution. ``number``: its position among the order's executions, from 1; part of the fill's id."""
    return Fill(
        id=f"{trade.client_id}-{number}",
        client_id=trade.client_id,
        symbol=trade.symbol,
        side=trade.side,
        quantity=trade.quantity,
        price=trade.price,
        fee=trade.commission,
        realized=trade.realized,
        maker=trade.maker,
        time=trade.time,
    )


def rejected_order(order: DomainOrder, code: ErrorCode, time: int) -> DomainOrder:
    """Return the order as REJECTED with ``code`` at ``time`` (ms). Fields that the exchange sets are reset."""
    return DomainOrder(
        client_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        price=order.price,
        trigger=order.trigger,
        time_in_force=order.time_in_force,
        working_type=order.working_type,
        activation=order.activation,
        callback_rate=order.callback_rate,
        reduce_only=order.reduce_only,
        close_position=order.close_position,
        status="REJECTED",
        updated_at=time,
        reject_code=int(code),
        reject_reason=REASON[code],
    )


def unknown_order(symbol: str, client_id: str, time: int) -> DomainOrder:
    """Return the answer to a cancel of an unknown client id: a REJECTED order with -2011."""
    nothing = DomainOrder(client_id=client_id, symbol=symbol, side="BUY", type="MARKET", quantity=Decimal(0))
    return rejected_order(nothing, ErrorCode.CANCEL_REJECTED, time)


def _force(order: Order | AlgoOrder) -> TimeInForce | None:
    """Return the time in force; None for GTC (also given to orders sent without one) and GTD."""
    return _FORCE[order.time_in_force]


def reason(code: int) -> str:
    """Return the text of an error code; empty for 0."""
    return REASON[ErrorCode(code)] if code else ""
