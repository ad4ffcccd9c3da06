"""Conditional orders: a book of their own, which the plain endpoints never see (binance.md §2.3, §4.5)."""

from __future__ import annotations

from typing import Any, Final

from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.enums import WorkingType
from simulator.core.model.requests import NewAlgoOrder
from simulator.server.parameters import Parameters
from simulator.server.printing import orders as printed
from simulator.server.refusals import Refused
from simulator.server.rest.context import Caller, Desk, within
from simulator.server.rest.orders import ALGO_TYPES, POSITION_SIDES, PREVENTIONS, SIDES, TIMES_IN_FORCE

_WORKING_TYPES: Final[tuple[WorkingType, ...]] = ("CONTRACT_PRICE", "MARK_PRICE")


def place(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    parameters.word("algoType", ("CONDITIONAL",))
    symbol = desk.symbol(parameters)
    asked = NewAlgoOrder(
        symbol=symbol,
        side=parameters.word("side", SIDES),
        type=parameters.word("type", ALGO_TYPES),
        position_side=parameters.word("positionSide", POSITION_SIDES, "BOTH"),
        quantity=parameters.number("quantity"),
        price=parameters.number("price"),
        trigger_price=parameters.number("triggerPrice"),
        time_in_force=parameters.word("timeInForce", TIMES_IN_FORCE) if "timeInForce" in parameters else None,
        working_type=parameters.word("workingType", _WORKING_TYPES, "CONTRACT_PRICE"),
        price_protect=parameters.flag("priceProtect"),
        reduce_only=parameters.flag("reduceOnly"),
        close_position=parameters.flag("closePosition"),
        activate_price=parameters.number("activatePrice"),
        callback_rate=parameters.number("callbackRate"),
        client_algo_id=parameters.optional("clientAlgoId") or "",
        self_trade_prevention=parameters.word("selfTradePreventionMode", PREVENTIONS, "NONE"),
        good_till=parameters.integer("goodTillDate", 0),
    )
    algo = desk.done(desk.exchange.venue.place_algo(asked, desk.exchange.time))
    return printed.algo_placed(algo, desk.grid(symbol))


def cancel(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    algo_id, client_algo_id = _which(parameters)
    venue = desk.exchange.venue
    algo = desk.done(venue.cancel_algo(desk.exchange.time, algo_id=algo_id, client_algo_id=client_algo_id))
    return printed.algo_cancelled(algo)


def cancel_all(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    desk.done(desk.exchange.venue.cancel_all_algos(desk.symbol(parameters), desk.exchange.time))
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def query(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    algo_id, client_algo_id = _which(parameters)
    algo = desk.exchange.venue.algo_order(algo_id=algo_id, client_algo_id=client_algo_id)
    if algo is None:
        raise Refused(-2013, "Order does not exist.")
    return shown(desk, algo)


def open_orders(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    found = desk.exchange.venue.open_algo_orders(desk.maybe_symbol(parameters))
    return [shown(desk, algo) for algo in found]


def all_orders(desk: Desk, parameters: Parameters, caller: Caller) -> Any:
    first = parameters.maybe_integer("algoId")
    found = desk.exchange.venue.algo_orders(desk.symbol(parameters))
    rows = [algo for algo in found if first is None or algo.algo_id >= first]
    return [shown(desk, algo) for algo in within(rows, lambda algo: algo.created, parameters, 500, 1_000)]


def shown(desk: Desk, algo: AlgoOrder) -> Any:
    """An algo order as queries answer it."""
    child = desk.exchange.venue.order(algo.symbol, order_id=algo.order_id) if algo.order_id else None
    return printed.algo_queried(algo, child, desk.grid(algo.symbol))


def _which(parameters: Parameters) -> tuple[int, str]:
    algo_id, client_algo_id = parameters.integer("algoId", 0), parameters.optional("clientAlgoId") or ""
    if not algo_id and not client_algo_id:
        raise Refused(-1102, "Param 'algoid' or 'clientalgoid' must be sent, but both were empty/null!")
    return algo_id, client_algo_id
