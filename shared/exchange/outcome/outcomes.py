"""What became of an order call: exactly one of three, never "probably"; and how an open outcome is closed (EXEC-2). Pure.

The protocol (docs/binance.md §5.2): what is uncertain is never sent again, it is asked for. "No such order" counts only in
answer to a query sent after the request could no longer be taken: its timestamp + recvWindow + a margin for clocks.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from shared.exchange.error_codes import ErrorCode
from shared.exchange.model.orders import ExchangeOrder

#: Why nobody knows what an order call did.
Doubt = Literal[
    "timeout",  # no answer within the limit
    "connection",  # the connection broke after the request left
    "status_unknown",  # the exchange says that it does not know (503 unknown error, 408, -1006, -1007)
    "unreadable",  # an answer came, and it is not what the exchange documents
    "known_id",  # an order of this client id is open: an earlier copy of this one was taken (-4116)
]


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange has done it.

    order: as the answer stated it, perhaps without an average price. None if the answer only said yes (cancelling a
        conditional order).
    """

    order: ExchangeOrder | None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange refused it: nothing happened, and nothing will. ``code``: the exchange's number, 0 = none given."""

    code: int
    message: str


class Uncertain(msgspec.Struct, frozen=True, kw_only=True):
    """It may or may not have happened: ask, never send it again. ``until``: ms of the exchange's clock after which a request
    that has not arrived yet can no longer be taken, so that "no such order" is conclusive."""

    doubt: Doubt
    until: int
    message: str = ""


Outcome = Accepted | Refused | Uncertain


Wanted = Literal["placed", "cancelled"]


class AskAgain(msgspec.Struct, frozen=True):
    """Not known yet."""


class Lost(msgspec.Struct, frozen=True):
    """Not to be found out in the time given: the caller must say so, and must not act as if it knew."""


def judge(
    wanted: Wanted, open_: Uncertain, found: ExchangeOrder | None, asked_at: int, margin_ms: int
) -> Accepted | Refused | AskAgain:
    """Decide an open outcome from an answered query.

    found: the order as the exchange has it; None = it knows no such order.
    asked_at: when the query was sent, ms.

    A cancel that did not happen is ``Refused``: nothing happened, it may be sent again.
    """
    conclusive = asked_at > open_.until + margin_ms
    if wanted == "placed":
        if found is not None:
            return Accepted(order=found)
        if conclusive and open_.doubt != "known_id":  # an order that was open a moment ago is somewhere
            return Refused(code=ErrorCode.NO_SUCH_ORDER, message=f"it never arrived ({open_.doubt})")
        return AskAgain()
    if found is not None and found.over:
        return Accepted(order=found)
    if conclusive:
        text = "the exchange knows no such order" if found is None else f"the order is still {found.status}"
        return Refused(code=ErrorCode.NO_SUCH_ORDER if found is None else 0, message=text)
    return AskAgain()
