"""Defines the outcomes of an order call: accepted, refused, uncertain.

An order with an uncertain outcome is never sent again; it is queried (docs/binance.md, 5.2). What a query decides is the
execution core's affair (``services/execution/answers.py``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

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


#: Asked when a request is built and signed, before it leaves; False = it may not leave any more.
Ready = Callable[[], Awaitable[bool]]


class NotReady(Exception):
    """Raised instead of an outcome when the caller was not ready in the end: nothing was sent."""


Outcome = Accepted | Refused | Uncertain


def refused_by(error: ExchangeError) -> Refused:
    """Return the refusal that an error of the exchange means."""
    return Refused(code=error.code, message=error.message, action=error.action, sentence=error.sentence)
