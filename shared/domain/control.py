"""Commands, alerts and high-rate context."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import msgspec

from shared.domain.message import Message, Milliseconds, Price, Symbol

#: ``halt``: no new entries, exits stay managed. ``rearm``: by hand only. ``reset``: every lane forgets its state and a new
#: simulated session begins; lanes obey it in sim mode only.
Command = Literal["halt", "rearm", "reset"]
Severity = Literal[
    "info",  # good to know
    "warning",  # look at it today
    "critical",  # look at it now: money may be at stake
]


class Control(Message, frozen=True, kw_only=True):
    """An operator's command. ``id`` is made by whoever typed it, so that a resent command acts once."""

    TYPE: ClassVar[str] = "control"
    id: str
    command: Command
    by: str
    reason: str

    @property
    def topic(self) -> str:
        return f"control.{self.command}"

    @property
    def message_id(self) -> str:
        return f"control:{self.id}"


class Alert(Message, frozen=True, kw_only=True):
    """Something a person should know. ``key`` names the condition: repeats of one key are one alert."""

    TYPE: ClassVar[str] = "alert"
    severity: Severity
    source: str
    key: str
    text: str
    time: Milliseconds = 0

    @property
    def topic(self) -> str:
        return f"alert.{self.severity}"

    @property
    def message_id(self) -> str:
        return f"alert:{self.source}:{self.key}:{self.time}"


class Micro(Message, frozen=True, kw_only=True):
    """One second of order flow of one symbol (ICT-14): only the newest matters.

    ``imbalance``: (bid size - ask size) / (both) over the best levels. ``trade_delta``: base currency bought less sold by
    takers in this second. ``liquidated``: base currency of forced orders in this second, bought less sold.
    """

    TYPE: ClassVar[str] = "micro"
    symbol: Symbol
    time: Milliseconds
    bid: Price
    ask: Price
    imbalance: Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
    trade_delta: float
    liquidated: float = 0.0

    @property
    def topic(self) -> str:
        return f"micro.{self.symbol}"

    @property
    def message_id(self) -> str:
        return f"micro:{self.symbol}:{self.time}"


class MarkPrice(Message, frozen=True, kw_only=True):
    """The exchange's mark price and the funding to come of one symbol: only the newest matters.

    ``funding_rate`` is what would be paid at ``next_funding_time``, as a fraction of the notional; longs pay when positive.
    """

    TYPE: ClassVar[str] = "mark_price"
    symbol: Symbol
    time: Milliseconds
    mark: Price
    index: Price
    funding_rate: Annotated[float, msgspec.Meta(gt=-1.0, lt=1.0)]
    next_funding_time: Milliseconds

    @property
    def topic(self) -> str:
        return f"mark.{self.symbol}"

    @property
    def message_id(self) -> str:
        return f"mark:{self.symbol}:{self.time}"


class FundingDue(Message, frozen=True, kw_only=True):
    """A funding time has passed: the rate that held at it. Once per symbol and funding time."""

    TYPE: ClassVar[str] = "funding_due"
    symbol: Symbol
    time: Milliseconds
    rate: Decimal

    @property
    def topic(self) -> str:
        return f"funding.{self.symbol}"

    @property
    def message_id(self) -> str:
        return f"funding:{self.symbol}:{self.time}"


class ClockTick(Message, frozen=True, kw_only=True):
    """The shell's clock as an input: cores have none of their own. Logged like every input, so replay hears it again."""

    TYPE: ClassVar[str] = "clock_tick"
    time: Milliseconds

    @property
    def topic(self) -> str:
        return "control.tick"

    @property
    def message_id(self) -> str:
        return f"tick:{self.time}"
