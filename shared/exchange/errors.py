"""What an exchange's refusal means, and what to do: one table, code → action (EXEC-6).

Sources: Binance's error list and its notes on HTTP 503. The table is printed in docs/reasons.md.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Action = Literal[
    "retry",  # nothing happened; the same request may be sent again after a pause
    "refuse",  # nothing happened, and nothing will: the request itself is wrong, or not possible now
    "query",  # nobody knows whether it happened: ask, never send again
    "halt",  # nothing happened, and nothing will until a person acts: key, signature, ban, account restriction
]


class Rule(msgspec.Struct, frozen=True):
    """One row: Binance's name of the error, what to do, and what it tells the operator."""

    name: str
    action: Action
    meaning: str


class ExchangeError(Exception):
    """A call that failed for good. ``code`` is the exchange's, 0 = none; ``retry_after`` seconds, when it named a time."""

    def __init__(
        self, action: Action, code: int, message: str, *, call: str, status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{call}: {message} (code {code}, HTTP {status}): {ADVICE[action]}")
        self.action = action
        self.code = code
        self.message = message
        self.call = call
        self.status = status
        self.retry_after = retry_after
        #: When the request was signed, ms of the exchange's clock; 0 = it was not.
        self.sent_at = 0


class BadAnswer(ExchangeError):
    """The exchange answered something that it does not document: a mandatory field is missing or has another type."""

    def __init__(self, call: str, why: str) -> None:
        super().__init__("query", 0, f"unreadable answer: {why}", call=call)


#: The end of every error's text: what to do next.
ADVICE: Final[dict[Action, str]] = {
    "retry": "it was tried again in vain; look at the exchange's status page and at the network",
    "refuse": "change the request",
    "query": "ask the exchange what became of it",
    "halt": "check key, permissions, IP allow-list and the account's state at the exchange; nothing is sent until then",
}

DUPLICATE_CLIENT_ID: Final = -4116
BAD_SYMBOL: Final = -1121
NO_SUCH_ORDER: Final = -2013
CANCEL_REJECTED: Final = -2011
TIMESTAMP: Final = -1021
TOO_MANY_ORDERS: Final = -1015
DEAD_LISTEN_KEY: Final = -1125
#: "It is so already", said as an error.
NO_CHANGE: Final[frozenset[int]] = frozenset({-4046, -4059, -4171})

RULES: Final[dict[int, Rule]] = {
    -1000: Rule("UNKNOWN", "query", "unknown error: it may have been executed"),
    -1001: Rule("DISCONNECTED", "retry", "internal error; unable to process the request"),
    -1002: Rule("UNAUTHORIZED", "halt", "not authorised"),
    -1003: Rule("TOO_MANY_REQUESTS", "retry", "over the request weight; wait for Retry-After, or a ban follows"),
    -1004: Rule("DUPLICATE_IP", "halt", "this IP is on the allow-list twice"),
    -1005: Rule("NO_SUCH_IP", "halt", "this IP is not on the key's allow-list"),
    -1006: Rule("UNEXPECTED_RESP", "query", "unexpected response from the engine: execution status unknown"),
    -1007: Rule("TIMEOUT", "query", "timeout waiting for the engine: execution status unknown"),
    -1008: Rule("REQUEST_THROTTLED", "retry", "the exchange sheds load; reduce-only, close and cancel pass"),
    -1011: Rule("IP_FORBIDDEN", "halt", "this IP may not use the key"),
    -1013: Rule("INVALID_MESSAGE", "refuse", "the request is malformed"),
    -1014: Rule("UNKNOWN_ORDER_COMPOSITION", "refuse", "unsupported combination of order parameters"),
    -1015: Rule("TOO_MANY_ORDERS", "retry", "over the order rate limit"),
    -1016: Rule("SERVICE_SHUTTING_DOWN", "halt", "this service is no longer available"),
    -1020: Rule("UNSUPPORTED_OPERATION", "refuse", "not supported"),
    -1021: Rule("INVALID_TIMESTAMP", "retry", "timestamp outside recvWindow: the clock is measured anew first"),
    -1022: Rule("INVALID_SIGNATURE", "halt", "the signature is not valid: wrong secret, or an id outside A-Za-z0-9._-"),
    -1023: Rule("START_TIME_GREATER_THAN_END_TIME", "refuse", "start time is after end time"),
    -1100: Rule("ILLEGAL_CHARS", "refuse", "illegal characters in a parameter"),
    -1101: Rule("TOO_MANY_PARAMETERS", "refuse", "too many parameters"),
    -1102: Rule("MANDATORY_PARAM_EMPTY_OR_MALFORMED", "refuse", "a mandatory parameter is missing, empty or malformed"),
    -1103: Rule("UNKNOWN_PARAM", "refuse", "an unknown parameter was sent"),
    -1104: Rule("UNREAD_PARAMETERS", "refuse", "not all parameters were read"),
    -1105: Rule("PARAM_EMPTY", "refuse", "a parameter is empty"),
    -1106: Rule("PARAM_NOT_REQUIRED", "refuse", "a parameter was sent that is not taken here"),
    -1111: Rule("BAD_PRECISION", "refuse", "more decimals than the symbol allows"),
    -1112: Rule("NO_DEPTH", "refuse", "no orders on the book for this symbol"),
    -1114: Rule("TIF_NOT_REQUIRED", "refuse", "time in force is not taken here"),
    -1115: Rule("INVALID_TIF", "refuse", "invalid time in force"),
    -1116: Rule("INVALID_ORDER_TYPE", "refuse", "invalid order type"),
    -1117: Rule("INVALID_SIDE", "refuse", "invalid side"),
    -1118: Rule("EMPTY_NEW_CL_ORD_ID", "refuse", "the client order id is empty"),
    -1119: Rule("EMPTY_ORG_CL_ORD_ID", "refuse", "the original client order id is empty"),
    -1120: Rule("BAD_INTERVAL", "refuse", "invalid interval"),
    -1121: Rule("BAD_SYMBOL", "refuse", "invalid symbol"),
    -1125: Rule("INVALID_LISTEN_KEY", "refuse", "the listen key does not exist; a new one is needed"),
    -1127: Rule("MORE_THAN_XX_HOURS", "refuse", "the interval between start and end is too long"),
    -1128: Rule("OPTIONAL_PARAMS_BAD_COMBO", "refuse", "these optional parameters do not go together"),
    -1130: Rule("INVALID_PARAMETER", "refuse", "a parameter's value is not valid"),
    -1136: Rule("INVALID_NEW_ORDER_RESP_TYPE", "refuse", "invalid response type"),
    -2010: Rule("NEW_ORDER_REJECTED", "refuse", "the order was rejected"),
    -2011: Rule("CANCEL_REJECTED", "refuse", "unknown order sent: it is not open"),
    -2013: Rule("NO_SUCH_ORDER", "refuse", "no such order"),
    -2014: Rule("BAD_API_KEY_FMT", "halt", "the key's format is invalid"),
    -2015: Rule("REJECTED_MBX_KEY", "halt", "invalid key, IP or permissions"),
    -2017: Rule("API_KEYS_LOCKED", "halt", "the account's keys are locked"),
    -2018: Rule("BALANCE_NOT_SUFFICIENT", "refuse", "the balance is insufficient"),
    -2019: Rule("MARGIN_NOT_SUFFICIENT", "refuse", "the margin is insufficient"),
    -2020: Rule("UNABLE_TO_FILL", "refuse", "unable to fill"),
    -2021: Rule("ORDER_WOULD_IMMEDIATELY_TRIGGER", "refuse", "the price is already beyond the trigger"),
    -2022: Rule("REDUCE_ONLY_REJECT", "refuse", "there is nothing to reduce"),
    -2023: Rule("USER_IN_LIQUIDATION", "halt", "the account is being liquidated"),
    -2024: Rule("POSITION_NOT_SUFFICIENT", "refuse", "the position is not sufficient"),
    -2025: Rule("MAX_OPEN_ORDER_EXCEEDED", "refuse", "too many open orders"),
    -2026: Rule("REDUCE_ONLY_ORDER_TYPE_NOT_SUPPORTED", "refuse", "this type cannot be reduce-only"),
    -2027: Rule("MAX_LEVERAGE_RATIO", "refuse", "over the largest position at this leverage"),
    -2028: Rule("MIN_LEVERAGE_RATIO", "refuse", "the leverage is too small for the margin balance"),
    -4003: Rule("QTY_LESS_THAN_ZERO", "refuse", "the quantity is not positive"),
    -4004: Rule("QTY_LESS_THAN_MIN_QTY", "refuse", "the quantity is below the minimum"),
    -4005: Rule("QTY_GREATER_THAN_MAX_QTY", "refuse", "the quantity is above the maximum"),
    -4013: Rule("PRICE_LESS_THAN_MIN_PRICE", "refuse", "the price is below the minimum"),
    -4014: Rule("PRICE_NOT_INCREASED_BY_TICK_SIZE", "refuse", "the price is off the tick grid"),
    -4015: Rule("INVALID_CL_ORD_ID_LEN", "refuse", "the client order id is invalid or longer than 36"),
    -4016: Rule("PRICE_HIGHTER_THAN_MULTIPLIER_UP", "refuse", "the price is too far above mark"),
    -4023: Rule("QTY_NOT_INCREASED_BY_STEP_SIZE", "refuse", "the quantity is off the step grid"),
    -4024: Rule("PRICE_LOWER_THAN_MULTIPLIER_DOWN", "refuse", "the price is too far below mark"),
    -4028: Rule("INVALID_LEVERAGE", "refuse", "the leverage is not valid"),
    -4045: Rule("REACH_MAX_STOP_ORDER_LIMIT", "refuse", "too many conditional orders are open"),
    -4046: Rule("NO_NEED_TO_CHANGE_MARGIN_TYPE", "refuse", "the margin type is so already (taken as done)"),
    -4047: Rule("THERE_EXISTS_OPEN_ORDERS", "refuse", "the margin type cannot change while orders are open"),
    -4048: Rule("THERE_EXISTS_QUANTITY", "refuse", "the margin type cannot change while a position is open"),
    -4059: Rule("NO_NEED_TO_CHANGE_POSITION_SIDE", "refuse", "the position mode is so already (taken as done)"),
    -4060: Rule("INVALID_POSITION_SIDE", "refuse", "the position side is invalid"),
    -4061: Rule("POSITION_SIDE_NOT_MATCH", "refuse", "the position side does not fit the account's position mode"),
    -4062: Rule("REDUCE_ONLY_CONFLICT", "refuse", "reduce-only does not go with this order or mode"),
    -4067: Rule("POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS", "refuse", "the position mode cannot change: orders are open"),
    -4068: Rule("POSITION_SIDE_CHANGE_EXISTS_QUANTITY", "refuse", "the position mode cannot change: a position is open"),
    -4116: Rule("CLIENT_ORDER_ID_DUPLICATED", "query", "an order of this client id is open: the first copy is alive"),
    -4117: Rule("STOP_ORDER_TRIGGERING", "query", "the conditional order is triggering"),
    -4118: Rule("REDUCE_ONLY_MARGIN_CHECK_FAILED", "refuse", "with the open orders it would not only reduce"),
    -4120: Rule("STOP_ORDER_SWITCH_ALGO", "refuse", "conditional orders belong to the algo endpoints"),
    -4131: Rule("MARKET_ORDER_REJECT", "refuse", "the best price is too far from mark for a market order"),
    -4137: Rule("QUANTITY_EXISTS_WITH_CLOSE_POSITION", "refuse", "a quantity beside close-position"),
    -4138: Rule("REDUCE_ONLY_MUST_BE_TRUE", "refuse", "close-position must reduce"),
    -4142: Rule("ORDER_WOULD_TRIGGER", "refuse", "the stop or target would trigger immediately"),
    -4161: Rule("LEVERAGE_REDUCTION_NOT_SUPPORTED", "refuse", "isolated: no lower leverage with a position"),
    -4164: Rule("MIN_NOTIONAL", "refuse", "the order's value is below the minimum"),
    -4171: Rule("NO_NEED_TO_CHANGE_MULTI_ASSETS", "refuse", "the multi-assets mode is so already (taken as done)"),
    -4189: Rule("REDUCE_ONLY_ACCOUNT", "halt", "the account may only reduce positions"),
    -4192: Rule("COOLING_OFF_PERIOD", "halt", "the account is in a cooling-off period"),
    -4400: Rule("QUANTITATIVE_RULES", "halt", "the exchange's trading rules were violated: reduce-only for now"),
    -4531: Rule("POSITION_SIDE_POST", "refuse", "the position mode cannot be changed now"),
    -5021: Rule("FOK_ORDER_REJECT", "refuse", "it could not be filled wholly at once"),
    -5022: Rule("GTX_ORDER_REJECT", "refuse", "a post-only order would have taken"),
    -5026: Rule("MODIFICATION_LIMIT", "refuse", "too many modifications of this order"),
    -5027: Rule("SAME_ORDER", "refuse", "nothing would change"),
    -5028: Rule("ME_RECVWINDOW_REJECT", "retry", "it reached the engine after its recvWindow"),
    -5029: Rule("MODIFICATION_MIN_NOTIONAL", "refuse", "the modified value is below the minimum"),
    -5037: Rule("INVALID_PRICE_MATCH", "refuse", "invalid price match"),
    -5038: Rule("PRICE_MATCH_ORDER_TYPE", "refuse", "price match is not for this order type"),
    -5039: Rule("INVALID_SELF_TRADE_PREVENTION_MODE", "refuse", "invalid self-trade prevention"),
    -5040: Rule("FUTURE_GOOD_TILL_DATE", "refuse", "invalid good-till date"),
    -5041: Rule("BBO_ORDER_REJECT", "refuse", "no depth for a best-price order"),
    -5043: Rule("PENDING_MODIFICATION", "retry", "an earlier modification is on its way"),
    -5047: Rule("MODIFY_REDUCE_ONLY", "refuse", "reduce-only cannot be modified"),
}

#: HTTP statuses that say enough without a code; the text is a part of the body, "" = any. First match counts.
STATUSES: Final[tuple[tuple[int, str, Rule], ...]] = (
    (403, "", Rule("FIREWALL", "halt", "the web application firewall refuses this IP")),
    (408, "", Rule("BACKEND_TIMEOUT", "query", "timeout between gateway and engine: execution status unknown")),
    (418, "", Rule("BANNED", "halt", "this IP is banned for going on after 429; wait for Retry-After")),
    (429, "", Rule("TOO_MANY_REQUESTS", "retry", "over a limit; wait for Retry-After, or a ban follows")),
    (503, "Unknown error", Rule("STATUS_UNKNOWN", "query", "503 (a): sent, execution status unknown; never a failure")),
    (503, "Service Unavailable", Rule("UNAVAILABLE", "retry", "503 (b): the request was not processed")),
    (503, "Internal error", Rule("INTERNAL", "retry", "503 (c): the request was not processed")),
    (503, "-1008", Rule("THROTTLED", "retry", "503 (d): the exchange sheds load; reduce-only, close and cancel pass")),
)
_UNNAMED: Final = Rule("UNNAMED", "refuse", "a code that the table does not have")
_UNNAMED_SERVER: Final = Rule("UNNAMED", "query", "a server error that the table does not have")


def rule_of(status: int, code: int, body: str) -> Rule:
    """What an answer that is not a success means. ``status``: HTTP; ``code``: the body's, 0 = none; ``body``: its text.

    A ban or a limit is one whatever the body says; else the code counts, then the status.
    """
    if status in (403, 418, 429):
        return next(rule for number, _, rule in STATUSES if number == status)
    if status == 503:
        for number, text, rule in STATUSES:
            if number == 503 and (text in body or text == str(code)):
                return rule
    known = RULES.get(code)
    if known is not None:
        return known
    for number, text, rule in STATUSES:
        if number == status and not text:
            return rule
    return _UNNAMED_SERVER if status >= 500 else _UNNAMED
