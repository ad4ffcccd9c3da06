"""Operators' commands, alerts, order flow, mark prices, funding and clock ticks."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from shared.domain.bounds import MANY, AlertKey, Id, Reason, Text
from shared.domain.message import Message, Milliseconds, Partition, Price, Symbol

#: What a command is for; the topic's last word. `ict pause` without a strategy sends ``halt``.
Command = Literal[
    "halt",  # `ict pause`: no new entries; exits stay managed
    "cancel",  # end entries that rest or wait
    "flatten",  # close every position, ours and others'; end entries; then as ``halt``
    "close",  # close what is held in ``symbol``
    "rearm",  # allow entries again; only a person sends it
    "pause",  # `ict pause --strategy`: ``strategy`` judges and gives no signal, in ``symbol`` or in every one
    "resume",  # ``strategy`` gives signals again
    "reset",  # every lane deletes its state and a new simulated session begins; obeyed in mode sim only
]
#: Commands that name a strategy; they are obeyed by signals, all others by risk and execution.
OF_STRATEGIES: Final[frozenset[Command]] = frozenset({"pause", "resume"})
#: Pattern of a strategy's name.
STRATEGY: Final = "[a-z][a-z0-9_]{0,39}"
StrategyName = Annotated[str, msgspec.Meta(pattern=f"^{STRATEGY}$", max_length=40)]
Severity = Literal[
    "info",  # good to know
    "warning",  # look at it today
    "critical",  # look at it now: money may be at stake
]


class Control(Message, frozen=True, kw_only=True):
    """A command of an operator, signed (``shared.approval.commands`` tells which are obeyed).

    One kind comes from a service and has no signature: execution sends ``halt`` when the exchange says that a person must
    act. It is told apart by its command and by ``by``; whoever can write to the broker can forge it, and stops entries.

    id: made by the sender, so that a command sent twice acts once. by: who sent it. reason: shown to people. sent_at: UTC
    ms of the sender's clock; 0 in a service's. symbol: of ``close``; of ``pause`` and ``resume``, where None is every one;
    None in others. strategy: of ``pause`` and ``resume``. signature: of all the rest, as text; empty in a service's.
    """

    TYPE: ClassVar[str] = "control"
    VERSION: ClassVar[int] = 3  # of version 1, anybody's rearm was obeyed; of version 2, no command named a strategy
    OLDEST: ClassVar[int] = 2
    #: Fields that came later, and what they are without: see ``shared.approval.signing``.
    SIGNED_WHEN_SET: ClassVar[tuple[tuple[str, object], ...]] = (("strategy", None),)
    id: Id
    command: Command
    by: Id
    reason: Reason
    sent_at: Milliseconds = 0
    symbol: Symbol | None = None
    strategy: StrategyName | None = None
    signature: Id = ""

    @property
    def topic(self) -> str:
        return f"control.{self.command}"

    @property
    def message_id(self) -> str:
        return f"control:{self.id}"


class Alert(Message, frozen=True, kw_only=True):
    """A condition that a person should know about. ``key`` names it: repeats of one key are one alert.

    source: the lane or service that reports it. time: market time, UTC ms; 0 = unknown.
    """

    TYPE: ClassVar[str] = "alert"
    severity: Severity
    source: Id
    key: AlertKey
    text: Text
    time: Milliseconds = 0

    @property
    def topic(self) -> str:
        return f"alert.{self.severity}"

    @property
    def message_id(self) -> str:
        return f"alert:{self.source}:{self.key}:{self.time}"

    @property
    def at(self) -> int:
        return self.time


class Micro(Message, frozen=True, kw_only=True):
    """One second of order flow of one symbol; only the newest matters.

    imbalance: (bid size - ask size) / (bid size + ask size) over the best levels, -1 to 1. trade_delta: quantity bought
    minus sold by takers in this second, base currency. liquidated: the same of forced orders.
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

    @property
    def at(self) -> int:
        return self.time


class MarkPrice(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's mark price and next funding of one symbol at ``time``, UTC ms.

    funding_rate: the rate as of now for ``next_funding_time`` (UTC ms), fraction of the notional; longs pay when it is
    positive.
    """

    symbol: Symbol
    time: Milliseconds
    mark: Price
    index: Price
    funding_rate: Annotated[float, msgspec.Meta(gt=-1.0, lt=1.0)]
    next_funding_time: Milliseconds


class MarkPrices(Message, frozen=True, kw_only=True):
    """The newest mark prices of one partition, at most once a second; a symbol without a new one is left out.

    Handled twice, or after newer ones, they change nothing: each price says of when it is. time: when it was sent, UTC ms.
    """

    TYPE: ClassVar[str] = "mark_prices"
    partition: Partition
    time: Milliseconds
    prices: Annotated[tuple[MarkPrice, ...], MANY]

    @property
    def topic(self) -> str:
        return f"mark.p{self.partition}"

    @property
    def message_id(self) -> str:
        return f"mark_prices:p{self.partition}:{self.time}"

    @property
    def at(self) -> int:
        return max([self.time, *(each.time for each in self.prices)])


class FundingDue(Message, frozen=True, kw_only=True):
    """The funding rate of one symbol at a funding time that has passed, fraction of the notional. Once per funding time."""

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

    @property
    def at(self) -> int:
        return self.time


class ClockTick(Message, frozen=True, kw_only=True):
    """Time has passed: what a core does when nothing else happens, it does at a tick. ``time``: the lane's ``now``, UTC ms.

    A lane makes it by a timer of its process, and logs it as any input. It travels over no bus: its topic belongs to no
    exchange there, and a lane refuses one that comes from outside.
    """

    TYPE: ClassVar[str] = "clock_tick"
    time: Milliseconds

    @property
    def topic(self) -> str:
        return "tick"

    @property
    def message_id(self) -> str:
        return f"tick:{self.time}"

    @property
    def at(self) -> int:
        return self.time
