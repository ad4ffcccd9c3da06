"""Turns what the exchange states into order events and fills as readers see them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.execution.oms.order import LiveOrder, status_of
from shared.domain import orders as domain
from shared.domain.order_words import AnyOrderType, OrderStatus, OrderType
from shared.domain.orders import Fill, OrderEvent, Origin
from shared.exchange.model.orders import ExchangeOrder
from shared.exchange.model.user_events import Executed

_ZERO = Decimal(0)


def fill_id(symbol: str, trade_id: int) -> str:
    """The id of a fill: trade ids of the exchange are unique within a symbol."""
    return f"{symbol}-{trade_id}"


def domain_fill(
    fill: Executed, stated: ExchangeOrder, order: LiveOrder | None, fee_prices: Mapping[str, Decimal | None]
) -> Fill:
    """Return a fill with its fee in USDT. fee_prices: of the assets that fees are paid in, USDT."""
    in_usdt = fill.commission_asset in ("USDT", "")
    price = None if in_usdt else fee_prices.get(fill.commission_asset)
    fee = fill.commission if in_usdt else (fill.commission * price if price is not None else _ZERO)
    return Fill(
        id=fill_id(stated.symbol, fill.trade_id),
        client_id=order.client_id if order is not None else stated.client_id,
        symbol=stated.symbol,
        side=stated.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=fee,
        realized=fill.realized,
        maker=fill.maker,
        time=fill.time,
        commission=_ZERO if in_usdt else fill.commission,
        commission_asset="" if in_usdt else fill.commission_asset,
    )


def order_event(stated: ExchangeOrder | None, order: LiveOrder | None, origin: Origin, fill: Fill | None) -> OrderEvent:
    """Return the event of one change: of our ``order``, else of another's as it is ``stated``."""
    if order is None:
        assert stated is not None, "an order of others is only known as it was stated"
        return OrderEvent(
            time=stated.updated_at, origin=origin, purpose="", intent_id="", order=_domain_order(stated), fill=fill
        )
    return OrderEvent(
        time=order.updated_at or order.signed_at,
        origin=origin,
        purpose=order.purpose,
        intent_id=order.intent_id,
        order=_domain_order_of(order),
        fill=fill,
    )


def _domain_order(stated: ExchangeOrder) -> domain.Order:
    kind = stated.original_type or stated.type
    return domain.Order(
        client_id=stated.client_id,
        symbol=stated.symbol,
        side=stated.side,
        type=_type(kind),
        quantity=stated.quantity,
        price=stated.price or None,
        trigger=stated.trigger or None,
        reduce_only=stated.reduce_only,
        close_position=stated.close_position,
        status=status_of(stated),
        filled=stated.executed,
        average_price=stated.average_price or _ZERO,
        updated_at=stated.updated_at,
        reject_reason=stated.reason,
        leg=stated.position_side,
    )


def _domain_order_of(order: LiveOrder) -> domain.Order:
    request = order.request
    status: OrderStatus = "NEW"
    if order.status == "LOST":
        status = "EXPIRED" if order.order_id else "REJECTED"
    elif order.status != "WAITING" and order.status != "SENT" and order.status != "IN_DOUBT":
        status = order.status
    return domain.Order(
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        type=_type(request.type),
        quantity=request.quantity or _ZERO,
        price=request.price,
        trigger=order.trigger,
        reduce_only=request.reduce_only,
        close_position=request.close_position,
        status=status,
        filled=order.done,
        average_price=order.average_price,
        updated_at=order.updated_at,
        reject_code=order.reject_code,
        reject_reason=order.reject_reason or (order.ended_for if order.status == "CANCELED" else ""),
        time_in_force=request.time_in_force,
        working_type=request.working_type,
        leg=request.position_side,
    )


def _type(kind: AnyOrderType) -> OrderType:
    """What only others' orders are is named as the type that behaves most alike."""
    return "MARKET" if kind == "LIQUIDATION" else kind
