"""Endpoints of plain orders: place, amend, cancel, query (docs/binance.md §4.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from shared.domain.order_words import BookOrderType, ConditionalOrderType, PositionSide, Side, TimeInForce
from shared.exchange.error_codes import ErrorCode
from simulator.core.model.enums import SelfTradePrevention
from simulator.core.model.orders import Order
from simulator.core.model.requests import Amendment, NewOrder
from simulator.server.parameters import Parameters
from simulator.server.printing import orders as printed
from simulator.server.refusals import Refused, missing
from simulator.server.rest.context import Caller, Context, within

SIDES: Final[tuple[Side, ...]] = ("BUY", "SELL")
POSITION_SIDES: Final[tuple[PositionSide, ...]] = ("BOTH", "LONG", "SHORT")
TIMES_IN_FORCE: Final[tuple[TimeInForce, ...]] = ("GTC", "IOC", "FOK", "GTX", "GTD")
PREVENTIONS: Final[tuple[SelfTradePrevention, ...]] = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
ALGO_TYPES: Final[tuple[ConditionalOrderType, ...]] = (
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)
_TYPES: Final[tuple[BookOrderType, ...]] = ("LIMIT", "MARKET")
_RESPONSES: Final = ("ACK", "RESULT")
_MOST_PLACED, _MOST_CANCELLED = 5, 10


def place(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/order``."""
    request = _new_order(context, parameters)
    order = context.checked(context.session.core.place(request, context.session.time))
    return _answered(context, order, parameters)


