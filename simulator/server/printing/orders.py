"""Converts plain and conditional orders to REST answers (docs/binance.md §4.4, §4.5)."""

from __future__ import annotations

from typing import Any, Final

from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.orders import ZERO, ExecutedTrade, Order
from simulator.server.printing.numbers import money, places, plain
from simulator.server.records import Amended
from simulator.tape.grid import Grid

#: Fields of an order in ``GET forceOrders``.
_FORCED: Final = (
    "orderId",
    "symbol",
    "status",
    "clientOrderId",
    "price",
    "avgPrice",
    "origQty",
    "executedQty",
    "cumQuote",
    "timeInForce",
    "type",
    "reduceOnly",
    "closePosition",
    "side",
    "positionSide",
    "stopPrice",
    "workingType",
    "origType",
    "time",
    "updateTime",
)


def shown_type(kind: str) -> str:
    """Return the order type to print: the exchange prints its own liquidation orders as LIMIT."""
    return "LIMIT" if kind == "LIQUIDATION" else kind


def _common(order: Order, grid: Grid) -> dict[str, Any]:
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": order.status,
        "clientOrderId": order.client_id,
        "price": places(order.price, grid.price_digits),
        "origQty": places(order.quantity, grid.quantity_digits),
        "executedQty": places(order.executed, grid.quantity_digits),
        "timeInForce": order.time_in_force,
        "type": shown_type(order.type),
        "origType": shown_type(order.original_type),
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": places(order.stop_price, grid.price_digits),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "priceMatch": "NONE",
        "selfTradePreventionMode": order.self_trade_prevention,
        "goodTillDate": order.good_till,
        "updateTime": order.updated,
    }


def placed(order: Order, grid: Grid) -> dict[str, Any]:
    """Return the answer of placing, amending and cancelling: without avgPrice, cumQuote and cumBase since 2026-07."""
    return {**_common(order, grid), "cumQty": places(order.executed, grid.quantity_digits)}


def amended(order: Order, modify_id: int | None, grid: Grid) -> dict[str, Any]:
    """Return the answer of amending. ``modify_id``: the sender's number of the change, None = not sent."""
    own = {} if modify_id is None else {"modifyId": modify_id}
    return {**placed(order, grid), "pair": order.symbol, **own}


def amendment(done: Amended, grid: Grid) -> dict[str, Any]:
    """Return one row of ``GET orderAmendment``."""
    before, after, digits = done.before, done.after, (grid.price_digits, grid.quantity_digits)
    own = {} if done.modify_id is None else {"modifyId": done.modify_id}
    return {
        "amendmentId": done.id,
        "symbol": after.symbol,
        "pair": after.symbol,
        "orderId": after.order_id,
        "clientOrderId": after.client_id,
        "time": done.time,
        "amendment": {
            "price": {"before": places(before.price, digits[0]), "after": places(after.price, digits[0])},
            "origQty": {"before": places(before.quantity, digits[1]), "after": places(after.quantity, digits[1])},
            "count": after.amendments,
            **own,
        },
    }


def forced(order: Order, grid: Grid) -> dict[str, Any]:
    """Return one row of ``GET forceOrders``."""
    shown = queried(order, grid)
    return {name: shown[name] for name in _FORCED}


def acknowledged(order: Order, grid: Grid) -> dict[str, Any]:
    """Return the ACK of a new order: status NEW, nothing executed."""
    nothing = places(ZERO, grid.quantity_digits)
    return {**placed(order, grid), "status": "NEW", "executedQty": nothing, "cumQty": nothing, "updateTime": order.created}


def queried(order: Order, grid: Grid) -> dict[str, Any]:
    """Return the answer of ``GET order``, a row of openOrders and allOrders."""
    return {
        **_common(order, grid),
        "avgPrice": places(order.average_price, grid.price_digits),
        "cumQuote": places(order.quote, grid.price_digits),
        "time": order.created,
    }


def algo_placed(algo: AlgoOrder, grid: Grid) -> dict[str, Any]:
    """Return the answer of ``POST algoOrder``. Prices that the order does not have are null or 0, as on the exchange."""
    trailing = algo.type == "TRAILING_STOP_MARKET"
    return {
        "algoId": algo.algo_id,
        "clientAlgoId": algo.client_algo_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type,
        "symbol": algo.symbol,
        "side": algo.side,
        "positionSide": algo.position_side,
        "timeInForce": algo.time_in_force,
        "quantity": places(algo.quantity, grid.quantity_digits),
        "algoStatus": algo.status,
        "triggerPrice": places(algo.trigger_price, grid.price_digits),
        "price": places(algo.price, grid.price_digits),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.self_trade_prevention,
        "workingType": algo.working_type,
        "priceMatch": "NONE",
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        "activatePrice": places(algo.activate_price, grid.price_digits) if trailing else "",
        "callbackRate": plain(algo.callback_rate) if trailing else "",
        "createTime": algo.created,
        "updateTime": algo.updated,
        "triggerTime": algo.triggered_at,
        "goodTillDate": algo.good_till,
    }


def algo_queried(algo: AlgoOrder, child: Order | None, grid: Grid) -> dict[str, Any]:
    """Return the answer of ``GET algoOrder``, a row of openAlgoOrders and allAlgoOrders.

    child: the order that the trigger placed, None before it.
    """
    return {
        **algo_placed(algo, grid),
        "actualOrderId": str(algo.order_id) if algo.order_id else "",
        "actualPrice": places(child.average_price if child else ZERO, grid.price_digits),
        "actualQty": places(child.executed if child else ZERO, grid.quantity_digits),
        "actualType": child.type if child else "",
        "tpTriggerPrice": places(ZERO, grid.price_digits),
        "tpPrice": places(ZERO, grid.price_digits),
        "slTriggerPrice": places(ZERO, grid.price_digits),
        "slPrice": places(ZERO, grid.price_digits),
        "tpOrderType": "",
    }


def algo_cancelled(algo: AlgoOrder) -> dict[str, Any]:
    """Return the answer of ``DELETE algoOrder``; its code is a string."""
    return {"algoId": algo.algo_id, "clientAlgoId": algo.client_algo_id, "code": "200", "msg": "success"}


def user_trade(trade: ExecutedTrade, grid: Grid) -> dict[str, Any]:
    """Return one row of ``GET userTrades``."""
    return {
        "buyer": trade.side == "BUY",
        "commission": money(trade.commission),
        "commissionAsset": "USDT",
        "id": trade.id,
        "maker": trade.maker,
        "orderId": trade.order_id,
        "price": places(trade.price, grid.price_digits),
        "qty": places(trade.quantity, grid.quantity_digits),
        "quoteQty": places(trade.price * trade.quantity, grid.price_digits),
        "realizedPnl": money(trade.realized),
        "side": trade.side,
        "positionSide": trade.position_side,
        "symbol": trade.symbol,
        "time": trade.time,
    }
