"""Builds the requests that place, cancel and query orders: endpoint, parameters, urgency. Pure.

Conditional orders go to the algo endpoints with ``clientAlgoId``, ``triggerPrice`` and ``activatePrice``. The rerouting of
python-binance 1.0.37 is not used: it drops the client id and does not rename ``activationPrice`` (docs/binance.md §2.3).
Numbers are sent as plain decimal strings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from shared.exchange.binance import endpoints
from shared.exchange.binance.endpoints import Endpoint
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import ExchangeError
from shared.exchange.limits.windows import Urgency
from shared.exchange.model.orders import NewOrder, OrderRef

#: Binance accepts ``:`` and ``/`` too; no id of ours has them.
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,36}")


@dataclass(frozen=True, slots=True)
class Request:
    """A REST call that is ready to be sent."""

    endpoint: Endpoint
    params: dict[str, object]
    urgency: Urgency


def plain(number: Decimal) -> str:
    """Format a decimal without exponent and trailing zeros: 0.00001, not 1E-5; 100, not 1E+2."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def place(order: NewOrder) -> Request:
    """Return the request that places an order. Raises ExchangeError ("refuse") for one that Binance would never accept."""
    endpoint = endpoints.PLACE_ALGO if order.book == "algo" else endpoints.PLACE
    return Request(endpoint, order_params(order), "protect" if order.protects else "order")


def order_params(order: NewOrder) -> dict[str, object]:
    """Return the parameters that place an order. Raises ExchangeError ("refuse") like ``place``."""
    _check(order)
    params: dict[str, object] = {"symbol": order.symbol, "side": order.side, "type": order.type}
    if order.position_side != "BOTH":
        params["positionSide"] = order.position_side
    if order.quantity is not None:
        params["quantity"] = plain(order.quantity)
    if order.price is not None:
        params["price"] = plain(order.price)
        params["timeInForce"] = order.time_in_force or "GTC"
    if order.reduce_only:
        params["reduceOnly"] = True
    if order.book == "plain":
        return params | {"newClientOrderId": order.client_id, "newOrderRespType": "RESULT"}
    params |= {"algoType": "CONDITIONAL", "clientAlgoId": order.client_id, "workingType": order.working_type}
    if order.trigger is not None:
        params["triggerPrice"] = plain(order.trigger)
    if order.close_position:
        params["closePosition"] = True
    if order.price_protect:
        params["priceProtect"] = True
    if order.activation is not None:
        params["activatePrice"] = plain(order.activation)
    if order.callback_rate is not None:
        params["callbackRate"] = plain(order.callback_rate)
    return params


def cancel(ref: OrderRef) -> Request:
    """Return the request that cancels an order."""
    endpoint = endpoints.CANCEL_ALGO if ref.book == "algo" else endpoints.CANCEL
    return Request(endpoint, _named(ref), "protect")


def query(ref: OrderRef) -> Request:
    """Return the request that queries an order."""
    endpoint = endpoints.ALGO_ORDER if ref.book == "algo" else endpoints.ORDER
    return Request(endpoint, _named(ref), "protect")


def _named(ref: OrderRef) -> dict[str, object]:
    """Return the parameters that name an order: by client id if there is one, else by the exchange's id.

    The client id comes first because it is known even if the answer to placing the order was lost.
    """
    if ref.book == "algo":
        return {"symbol": ref.symbol} | ({"clientAlgoId": ref.client_id} if ref.client_id else {"algoId": ref.id})
    return {"symbol": ref.symbol} | ({"origClientOrderId": ref.client_id} if ref.client_id else {"orderId": ref.id})


def _check(order: NewOrder) -> None:
    """Raise ExchangeError ("refuse") for an order that Binance would refuse or understand differently; nothing is sent."""
    call = f"order {order.client_id or '(no id)'} of {order.symbol}"

    def refuse(code: int, why: str) -> ExchangeError:
        return ExchangeError("refuse", code, f"{why}; nothing was sent", call=call)

    if not _CLIENT_ID.fullmatch(order.client_id):
        raise refuse(ErrorCode.INVALID_CL_ORD_ID_LEN, "the client id must be 1 to 36 of A-Z a-z 0-9 . _ -")
    if order.type == "LIQUIDATION":
        raise refuse(ErrorCode.INVALID_ORDER_TYPE, "only the exchange makes liquidation orders")
    if order.close_position and (order.quantity is not None or order.reduce_only):
        raise refuse(ErrorCode.QUANTITY_EXISTS_WITH_CLOSE_POSITION, "close_position takes neither quantity nor reduce_only")
    if order.close_position and order.type not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
        raise refuse(ErrorCode.INVALID_CLOSE_POSITION_TYPE, "close_position is for STOP_MARKET and TAKE_PROFIT_MARKET only")
    if not order.close_position and (order.quantity is None or order.quantity <= 0):
        raise refuse(ErrorCode.QTY_LESS_THAN_ZERO, "the quantity must be positive")
    if (order.price is not None) != (order.type in ("LIMIT", "STOP", "TAKE_PROFIT")):
        raise refuse(
            ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED,
            f"{order.type} {'takes no' if order.price is not None else 'needs a'} price",
        )
    if (order.trigger is not None) != (order.type in ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET")):
        raise refuse(
            ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED,
            f"{order.type} {'takes no' if order.trigger is not None else 'needs a'} trigger price",
        )
    if (order.callback_rate is not None) != (order.type == "TRAILING_STOP_MARKET"):
        raise refuse(
            ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED,
            f"{order.type} {'takes no' if order.callback_rate is not None else 'needs a'} callback rate",
        )
    if order.position_side != "BOTH" and order.reduce_only:
        raise refuse(ErrorCode.PARAM_NOT_REQUIRED, "reduce_only does not go with hedge mode: the position side says it")
