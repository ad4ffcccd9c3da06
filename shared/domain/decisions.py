"""Decisions: exactly one per symbol and 1m close, also when there is no signal."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from shared.domain.message import Message, Milliseconds, Partition, Price, Symbol
from shared.domain.order_words import Side

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


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that a strategy proposes: prices and reasons. It has no quantity; risk computes that.

    entry, stop, target: prices, USDT. score: points, 0 or more. expires_at: UTC ms after which risk refuses it. rests_on:
    ids of the facts that it uses, all confirmed at or before ``close_time``. why: one sentence for a person.
    """

    id: str
    symbol: Symbol
    strategy: str
    side: Side
    entry: Price
    stop: Price
    target: Price
    score: Annotated[float, msgspec.Meta(ge=0.0)]
    close_time: Milliseconds
    expires_at: Milliseconds
    rests_on: tuple[str, ...]
    why: str

    def __post_init__(self) -> None:
        below, above = (self.stop, self.target) if self.side == "BUY" else (self.target, self.stop)
        if not below < self.entry < above:
            raise ValueError(
                f"signal {self.id}: a {self.side.lower()} at {self.entry} "
                f"cannot have stop {self.stop} and target {self.target}"
            )


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the strategies for one symbol at one close: a signal, or the reasons why there is none."""

    id: str
    symbol: Symbol
    close_time: Milliseconds
    strategy: str
    signal: Signal | None = None
    reasons: tuple[Reason, ...] = ()


class DecisionBundle(Message, frozen=True, kw_only=True):
    """All decisions of one partition at one close, in symbol order."""

    TYPE: ClassVar[str] = "decision_bundle"
    partition: Partition
    close_time: Milliseconds
    decisions: tuple[Decision, ...]

    @property
    def topic(self) -> str:
        return f"decision.p{self.partition}"

    @property
    def message_id(self) -> str:
        return f"decision:p{self.partition}:{self.close_time}"
