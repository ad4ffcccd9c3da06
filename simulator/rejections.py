"""Why the exchange says no: Binance's codes, a closed vocabulary (EXEC-6), with the text that goes with each."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Rejection(IntEnum):
    """The codes that the simulated exchange gives; the names are Binance's."""

    MANDATORY_PARAM_EMPTY_OR_MALFORMED = -1102
    PARAM_NOT_REQUIRED = -1106
    BAD_PRECISION = -1111
    BAD_SYMBOL = -1121
    CANCEL_REJECTED = -2011
    MARGIN_NOT_SUFFICIENT = -2019
    UNABLE_TO_FILL = -2020
    ORDER_WOULD_IMMEDIATELY_TRIGGER = -2021
    REDUCE_ONLY_REJECT = -2022
    MAX_OPEN_ORDER_EXCEEDED = -2025
    QTY_LESS_THAN_ZERO = -4003
    QTY_LESS_THAN_MIN_QTY = -4004
    QTY_GREATER_THAN_MAX_QTY = -4005
    PRICE_LESS_THAN_MIN_PRICE = -4013
    PRICE_NOT_INCREASED_BY_TICK_SIZE = -4014
    INVALID_CL_ORD_ID_LEN = -4015
    PRICE_HIGHTER_THAN_MULTIPLIER_UP = -4016
    QTY_NOT_INCREASED_BY_STEP_SIZE = -4023
    REACH_MAX_STOP_ORDER_LIMIT = -4045
    INVALID_CLOSE_POSITION_TYPE = -4136
    QUANTITY_EXISTS_WITH_CLOSE_POSITION = -4137
    MIN_NOTIONAL = -4164


#: What goes into ``Order.reject_reason``.
REASON: Final[dict[Rejection, str]] = {
    Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED: "A mandatory parameter was not sent, was empty, or malformed.",
    Rejection.PARAM_NOT_REQUIRED: "A parameter was sent that this order type does not take.",
    Rejection.BAD_PRECISION: "Precision is over the maximum defined for this asset.",
    Rejection.BAD_SYMBOL: "Invalid symbol.",
    Rejection.CANCEL_REJECTED: "Unknown order sent.",
    Rejection.MARGIN_NOT_SUFFICIENT: "Margin is insufficient.",
    Rejection.UNABLE_TO_FILL: "Unable to fill: this symbol has no price yet.",
    Rejection.ORDER_WOULD_IMMEDIATELY_TRIGGER: "Order would immediately trigger.",
    Rejection.REDUCE_ONLY_REJECT: "ReduceOnly order is rejected.",
    Rejection.MAX_OPEN_ORDER_EXCEEDED: "Reach max open order limit.",
    Rejection.QTY_LESS_THAN_ZERO: "Quantity less than or equal to zero.",
    Rejection.QTY_LESS_THAN_MIN_QTY: "Quantity less than min quantity.",
    Rejection.QTY_GREATER_THAN_MAX_QTY: "Quantity greater than max quantity.",
    Rejection.PRICE_LESS_THAN_MIN_PRICE: "Price less than min price.",
    Rejection.PRICE_NOT_INCREASED_BY_TICK_SIZE: "Price not increased by tick size.",
    Rejection.INVALID_CL_ORD_ID_LEN: "Client order id is not valid.",
    Rejection.PRICE_HIGHTER_THAN_MULTIPLIER_UP: "Price is higher than the max price.",
    Rejection.QTY_NOT_INCREASED_BY_STEP_SIZE: "Quantity not increased by step size.",
    Rejection.REACH_MAX_STOP_ORDER_LIMIT: "Reach max stop order limit.",
    Rejection.INVALID_CLOSE_POSITION_TYPE: "closePosition is for STOP_MARKET and TAKE_PROFIT_MARKET only.",
    Rejection.QUANTITY_EXISTS_WITH_CLOSE_POSITION: "Quantity must be zero with closePosition equals true.",
    Rejection.MIN_NOTIONAL: "Order's notional must not be smaller than the minimum (unless it is reduce only).",
}
