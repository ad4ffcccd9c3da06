"""Codes of requests whose parameters are not as they should be (-1100 to -1199)."""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode as Code
from shared.exchange.error_table.rule import Row

_REPORT: Final = "report it with the log, it is a fault of this program"

ROWS: Final[dict[Code, Row]] = {
    Code.ILLEGAL_CHARS: (
        "refuse",
        "Illegal characters found in a parameter.",
        f"a parameter has characters that the exchange does not take; {_REPORT}",
        "Illegal characters found in parameter '%s'; legal range is '%s'.",
    ),
    Code.TOO_MANY_PARAMETERS: (
        "refuse",
        "Too many parameters sent for this endpoint.",
        f"more parameters than the exchange takes here, or one of them twice; {_REPORT}",
        "Too many parameters; expected '%s' and received '%s'.",
    ),
    Code.MANDATORY_PARAM_EMPTY_OR_MALFORMED: (
        "refuse",
        "A mandatory parameter was not sent, was empty/null, or malformed.",
        f"a parameter that the exchange needs is missing or malformed; {_REPORT}",
        "Mandatory parameter '%s' was not sent, was empty/null, or malformed.",
    ),
    Code.UNKNOWN_PARAM: (
        "refuse",
        "An unknown parameter was sent.",
        f"the exchange does not know one of the parameters; {_REPORT}",
    ),
    Code.UNREAD_PARAMETERS: (
        "refuse",
        "Not all sent parameters were read.",
        f"the exchange did not use all parameters; {_REPORT}",
        "Not all sent parameters were read; read '%s' parameter(s) but was sent '%s'.",
    ),
    Code.PARAM_EMPTY: (
        "refuse",
        "A parameter was empty.",
        f"a parameter is empty; {_REPORT}",
        "Parameter '%s' was empty.",
    ),
    Code.PARAM_NOT_REQUIRED: (
        "refuse",
        "A parameter was sent when not required.",
        f"a parameter does not belong to this kind of order; {_REPORT}",
        "Parameter '%s' sent when not required.",
    ),
    Code.BAD_ASSET: ("refuse", "Invalid asset.", "the exchange has no such asset; correct its name"),
    Code.BAD_ACCOUNT: (
        "halt",
        "Invalid account.",
        "the key's account cannot trade futures; open the futures account at the exchange, then re-arm",
    ),
    Code.BAD_INSTRUMENT_TYPE: ("refuse", "Invalid symbolType.", f"the exchange has no such kind of symbol; {_REPORT}"),
    Code.BAD_PRECISION: (
        "refuse",
        "Precision is over the maximum defined for this asset.",
        "price or quantity has more decimals than the symbol allows; the symbol's filters are read anew from the exchange",
    ),
    Code.NO_DEPTH: (
        "refuse",
        "No orders on book for symbol.",
        "nobody offers anything in this symbol at the moment; wait, or leave the symbol out",
    ),
    Code.WITHDRAW_NOT_NEGATIVE: (
        "refuse",
        "Withdrawal amount must be negative.",
        "a withdrawal has the wrong sign; this program never withdraws, look who uses the key",
    ),
    Code.TIF_NOT_REQUIRED: (
        "refuse",
        "TimeInForce parameter sent when not required.",
        f"this kind of order has no time in force; {_REPORT}",
    ),
    Code.INVALID_TIF: ("refuse", "Invalid timeInForce.", f"the exchange does not know this time in force; {_REPORT}"),
    Code.INVALID_ORDER_TYPE: (
        "refuse",
        "Invalid orderType.",
        "the exchange does not take this order type for the symbol; look at the symbol's order types",
    ),
    Code.INVALID_SIDE: ("refuse", "Invalid side.", f"an order is neither BUY nor SELL; {_REPORT}"),
    Code.EMPTY_NEW_CL_ORD_ID: ("refuse", "New client order ID was empty.", f"the order has no client id; {_REPORT}"),
    Code.EMPTY_ORG_CL_ORD_ID: (
        "refuse",
        "Original client order ID was empty.",
        f"the order to change or cancel is not named; {_REPORT}",
    ),
    Code.BAD_INTERVAL: ("refuse", "Invalid interval.", "the exchange has no candles of this timeframe; choose another one"),
    Code.BAD_SYMBOL: (
        "refuse",
        "Invalid symbol.",
        "the exchange does not trade this symbol; correct its name in the settings, or remove it",
    ),
    Code.INVALID_SYMBOL_STATUS: (
        "refuse",
        "Invalid symbol status.",
        "the symbol is not in trading at the moment; look at the exchange's announcements",
    ),
    Code.INVALID_LISTEN_KEY: (
        "refuse",
        "This listenKey does not exist.",
        "the key of the user stream is dead; a new one is made and the account read again, nothing for you to do",
    ),
    Code.ASSET_NOT_SUPPORTED: ("refuse", "This asset is not supported.", "the exchange does not take this asset here"),
    Code.MORE_THAN_XX_HOURS: (
        "refuse",
        "Lookup interval is too big.",
        "the asked range is longer than the exchange gives at once; ask for a shorter one",
        "More than %s hours between startTime and endTime.",
    ),
    Code.OPTIONAL_PARAMS_BAD_COMBO: (
        "refuse",
        "Combination of optional parameters invalid.",
        f"these parameters do not go together; {_REPORT}",
    ),
    Code.INVALID_PARAMETER: (
        "refuse",
        "Invalid data sent for a parameter.",
        f"the value of a parameter is not one that the exchange takes; {_REPORT}",
        "Data sent for parameter '%s' is not valid.",
    ),
    Code.BAD_RECV_WINDOW: (
        "refuse",
        "recvWindow must be less than 60000.",
        "the receive window is too long; set exchange.recv_window_ms to 60000 or less",
    ),
    Code.INVALID_NEW_ORDER_RESP_TYPE: (
        "refuse",
        "Invalid newOrderRespType.",
        f"the exchange does not know the asked kind of answer; {_REPORT}",
    ),
}
