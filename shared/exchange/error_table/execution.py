"""Codes of the matching engine and of changes to orders (-5000 to -5099)."""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode as Code
from shared.exchange.error_table.rule import Row

ROWS: Final[dict[Code, Row]] = {
    Code.PATH_NOT_FOUND: (
        "refuse",
        "Path or method is invalid",
        "the exchange has no such path; check exchange.rest_url, or update this program",
        "Path %s, Method %s is invalid",
    ),
    Code.FOK_ORDER_REJECT: (
        "refuse",
        "Due to the order could not be filled immediately, the FOK order has been rejected.",
        "the order could not be filled whole at once, as it demanded; nothing was traded",
    ),
    Code.GTX_ORDER_REJECT: (
        "refuse",
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
        "the order would have traded at once, although it may only rest; nothing was traded",
    ),
    Code.MOVE_ORDER_NOT_ALLOWED_SYMBOL_REASON: (
        "refuse",
        "Symbol is not in trading status. Order amendment is not permitted.",
        "the symbol is not in trading, so orders cannot be changed; look at the exchange's announcements",
    ),
    Code.LIMIT_ORDER_ONLY: ("refuse", "Only limit order is supported.", "only limit orders can be changed; place it anew"),
    Code.EXCEED_MAXIMUM_MODIFY_ORDER_LIMIT: (
        "refuse",
        "Exceed maximum modify order limit.",
        "the order was changed as often as the exchange allows; cancel it and place it anew",
    ),
    Code.SAME_ORDER: ("stands", "No need to modify the order.", "the order is already as asked; nothing to do"),
    Code.ME_RECVWINDOW_REJECT: (
        "retry",
        "Timestamp for this request is outside of the ME recvWindow.",
        "the request reached the matching engine too late and was not carried out; it is sent again by itself",
    ),
    Code.MODIFICATION_MIN_NOTIONAL: (
        "refuse",
        "Order's notional must be no smaller than the minimum.",
        "the changed order would be worth less than the exchange's minimum; raise the risk a trade, or leave the symbol out",
        "Order's notional must be no smaller than %s",
    ),
    Code.INVALID_PRICE_MATCH: (
        "refuse",
        "Invalid price match",
        "the exchange does not know this price match; report it with the log, it is a fault of this program",
    ),
    Code.UNSUPPORTED_ORDER_TYPE_PRICE_MATCH: (
        "refuse",
        "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT",
        "this order type has no price match; report it with the log, it is a fault of this program",
    ),
    Code.INVALID_SELF_TRADE_PREVENTION_MODE: (
        "refuse",
        "Invalid self trade prevention mode",
        "the exchange does not know this self-trade prevention; report it with the log, it is a fault of this program",
    ),
    Code.FUTURE_GOOD_TILL_DATE: (
        "refuse",
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000",
        "an order that expires must live for at least ten minutes; choose a later time",
    ),
    Code.BBO_ORDER_REJECT: (
        "refuse",
        "No depth matches this BBO order",
        "the book has no price that the order could take over; nothing was traded",
    ),
    Code.EXISTING_PENDING_MODIFICATION: (
        "retry",
        "A pending modification already exists for this order.",
        "an earlier change of the order is on its way; it is sent again after a pause",
    ),
    Code.MODIFY_REDUCE_ONLY: (
        "refuse",
        "The original order is not a reduce-only order.",
        "a change cannot make an order reduce-only; cancel it and place it anew",
    ),
}
