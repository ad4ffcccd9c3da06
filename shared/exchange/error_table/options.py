"""Codes on the futures list that speak of options (-4063 to -4081); this program trades none."""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode as Code
from shared.exchange.error_table.rule import Row

_STRANGE: Final = "the exchange answers about options, which this program does not trade; look who else uses the key"
#: A code's text as Binance lists it.
_TEXTS: Final[dict[Code, str]] = {
    Code.INVALID_OPTIONS_REQUEST_TYPE: "Invalid options request type",
    Code.INVALID_OPTIONS_TIME_FRAME: "Invalid options time frame",
    Code.INVALID_OPTIONS_AMOUNT: "Invalid options amount",
    Code.INVALID_OPTIONS_EVENT_TYPE: "Invalid options event type",
    Code.INVALID_OPTIONS_PREMIUM_FEE: "Invalid options premium fee",
    Code.INVALID_CL_OPTIONS_ID_LEN: "Client options id is not valid.",
    Code.INVALID_OPTIONS_DIRECTION: "Invalid options direction",
    Code.OPTIONS_PREMIUM_NOT_UPDATE: "premium fee is not updated, reject order",
    Code.OPTIONS_PREMIUM_INPUT_LESS_THAN_ZERO: "input premium fee is less than 0, reject order",
    Code.OPTIONS_AMOUNT_BIGGER_THAN_UPPER: "Order amount is bigger than upper boundary or less than 0, reject order",
    Code.OPTIONS_PREMIUM_OUTPUT_ZERO: "output premium fee is less than 0, reject order",
    Code.OPTIONS_PREMIUM_TOO_DIFF: "original fee is too much higher than last fee",
    Code.OPTIONS_PREMIUM_REACH_LIMIT: "place order amount has reached to limit, reject order",
    Code.OPTIONS_COMMON_ERROR: "options internal error",
    Code.INVALID_OPTIONS_ID: "invalid options id",
    Code.OPTIONS_USER_NOT_FOUND: "user not found",
    Code.OPTIONS_NOT_FOUND: "options not found",
}

ROWS: Final[dict[Code, Row]] = {code: ("refuse", text, _STRANGE) for code, text in _TEXTS.items()}
