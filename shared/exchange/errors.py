"""Maps each error answer of Binance to an action: retry, refuse, query or halt.

The codes are those of Binance's error list, the texts of status 503 those of its notes (docs/binance.md §4.8). The tables
are printed in docs/reasons.md.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from shared.exchange.error_codes import ErrorCode

Action = Literal[
    "retry",  # nothing happened; the same request may be sent again after a pause
    "refuse",  # nothing happened, and a repeat changes nothing: the request is wrong, or not possible now
    "query",  # it is unknown whether it happened: query it, never send it again
    "halt",  # nothing happened, and a person must act first: key, signature, ban, account restriction
]


class Rule(msgspec.Struct, frozen=True):
    """One row of the error table: Binance's name of the error, the action to take, its meaning for the operator."""

    name: str
    action: Action
    meaning: str


class ExchangeError(Exception):
    """Raised when a call to the exchange failed; repeats that are harmless have been made before it reaches a service.

    action: what the error means for the caller, see Action.
    code: the exchange's error code; 0 = it named none.
    call: method and path, such as ``GET klines``.
    status: HTTP status; 0 = there was no answer.
    retry_after: pause that the exchange asked for, seconds; None = it named none.
    sent_at: time just before the request was sent, ms of the exchange's clock; 0 = not recorded, because nothing was sent or
        the error was found while the answer was read.
    """

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
        self.sent_at = 0


class BadAnswer(ExchangeError):
    """Raised when an answer is not as documented: a mandatory field is missing or has another type."""

    def __init__(self, call: str, why: str) -> None:
        super().__init__("query", 0, f"unreadable answer: {why}", call=call)


#: By action: what to do next. It ends the text of every ExchangeError.
ADVICE: Final[dict[Action, str]] = {
    "retry": "it was tried again in vain; look at the exchange's status page and at the network",
    "refuse": "change the request",
    "query": "ask the exchange what became of it",
    "halt": "check key, permissions, IP allow-list and the account's state at the exchange; nothing is sent until then",
}

#: Codes that refuse a change because the setting already has that value; callers treat them as success.
NO_CHANGE: Final[frozenset[int]] = frozenset(
    {
        ErrorCode.NO_NEED_TO_CHANGE_MARGIN_TYPE,
        ErrorCode.NO_NEED_TO_CHANGE_POSITION_SIDE,
        ErrorCode.NO_NEED_TO_CHANGE_MULTI_ASSETS,
    }
)

