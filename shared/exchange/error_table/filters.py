"""Codes of prices, quantities and order parameters that the symbol's filters refuse (-4000 to -4033, and later ones)."""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode as Code
from shared.exchange.error_table.rule import Row

_REPORT: Final = "report it with the log, it is a fault of this program"
_FILTERS: Final = "the symbol's filters are read anew from the exchange"
#: Of codes that only those who configure the exchange itself can meet.
_NOT_OURS: Final = "it speaks of the exchange's own configuration; look at its announcements, and report it with the log"

ROWS: Final[dict[Code, Row]] = {
    Code.INVALID_ORDER_STATUS: (
        "refuse",
        "Invalid order status.",
        f"the exchange does not know this order status; {_REPORT}",
    ),
    Code.PRICE_LESS_THAN_ZERO: ("refuse", "Price less than 0.", f"the price is below zero; {_REPORT}"),
    Code.PRICE_GREATER_THAN_MAX_PRICE: (
        "refuse",
        "Price greater than max price.",
        f"the price is above the symbol's maximum; {_FILTERS}",
    ),
    Code.QTY_LESS_THAN_ZERO: ("refuse", "Quantity less than zero.", f"the quantity is not above zero; {_REPORT}"),
    Code.QTY_LESS_THAN_MIN_QTY: (
        "refuse",
        "Quantity less than min quantity.",
        "the quantity is below the symbol's minimum; raise the risk a trade, or leave the symbol out",
    ),
    Code.QTY_GREATER_THAN_MAX_QTY: (
        "refuse",
        "Quantity greater than max quantity.",
        "the quantity is above the symbol's maximum for one order; lower the risk a trade",
    ),
    Code.STOP_PRICE_LESS_THAN_ZERO: ("refuse", "Stop price less than zero.", f"the trigger price is below zero; {_REPORT}"),
    Code.STOP_PRICE_GREATER_THAN_MAX_PRICE: (
        "refuse",
        "Stop price greater than max price.",
        f"the trigger price is above the symbol's maximum; {_FILTERS}",
    ),
    Code.TICK_SIZE_LESS_THAN_ZERO: ("refuse", "Tick size less than zero.", _NOT_OURS),
    Code.MAX_PRICE_LESS_THAN_MIN_PRICE: ("refuse", "Max price less than min price.", _NOT_OURS),
    Code.MAX_QTY_LESS_THAN_MIN_QTY: ("refuse", "Max qty less than min qty.", _NOT_OURS),
    Code.STEP_SIZE_LESS_THAN_ZERO: ("refuse", "Step size less than zero.", _NOT_OURS),
    Code.MAX_NUM_ORDERS_LESS_THAN_ZERO: ("refuse", "Max num orders less than zero.", _NOT_OURS),
    Code.PRICE_LESS_THAN_MIN_PRICE: (
        "refuse",
        "Price less than min price.",
        f"the price is below the symbol's minimum; {_FILTERS}",
    ),
    Code.PRICE_NOT_INCREASED_BY_TICK_SIZE: (
        "refuse",
        "Price not increased by tick size.",
        f"the price is not a whole number of ticks; {_FILTERS}",
    ),
    Code.INVALID_CL_ORD_ID_LEN: (
        "refuse",
        "Client order id is not valid.",
        f"the order's client id is longer than 36 characters or has others than letters, digits and . _ -; {_REPORT}",
    ),
    Code.PRICE_HIGHTER_THAN_MULTIPLIER_UP: (
        "refuse",
        "Price is higher than mark price multiplier cap.",
        "the price is farther above the mark price than the exchange allows; wait until it is nearer",
    ),
    Code.MULTIPLIER_UP_LESS_THAN_ZERO: ("refuse", "Multiplier up less than zero.", _NOT_OURS),
    Code.MULTIPLIER_DOWN_LESS_THAN_ZERO: ("refuse", "Multiplier down less than zero.", _NOT_OURS),
    Code.COMPOSITE_SCALE_OVERFLOW: ("refuse", "Composite scale too large.", _NOT_OURS),
    Code.TARGET_STRATEGY_INVALID: (
        "refuse",
        "Target strategy invalid for the order type and reduceOnly.",
        f"this order type does not go with reduce-only; {_REPORT}",
        "Target strategy invalid for orderType '%s',reduceOnly '%s'.",
    ),
    Code.INVALID_DEPTH_LIMIT: (
        "refuse",
        "Invalid depth limit.",
        f"the exchange does not give order books of this depth; {_REPORT}",
        "%s is not valid depth limit.",
    ),
    Code.WRONG_MARKET_STATUS: ("refuse", "Market status sent is not valid.", _NOT_OURS),
    Code.QTY_NOT_INCREASED_BY_STEP_SIZE: (
        "refuse",
        "Qty not increased by step size.",
        f"the quantity is not a whole number of steps; {_FILTERS}",
    ),
    Code.PRICE_LOWER_THAN_MULTIPLIER_DOWN: (
        "refuse",
        "Price is lower than mark price multiplier floor.",
        "the price is farther below the mark price than the exchange allows; wait until it is nearer",
    ),
    Code.MULTIPLIER_DECIMAL_LESS_THAN_ZERO: ("refuse", "Multiplier decimal less than zero.", _NOT_OURS),
    Code.COMMISSION_INVALID: ("refuse", "Commission invalid.", _NOT_OURS),
    Code.INVALID_ACCOUNT_TYPE: ("refuse", "Invalid account type.", _NOT_OURS),
    Code.INVALID_TICK_SIZE_PRECISION: ("refuse", "Tick size precision is invalid.", _NOT_OURS),
    Code.INVALID_STEP_SIZE_PRECISION: ("refuse", "Step size precision is invalid.", _NOT_OURS),
    Code.INVALID_WORKING_TYPE: (
        "refuse",
        "Invalid parameter working type",
        f"a stop follows neither the contract's price nor the mark price; {_REPORT}",
        "Invalid parameter working type: %s",
    ),
    Code.EXCEED_MAX_CANCEL_ORDER_SIZE: (
        "refuse",
        "Exceed maximum cancel order size.",
        f"more orders are to be cancelled at once than the exchange takes; {_REPORT}",
    ),
    Code.INSURANCE_ACCOUNT_NOT_FOUND: ("refuse", "Insurance account not found.", _NOT_OURS),
    Code.MAX_PRICE_TOO_LARGE: ("refuse", "maxPrice and priceDecimal too large,please check.", _NOT_OURS),
    Code.INVALID_NOTIONAL_LIMIT_COEF: ("refuse", "Invalid notional limit coefficient", _NOT_OURS),
    Code.INVALID_PRICE_SPREAD_THRESHOLD: ("refuse", "Invalid price spread threshold", _NOT_OURS),
    Code.MARKET_ORDER_REJECT: (
        "refuse",
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit",
        "the best price is too far from the mark price for a market order; wait until the book is fuller",
    ),
    Code.INVALID_ACTIVATION_PRICE: (
        "refuse",
        "Invalid activation price",
        "the activation price of a trailing stop is on the wrong side of the market; choose another one",
    ),
    Code.STRATEGY_INVALID_TRIGGER_PRICE: (
        "refuse",
        "REJECT: take profit or stop order will be triggered immediately",
        "price is already beyond the stop or target; a position without a stop is closed at the market instead",
    ),
    Code.MIN_NOTIONAL: (
        "refuse",
        "Order's notional must be no smaller than the minimum (unless you choose reduce only)",
        "the order is worth less than the exchange's minimum; raise the risk a trade, or leave the symbol out",
        "Order's notional must be no smaller than %s (unless you choose reduce only)",
    ),
    Code.PRICE_HIGHTER_THAN_STOP_MULTIPLIER_UP: (
        "refuse",
        "Price is higher than stop price multiplier cap.",
        "the limit price is farther above the trigger price than the exchange allows; choose a nearer one",
        "Limit price can't be higher than %s.",
    ),
    Code.PRICE_LOWER_THAN_STOP_MULTIPLIER_DOWN: (
        "refuse",
        "Price is lower than stop price multiplier floor.",
        "the limit price is farther below the trigger price than the exchange allows; choose a nearer one",
        "Limit price can't be lower than %s.",
    ),
    Code.STOP_PRICE_HIGHER_THAN_PRICE_MULTIPLIER_LIMIT: (
        "refuse",
        "Stop price is higher than price multiplier cap.",
        "the trigger price is farther above the market than the exchange allows; choose a nearer one",
        "Stop price can't be higher than %s",
    ),
    Code.STOP_PRICE_LOWER_THAN_PRICE_MULTIPLIER_LIMIT: (
        "refuse",
        "Stop price is lower than price multiplier floor.",
        "the trigger price is farther below the market than the exchange allows; choose a nearer one",
        "Stop price can't be lower than %s",
    ),
}
