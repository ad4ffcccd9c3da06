"""Decisions: exactly one per symbol and 1m close, also when there is no signal."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from shared.domain.bounds import MANY, Id, Text
from shared.domain.message import Message, Milliseconds, Partition, Price, Symbol
from shared.domain.order_words import Side

#: Most rungs of an exit ladder.
MAX_EXITS: Final = 8

#: Why a close did not become an entry: a closed vocabulary, counted and shown as the "why-not" table.
Reason = Literal[
    "not_this_timeframe",  # no strategy of this symbol decides at this close
    "warming_up",  # the analysis has too little history
    "data_missing",  # a required timeframe was declared missing
    "data_disputed",  # the candle is implausible
    "no_order_block",  # no active order block has a sufficient score
    "no_fvg",  # no active fair value gap, or none in the direction of the order block
    "no_overlap",  # the fair value gap is farther from the order block than the strategy accepts
    "price_not_in_zone",  # price did not return into a zone that was known before this close, or closed beyond it
    "against_structure",  # the trend goes the other way, or the score is too low without the trend's support
    "stop_too_far",  # farther from the entry than the strategy accepts
    "stop_too_near",  # nearer to the entry than the strategy accepts
    "zone_used",  # an earlier signal used this zone
    "paused",  # the strategy would have signalled, but is paused
]


class MarketEntry(msgspec.Struct, frozen=True, kw_only=True, tag="market"):
    """Enter at once. price: the close that the strategy saw, USDT."""

    price: Price


class LimitEntry(msgspec.Struct, frozen=True, kw_only=True, tag="limit"):
    """Rest in the order book at ``price`` (USDT) until ``rests_until`` (UTC ms); then what has not filled is cancelled."""

    price: Price
    rests_until: Milliseconds


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of the exit ladder: take ``share`` (fraction of the entered quantity) off at ``price``, USDT."""

    price: Price
    share: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that a strategy proposes: prices and reasons. It has no quantity; risk computes that.

    entry: how to enter; stop: price, USDT. exits: the ladder, nearest first; what the shares leave rides until the stop.
    break_even_after: rungs filled after which the stop moves to the entry price; 0 = never. close_by: UTC ms at which
    what is left is closed at the market; 0 = never. score: points, 0 or more. valid_until: UTC ms after which nothing is
    sent for it. rests_on: ids of the facts that it uses, all confirmed at or before ``close_time``. why: one sentence
    for a person.

    Raises ValueError unless stop, entry and exits lie in this order (mirrored for a SELL) and the shares add up to at
    most 1.
    """

    id: Id
    symbol: Symbol
    strategy: Id
    side: Side
    entry: MarketEntry | LimitEntry
    stop: Price
    exits: Annotated[tuple[Exit, ...], msgspec.Meta(min_length=1, max_length=MAX_EXITS)]
    score: Annotated[float, msgspec.Meta(ge=0.0)]
    close_time: Milliseconds
    valid_until: Milliseconds
    rests_on: Annotated[tuple[Id, ...], MANY]
    why: Text
    break_even_after: Annotated[int, msgspec.Meta(ge=0, le=MAX_EXITS)] = 0
    close_by: Milliseconds = 0

    def __post_init__(self) -> None:
        sign = 1.0 if self.side == "BUY" else -1.0
        prices = [sign * price for price in (self.stop, self.entry.price, *(each.price for each in self.exits))]
        if any(one >= other for one, other in pairwise(prices)):
            targets = ", ".join(f"{each.price}" for each in self.exits)
            raise ValueError(
                f"signal {self.id}: a {self.side.lower()} at {self.entry.price} "
                f"cannot have stop {self.stop} and exits at {targets}"
            )
        if sum(each.share for each in self.exits) > 1.0 + 1e-9:
            raise ValueError(f"signal {self.id}: its exits take more than the whole position")

    @property
    def target(self) -> float:
        """The last rung's price, USDT."""
        return self.exits[-1].price


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the strategies for one symbol at one close: a signal, or the reasons why there is none."""

    id: Id
    symbol: Symbol
    close_time: Milliseconds
    strategy: Id
    signal: Signal | None = None
    reasons: Annotated[tuple[Reason, ...], MANY] = ()


class DecisionBundle(Message, frozen=True, kw_only=True):
    """All decisions of one partition at one close, in symbol order."""

    TYPE: ClassVar[str] = "decision_bundle"
    VERSION: ClassVar[int] = 2
    partition: Partition
    close_time: Milliseconds
    decisions: Annotated[tuple[Decision, ...], MANY]

    @property
    def topic(self) -> str:
        return f"decision.p{self.partition}"

    @property
    def message_id(self) -> str:
        return f"decision:p{self.partition}:{self.close_time}"

    @property
    def at(self) -> int:
        return self.close_time
