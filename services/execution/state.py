"""What execution knows: one struct, so that a restart forgets nothing (EXEC-2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, TypeVar

import msgspec

from services.execution.oms.order import LiveOrder
from services.execution.plans.plan import Plan
from services.execution.positions import LegPosition
from shared.approval.commands import CommandMemory
from shared.domain.account import FundingPayment, Trade, Transfer
from shared.domain.ids import derive
from shared.domain.instruments import Instrument
from shared.domain.listing import Closure
from shared.domain.order_words import PositionSide

#: Why a symbol takes no entries for now.
FreezeReason = Literal[
    "doubt",  # whether an order exists is not known
    "mismatch",  # our trades and the exchange's statements differ
    "foreign",  # somebody else holds a position there
    "unprotectable",  # a trade was closed there because no stop stood; re-armed by hand
]
#: Those that end by themselves when their cause is gone.
THAWING: Final[frozenset[FreezeReason]] = frozenset({"doubt", "mismatch", "foreign"})
#: The legs that a symbol may have.
LEGS: Final[tuple[PositionSide, ...]] = ("BOTH", "LONG", "SHORT")
#: What ``remember`` keeps: ids, or times.
Identity = TypeVar("Identity", str, int)


class Freeze(msgspec.Struct, frozen=True, kw_only=True):
    """No entry in a symbol. since: ms of ``now``. text: what is the matter, for people."""

    reason: FreezeReason
    since: int
    text: str


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """No entry at all until a person re-arms. code: the exchange's error code; 0 = by command, or by an id seen."""

    code: int
    why: str
    since: int

    @property
    def announced_as(self) -> str:
        """Id of the Control that tells risk of it; the broker brings that back to execution, too."""
        return derive("execution", "halt", self.code, self.since)


class Flattening(msgspec.Struct, frozen=True, kw_only=True):
    """Everything is being closed. id: of the command, or of risk's order; since: ms of ``now``.

    by_risk: it is not ended by a re-arm, because risk's own state is not either.
    """

    id: str
    since: int
    by_risk: bool = False


class Move(msgspec.Struct, kw_only=True):
    """A transfer that was booked. amount: USDT; time: UTC ms. row: its id in the income history, empty = not listed yet;
    streamed: the user stream told it, too.
    """

    time: int = 0
    amount: Decimal = Decimal(0)
    row: str = ""
    streamed: bool = False


class StepDue(msgspec.Struct, kw_only=True):
    """A StepReport that waits; ``placed``: client ids of the orders placed for this close, in order."""

    close_time: int
    placed: list[str] = msgspec.field(default_factory=list)


