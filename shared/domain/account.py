"""The account as the exchange reports it, and the reports of execution and risk about it."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from shared.domain.message import Message, Milliseconds, Symbol
from shared.domain.order_words import Side


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """One open position in one-way mode. A symbol without a position has no Position.

    quantity: base currency, signed: positive = long. entry_price, mark_price: USDT. unrealized: profit at the mark price,
    USDT.
    """

    symbol: Symbol
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized: Decimal


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """The account at one time.

    ``wallet``: balance, USDT; ``equity``: wallet plus unrealised profit at the mark price, USDT.
    """

    time: Milliseconds
    wallet: Decimal
    equity: Decimal
    positions: tuple[Position, ...] = ()


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

    quantity: base currency. entry_price, exit_price: average prices, USDT. result: profit after fees, USDT. fees,
    risk_amount: USDT.
    """

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
    """Execution's report once all exchange events up to ``time`` are handled: account, open trades, trades just closed."""

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
    """Risk's report after an account report: the kill switch and the figures of the UTC day.

    equity, day_start_equity, day_result: USDT. reason: what caused the last change of the kill switch; empty before the
    first.
    """

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
