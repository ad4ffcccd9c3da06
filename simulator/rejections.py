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
    NO_SUCH_ORDER = -2013
    BALANCE_NOT_SUFFICIENT = -2018
    MARGIN_NOT_SUFFICIENT = -2019
    UNABLE_TO_FILL = -2020
    ORDER_WOULD_IMMEDIATELY_TRIGGER = -2021
    REDUCE_ONLY_REJECT = -2022
    MAX_OPEN_ORDER_EXCEEDED = -2025
    MAX_LEVERAGE_RATIO = -2027
    MIN_LEVERAGE_RATIO = -2028
    QTY_LESS_THAN_ZERO = -4003
    QTY_LESS_THAN_MIN_QTY = -4004
    QTY_GREATER_THAN_MAX_QTY = -4005
    PRICE_LESS_THAN_MIN_PRICE = -4013
    PRICE_NOT_INCREASED_BY_TICK_SIZE = -4014
    INVALID_CL_ORD_ID_LEN = -4015
    PRICE_HIGHTER_THAN_MULTIPLIER_UP = -4016
    QTY_NOT_INCREASED_BY_STEP_SIZE = -4023
    PRICE_LOWER_THAN_MULTIPLIER_DOWN = -4024
    INVALID_LEVERAGE = -4028
    REACH_MAX_STOP_ORDER_LIMIT = -4045
    NO_NEED_TO_CHANGE_MARGIN_TYPE = -4046
    THERE_EXISTS_OPEN_ORDERS = -4047
    THERE_EXISTS_QUANTITY = -4048
    CROSS_BALANCE_INSUFFICIENT = -4050
    ISOLATED_BALANCE_INSUFFICIENT = -4051
    ADD_ISOLATED_MARGIN_NO_POSITION_REJECT = -4054
    NO_NEED_TO_CHANGE_POSITION_SIDE = -4059
    POSITION_SIDE_NOT_MATCH = -4061
    REDUCE_ONLY_CONFLICT = -4062
    POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS = -4067
    POSITION_SIDE_CHANGE_EXISTS_QUANTITY = -4068
    DUPLICATED_CLIENT_ORDER_ID = -4116
    REDUCE_ONLY_ORDER_CHECK_FAILED = -4118
    STOP_ORDER_SWITCH_ALGO = -4120
    MARKET_ORDER_REJECT = -4131
    INVALID_CLOSE_POSITION_TYPE = -4136
    QUANTITY_EXISTS_WITH_CLOSE_POSITION = -4137
    ISOLATED_LEVERAGE_REJECT_WITH_POSITION = -4161
    MIN_NOTIONAL = -4164
    FOK_ORDER_REJECT = -5021
    GTX_ORDER_REJECT = -5022
    MOVE_ORDER_LIMIT_EXCEEDED = -5026
    SAME_ORDER = -5027
    MOVE_ORDER_MIN_NOTIONAL = -5029
    INVALID_GOOD_TILL_DATE = -5040
    MOVE_ORDER_REDUCE_ONLY_MISMATCH = -5047


