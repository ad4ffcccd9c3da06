"""What the limits of an exchange have to say to people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

#: What happened.
LimitsEvent = Literal[
    "banned",  # the exchange has banned this address (418): nothing is sent until ``until``
    "forged",  # the counts in the store were written by no process of ours, and are replaced
    "odd_limits",  # the exchange states its limits in a way that is not believed
]


class LimitsNews(msgspec.Struct, frozen=True, kw_only=True):
    """until: ms of the exchange's clock; 0 where nothing has an end. text: details, for people."""

    event: LimitsEvent
    until: int = 0
    text: str = ""


class Limited(Protocol):
    """Has rate limits to tell of."""

    def watch_limits(self, tell: Callable[[LimitsNews], None]) -> None:
        """Call ``tell`` from now on with what people should know of the rate limits: bans, forged counts, odd limits."""
        ...
