"""Converts the core's events to messages of the user-data stream (docs/binance.md §4.7)."""

from __future__ import annotations

from typing import Any, Final

from shared.exchange.error_codes import ErrorCode
from simulator.core.model.events import AccountUpdate, AlgoUpdate, LeverageChange, Liquidation, MarginCall, OrderUpdate
from simulator.core.model.orders import ZERO, Order
from simulator.server.printing.numbers import money, places, plain
from simulator.server.printing.orders import shown_type
from simulator.tape.grid import Grid

#: Reasons of an expired order (``er``, documents of ORDER_TRADE_UPDATE); 0 = not expired, or no reason known.
_EXPIRY_UNKNOWN: Final = "0"
_SELF_TRADE, _IOC_REMAINDER, _DELISTED, _MARKET_REMAINDER = "1", "2", "7", "9"


def order_update(event: OrderUpdate, grid: Grid, now: int) -> dict[str, Any]:
    """Return ORDER_TRADE_UPDATE. Only executions have commission fields, only trailing orders the trailing fields."""
    order, trade = event.order, event.trade
    body: dict[str, Any] = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": shown_type(order.type),
        "f": order.time_in_force,
        "q": places(order.quantity, grid.quantity_digits),
        "p": places(order.price, grid.price_digits),
        "ap": places(order.average_price, grid.price_digits),
        "sp": places(order.stop_price, grid.price_digits),
        "x": event.execution,
        "X": order.status,
        "i": order.order_id,
        "l": places(trade.quantity if trade else ZERO, grid.quantity_digits),
        "z": places(order.executed, grid.quantity_digits),
        "L": places(trade.price if trade else ZERO, grid.price_digits),
    }
    if trade is not None:
        body |= {"n": money(trade.commission), "N": "USDT"}
    body |= {
        "T": event.time,
        "t": trade.id if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade.maker if trade else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": shown_type(order.original_type),
        "ps": order.position_side,
        "cp": order.close_position,
    }
    if order.original_type == "TRAILING_STOP_MARKET":
        body |= {"AP": places(order.activate_price, grid.price_digits), "cr": plain(order.callback_rate)}
    body |= {
        "pP": order.price_protect,
        "si": 0,
        "ss": 0,
        "rp": money(trade.realized if trade else ZERO),
        "V": order.self_trade_prevention,
        "pm": "NONE",
        "gtd": order.good_till,
        "er": _expiry_reason(order),
    }
    return {"e": "ORDER_TRADE_UPDATE", "T": event.time, "E": now, "o": body}


def _expiry_reason(order: Order) -> str:
    if order.status == "EXPIRED_IN_MATCH":
        return _SELF_TRADE
    if order.status != "EXPIRED":
        return _EXPIRY_UNKNOWN
    if order.code == ErrorCode.SYMBOL_ALREADY_CLOSED:
        return _DELISTED
    if order.type == "MARKET":
        return _MARKET_REMAINDER
    return _IOC_REMAINDER if order.time_in_force == "IOC" else _EXPIRY_UNKNOWN


def trade_lite(event: OrderUpdate, grid: Grid, now: int) -> dict[str, Any] | None:
    """Return TRADE_LITE of an execution, to be sent before its ORDER_TRADE_UPDATE; None for any other update."""
    order, trade = event.order, event.trade
    if event.execution != "TRADE" or trade is None:
        return None
    return {
        "e": "TRADE_LITE",
        "E": now,
        "T": event.time,
        "s": order.symbol,
        "q": places(order.quantity, grid.quantity_digits),
        "p": places(order.price, grid.price_digits),
        "m": trade.maker,
        "c": order.client_id,
        "S": order.side,
        "L": places(trade.price, grid.price_digits),
        "l": places(trade.quantity, grid.quantity_digits),
        "t": trade.id,
        "i": order.order_id,
    }


