"""What risk approves, and what it orders: intents, verdicts on signals, the closing of everything.

Money and quantities are ``Decimal``.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import msgspec

from shared.domain.bounds import MANY, Id, Text
from shared.domain.decisions import MAX_EXITS
from shared.domain.message import Message, Milliseconds, Symbol
from shared.domain.order_words import PositionSide, Side

#: Why risk refused a signal: a closed vocabulary. All reasons that apply are reported, not only the first.
Refusal = Literal[
    "kill_switch",  # the kill switch is neither NORMAL nor CAUTION
    "daily_loss",  # the loss of this UTC day has reached its limit
    "drawdown",  # the loss from the highest equity has reached its limit
    "score_in_caution",  # in CAUTION a signal needs more points than its strategy asks for
    "losing_streak",  # as many trades in a row were lost as are allowed
    "equity_jump",  # equity changed by more than results, funding and transfers explain
    "trades_per_day",  # as many trades were approved this UTC day as are allowed
    "order_frequency",  # too many were approved within a minute: a pause follows
    "position_limit",  # as many positions are open, entries in flight included, as are allowed
    "symbol_in_position",  # the symbol has a position, or an entry in flight
    "signal_stale",  # the signal has expired
    "no_account_state",  # no statement of the account has arrived yet
    "account_stale",  # the last statement of the account is too old, or from the future: a clock is wrong
    "unknown_symbol",  # the exchange's filters of the symbol are not known
    "symbol_closed",  # the symbol takes no entries now; the note says why and until when
    "listing_stale",  # what the exchange says of its symbols is older than allowed, or was not told
    "below_minimum",  # no tradable size: below the exchange's minimum, or stop, entry and exits not a tick apart
    "fat_finger",  # far larger than the entries approved before it
    "exposure_limit",  # all positions together, this one included, would be too large for the equity
    "leverage_cap",  # the account's leverage is above its cap, or above what the exchange allows at this size
    "margin_ratio",  # maintenance margin would take too much of the equity, or cannot be computed
    "costs_too_high",  # fees and slippage would take too much of what is risked
    "funding_too_high",  # the next funding payment would take too much of the notional, or is not known
    "liquidation_before_stop",  # the exchange would close the position before its stop, or that cannot be computed
]


#: What an intent is for.
Purpose = Literal[
    "enter",  # open a position
    "close",  # close what is left of an earlier intent's position, at the market
    "move_stop",  # move the stop of an earlier intent's position; it can only come nearer to the price
]
#: How a position is entered.
EntryKind = Literal[
    "market",  # at once: an IOC order at ``bound``, so that nothing fills beyond it
    "limit",  # an order that rests at ``price`` until ``rests_until``, or until the market has traded at ``void_at``
]


class ExitRung(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of the exit ladder. price: USDT, on the tick grid. share: fraction of the entered quantity, at most 1."""

    price: Decimal
    share: Decimal = Decimal(1)


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that risk approved. Every client order id is derived from its ``id``, so a retry cannot place a second order.

    leg: BOTH in one-way mode. quantity: base currency, positive, on the step grid.
    price: of the order book at the decision, or the limit price. bound: worst price at which the entry may fill.
    stop: price; exits: the ladder, nearest first. All prices in USDT on the tick grid.
    risk_amount: loss if the stop is hit, before costs, USDT. risk_budget: the most that it may lose there with fees and
    slippage, USDT; what fills worse is reduced to it.
    decided_at: risk's time of approval. valid_until: after it nothing that increases a position is sent for this intent.
    rests_until: of limit entries; 0 = market. void_at: price on the winning side of a limit entry; once the market has
    traded there, what has not filled is cancelled; 0 = no price does that. break_even_after, close_by: as in ``Signal``; 0
    = never. All UTC ms.
    about: of ``close`` and ``move_stop``, the id of the intent whose position it is; empty for ``enter``.

    Raises ValueError for a quantity of 0 or less, for an entry whose prices are not in order or whose shares exceed 1, and
    for a ``void_at`` of a market entry or on the losing side.
    """

    #: Fields that came later, and what they are without: see ``shared.approval.signing``.
    SIGNED_WHEN_SET: ClassVar[tuple[tuple[str, object], ...]] = (("void_at", Decimal(0)),)

    id: Id
    signal_id: Id
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    bound: Decimal
    stop: Decimal
    exits: Annotated[tuple[ExitRung, ...], msgspec.Meta(max_length=MAX_EXITS)]
    close_time: Milliseconds
    decided_at: Milliseconds
    valid_until: Milliseconds
    risk_amount: Decimal
    risk_budget: Decimal
    purpose: Purpose = "enter"
    kind: EntryKind = "market"
    leg: PositionSide = "BOTH"
    strategy: Id = ""
    rests_until: Milliseconds = 0
    void_at: Decimal = Decimal(0)
    break_even_after: Annotated[int, msgspec.Meta(ge=0, le=MAX_EXITS)] = 0
    close_by: Milliseconds = 0
    about: Id = ""

    def __post_init__(self) -> None:
        if self.quantity <= 0:
            raise ValueError(f"intent {self.id}: quantity {self.quantity} must be positive")
        if self.purpose != "enter":
            return
        sign = 1 if self.side == "BUY" else -1
        prices = [sign * price for price in (self.stop, self.price, *(each.price for each in self.exits))]
        if not self.exits or any(one >= other for one, other in pairwise(prices)) or min(map(abs, prices)) <= 0:
            raise ValueError(f"intent {self.id}: stop, price and exits are not in order")
        if any(each.share <= 0 for each in self.exits) or sum(each.share for each in self.exits) > 1:
            raise ValueError(f"intent {self.id}: the shares of its exits are not between 0 and 1 in all")
        if self.void_at and (self.kind != "limit" or self.void_at < 0 or sign * self.void_at <= sign * self.price):
            raise ValueError(f"intent {self.id}: {self.void_at} voids no {self.kind} entry at {self.price}")

    @property
    def target(self) -> Decimal:
        """The last rung's price, USDT. Raises IndexError without a ladder."""
        return self.exits[-1].price


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check of risk's gate on one signal.

    name: the refusal that it gives when it does not pass. value, limit: the numbers that were compared, in ``unit``, to
    twelve digits; None = there is none, or it is not known.
    """

    name: Refusal
    passed: bool
    value: Decimal | None = None
    limit: Decimal | None = None
    unit: Id = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Risk's answer to one signal: an approved intent, or refusals.

    intent: None = refused. signature: proves that risk approved exactly this intent (``shared.approval``,
    docs/architecture.md invariant 5); empty without one. notes: how the size was limited, for a person. checks: every check
    of the gate with its numbers, in its order.
    """

    decision_id: Id
    symbol: Symbol
    intent: OrderIntent | None = None
    signature: Id = ""
    refusals: Annotated[tuple[Refusal, ...], MANY] = ()
    notes: Annotated[tuple[Text, ...], MANY] = ()
    checks: Annotated[tuple[Check, ...], msgspec.Meta(max_length=64)] = ()


