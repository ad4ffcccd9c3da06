"""Defines the outcomes of an order call (accepted, refused, uncertain) and decides uncertain ones from a query. Pure.

Rules (docs/binance.md §5.2): an order with an uncertain outcome is never sent again; it is queried. "No such order" is
believed only if the query was sent after the exchange could no longer accept the request, that is, later than the
request's timestamp + recvWindow + a margin for clock error.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from shared.exchange.error_codes import ErrorCode
from shared.exchange.error_table.rule import Action
from shared.exchange.errors import ExchangeError
from shared.exchange.model.orders import ExchangeOrder

#: Why the outcome of an order call is uncertain.
Doubt = Literal[
    "timeout",  # no answer within the time limit
    "connection",  # the connection broke after the request was sent
    "status_unknown",  # the exchange states that it does not know (503 "Unknown error", 408, -1006, -1007)
    "unreadable",  # the answer is not as the exchange documents it
    "known_id",  # an order with this client id is open: an earlier copy was accepted (-4116)
    "unnamed",  # the exchange answers with a code that is new to us
]


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange placed or cancelled the order.

    order: as the answer states it, perhaps without an average price. None = the answer only confirms, as for the
        cancellation of a conditional order.
    stood: the exchange refused the order because one that closes the position on this side stands already; ``order`` is that
        one, under its own client id and at its own price.
    """

    order: ExchangeOrder | None
    stood: bool = False


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange refused the call, or it was not sent: nothing happened, and nothing will.

    code: the exchange's error code; 0 = there is none. action: class of the error. sentence: what happened and what to do
        next, where the table says more than the message; empty = it does not.
    """

    code: int
    message: str
    action: Action = "refuse"
    sentence: str = ""


class Uncertain(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange may or may not have placed or cancelled the order: query it, never send it again.

    until: ms of the exchange's clock. A request that has not arrived by then is refused, so that "no such order" is
        conclusive in answer to a later query.
    """

    doubt: Doubt
    until: int
    message: str = ""


Outcome = Accepted | Refused | Uncertain


def refused_by(error: ExchangeError) -> Refused:
    """Return the refusal that an error of the exchange means."""
    return Refused(code=error.code, message=error.message, action=error.action, sentence=error.sentence)


Wanted = Literal["placed", "cancelled"]


class AskAgain(msgspec.Struct, frozen=True):
    """The query did not decide the outcome; query again after a pause."""


class Lost(msgspec.Struct, frozen=True):
    """The outcome stayed uncertain until the time limit: report that, and assume neither success nor failure."""


def judge(
    wanted: Wanted, open_: Uncertain, found: ExchangeOrder | None, asked_at: int, margin_ms: int
) -> Accepted | Refused | AskAgain:
    """Decide an uncertain outcome from the answer to a query.

    wanted: what the order call was to do.
    found: the order in the answer; None = the exchange knows no such order.
    asked_at: when the query was sent, ms of the exchange's clock.
    margin_ms: added to ``open_.until`` for clock error.

    Refused for a cancel means that the order was not cancelled; the cancel may be sent again.
    """
    conclusive = asked_at > open_.until + margin_ms
    if wanted == "placed":
        if found is not None:
            return Accepted(order=found)
        if conclusive and open_.doubt != "known_id":  # with -4116 the exchange itself has just stated that it has the order
            return Refused(code=ErrorCode.NO_SUCH_ORDER, message=f"it never arrived ({open_.doubt}: {open_.message})")
        return AskAgain()
    if found is not None and found.over:
        return Accepted(order=found)
    if conclusive:
        text = "the exchange knows no such order" if found is None else f"the order is still {found.status}"
        return Refused(code=ErrorCode.NO_SUCH_ORDER if found is None else 0, message=text)
    return AskAgain()