def test(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """``POST order/test``: check that the parameters can be read; place nothing."""
    _new_order(context, parameters)
    return {}


def amend(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``PUT /fapi/v1/order``."""
    quantity, price = parameters.number("quantity"), parameters.number("price")
    if quantity is None or price is None:
        raise missing("quantity" if quantity is None else "price")
    order_id, client_id = _which(parameters)
    request = Amendment(
        symbol=context.symbol(parameters),
        side=parameters.word("side", SIDES),
        quantity=quantity,
        price=price,
        order_id=order_id,
        client_id=client_id,
        reduce_only=parameters.flag("reduceOnly") if "reduceOnly" in parameters else None,
    )
    order = context.checked(context.session.core.amend(request, context.session.time))
    return printed.placed(order, context.grid(order.symbol))


def cancel(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``DELETE /fapi/v1/order``."""
    symbol = context.symbol(parameters)
    order_id, client_id = _which(parameters)
    return _cancel(context, symbol, order_id, client_id)


def query(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/order``."""
    symbol = context.symbol(parameters)
    order_id, client_id = _which(parameters)
    order = context.session.core.order(symbol, order_id=order_id, client_id=client_id)
    if order is None:
        raise Refused(ErrorCode.NO_SUCH_ORDER, "Order does not exist.")
    return printed.queried(order, context.grid(symbol))


def query_open(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """``GET openOrder``: like ``GET order``, but only an open order is found."""
    answer = query(context, parameters, caller)
    if answer["status"] not in ("NEW", "PARTIALLY_FILLED"):
        raise Refused(ErrorCode.NO_SUCH_ORDER, "Order does not exist.")
    return answer


def place_batch(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/batchOrders``."""
    return [_attempt(place, context, each, caller) for each in _batch(parameters)]


def amend_batch(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``PUT /fapi/v1/batchOrders``."""
    return [_attempt(amend, context, each, caller) for each in _batch(parameters)]


def cancel_batch(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``DELETE /fapi/v1/batchOrders``."""
    symbol = context.symbol(parameters)
    ids = _list(parameters.optional("orderIdList", "orderidlist"))
    names = _list(parameters.optional("origClientOrderIdList", "origclientorderidlist"))
    if not ids and not names:
        raise missing("orderIdList")
    if len(ids) + len(names) > _MOST_CANCELLED:
        raise Refused(ErrorCode.INVALID_BATCH_PLACE_ORDER_SIZE, "Invalid number of batch place orders.")
    answers: list[Any] = []
    whole = [Parameters({"orderId": str(each)}).integer("orderId") for each in ids]
    for order_id, client_id in [*((each, "") for each in whole), *((0, str(each)) for each in names)]:
        try:
            answers.append(_cancel(context, symbol, order_id, client_id))
        except Refused as refused:
            answers.append(refused.body)
    return answers


def cancel_all(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``DELETE /fapi/v1/allOpenOrders``."""
    context.checked(context.session.core.cancel_all(context.symbol(parameters), context.session.time))
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def countdown(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Start a cancel countdown. Its length is in the client's ms, so it is multiplied by the market's speed."""
    symbol, duration = context.symbol(parameters), parameters.integer("countdownTime")
    context.checked(context.session.core.countdown(symbol, round(duration * context.pace), context.session.time))
    return {"symbol": symbol, "countdownTime": str(duration)}


def open_orders(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/openOrders``."""
    found = context.session.core.open_orders(context.maybe_symbol(parameters))
    return [printed.queried(order, context.grid(order.symbol)) for order in found]


def all_orders(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/allOrders``."""
    first = parameters.maybe_integer("orderId")
    found = context.session.core.orders(context.maybe_symbol(parameters))
    rows = [order for order in found if first is None or order.order_id >= first]
    chosen = within(rows, lambda order: order.created, parameters, 500, 1_000)
    return [printed.queried(order, context.grid(order.symbol)) for order in chosen]


def user_trades(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/userTrades``."""
    first, order_id = parameters.maybe_integer("fromId"), parameters.integer("orderId", 0)
    found = context.session.core.trades(context.maybe_symbol(parameters), order_id=order_id)
    rows = [trade for trade in found if first is None or trade.id >= first]
    chosen = within(rows, lambda trade: trade.time, parameters, 500, 1_000)
    return [printed.user_trade(trade, context.grid(trade.symbol)) for trade in chosen]


def _new_order(context: Context, parameters: Parameters) -> NewOrder:
    symbol = context.symbol(parameters)
    kind = parameters.text("type")
    if kind in ALGO_TYPES:
        raise Refused(
            ErrorCode.STOP_ORDER_SWITCH_ALGO,
            "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
        )
    if parameters.text("priceMatch", "NONE") != "NONE":
        raise Refused(ErrorCode.INVALID_PRICE_MATCH, "Price match is not supported by the simulator.")
    parameters.word("newOrderRespType", _RESPONSES, "ACK")
    return NewOrder(
        symbol=symbol,
        side=parameters.word("side", SIDES),
        type=parameters.word("type", _TYPES),
        position_side=parameters.word("positionSide", POSITION_SIDES, "BOTH"),
        quantity=parameters.number("quantity"),
        price=parameters.number("price"),
        time_in_force=parameters.word("timeInForce", TIMES_IN_FORCE) if "timeInForce" in parameters else None,
        reduce_only=parameters.flag("reduceOnly"),
        client_id=parameters.optional("newClientOrderId") or "",
        self_trade_prevention=parameters.word("selfTradePreventionMode", PREVENTIONS, "NONE"),
        good_till=parameters.integer("goodTillDate", 0),
    )


def _answered(context: Context, order: Order, parameters: Parameters) -> Any:
    grid = context.grid(order.symbol)
    if parameters.text("newOrderRespType", "ACK") == "RESULT":
        return printed.placed(order, grid)
    return printed.acknowledged(order, grid)


def _cancel(context: Context, symbol: str, order_id: int, client_id: str) -> Any:
    core = context.session.core
    order = context.checked(core.cancel(symbol, context.session.time, order_id=order_id, client_id=client_id))
    return printed.placed(order, context.grid(symbol))


def _which(parameters: Parameters) -> tuple[int, str]:
    """Return order id (0 = not sent) and client order id (empty = not sent). Raises Refused -1102 if both are missing."""
    order_id, client_id = parameters.integer("orderId", 0), parameters.optional("origClientOrderId") or ""
    if not order_id and not client_id:
        raise Refused(
            ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED,
            "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
        )
    return order_id, client_id


def _attempt(
    action: Callable[[Context, Parameters, Caller], Any], context: Context, parameters: Parameters, caller: Caller
) -> Any:
    try:
        return action(context, parameters, caller)
    except Refused as refused:
        return refused.body


def _batch(parameters: Parameters) -> list[Parameters]:
    orders = _list(parameters.text("batchOrders"))
    if not 0 < len(orders) <= _MOST_PLACED:
        raise Refused(ErrorCode.INVALID_BATCH_PLACE_ORDER_SIZE, "Invalid number of batch place orders.")
    if not all(isinstance(order, dict) for order in orders):
        raise _no_batch()
    return [Parameters({name: _text(value) for name, value in order.items()}) for order in orders]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(text: str | None) -> list[Any]:
    """Parse a JSON list. Raises Refused -4083 for anything else."""
    if text is None:
        return []
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, list):
        raise _no_batch()
    return found


def _no_batch() -> Refused:
    return Refused(ErrorCode.PLACE_BATCH_ORDERS_FAIL, "Fail to process batch orders.")