_MEANINGS: Final[dict[ErrorCode, tuple[Action, str]]] = {
    ErrorCode.UNKNOWN: ("query", "unknown error: it may have been executed"),
    ErrorCode.DISCONNECTED: ("retry", "internal error; unable to process the request"),
    ErrorCode.UNAUTHORIZED: ("halt", "not authorised"),
    ErrorCode.TOO_MANY_REQUESTS: ("retry", "over the request weight; wait for Retry-After, or a ban follows"),
    ErrorCode.DUPLICATE_IP: ("halt", "this IP is on the allow-list twice"),
    ErrorCode.NO_SUCH_IP: ("halt", "this IP is not on the key's allow-list"),
    ErrorCode.UNEXPECTED_RESP: ("query", "unexpected response from the engine: execution status unknown"),
    ErrorCode.TIMEOUT: ("query", "timeout waiting for the engine: execution status unknown"),
    ErrorCode.REQUEST_THROTTLED: ("retry", "the exchange sheds load; reduce-only, close and cancel pass"),
    ErrorCode.IP_FORBIDDEN: ("halt", "this IP may not use the key"),
    ErrorCode.INVALID_MESSAGE: ("refuse", "the request is malformed"),
    ErrorCode.UNKNOWN_ORDER_COMPOSITION: ("refuse", "unsupported combination of order parameters"),
    ErrorCode.TOO_MANY_ORDERS: ("retry", "over the order rate limit"),
    ErrorCode.SERVICE_SHUTTING_DOWN: ("halt", "this service is no longer available"),
    ErrorCode.UNSUPPORTED_OPERATION: ("refuse", "not supported"),
    ErrorCode.INVALID_TIMESTAMP: ("retry", "timestamp outside recvWindow: the clock is measured anew first"),
    ErrorCode.INVALID_SIGNATURE: ("halt", "the signature is not valid: wrong secret, or an id outside A-Za-z0-9._-"),
    ErrorCode.START_TIME_GREATER_THAN_END_TIME: ("refuse", "start time is after end time"),
    ErrorCode.ILLEGAL_CHARS: ("refuse", "illegal characters in a parameter"),
    ErrorCode.TOO_MANY_PARAMETERS: ("refuse", "too many parameters"),
    ErrorCode.MANDATORY_PARAM_EMPTY_OR_MALFORMED: ("refuse", "a mandatory parameter is missing, empty or malformed"),
    ErrorCode.UNKNOWN_PARAM: ("refuse", "an unknown parameter was sent"),
    ErrorCode.UNREAD_PARAMETERS: ("refuse", "not all parameters were read"),
    ErrorCode.PARAM_EMPTY: ("refuse", "a parameter is empty"),
    ErrorCode.PARAM_NOT_REQUIRED: ("refuse", "a parameter was sent that is not taken here"),
    ErrorCode.BAD_PRECISION: ("refuse", "more decimals than the symbol allows"),
    ErrorCode.NO_DEPTH: ("refuse", "no orders on the book for this symbol"),
    ErrorCode.TIF_NOT_REQUIRED: ("refuse", "time in force is not taken here"),
    ErrorCode.INVALID_TIF: ("refuse", "invalid time in force"),
    ErrorCode.INVALID_ORDER_TYPE: ("refuse", "invalid order type"),
    ErrorCode.INVALID_SIDE: ("refuse", "invalid side"),
    ErrorCode.EMPTY_NEW_CL_ORD_ID: ("refuse", "the client order id is empty"),
    ErrorCode.EMPTY_ORG_CL_ORD_ID: ("refuse", "the original client order id is empty"),
    ErrorCode.BAD_INTERVAL: ("refuse", "invalid interval"),
    ErrorCode.BAD_SYMBOL: ("refuse", "invalid symbol"),
    ErrorCode.INVALID_LISTEN_KEY: ("refuse", "the listen key does not exist; a new one is needed"),
    ErrorCode.MORE_THAN_XX_HOURS: ("refuse", "the interval between start and end is too long"),
    ErrorCode.OPTIONAL_PARAMS_BAD_COMBO: ("refuse", "these optional parameters do not go together"),
    ErrorCode.INVALID_PARAMETER: ("refuse", "a parameter's value is not valid"),
    ErrorCode.BAD_RECV_WINDOW: ("refuse", "the receive window is too long"),
    ErrorCode.INVALID_NEW_ORDER_RESP_TYPE: ("refuse", "invalid response type"),
    ErrorCode.NEW_ORDER_REJECTED: ("refuse", "the order was rejected"),
    ErrorCode.CANCEL_REJECTED: ("refuse", "unknown order sent: it is not open"),
    ErrorCode.NO_SUCH_ORDER: ("refuse", "no such order"),
    ErrorCode.BAD_API_KEY_FMT: ("halt", "the key's format is invalid"),
    ErrorCode.REJECTED_MBX_KEY: ("halt", "invalid key, IP or permissions"),
    ErrorCode.API_KEYS_LOCKED: ("halt", "the account's keys are locked"),
    ErrorCode.BALANCE_NOT_SUFFICIENT: ("refuse", "the balance is insufficient"),
    ErrorCode.MARGIN_NOT_SUFFICIENT: ("refuse", "the margin is insufficient"),
    ErrorCode.UNABLE_TO_FILL: ("refuse", "unable to fill"),
    ErrorCode.ORDER_WOULD_IMMEDIATELY_TRIGGER: ("refuse", "the price is already beyond the trigger"),
    ErrorCode.REDUCE_ONLY_REJECT: ("refuse", "there is nothing to reduce"),
    ErrorCode.USER_IN_LIQUIDATION: ("halt", "the account is being liquidated"),
    ErrorCode.POSITION_NOT_SUFFICIENT: ("refuse", "the position is not sufficient"),
    ErrorCode.MAX_OPEN_ORDER_EXCEEDED: ("refuse", "too many open orders"),
    ErrorCode.REDUCE_ONLY_ORDER_TYPE_NOT_SUPPORTED: ("refuse", "this type cannot be reduce-only"),
    ErrorCode.MAX_LEVERAGE_RATIO: ("refuse", "over the largest position at this leverage"),
    ErrorCode.MIN_LEVERAGE_RATIO: ("refuse", "the leverage is too small for the margin balance"),
    ErrorCode.QTY_LESS_THAN_ZERO: ("refuse", "the quantity is not positive"),
    ErrorCode.QTY_LESS_THAN_MIN_QTY: ("refuse", "the quantity is below the minimum"),
    ErrorCode.QTY_GREATER_THAN_MAX_QTY: ("refuse", "the quantity is above the maximum"),
    ErrorCode.PRICE_LESS_THAN_MIN_PRICE: ("refuse", "the price is below the minimum"),
    ErrorCode.PRICE_NOT_INCREASED_BY_TICK_SIZE: ("refuse", "the price is off the tick grid"),
    ErrorCode.INVALID_CL_ORD_ID_LEN: ("refuse", "the client order id is invalid or longer than 36"),
    ErrorCode.PRICE_HIGHTER_THAN_MULTIPLIER_UP: ("refuse", "the price is too far above mark"),
    ErrorCode.INVALID_DEPTH_LIMIT: ("refuse", "not a depth limit"),
    ErrorCode.QTY_NOT_INCREASED_BY_STEP_SIZE: ("refuse", "the quantity is off the step grid"),
    ErrorCode.PRICE_LOWER_THAN_MULTIPLIER_DOWN: ("refuse", "the price is too far below mark"),
    ErrorCode.INVALID_LEVERAGE: ("refuse", "the leverage is not valid"),
    ErrorCode.REACH_MAX_STOP_ORDER_LIMIT: ("refuse", "too many conditional orders are open"),
    ErrorCode.NO_NEED_TO_CHANGE_MARGIN_TYPE: ("refuse", "the margin type is so already (taken as done)"),
    ErrorCode.THERE_EXISTS_OPEN_ORDERS: ("refuse", "the margin type cannot change while orders are open"),
    ErrorCode.THERE_EXISTS_QUANTITY: ("refuse", "the margin type cannot change while a position is open"),
    ErrorCode.CROSS_BALANCE_INSUFFICIENT: ("refuse", "the cross balance is insufficient"),
    ErrorCode.ISOLATED_BALANCE_INSUFFICIENT: ("refuse", "the isolated balance is insufficient"),
    ErrorCode.ADD_ISOLATED_MARGIN_NO_POSITION_REJECT: ("refuse", "there is no isolated position to add margin to"),
    ErrorCode.NO_NEED_TO_CHANGE_POSITION_SIDE: ("refuse", "the position mode is so already (taken as done)"),
    ErrorCode.INVALID_POSITION_SIDE: ("refuse", "the position side is invalid"),
    ErrorCode.POSITION_SIDE_NOT_MATCH: ("refuse", "the position side does not fit the account's position mode"),
    ErrorCode.REDUCE_ONLY_CONFLICT: ("refuse", "reduce-only does not go with this order or mode"),
    ErrorCode.POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS: ("refuse", "the position mode cannot change: orders are open"),
    ErrorCode.POSITION_SIDE_CHANGE_EXISTS_QUANTITY: ("refuse", "the position mode cannot change: a position is open"),
    ErrorCode.INVALID_BATCH_PLACE_ORDER_SIZE: ("refuse", "too many orders in a batch, or none"),
    ErrorCode.PLACE_BATCH_ORDERS_FAIL: ("refuse", "the batch of orders is malformed"),
    ErrorCode.CLIENT_ORDER_ID_DUPLICATED: ("query", "an order of this client id is open: the first copy is alive"),
    ErrorCode.STOP_ORDER_TRIGGERING: ("query", "the conditional order is triggering"),
    ErrorCode.REDUCE_ONLY_MARGIN_CHECK_FAILED: ("refuse", "with the open orders it would not only reduce"),
    ErrorCode.STOP_ORDER_SWITCH_ALGO: ("refuse", "conditional orders belong to the algo endpoints"),
    ErrorCode.MARKET_ORDER_REJECT: ("refuse", "the best price is too far from mark for a market order"),
    ErrorCode.INVALID_CLOSE_POSITION_TYPE: ("refuse", "close-position is not for this order type"),
    ErrorCode.QUANTITY_EXISTS_WITH_CLOSE_POSITION: ("refuse", "a quantity beside close-position"),
    ErrorCode.REDUCE_ONLY_MUST_BE_TRUE: ("refuse", "close-position must reduce"),
    ErrorCode.ORDER_WOULD_TRIGGER: ("refuse", "the stop or target would trigger immediately"),
    ErrorCode.LEVERAGE_REDUCTION_NOT_SUPPORTED: ("refuse", "isolated: no lower leverage with a position"),
    ErrorCode.MIN_NOTIONAL: ("refuse", "the order's value is below the minimum"),
    ErrorCode.ISOLATED_REJECT_WITH_MULTI_ASSETS: ("refuse", "multi-assets mode is not possible for this account"),
    ErrorCode.NO_NEED_TO_CHANGE_MULTI_ASSETS: ("refuse", "the multi-assets mode is so already (taken as done)"),
    ErrorCode.REDUCE_ONLY_ACCOUNT: ("halt", "the account may only reduce positions"),
    ErrorCode.COOLING_OFF_PERIOD: ("halt", "the account is in a cooling-off period"),
    ErrorCode.QUANTITATIVE_RULES: ("halt", "the exchange's trading rules were violated: reduce-only for now"),
    ErrorCode.POSITION_SIDE_POST: ("refuse", "the position mode cannot be changed now"),
    ErrorCode.PATH_NOT_FOUND: ("refuse", "no such path or method"),
    ErrorCode.FOK_ORDER_REJECT: ("refuse", "it could not be filled wholly at once"),
    ErrorCode.GTX_ORDER_REJECT: ("refuse", "a post-only order would have taken"),
    ErrorCode.MODIFICATION_LIMIT: ("refuse", "too many modifications of this order"),
    ErrorCode.SAME_ORDER: ("refuse", "nothing would change"),
    ErrorCode.ME_RECVWINDOW_REJECT: ("retry", "it reached the engine after its recvWindow"),
    ErrorCode.MODIFICATION_MIN_NOTIONAL: ("refuse", "the modified value is below the minimum"),
    ErrorCode.INVALID_PRICE_MATCH: ("refuse", "invalid price match"),
    ErrorCode.PRICE_MATCH_ORDER_TYPE: ("refuse", "price match is not for this order type"),
    ErrorCode.INVALID_SELF_TRADE_PREVENTION_MODE: ("refuse", "invalid self-trade prevention"),
    ErrorCode.FUTURE_GOOD_TILL_DATE: ("refuse", "invalid good-till date"),
    ErrorCode.BBO_ORDER_REJECT: ("refuse", "no depth for a best-price order"),
    ErrorCode.PENDING_MODIFICATION: ("retry", "an earlier modification is on its way"),
    ErrorCode.MODIFY_REDUCE_ONLY: ("refuse", "reduce-only cannot be modified"),
}
#: The error table, by code.
RULES: Final[dict[int, Rule]] = {code: Rule(code.name, action, meaning) for code, (action, meaning) in _MEANINGS.items()}

#: Rules by HTTP status: (status, text that the body contains or "" = any body, rule). The first match counts.
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
    """Return the rule for an answer that is not a success.

    status: HTTP status. code: error code in the body; 0 = none. body: text of the body.

    Statuses 403, 418 and 429 decide alone, whatever the body says; so does the text of a 503. Otherwise the code decides,
    then the status. An error that the tables do not have is ``query`` from status 500 on, ``refuse`` below.
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