class ExecutionState(msgspec.Struct, kw_only=True):
    """Times in ms of ``now`` unless noted.

    plans: trades that are not over, by symbol and leg (``leg_key``). past: trades that are over, by intent id, oldest
    first, because a fill of theirs may still come. orders: ours by client id. positions: by symbol and leg. wallet,
    equity: USDT, as last stated; stated_at: when that was asked for (exchange). decided: close times whose report was
    begun, so that each is reported once. intents: id → valid_until of those that risk signed, oldest first: each is taken
    once. trades_opened: how many trades ever held something; an emptied store begins at 0. alerted: reason → the minute
    (of ``now``) in which a refusal for it was alerted last. sent_at: when entries left, for the cap of their rate.
    fills_known: ids of fills; paid: of funding payments; transfers: those that no statement has told; moves:
    the last ones that were booked; transfers_from: when the account was first stated, whose wallet has all that was before;
    transfers_until: when the income history was last read for them (exchange); 0 = never; foreign: ids of
    orders that are not ours, each alerted once. agreed_at: all executions until then are accounted for (exchange).
    instruments, closures: as the exchange stated them last. strays: orders of ours whose trade is over or forgotten, with
    the time since when: the living are cancelled. started_at: when this process began; an intent that is older may have
    been sent by the one before. leaving: this process is about to stop; leaving_flat: it closes every trade before that.
    controls: ids of services' halts; commands: those of operators' commands, and what was refused. flattening: a flatten
    that has not ended; None = none. orders_of_risk: copies of risk's orders, and what was refused of them; flattened: ids of
    those to flatten that were obeyed; withdrawn_until: entries decided then or before are not made, ms of risk's clock;
    -1 = any may be. passed: by symbol, the intent of the last trade that was closed because the
    price had passed its stop before one stood; no stop was accepted there since.
    """

    wallet: Decimal | None = None
    equity: Decimal = Decimal(0)
    stated_at: int = 0
    decided: dict[int, None] = msgspec.field(default_factory=dict)
    halted: Halt | None = None
    connected: bool = True
    frozen: dict[str, Freeze] = msgspec.field(default_factory=dict)
    plans: dict[str, Plan] = msgspec.field(default_factory=dict)
    past: dict[str, Plan] = msgspec.field(default_factory=dict)
    orders: dict[str, LiveOrder] = msgspec.field(default_factory=dict)
    positions: dict[str, LegPosition] = msgspec.field(default_factory=dict)
    steps_due: list[StepDue] = msgspec.field(default_factory=list)
    closed: list[Trade] = msgspec.field(default_factory=list)
    funding: list[FundingPayment] = msgspec.field(default_factory=list)
    intents: dict[str, int] = msgspec.field(default_factory=dict)
    alerted: dict[str, int] = msgspec.field(default_factory=dict)
    trades_opened: int = 0
    sent_at: list[int] = msgspec.field(default_factory=list)
    fills_known: dict[str, None] = msgspec.field(default_factory=dict)
    transfers: list[Transfer] = msgspec.field(default_factory=list)
    moves: list[Move] = msgspec.field(default_factory=list)
    transfers_from: int = 0
    transfers_until: int = 0
    paid: dict[str, None] = msgspec.field(default_factory=dict)
    foreign: dict[str, None] = msgspec.field(default_factory=dict)
    controls: dict[str, None] = msgspec.field(default_factory=dict)
    commands: CommandMemory = msgspec.field(default_factory=CommandMemory)
    flattening: Flattening | None = None
    orders_of_risk: CommandMemory = msgspec.field(default_factory=CommandMemory)
    flattened: dict[str, None] = msgspec.field(default_factory=dict)
    withdrawn_until: int = -1
    fee_prices: dict[str, Decimal | None] = msgspec.field(default_factory=dict)
    agreed_at: int = 0
    strays: dict[str, int] = msgspec.field(default_factory=dict)
    started_at: int = 0
    leaving: bool = False
    passed: dict[str, str] = msgspec.field(default_factory=dict)
    leaving_flat: bool = False
    instruments: dict[str, Instrument] = msgspec.field(default_factory=dict)
    closures: tuple[Closure, ...] = ()

    def leg(self, symbol: str, leg: PositionSide = "BOTH") -> LegPosition:
        """The position of a leg; a flat one is made for one that nothing is known of."""
        key = leg_key(symbol, leg)
        if key not in self.positions:
            self.positions[key] = LegPosition(symbol=symbol, leg=leg, accounted_until=self.agreed_at)
        return self.positions[key]

    def legs(self, symbol: str) -> list[str]:
        """The keys of a symbol's legs of which something is known."""
        keys = (leg_key(symbol, leg) for leg in LEGS)
        return [key for key in keys if key in self.positions or key in self.plans]


def leg_key(symbol: str, leg: PositionSide) -> str:
    """The key of a leg in ``plans`` and ``positions``."""
    return f"{symbol}:{leg}"


def remember(window: dict[Identity, None], identity: Identity, limit: int) -> bool:
    """Add an id to a bounded memory, which forgets the oldest; False when it was there."""
    if identity in window:
        return False
    window[identity] = None
    while len(window) > limit:
        del window[next(iter(window))]
    return True
