"""Classes each error answer of Binance (retry, refuse, query, halt, stands) and says it in a sentence.

The table of codes is in ``error_table``, one file a group of codes; the texts of status 503 are those of Binance's notes
(docs/binance.md §4.8). Both are printed in docs/errors.md.
"""

from __future__ import annotations

from typing import Final

from shared.exchange.error_codes import ErrorCode
from shared.exchange.error_table import account, execution, filters, options, orders, processing, request, server
from shared.exchange.error_table.rule import Action, Row, Rule

#: By class: what to do next, where no sentence of the table says it.
ADVICE: Final[dict[Action, str]] = {
    "retry": "it was tried again in vain; look at the exchange's status page and at the network",
    "refuse": "change the request",
    "query": "ask the exchange what became of it",
    "halt": "check key, permissions, IP allow-list and the account's state at the exchange, then re-arm",
    "stands": "nothing to do",
}

_ROWS: Final[dict[ErrorCode, Row]] = {
    code: row
    for section in (server, request, processing, filters, orders, account, options, execution)
    for code, row in section.ROWS.items()
}
#: The error table, by code, in the order of Binance's list. A code without a row is a KeyError here, at import.
RULES: Final[dict[int, Rule]] = {code: Rule(code.name, *_ROWS[code]) for code in ErrorCode}

#: Codes of class ``query`` that leave no doubt about the call itself, which did nothing, but about the order: there is none
#: to cancel, or none at all. The caller asks how the order ended.
NOT_THERE: Final[frozenset[int]] = frozenset({ErrorCode.CANCEL_REJECTED, ErrorCode.NO_SUCH_ORDER})
#: Those, and codes that state how an order stands now: asking the same again gives the same answer.
_STATES_ORDER: Final = NOT_THERE | {ErrorCode.DUPLICATED_CLIENT_ORDER_ID, ErrorCode.STOP_ORDER_TRIGGERING}


#: Rules by HTTP status: (status, text that the body contains or "" = any body, rule). The first match counts.
STATUSES: Final[tuple[tuple[int, str, Rule], ...]] = (
    (401, "", Rule("UNAUTHORIZED", "halt", "", "the exchange refuses the key; check key and permissions, then re-arm")),
    (
        403,
        "",
        Rule(
            "FIREWALL",
            "refuse",
            "",
            "the exchange's firewall refuses this address; find out which program on it sends so many requests, and wait",
        ),
    ),
    (408, "", Rule("BACKEND_TIMEOUT", "query", "", RULES[ErrorCode.TIMEOUT].sentence)),
    (
        418,
        "",
        Rule(
            "BANNED",
            "refuse",
            "",
            "the exchange has banned this address for going on after status 429; nothing is sent until that is over. Find "
            "out which program on this address sends so many requests",
        ),
    ),
    (429, "", Rule("TOO_MANY_REQUESTS", "retry", "", RULES[ErrorCode.TOO_MANY_REQUESTS].sentence)),
    (451, "", Rule("LOCATION", "halt", "", "the exchange does not serve this country; move the machine, then re-arm")),
    (503, "Unknown error", Rule("STATUS_UNKNOWN", "query", "", RULES[ErrorCode.UNKNOWN].sentence)),
    (
        503,
        "Service Unavailable",
        Rule("UNAVAILABLE", "retry", "", "the exchange was not available; the request is sent again by itself"),
    ),
    (503, "Internal error", Rule("INTERNAL", "retry", "", RULES[ErrorCode.DISCONNECTED].sentence)),
    (503, "-1008", Rule("THROTTLED", "retry", "", RULES[ErrorCode.REQUEST_THROTTLED].sentence)),
)
#: Errors that no table has, by what was asked. An order or cancel may have been carried out; anything else was refused.
UNNAMED: Final = Rule("UNNAMED", "refuse", "", "the exchange refuses it with a code that is new to us; its text says why")
UNNAMED_ORDER: Final = Rule(
    "UNNAMED", "query", "", "a code that is new to us: it is asked whether the order was carried out; report it with the log"
)
UNNAMED_SERVER: Final = Rule("UNNAMED", "query", "", "the exchange's servers fail; it is asked what became of the request")


class ExchangeError(Exception):
    """Raised when a call to the exchange failed; repeats that are harmless have been made before it reaches a service.

    action: what the error means for the caller, see Action.
    code: the exchange's error code; 0 = it named none.
    sentence: what happened and what to do next; by default the table's for ``code`` if it has the same class.
    call: method and path, such as ``GET klines``.
    status: HTTP status; 0 = there was no answer.
    retry_after: pause that the exchange asked for, seconds; None = it named none.
    sent_at: time just before the request was sent, ms of the exchange's clock; 0 = not recorded, because nothing was sent or
        the error was found while the answer was read.
    """

    def __init__(
        self,
        action: Action,
        code: int,
        message: str,
        *,
        call: str,
        status: int = 0,
        retry_after: float | None = None,
        sentence: str = "",
    ) -> None:
        rule = RULES.get(code)
        known = rule.sentence if rule is not None and rule.action == action else ADVICE[action]
        self.sentence = sentence or known
        super().__init__(f"{call}: {message} (code {code}, HTTP {status}): {self.sentence}")
        self.action = action
        self.code = code
        self.message = message
        self.call = call
        self.status = status
        self.retry_after = retry_after
        self.sent_at = 0

    @property
    def passing(self) -> bool:
        """True if the same call, where a repeat is harmless, may be answered otherwise a moment later."""
        return self.action == "retry" or (self.action == "query" and self.code not in _STATES_ORDER)


class BadAnswer(ExchangeError):
    """Raised when an answer is not as documented: a mandatory field is missing or has another type."""

    def __init__(self, call: str, why: str) -> None:
        super().__init__("query", 0, f"unreadable answer: {why}", call=call)


def rule_of(status: int, code: int, body: str, *, of_order: bool = False) -> Rule:
    """Return the rule for an answer that is not a success.

    status: HTTP status. code: error code in the body; 0 = none. body: text of the body. of_order: the request was to place,
    change or cancel an order.

    Statuses 403, 418 and 429 decide alone, whatever the body says; so does the text of a 503. Otherwise the code decides,
    then the status. An error that the tables do not have is ``query`` from status 500 on and for orders, else ``refuse``.
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
    if status >= 500:
        return UNNAMED_SERVER
    return UNNAMED_ORDER if of_order else UNNAMED