#: The text that goes with each.
REASON: Final[dict[Rejection, str]] = {
    Rejection.MANDATORY_PARAM_EMPTY_OR_MALFORMED: "A mandatory parameter was not sent, was empty, or malformed.",
    Rejection.PARAM_NOT_REQUIRED: "A parameter was sent that this order type does not take.",
    Rejection.BAD_PRECISION: "Precision is over the maximum defined for this asset.",
    Rejection.BAD_SYMBOL: "Invalid symbol.",
    Rejection.CANCEL_REJECTED: "Unknown order sent.",
    Rejection.NO_SUCH_ORDER: "Order does not exist.",
    Rejection.BALANCE_NOT_SUFFICIENT: "Balance is insufficient.",
    Rejection.MARGIN_NOT_SUFFICIENT: "Margin is insufficient.",
    Rejection.UNABLE_TO_FILL: "Unable to fill: this symbol has no price yet.",
    Rejection.ORDER_WOULD_IMMEDIATELY_TRIGGER: "Order would immediately trigger.",
    Rejection.REDUCE_ONLY_REJECT: "ReduceOnly order is rejected.",
    Rejection.MAX_OPEN_ORDER_EXCEEDED: "Reach max open order limit.",
    Rejection.MAX_LEVERAGE_RATIO: "Exceeded the maximum allowable position at current leverage.",
    Rejection.MIN_LEVERAGE_RATIO: "Leverage is smaller than permitted: insufficient margin balance.",
    Rejection.QTY_LESS_THAN_ZERO: "Quantity less than or equal to zero.",
    Rejection.QTY_LESS_THAN_MIN_QTY: "Quantity less than min quantity.",
    Rejection.QTY_GREATER_THAN_MAX_QTY: "Quantity greater than max quantity.",
    Rejection.PRICE_LESS_THAN_MIN_PRICE: "Price less than min price.",
    Rejection.PRICE_NOT_INCREASED_BY_TICK_SIZE: "Price not increased by tick size.",
    Rejection.INVALID_CL_ORD_ID_LEN: "Client order id is not valid.",
    Rejection.PRICE_HIGHTER_THAN_MULTIPLIER_UP: "Price is higher than the max price.",
    Rejection.QTY_NOT_INCREASED_BY_STEP_SIZE: "Quantity not increased by step size.",
    Rejection.PRICE_LOWER_THAN_MULTIPLIER_DOWN: "Price is lower than the min price.",
    Rejection.INVALID_LEVERAGE: "Leverage is not valid.",
    Rejection.REACH_MAX_STOP_ORDER_LIMIT: "Reach max stop order limit.",
    Rejection.NO_NEED_TO_CHANGE_MARGIN_TYPE: "No need to change margin type.",
    Rejection.THERE_EXISTS_OPEN_ORDERS: "Margin type cannot be changed if there exists open orders.",
    Rejection.THERE_EXISTS_QUANTITY: "Margin type cannot be changed if there exists position.",
    Rejection.CROSS_BALANCE_INSUFFICIENT: "Cross balance insufficient.",
    Rejection.ISOLATED_BALANCE_INSUFFICIENT: "Isolated balance insufficient.",
    Rejection.ADD_ISOLATED_MARGIN_NO_POSITION_REJECT: "Cannot add position margin: there is no isolated position.",
    Rejection.NO_NEED_TO_CHANGE_POSITION_SIDE: "No need to change position side.",
    Rejection.POSITION_SIDE_NOT_MATCH: "Order's position side does not match user's setting.",
    Rejection.REDUCE_ONLY_CONFLICT: "Invalid or improper reduceOnly value.",
    Rejection.POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS: "Position side cannot be changed if there exists open orders.",
    Rejection.POSITION_SIDE_CHANGE_EXISTS_QUANTITY: "Position side cannot be changed if there exists position.",
    Rejection.DUPLICATED_CLIENT_ORDER_ID: "ClientOrderId is duplicated.",
    Rejection.REDUCE_ONLY_ORDER_CHECK_FAILED: "ReduceOnly order failed: open reduce-only orders cover the position already.",
    Rejection.STOP_ORDER_SWITCH_ALGO: "Order type not supported for this endpoint. Please use the Algo Order API endpoints.",
    Rejection.MARKET_ORDER_REJECT: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    Rejection.INVALID_CLOSE_POSITION_TYPE: "closePosition is for STOP_MARKET and TAKE_PROFIT_MARKET only.",
    Rejection.QUANTITY_EXISTS_WITH_CLOSE_POSITION: "Quantity must be zero with closePosition equals true.",
    Rejection.ISOLATED_LEVERAGE_REJECT_WITH_POSITION: "Leverage reduction is not supported with open isolated positions.",
    Rejection.MIN_NOTIONAL: "Order's notional must not be smaller than the minimum (unless it is reduce only).",
    Rejection.FOK_ORDER_REJECT: "Due to the order could not be filled immediately, the FOK order has been rejected.",
    Rejection.GTX_ORDER_REJECT: "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    Rejection.MOVE_ORDER_LIMIT_EXCEEDED: "Exceeded modification limit of the order.",
    Rejection.SAME_ORDER: "No need to modify the order.",
    Rejection.MOVE_ORDER_MIN_NOTIONAL: "The order's notional after modification must not be smaller than the minimum.",
    Rejection.INVALID_GOOD_TILL_DATE: "The goodTillDate is not valid.",
    Rejection.MOVE_ORDER_REDUCE_ONLY_MISMATCH: "The reduceOnly of the modification does not match the order's.",
}
