"""Codes of servers, network and access (-1000 to -1099)."""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode as Code
from shared.exchange.error_table.rule import Row

ROWS: Final[dict[Code, Row]] = {
    Code.UNKNOWN: (
        "query",
        "An unknown error occurred while processing the request.",
        "the exchange does not know what became of the request; it is asked until that is known, nothing for you to do",
    ),
    Code.DISCONNECTED: (
        "retry",
        "Internal error; unable to process your request. Please try again.",
        "the exchange could not process the request; it is sent again by itself",
    ),
    Code.UNAUTHORIZED: (
        "halt",
        "You are not authorized to execute this request.",
        "the key may not do this; permit futures trading for the key at the exchange, then re-arm",
    ),
    Code.TOO_MANY_REQUESTS: (
        "retry",
        "Too many requests; please use the websocket for live updates.",
        "more requests than the exchange allows; it is sent again after the pause that the exchange asks for. If it "
        "stays: another program uses this IP address or account",
        "Too many requests; current limit is %s requests per minute. Please use the websocket for live updates to avoid "
        "polling the API.",
    ),
    Code.DUPLICATE_IP: (
        "refuse",
        "This IP is already on the white list",
        "the address is on the key's allow-list already; nothing to do",
    ),
    Code.NO_SUCH_IP: (
        "halt",
        "No such IP has been white listed",
        "this machine's address is not on the key's allow-list; add it at the exchange, then re-arm",
    ),
    Code.UNEXPECTED_RESP: (
        "query",
        "An unexpected response was received from the message bus. Execution status unknown.",
        "the exchange does not know what became of the request; it is asked until that is known, nothing for you to do",
    ),
    Code.TIMEOUT: (
        "query",
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
        "the matching engine did not answer in time; it is asked until the outcome is known, nothing for you to do",
    ),
    Code.REQUEST_THROTTLED: (
        "retry",
        "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.",
        "the exchange sheds load; it is sent again by itself, and what reduces or cancels still passes",
    ),
    Code.ERROR_MSG_RECEIVED: (
        "query",
        "ERROR_MSG_RECEIVED.",
        "the exchange answers with an error that says nothing; it is asked what became of the request",
    ),
    Code.NON_WHITE_LIST: (
        "halt",
        "This IP cannot access this route.",
        "this machine's address may not use the interface; check it and the key's allow-list, then re-arm",
    ),
    Code.INVALID_MESSAGE: (
        "refuse",
        "INVALID_MESSAGE.",
        "the exchange cannot read the request; report it with the log, it is a fault of this program",
    ),
    Code.UNKNOWN_ORDER_COMPOSITION: (
        "refuse",
        "Unsupported order combination.",
        "the exchange does not take this combination of order type and parameters; report it with the log",
    ),
    Code.TOO_MANY_ORDERS: (
        "retry",
        "Too many new orders.",
        "more orders than the exchange allows in 10 seconds or a minute; it is sent again after a pause. If it stays: "
        "another program trades on this account",
        "Too many new orders; current limit is %s orders per %s.",
    ),
    Code.SERVICE_SHUTTING_DOWN: (
        "halt",
        "This service is no longer available.",
        "the exchange has switched this service off; look at its announcements, then re-arm",
    ),
    Code.UNSUPPORTED_OPERATION: (
        "refuse",
        "This operation is not supported.",
        "the exchange does not offer this operation here; look at its announcements",
    ),
    Code.INVALID_TIMESTAMP: (
        "retry",
        "Timestamp for this request is outside of the recvWindow.",
        "the request arrived too late, or the clock is off; the clock is measured anew and the request sent again. If it "
        "stays: set the machine's clock by NTP",
    ),
    Code.INVALID_SIGNATURE: (
        "halt",
        "Signature for this request is not valid.",
        "the secret does not belong to the key; set ICT_EXCHANGE__SECRET to the key's secret, start again, then re-arm",
    ),
    Code.START_TIME_GREATER_THAN_END_TIME: (
        "refuse",
        "Start time is greater than end time.",
        "the asked range ends before it begins; ask for another range",
    ),
    Code.NOT_FOUND: (
        "halt",
        "Not found, unauthenticated, or unauthorized.",
        "the exchange does not accept the key for this; check the key and its permissions, then re-arm",
    ),
}
