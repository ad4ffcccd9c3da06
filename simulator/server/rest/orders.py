"""Endpoints of plain orders: place, amend, cancel, query one (docs/binance.md §4.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from shared.domain.order_words import BookOrderType, ConditionalOrderType, PositionSide, Side, TimeInForce
from shared.exchange.error_codes import ErrorCode
from simulator.core.model.enums import SelfTradePrevention
from simulator.core.model.orders import Order
from simulator.core.model.requests import Amendment, NewOrder
from simulator.server.parameters import Parameters
from simulator.server.printing import orders as printed
from simulator.server.refusals import Refused, missing, not_required
from simulator.server.rest.context import Caller, Context

SIDES: Final[tuple[Side, ...]] = ("BUY", "SELL")
POSITION_SIDES: Final[tuple[PositionSide, ...]] = ("BOTH", "LONG", "SHORT")
TIMES_IN_FORCE: Final[tuple[TimeInForce, ...]] = ("GTC", "IOC", "FOK", "GTX", "GTD")
PREVENTIONS: Final[tuple[SelfTradePrevention, ...]] = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
#: What an order without selfTradePreventionMode gets.
DEFAULT_PREVENTION: Final[SelfTradePrevention] = "EXPIRE_MAKER"
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
    symbol, side = context.symbol(parameters), parameters.word("side", SIDES)
    quantity, price = parameters.needed_number("quantity"), parameters.needed_number("price")
    order_id, client_id = which_order(parameters)
    request = Amendment(
        symbol=symbol,
        side=side,
        quantity=quantity,
        price=price,
        order_id=order_id,
        client_id=client_id,
        reduce_only=parameters.flag("reduceOnly") if "reduceOnly" in parameters else None,
    )
    modify_id = parameters.maybe_integer("modifyId")
    before = context.session.core.order(symbol, order_id=order_id, client_id=client_id)
    order = context.checked(context.session.core.amend(request, context.session.time))
    if before is not None and order.amendments > before.amendments:
        context.records.amended(before, order, modify_id, context.session.time)
    return printed.amended(order, modify_id, context.grid(order.symbol))


def cancel(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``DELETE /fapi/v1/order``."""
    symbol = context.symbol(parameters)
    order_id, client_id = which_order(parameters)
    return _cancel(context, symbol, order_id, client_id)


def query(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/order``."""
    symbol = context.symbol(parameters)
    order_id, client_id = which_order(parameters)
    order = context.session.core.order(symbol, order_id=order_id, client_id=client_id)
    if order is None:
        raise Refused(ErrorCode.NO_SUCH_ORDER)
    return printed.queried(order, context.grid(symbol))


def query_open(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """``GET openOrder``: like ``GET order``, but only an open order is found."""
    answer = query(context, parameters, caller)
    if answer["status"] not in ("NEW", "PARTIALLY_FILLED"):
        raise Refused(ErrorCode.NO_SUCH_ORDER)
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
        raise Refused(ErrorCode.INVALID_BATCH_PLACE_ORDER_SIZE)
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


def _new_order(context: Context, parameters: Parameters) -> NewOrder:
    symbol = context.symbol(parameters)
    kind = parameters.text("type")
    if kind in ALGO_TYPES:
        raise Refused(ErrorCode.STOP_ORDER_SWITCH_ALGO)
    if parameters.flag("closePosition"):
        raise close_position_refused(kind)
    if parameters.text("priceMatch", "NONE") != "NONE":
        raise Refused(ErrorCode.INVALID_PRICE_MATCH, "Price match is not supported by the simulator.")
    parameters.word("newOrderRespType", _RESPONSES, "ACK")
    side, plain = parameters.word("side", SIDES), parameters.word("type", _TYPES)
    of_limit = ("timeInForce", "price")
    check_sent(parameters, needed=("quantity", *of_limit) if plain == "LIMIT" else ("quantity",))
    if parameters.optional("timeInForce") == "GTD":
        check_sent(parameters, needed=("goodTillDate",))
    check_not_sent(parameters, () if plain == "LIMIT" else of_limit)
    return NewOrder(
        symbol=symbol,
        side=side,
        type=plain,
        position_side=parameters.word("positionSide", POSITION_SIDES, "BOTH"),
        quantity=parameters.number("quantity"),
        price=parameters.number("price"),
        time_in_force=parameters.word("timeInForce", TIMES_IN_FORCE) if "timeInForce" in parameters else None,
        reduce_only=parameters.flag("reduceOnly"),
        client_id=parameters.optional("newClientOrderId") or "",
        self_trade_prevention=parameters.word("selfTradePreventionMode", PREVENTIONS, DEFAULT_PREVENTION),
        good_till=parameters.integer("goodTillDate", 0),
    )


def check_sent(parameters: Parameters, needed: Sequence[str]) -> None:
    """Raise Refused -1102 with the name of the first of these parameters that was not sent."""
    for name in needed:
        parameters.text(name)


def check_not_sent(parameters: Parameters, unwanted: Sequence[str]) -> None:
    """Raise Refused -1106 with the name of the first of these parameters that was sent."""
    for name in unwanted:
        if name in parameters:
            raise not_required(name)


def close_position_refused(kind: str) -> Refused:
    """Return the error -4136: an order of this type cannot close a whole position."""
    text = f"Target strategy invalid for orderType {kind},closePosition true"
    return Refused(ErrorCode.INVALID_CLOSE_POSITION_TYPE, text)


def _answered(context: Context, order: Order, parameters: Parameters) -> Any:
    grid = context.grid(order.symbol)
    if parameters.text("newOrderRespType", "ACK") == "RESULT":
        return printed.placed(order, grid)
    return printed.acknowledged(order, grid)


def _cancel(context: Context, symbol: str, order_id: int, client_id: str) -> Any:
    core = context.session.core
    order = context.checked(core.cancel(symbol, context.session.time, order_id=order_id, client_id=client_id))
    return printed.placed(order, context.grid(symbol))


def which_order(parameters: Parameters) -> tuple[int, str]:
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
        raise Refused(ErrorCode.INVALID_BATCH_PLACE_ORDER_SIZE)
    if not all(isinstance(order, dict) for order in orders):
        raise _no_batch()
    return [Parameters({name: _text(each) for name, each in order.items() if each is not None}) for order in orders]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(text: str | None) -> list[Any]:
    """Parse a JSON list. Raises Refused -4083 for anything else."""
    if text is None:
        return []
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise _no_batch()
    return found


def _no_batch() -> Refused:
    return Refused(ErrorCode.PLACE_BATCH_ORDERS_FAIL)
