"""Decisions: exactly one per symbol and 1m close, also when there is no signal; each names every strategy that judged."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from shared.domain.bounds import MANY, Id, Text
from shared.domain.message import Message, Milliseconds, Partition, Price, Symbol
from shared.domain.order_words import Side

#: Most rungs of an exit ladder.
MAX_EXITS: Final = 8
#: Most strategies that judge one symbol at one close.
MAX_STRATEGIES: Final = 64

#: Why a close did not become an entry: a closed vocabulary, counted and shown as the "why-not" table.
Reason = Literal[
    "not_this_timeframe",  # no strategy of this symbol decides at this close
    "warming_up",  # the analysis has too little history
    "data_missing",  # a required timeframe was declared missing
    "data_disputed",  # the candle is implausible
    "no_order_block",  # no active order block has a sufficient score
    "no_fvg",  # no active fair value gap, or none in the direction of the order block
    "no_overlap",  # block and gap lie farther apart than the strategy accepts, or neither lies in the entry zone
    "price_not_in_zone",  # price did not return into a zone that was known before this close, or closed beyond it
    "against_structure",  # the trend goes the other way, or the score is too low without the trend's support
    "no_bias",  # the higher timeframe has no direction yet
    "outside_window",  # not in the hours in which the strategy trades: kill zone, Silver Bullet hour
    "no_sweep",  # no liquidity was swept before, or too long ago
    "no_displacement",  # price did not leave with force after the sweep
    "no_shift",  # no break of structure or change of character in the direction of the trade, or too long ago
    "no_dealing_range",  # no swing low and swing high that span a dealing range
    "no_breaker_block",  # no living breaker block in the direction of the trend has a sufficient score
    "no_judas_swing",  # the accumulation range was not swept and given back since midnight in New York
    "zone_overruled",  # a zone of a longer timeframe, in the other direction, lies there
    "low_score",  # the confluence has fewer points than the strategy asks for
    "entry_passed",  # price is at or beyond the price at which the limit order was to rest
    "no_target",  # no liquidity rests far enough, and near enough, in the direction of the trade
    "stop_too_far",  # farther from the entry than the strategy accepts
    "stop_too_near",  # nearer to the entry than the strategy accepts
    "zone_used",  # an earlier signal used this zone
    "no_setup",  # what the strategy looks for is not there; of strategies that have no word of their own in this list
    "no_funding",  # no funding rate is known that was settled in the last eight hours
    "spread_too_wide",  # best bid and ask lie farther apart than the filter of order flow accepts
    "against_flow",  # the order book or the takers go against the trade more than the filter accepts
    "paused",  # the strategy would have signalled, but is paused
    "unsuitable_time",  # a filter: the time of day and week does not suit an entry
    "volatility_extreme",  # a filter: the market is too calm or too wild to enter
    "cost_too_high",  # a filter: fees and slippage cost too much of the distance to the stop
    "wrong_regime",  # the strategy may not trade in this regime, its score is too low there, or the regime is not known
    "conflict",  # strategies signalled opposite sides, so that none of them was chosen
    "strategy_failed",  # the strategy raised an error; the alert of the same name says which
    "bad_signal",  # the strategy returned something that is no sound signal and no reasons of this list
    "undeclared_read",  # the strategy asked for facts of a kind, timeframe or symbol that it did not declare
]


class MarketEntry(msgspec.Struct, frozen=True, kw_only=True, tag="market"):
    """Enter at once. price: the close that the strategy saw, USDT."""

    price: Price


class LimitEntry(msgspec.Struct, frozen=True, kw_only=True, tag="limit", omit_defaults=True):
    """Rest in the order book at ``price`` (USDT) until ``rests_until`` (UTC ms); then what has not filled is cancelled.

    void_at: price, USDT, on the winning side of the entry; once the market has traded there, what has not filled is
    cancelled too, because the move that the entry was for has happened without it. None = no price ends it.
    """

    price: Price
    rests_until: Milliseconds
    void_at: Price | None = None


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of the exit ladder: take ``share`` (fraction of the entered quantity) off at ``price``, USDT."""

    price: Price
    share: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 1.0


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that a strategy proposes: prices and reasons. It has no quantity; risk computes that.

    entry: how to enter; stop: price, USDT. exits: the ladder, nearest first; what the shares leave rides until the stop.
    break_even_after: rungs filled after which the stop moves to the entry price; 0 = never. close_by: UTC ms at which
    what is left is closed at the market; 0 = never. score: points, 0 or more. threshold: points from which the strategy
    signals, 0 = it counts none; risk asks for more of them in state CAUTION. valid_until: UTC ms after which nothing is
    sent for it. rests_on: ids of the facts that it uses, all confirmed at or before ``close_time``. why: one sentence
    for a person.

    Raises ValueError unless stop, entry and exits lie in this order (mirrored for a SELL), the shares add up to at most 1
    and the price that voids a limit entry lies on its winning side.
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
    threshold: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0

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
        void_at = self.entry.void_at if isinstance(self.entry, LimitEntry) else None
        if void_at is not None and sign * void_at <= sign * self.entry.price:
            raise ValueError(
                f"signal {self.id}: a {self.side.lower()} that rests at {self.entry.price} cannot be voided at {void_at}: "
                f"that price lies {'above' if self.side == 'BUY' else 'below'} the entry, or is None"
            )

    @property
    def target(self) -> float:
        """The last rung's price, USDT."""
        return self.exits[-1].price


