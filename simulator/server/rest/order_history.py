"""Endpoints that list orders, trades, amendments and liquidations (docs/binance.md §4.3, §4.4)."""

from __future__ import annotations

from typing import Any, Final

from simulator.server.parameters import Parameters
from simulator.server.printing import orders as printed
from simulator.server.rest.context import Caller, Context, within
from simulator.server.rest.orders import which_order

#: autoCloseType -> how the client ids of such orders begin.
_AUTO_CLOSE: Final = {"LIQUIDATION": "autoclose-", "ADL": "adl_autoclose"}


def open_orders(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/openOrders``."""
    found = context.session.core.open_orders(context.maybe_symbol(parameters))
    return [printed.queried(order, context.grid(order.symbol)) for order in found]


def all_orders(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/allOrders``."""
    first = parameters.maybe_integer("orderId")
    found = context.session.core.orders(context.symbol(parameters))
    rows = [order for order in found if first is None or order.order_id >= first]
    chosen = within(rows, lambda order: order.created, parameters, 500, 1_000)
    return [printed.queried(order, context.grid(order.symbol)) for order in chosen]


def user_trades(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/userTrades``."""
    first, order_id = parameters.maybe_integer("fromId"), parameters.integer("orderId", 0)
    found = context.session.core.trades(context.symbol(parameters), order_id=order_id)
    rows = [trade for trade in found if first is None or trade.id >= first]
    chosen = within(rows, lambda trade: trade.time, parameters, 500, 1_000)
    return [printed.user_trade(trade, context.grid(trade.symbol)) for trade in chosen]


def amendments(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/orderAmendment``."""
    symbol = context.symbol(parameters)
    order_id, client_id = which_order(parameters)
    rows = [
        each
        for each in context.records.amendments
        if each.after.symbol == symbol
        and (each.after.order_id == order_id if order_id else each.after.client_id == client_id)
    ]
    return [
        printed.amendment(each, context.grid(symbol)) for each in within(rows, lambda each: each.time, parameters, 50, 100)
    ]


def force_orders(context: Context, parameters: Parameters, caller: Caller) -> Any:
    """Answer ``GET /fapi/v1/forceOrders``: the account's own liquidations."""
    kind = parameters.word("autoCloseType", tuple(_AUTO_CLOSE)) if "autoCloseType" in parameters else None
    prefixes = tuple(_AUTO_CLOSE.values()) if kind is None else _AUTO_CLOSE[kind]
    found = context.session.core.orders(context.maybe_symbol(parameters))
    rows = [order for order in found if order.client_id.startswith(prefixes)]
    chosen = within(rows, lambda order: order.created, parameters, 50, 100)
    return [printed.forced(order, context.grid(order.symbol)) for order in chosen]


def every_order(context: Context) -> list[Any]:
    """Return all orders of all symbols in the form of allOrders, for the control pages."""
    return [printed.queried(order, context.grid(order.symbol)) for order in context.session.core.orders()]


def every_trade(context: Context) -> list[Any]:
    """Return all executions of all symbols in the form of userTrades, for the control pages."""
    return [printed.user_trade(trade, context.grid(trade.symbol)) for trade in context.session.core.trades()]