class RiskOrder(Message, frozen=True, kw_only=True):
    """What execution is to do because risk's state has changed, signed with the key that signs intents.

    It comes in every verdict bundle for as long as it is of use. Outside mode sim it is also sent by itself, at once, so
    that it waits for no candle.

    kind: "withdraw" = entries that were decided at ``decided_at`` or before are not to be made any more, sent or resting;
    "flatten" = all that the account holds is to be closed, whoever opened it. id: of one change of state, the same in each
    copy. reason: shown to people. decided_at: when the state changed; sent_at: when this copy was made, later in each; both
    UTC ms of risk's clock. signature: of all the rest, as text.
    """

    TYPE: ClassVar[str] = "risk_order"
    kind: Literal["withdraw", "flatten"]
    id: Id
    reason: Text
    decided_at: Milliseconds
    sent_at: Milliseconds
    signature: Id = ""

    @property
    def topic(self) -> str:
        return "order.risk"

    @property
    def message_id(self) -> str:
        return f"risk_order:{self.id}:{self.sent_at}"

    @property
    def at(self) -> int:
        return max(self.decided_at, self.sent_at)


class VerdictBundle(Message, frozen=True, kw_only=True):
    """Risk's verdicts on all signals of one close (UTC ms). Sent for every close, also without a signal.

    order: what is to be done beside them; None = nothing.
    """

    TYPE: ClassVar[str] = "verdict_bundle"
    VERSION: ClassVar[int] = 8
    OLDEST: ClassVar[int] = 7
    close_time: Milliseconds
    verdicts: Annotated[tuple[Verdict, ...], MANY]
    order: RiskOrder | None = None

    @property
    def topic(self) -> str:
        return "order.intent"

    @property
    def message_id(self) -> str:
        return f"verdict:{self.close_time}"

    @property
    def at(self) -> int:
        times = [(each.intent.close_time, each.intent.decided_at) for each in self.verdicts if each.intent is not None]
        ordered = self.order.at if self.order is not None else 0
        return max([self.close_time, ordered, *(time for pair in times for time in pair)])