class Judgement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one strategy says of one symbol at one close: a signal, or every reason why there is none.

    Raises ValueError for both, for neither, and for a signal of another strategy.
    """

    strategy: Id
    signal: Signal | None = None
    reasons: Annotated[tuple[Reason, ...], msgspec.Meta(max_length=32)] = ()

    def __post_init__(self) -> None:
        if (self.signal is None) != bool(self.reasons):
            raise ValueError(f"judgement of {self.strategy}: a signal, or reasons why there is none; not both, not neither")
        if self.signal is not None and self.signal.strategy != self.strategy:
            raise ValueError(f"judgement of {self.strategy}: its signal is of {self.signal.strategy}")


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The result for one symbol at one close: what every strategy that judged said, and which of the signals is chosen.

    The conflict rule: when signals want opposite sides, none is chosen and the reason is ``conflict``. When all want the
    same side, the highest score is chosen; of equal scores, the strategy whose name is first in the alphabet.

    judgements: of each strategy that judges at this close, in the order of the settings; each name once. chosen: the name
    of the strategy whose signal it is; empty = none. reasons: why none is chosen, where that is not a strategy's reason.
    It holds codes, no numbers: the numbers can be computed again from the analyses.

    Raises ValueError when a name stands twice, ``chosen`` has no signal, a signal is chosen and there are reasons beside it,
    or there is neither a judgement nor a reason.
    """

    id: Id
    symbol: Symbol
    close_time: Milliseconds
    judgements: Annotated[tuple[Judgement, ...], msgspec.Meta(max_length=MAX_STRATEGIES)] = ()
    chosen: Id = ""
    reasons: Annotated[tuple[Reason, ...], msgspec.Meta(max_length=32)] = ()

    def __post_init__(self) -> None:
        if not self.judgements:
            if self.chosen or not self.reasons:
                raise ValueError(f"decision {self.id}: nobody judged, so it needs a reason and no chosen strategy")
            return
        if len({each.strategy for each in self.judgements}) != len(self.judgements):
            raise ValueError(f"decision {self.id}: a strategy judged twice")
        if self.chosen and (self.signal is None or self.reasons):
            raise ValueError(f"decision {self.id}: {self.chosen} is chosen, so it needs a signal and no reasons beside it")

    @property
    def signal(self) -> Signal | None:
        """The signal that is chosen; None without one."""
        if self.chosen:
            for each in self.judgements:
                if each.strategy == self.chosen:
                    return each.signal
        return None

    @property
    def why_not(self) -> tuple[Reason, ...]:
        """Every reason why no signal is chosen, each once, the decision's own first; empty when one is."""
        if self.chosen:
            return ()
        return tuple(dict.fromkeys([*self.reasons, *(reason for each in self.judgements for reason in each.reasons)]))


class DecisionBundle(Message, frozen=True, kw_only=True):
    """All decisions of one partition at one close, in symbol order."""

    TYPE: ClassVar[str] = "decision_bundle"
    VERSION: ClassVar[int] = 5
    OLDEST: ClassVar[int] = 4
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