def algo_update(event: AlgoUpdate, grid: Grid, now: int) -> dict[str, Any]:
    """Return ALGO_UPDATE. ``ia`` (trailing has begun) means something for a trailing order only, and is sent for all."""
    algo, child = event.algo, event.child
    body: dict[str, Any] = {
        "caid": algo.client_algo_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": algo.symbol,
        "S": algo.side,
        "ps": algo.position_side,
        "f": algo.time_in_force,
        "q": places(algo.quantity, grid.quantity_digits),
        "X": algo.status,
        "ai": str(algo.order_id) if algo.order_id else "",
        "ap": places(child.average_price if child else ZERO, grid.price_digits),
        "aq": places(child.executed if child else ZERO, grid.quantity_digits),
        "act": child.type if child else "0",
        "tp": places(algo.trigger_price, grid.price_digits),
        "p": places(algo.price, grid.price_digits),
        "V": algo.self_trade_prevention,
        "wt": algo.working_type,
        "pm": "NONE",
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.triggered_at,
        "gtd": algo.good_till,
        "rm": algo.reason,
        "ia": algo.type == "TRAILING_STOP_MARKET" and algo.activated,
    }
    return {"e": "ALGO_UPDATE", "T": event.time, "E": now, "o": body}


def account_update(event: AccountUpdate, grids: dict[str, Grid], now: int) -> dict[str, Any]:
    """Return ACCOUNT_UPDATE: the USDT balance and the legs that changed."""
    positions = [
        {
            "s": leg.symbol,
            "pa": places(leg.quantity, grids[leg.symbol].quantity_digits),
            "ep": places(leg.entry_price, grids[leg.symbol].price_digits),
            "bep": places(leg.break_even_price, grids[leg.symbol].price_digits),
            "cr": money(leg.realized),
            "up": money(leg.unrealized),
            "mt": "isolated" if leg.margin_type == "ISOLATED" else "cross",
            "iw": money(leg.isolated_wallet),
            "ps": leg.position_side,
        }
        for leg in event.positions
    ]
    balance = {"a": "USDT", "wb": money(event.wallet), "cw": money(event.cross_wallet), "bc": money(event.change)}
    return {"e": "ACCOUNT_UPDATE", "T": event.time, "E": now, "a": {"B": [balance], "P": positions, "m": event.reason}}


def leverage_change(event: LeverageChange, now: int) -> dict[str, Any]:
    """Return ACCOUNT_CONFIG_UPDATE of a leverage change."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": now, "T": event.time, "ac": {"s": event.symbol, "l": event.leverage}}


def margin_call(event: MarginCall, now: int) -> dict[str, Any]:
    """Return MARGIN_CALL."""
    legs = [
        {
            "s": leg.symbol,
            "ps": leg.position_side,
            "pa": plain(leg.quantity),
            "mt": leg.margin_type,
            "iw": money(leg.isolated_wallet),
            "mp": money(leg.mark_price),
            "up": money(leg.unrealized),
            "mm": money(leg.maintenance_margin),
        }
        for leg in event.positions
    ]
    return {"e": "MARGIN_CALL", "E": now, "cw": money(event.cross_wallet), "p": legs}


def listen_key_expired(key: str, now: int) -> dict[str, Any]:
    """Return listenKeyExpired, the last event of a listen key; its connection stays open without further events."""
    return {"e": "listenKeyExpired", "E": now, "listenKey": key}


def force_order(event: Liquidation, grid: Grid, now: int) -> dict[str, Any]:
    """Return forceOrder, a market-stream message that reports a liquidation."""
    order = event.order
    return {
        "e": "forceOrder",
        "E": now,
        "o": {
            "s": order.symbol,
            "S": order.side,
            "o": "LIMIT",
            "f": order.time_in_force,
            "q": places(order.quantity, grid.quantity_digits),
            "p": places(order.price, grid.price_digits),
            "ap": places(order.average_price, grid.price_digits),
            "X": order.status,
            "l": places(order.executed, grid.quantity_digits),
            "z": places(order.executed, grid.quantity_digits),
            "T": event.time,
        },
    }
