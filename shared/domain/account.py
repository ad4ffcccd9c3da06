"""The account as the exchange states it, and what execution and risk report about it."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from shared.domain.decisions import Side
from shared.domain.message import Message, Milliseconds, Symbol


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One-way mode: ``quantity`` is signed, positive = long. Flat symbols have no Position."""

    symbol: Symbol
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized: Decimal


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """Wallet in USDT; ``equity`` = wallet + unrealised PnL at mark."""

    time: Milliseconds
    wallet: Decimal
    equity: Decimal
    positions: tuple[Position, ...] = ()


TradeState = Literal[
    "entering",  # the entry is on its way or rests
    "protecting",  # a position without an accepted stop
    "open",  # a position with one
    "closing",  # to be flat, and to leave no exit order behind
    "closed",
    "failed",  # over, and nothing was bought or sold
]


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One trade from intent to flat. ``result`` in USDT after fees; ``r`` = result / amount risked."""

    intent_id: str
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
    exit_reason: str = ""


class AccountReport(Message, frozen=True, kw_only=True):
    """Execution's statement after the exchange's news for ``time`` are settled: account, open and just-closed trades."""

    TYPE: ClassVar[str] = "account_report"
    time: Milliseconds
    account: AccountState
    open_trades: tuple[Trade, ...] = ()
    closed_trades: tuple[Trade, ...] = ()

    @property
    def topic(self) -> str:
        return "account.state"

    @property
    def message_id(self) -> str:
        return f"account:{self.time}"


KillSwitch = Literal[
    "NORMAL",  # entries pass
    "DAY_HALT",  # no entries until the next UTC day
    "HALTED",  # no entries until re-armed by hand
]


class RiskReport(Message, frozen=True, kw_only=True):
    """Risk's statement after an account report: the gate's state and the day's numbers (RISK-3)."""

    TYPE: ClassVar[str] = "risk_report"
    time: Milliseconds
    kill_switch: KillSwitch
    reason: str
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
