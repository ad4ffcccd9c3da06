"""What risk approved, and the order as the exchange knows it. Money and quantities are ``Decimal``."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from shared.domain.decisions import Side
from shared.domain.message import Message, Milliseconds, Symbol
from shared.domain.order_words import OrderType, TimeInForce, WorkingType

#: The exchange's own words. ``services.execution`` and ``simulator`` have the transition table.
OrderStatus = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"]
Leg = Literal["entry", "stop", "target", "close"]

#: Why risk said no: closed vocabulary; all that apply are reported, not only the first (RISK-2).
Refusal = Literal[
    "kill_switch",  # the kill switch is not NORMAL
    "daily_loss",  # the loss of the UTC day is at its limit now
    "trades_per_day",  # the UTC day has had its share of approvals
    "position_limit",  # too many positions at once
    "symbol_in_position",  # a position or a trade on its way is there already
    "signal_stale",  # its time to live is over (TTL)
    "below_minimum",  # the size after rounding is under the exchange's minimum
    "no_account_state",  # nothing is known of the account yet
    "unknown_symbol",  # no filters are known for the symbol
]


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """An approved trade: the write-ahead intent from which every client order id is derived (EXEC-2)."""

    id: str
    signal_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    entry: Decimal
    stop: Decimal
    target: Decimal
    close_time: Milliseconds
    expires_at: Milliseconds
    risk_amount: Decimal

    def __post_init__(self) -> None:
        if self.quantity <= 0:
            raise ValueError(f"intent {self.id}: quantity {self.quantity} must be positive")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Risk's answer to one signal.

    signature: binds the intent to the gate that approved it (docs/architecture.md, invariant 5).
    """

    decision_id: str
    symbol: Symbol
    intent: OrderIntent | None = None
    signature: str = ""
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


class VerdictBundle(Message, frozen=True, kw_only=True):
    """Risk's one message per close: the verdicts on all signals of the account, empty when there were none."""

    TYPE: ClassVar[str] = "verdict_bundle"
    close_time: Milliseconds
    verdicts: tuple[Verdict, ...]

    @property
    def topic(self) -> str:
        return "order.intent"

    @property
    def message_id(self) -> str:
        return f"verdict:{self.close_time}"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order at the exchange. ``price`` for limits, ``trigger`` for conditional ones; ``close_position`` closes all.

    ``time_in_force`` None = GTC where the type has one. TRAILING_STOP_MARKET has no trigger but ``callback_rate`` (percent
    off the best price), from the ``activation`` price on if there is one.
    """

    client_id: str
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    trigger: Decimal | None = None
    reduce_only: bool = False
    close_position: bool = False
    status: OrderStatus = "NEW"
    filled: Decimal = Decimal(0)
    average_price: Decimal = Decimal(0)
    updated_at: Milliseconds = 0
    reject_code: int = 0
    reject_reason: str = ""
    time_in_force: TimeInForce | None = None
    working_type: WorkingType = "CONTRACT_PRICE"
    activation: Decimal | None = None
    callback_rate: Decimal | None = None


class Fill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One execution. ``fee`` in USDT (positive = paid); ``realized`` is the PnL it realised before fees.

    ``commission``, ``commission_asset``: what was paid where that was not USDT (BNB); ``fee`` is then its value, 0 where
    it is not known.
    """

    id: str
    client_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    realized: Decimal
    maker: bool
    time: Milliseconds
    commission: Decimal = Decimal(0)
    commission_asset: str = ""


class StepReport(Message, frozen=True, kw_only=True):
    """Execution's one message per close: everything that close set in motion at the exchange is settled."""

    TYPE: ClassVar[str] = "step_report"
    close_time: Milliseconds
    placed: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        return "report.step"

    @property
    def message_id(self) -> str:
        return f"report:{self.close_time}"
