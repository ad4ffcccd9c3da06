"""Endpoints of conditional (algo) orders, which the plain order endpoints never show (docs/binance.md §2.3, §4.5)."""

from __future__ import annotations

from typing import Any, Final

from shared.domain.order_words import ConditionalOrderType, WorkingType
from shared.exchange.error_codes import ErrorCode
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.requests import NewAlgoOrder
from simulator.server.parameters import Parameters
from simulator.server.printing import orders as printed
from simulator.server.refusals import Refused
from simulator.server.rest.context import Caller, Context, within
from simulator.server.rest.orders import (
    ALGO_TYPES,
    DEFAULT_PREVENTION,
    POSITION_SIDES,
    PREVENTIONS,
    SIDES,
    TIMES_IN_FORCE,
    check_sent,
    close_position_refused,
)

_CLOSERS: Final = ("STOP_MARKET", "TAKE_PROFIT_MARKET")
#: What each type must be sent with, besides a quantity.
_NEEDED: Final[dict[ConditionalOrderType, tuple[str, ...]]] = {
    "STOP": ("price", "triggerPrice"),
    "TAKE_PROFIT": ("price", "triggerPrice"),
    "STOP_MARKET": ("triggerPrice",),
    "TAKE_PROFIT_MARKET": ("triggerPrice",),
    "TRAILING_STOP_MARKET": ("callbackRate",),
}
_WORKING_TYPES: Final[tuple[WorkingType, ...]] = ("CONTRACT_PRICE", "MARK_PRICE")


def place(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``POST /fapi/v1/algoOrder``."""
    parameters.word("algoType", ("CONDITIONAL",))
    symbol = context.symbol(parameters)
    side, kind = parameters.word("side", SIDES), parameters.word("type", ALGO_TYPES)
    closes = parameters.flag("closePosition")
    if closes and kind not in _CLOSERS:
        raise close_position_refused(kind)
    check_sent(parameters, [*(() if closes else ("quantity",)), *_NEEDED[kind]])
    if parameters.optional("timeInForce") == "GTD":
        check_sent(parameters, needed=("goodTillDate",))
    request = NewAlgoOrder(
        symbol=symbol,
        side=side,
        type=kind,
        position_side=parameters.word("positionSide", POSITION_SIDES, "BOTH"),
        quantity=parameters.number("quantity"),
        price=parameters.number("price"),
        trigger_price=parameters.number("triggerPrice"),
        time_in_force=parameters.word("timeInForce", TIMES_IN_FORCE) if "timeInForce" in parameters else None,
        working_type=parameters.word("workingType", _WORKING_TYPES, "CONTRACT_PRICE"),
        price_protect=parameters.flag("priceProtect"),
        reduce_only=parameters.flag("reduceOnly"),
        close_position=closes,
        activate_price=parameters.number("activatePrice"),
        callback_rate=parameters.number("callbackRate"),
        client_algo_id=parameters.optional("clientAlgoId") or "",
        self_trade_prevention=parameters.word("selfTradePreventionMode", PREVENTIONS, DEFAULT_PREVENTION),
        good_till=parameters.integer("goodTillDate", 0),
    )
    algo = context.checked(context.session.core.place_algo(request, context.session.time))
    return printed.algo_placed(algo, context.grid(symbol))


def cancel(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``DELETE /fapi/v1/algoOrder``."""
    algo_id, client_algo_id = _which(parameters)
    core = context.session.core
    algo = context.checked(core.cancel_algo(context.session.time, algo_id=algo_id, client_algo_id=client_algo_id))
    return printed.algo_cancelled(algo)


def cancel_all(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``DELETE /fapi/v1/algoOpenOrders``."""
    context.checked(context.session.core.cancel_all_algos(context.symbol(parameters), context.session.time))
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def query(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/algoOrder``."""
    algo_id, client_algo_id = _which(parameters)
    algo = context.session.core.algo_order(algo_id=algo_id, client_algo_id=client_algo_id)
    if algo is None:
        raise Refused(ErrorCode.NO_SUCH_ORDER)
    return shown(context, algo)


def open_orders(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/openAlgoOrders``."""
    found = context.session.core.open_algo_orders(context.maybe_symbol(parameters))
    return [shown(context, algo) for algo in found]


def all_orders(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/allAlgoOrders``."""
    first = parameters.maybe_integer("algoId")
    found = context.session.core.algo_orders(context.symbol(parameters))
    rows = [algo for algo in found if first is None or algo.algo_id >= first]
    return [shown(context, algo) for algo in within(rows, lambda algo: algo.created, parameters, 500, 1_000)]


def shown(context: Context, algo: AlgoOrder) -> Any:
    """Return an algo order in the form of query answers; after its trigger, with its child order's execution."""
    child = context.session.core.order(algo.symbol, order_id=algo.order_id) if algo.order_id else None
    return printed.algo_queried(algo, child, context.grid(algo.symbol))


def _which(parameters: Parameters) -> tuple[int, str]:
    algo_id, client_algo_id = parameters.integer("algoId", 0), parameters.optional("clientAlgoId") or ""
    if not algo_id and not client_algo_id:
        raise Refused(
            ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED,
            "Param 'algoid' or 'clientalgoid' must be sent, but both were empty/null!",
        )
    return algo_id, client_algo_id
