"""The account as the exchange reports it, and the reports of execution and risk about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import msgspec

from shared.domain.bounds import MANY, Id, Reason, Text
from shared.domain.message import Message, Milliseconds, Symbol
from shared.domain.order_words import PositionSide, Side


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One open position. A flat leg has no Position.

    quantity: base currency, signed: positive = long. entry_price, mark_price: USDT. unrealized: profit at the mark price,
    USDT. leg: BOTH in one-way mode. liquidation: price at which the exchange closes it, USDT; 0 = there is none, or unknown.
    maintenance_margin: USDT, at the mark price; None = unknown. isolated_wallet: margin of an isolated position, USDT;
    0 = cross.
    """

    symbol: Symbol
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized: Decimal
    leg: PositionSide = "BOTH"
    liquidation: Decimal = Decimal(0)
    maintenance_margin: Decimal | None = None
    isolated_wallet: Decimal = Decimal(0)


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """The account at one time.

    ``wallet``: balance, USDT; ``equity``: wallet plus unrealised profit at the mark price, USDT.
    """

    time: Milliseconds
    wallet: Decimal
    equity: Decimal
    positions: Annotated[tuple[Position, ...], MANY] = ()


TradeState = Literal[
    "entering",  # the entry order was sent, or rests at the exchange
    "protecting",  # a position whose stop is not accepted yet
    "open",  # a position with an accepted stop
    "closing",  # the position is being closed and exit orders are being cancelled
    "closed",  # flat, and no exit order is left
    "failed",  # ended without a fill
]


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One trade, from intent to flat.

    quantity: base currency. entry_price, exit_price: average prices, USDT. result: profit after fees and funding, USDT.
    fees, funding, risk_amount: USDT.
    """

    intent_id: Id
    symbol: Symbol
    side: Side
    state: TradeState
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    result: Decimal
    fees: Decimal
    risk_amount: Decimal
    opened_at: Milliseconds
    closed_at: Milliseconds
    exit_reason: Reason = ""
    leg: PositionSide = "BOTH"
    funding: Decimal = Decimal(0)


class FundingPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A funding payment of one symbol. ``rate``: fraction of the notional; ``amount``: USDT, positive = received.

    id: the exchange's own of the payment; empty = there is none.
    """

    symbol: Symbol
    time: Milliseconds
    rate: Decimal
    amount: Decimal
    id: Id = ""


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came into the futures wallet or left it, and is no result. amount: USDT, positive = came in.

    id: execution's own of the transfer.
    """

    id: Id
    time: Milliseconds
    amount: Decimal


class MarginTier(msgspec.Struct, frozen=True, kw_only=True):
    """One tier of a symbol's margin, for notionals from ``floor`` (USDT) up to the next tier's.

    maintenance_rate: fraction of the notional. cum: USDT, taken off notional x maintenance_rate. max_leverage: the highest
    that the exchange allows there.
    """

    floor: Decimal
    maintenance_rate: Decimal
    cum: Decimal
    max_leverage: Annotated[int, msgspec.Meta(ge=1, le=1_000)]


#: The tiers of a symbol, smallest first.
MarginTiers = Annotated[tuple[MarginTier, ...], msgspec.Meta(max_length=100)]


class NextFunding(msgspec.Struct, frozen=True, kw_only=True):
    """The next funding payment of a symbol. rate: fraction of the notional as of ``as_of``; longs pay when it is positive.
    due: when it is paid. Both times UTC ms.
    """

    rate: Decimal
    due: Milliseconds
    as_of: Milliseconds


class EntryCap(msgspec.Struct, frozen=True, kw_only=True):
    """The account's first trades in mode live are small. trades_left: how many more of them are capped; notional: the
    largest entry, USDT, at its worst price. The exchange's smallest order is taken in any case.
    """

    trades_left: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    notional: Decimal


class AccountStatement(Message, frozen=True, kw_only=True):
    """The account as the exchange stated it, with the trades as execution has them then. It only reconciles: what happens to
    orders is told at once by OrderEvents.

    time: UTC ms as of which it holds. asked_at: UTC ms at which it was asked for; what happened after that may be missing.
    open_trades: those that are not over. closed_trades, funding, transfers: new since the statement before. tiers: margin
    tiers by symbol, told from time to time; a symbol that is not named keeps the last ones told. next_fundings:
    the next funding payments by symbol, in the same way. entry_cap: how large the next entry may be for execution; None = it
    has no cap.
    """

    TYPE: ClassVar[str] = "account_statement"
    VERSION: ClassVar[int] = 4
    time: Milliseconds
    asked_at: Milliseconds
    account: AccountState
    open_trades: Annotated[tuple[Trade, ...], MANY] = ()
    closed_trades: Annotated[tuple[Trade, ...], MANY] = ()
    funding: Annotated[tuple[FundingPayment, ...], MANY] = ()
    transfers: Annotated[tuple[Transfer, ...], MANY] = ()
    tiers: Annotated[dict[Symbol, MarginTiers], MANY] = msgspec.field(default_factory=dict)
    entry_cap: EntryCap | None = None
    next_fundings: Annotated[dict[Symbol, NextFunding], MANY] = msgspec.field(default_factory=dict)

    @property
    def topic(self) -> str:
        return "account.state"

    @property
    def message_id(self) -> str:
        return f"account:{self.time}"

    @property
    def at(self) -> int:
        told = [each.time for each in self.funding] + [each.time for each in self.transfers]
        told += [each.as_of for each in self.next_fundings.values()]
        return max(self.time, self.asked_at, self.account.time, *told)


KillSwitch = Literal[
    "NORMAL",  # entries pass
    "CAUTION",  # entries pass at a smaller size, until things go better
    "DAY_HALT",  # no entries until the next UTC day
    "HALTED",  # no entries until re-armed by hand
    "FLATTEN",  # no entries, and every position is closed; then HALTED
]


class RiskReport(Message, frozen=True, kw_only=True):
    """Risk's report after a statement of the account: the kill switch and the figures of the UTC day.

    equity, day_start_equity, day_result: USDT. day_start_equity: corrected by the transfers since, so that day_result has
    none of them. reason: what caused the last change of the kill switch; empty before the first.
    """

    TYPE: ClassVar[str] = "risk_report"
    VERSION: ClassVar[int] = 2
    time: Milliseconds
    kill_switch: KillSwitch
    reason: Text
    equity: Decimal
    day_start_equity: Decimal
    day_result: Decimal
    trades_today: int
    open_positions: int

    @property
    def topic(self) -> str:
        return "risk.state"

    @property
    def message_id(self) -> str:
        return f"risk:{self.time}"

    @property
    def at(self) -> int:
        return self.time
