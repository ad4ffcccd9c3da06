"""Codes of orders that do not fit those that stand, the position, or the symbol's state (-4045 to -4144)."""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode as Code
from shared.exchange.error_table.rule import Row

_REPORT: Final = "report it with the log, it is a fault of this program"
_RISK_CONTROL: Final = "the exchange lets positions in this symbol only shrink; leave the symbol out until it lifts that"

ROWS: Final[dict[Code, Row]] = {
    Code.MAX_STOP_ORDER_EXCEEDED: (
        "refuse",
        "Reach max stop order limit.",
        "as many stops and targets wait as the exchange allows (200 in the account); cancel those that are not needed",
    ),
    Code.INVALID_POSITION_SIDE: (
        "refuse",
        "Invalid position side.",
        f"the exchange does not know the order's position side; {_REPORT}",
    ),
    Code.REDUCE_ONLY_CONFLICT: (
        "refuse",
        "Invalid or improper reduceOnly value.",
        f"reduce-only does not go with this order or position mode; {_REPORT}",
    ),
    Code.INVALID_BATCH_PLACE_ORDER_SIZE: (
        "refuse",
        "Invalid number of batch place orders.",
        f"a batch is empty or has more orders than the exchange takes; {_REPORT}",
        "Invalid number of batch place orders: %s",
    ),
    Code.PLACE_BATCH_ORDERS_FAIL: (
        "refuse",
        "Fail to place batch orders.",
        f"the exchange cannot read the batch of orders; {_REPORT}",
    ),
    Code.UPCOMING_METHOD: (
        "refuse",
        "Method is not allowed currently. Upcoming soon.",
        "the exchange does not offer this yet; look at its announcements",
    ),
    Code.INVALID_CONTRACT_TYPE: ("refuse", "Invalid contract type", f"the exchange has no such contract type; {_REPORT}"),
    Code.SYMBOL_REDUCE_ONLY: (
        "refuse",
        "Symbol is under position risk control, only reduce-only order is allowed.",
        _RISK_CONTROL,
    ),
    Code.SYMBOL_REDUCE_ONLY_BUY: (
        "refuse",
        "Symbol is under position risk control, buy order can only works with reduce-only.",
        "the exchange takes no buys in this symbol that increase a position; leave the symbol out until it lifts that",
    ),
    Code.SYMBOL_REDUCE_ONLY_SELL: (
        "refuse",
        "Symbol is under position risk control, sell order can only works with reduce-only.",
        "the exchange takes no sells in this symbol that increase a position; leave the symbol out until it lifts that",
    ),
    Code.DUPLICATED_CLIENT_ORDER_ID: (
        "query",
        "clientOrderId is duplicated",
        "an order under this client id is open: an earlier copy arrived; it is asked how it stands, nothing for you to do",
    ),
    Code.STOP_ORDER_TRIGGERING: (
        "query",
        "stop order is triggering",
        "the stop is triggering at this moment; it is asked what became of it, nothing for you to do",
    ),
    Code.REDUCE_ONLY_MARGIN_CHECK_FAILED: (
        "refuse",
        "ReduceOnly Order Failed. Please check your existing position and open orders",
        "together with the open orders it would turn the position around; cancel open orders that close the position",
    ),
    Code.STOP_ORDER_SWITCH_ALGO: (
        "refuse",
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
        f"stops and targets have a path of their own; {_REPORT}",
    ),
    Code.CLOSE_POSITION_ORDER_EXISTS: (
        "stands",
        "An open stop or take profit order with GTE and closePosition in the direction is existing.",
        "a stop or target that closes the whole position stands on this side; it is found and followed. If it is not at "
        "the price that you want, move or cancel it at the exchange",
    ),
    Code.INVALID_CLOSE_POSITION_TYPE: (
        "refuse",
        "Target strategy invalid for the order type, closePosition true",
        f"only STOP_MARKET and TAKE_PROFIT_MARKET can close the whole position; {_REPORT}",
        "Target strategy invalid for orderType %s,closePosition true",
    ),
    Code.QUANTITY_EXISTS_WITH_CLOSE_POSITION: (
        "refuse",
        "Quantity must be zero with closePosition equals true",
        f"an order that closes the whole position has no quantity; {_REPORT}",
    ),
    Code.REDUCE_ONLY_MUST_BE_TRUE: (
        "refuse",
        "Reduce only must be true with closePosition equals true",
        f"an order that closes the whole position may not be marked as increasing it; {_REPORT}",
    ),
    Code.ORDER_TYPE_CANNOT_BE_MKT: (
        "refuse",
        "Order type can not be market if it's unable to cancel",
        "the symbol takes no market orders at the moment; look at the exchange's announcements",
    ),
    Code.INVALID_OPENING_POSITION_STATUS: (
        "refuse",
        "Invalid symbol status for opening position",
        "the symbol takes no new positions (it is being settled, delisted or halted); leave it out",
    ),
    Code.SYMBOL_ALREADY_CLOSED: ("refuse", "Symbol is closed", "the symbol is closed for good; remove it from the settings"),
    Code.INVALID_PAIR: ("refuse", "Invalid pair", "the exchange has no such pair; correct its name"),
    Code.TRADFI_AGREEMENT_NOT_SIGNED: (
        "refuse",
        "Please sign TradFi-Perps agreement contract.",
        "the symbol needs an agreement that is not signed (stocks, metals and other traditional assets); sign it at the "
        "exchange, or leave the symbol out",
    ),
    Code.COMPLIANCE_BLACK_SYMBOL_RESTRICTION: (
        "refuse",
        "Dear user, as per our Terms of Use and compliance with local regulations, this feature is currently not available "
        "in your region.",
        "the exchange does not offer this symbol in the account's region; leave the symbol out",
    ),
}
