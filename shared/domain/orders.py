"""Approved trades, orders and fills. Money and quantities are ``Decimal``."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from shared.domain.message import Message, Milliseconds, Symbol
from shared.domain.order_words import OrderStatus, OrderType, Side, TimeInForce, WorkingType

#: What an order does for its trade: open it, exit at a loss, exit at a profit, close it at the market.
Leg = Literal["entry", "stop", "target", "close"]

#: Why risk refused a signal: a closed vocabulary. All reasons that apply are reported, not only the first.
Refusal = Literal[
    "kill_switch",  # the kill switch is not NORMAL
    "daily_loss",  # the loss of this UTC day has reached its limit
    "trades_per_day",  # as many trades were approved this UTC day as are allowed
    "position_limit",  # as many positions are open, entries in flight included, as are allowed
    "symbol_in_position",  # the symbol has a position, or an entry in flight
    "signal_stale",  # the signal has expired
    "below_minimum",  # no tradable size: below the exchange's minimum, or the stop or target within a tick of the entry
    "no_account_state",  # no account report has arrived yet
    "unknown_symbol",  # the exchange's filters of the symbol are not known
    "symbol_closed",  # the symbol takes no entries now; the note says why and until when
]


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A trade that risk approved. Every client order id is derived from its ``id``, so a retry cannot place a second order.

    quantity: base currency, positive, on the step grid.
    entry, stop, target: prices, USDT, on the tick grid.
    expires_at: UTC ms after which execution refuses it.
    risk_amount: loss if the stop is hit, before fees, USDT.

    Raises ValueError for a quantity of 0 or less.
    """

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
    """Risk's answer to one signal: an approved intent, or refusals.

    intent: None = refused. signature: proves that risk approved exactly this intent (``shared.domain.approval``,
    docs/architecture.md invariant 5); empty without one. notes: how the size was limited, for a person.
    """

    decision_id: str
    symbol: Symbol
    intent: OrderIntent | None = None
    signature: str = ""
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


class VerdictBundle(Message, frozen=True, kw_only=True):
    """Risk's verdicts on all signals of one close (UTC ms). Sent for every close, also without a signal."""

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
    """An order to place, or its state at the exchange. Prices in USDT, quantities in base currency.

    quantity: 0 with close_position.
    price: limit price; None for types without one.
    trigger: None for orders that are not conditional, and for TRAILING_STOP_MARKET.
    reduce_only: it can only make the position smaller.
    close_position: it closes the whole position, whatever its size is then.
    filled: quantity traded so far. average_price: of its fills; 0 before the first.
    updated_at: UTC ms of the last change.
    reject_code, reject_reason: the exchange's error; 0 and empty without one.
    time_in_force: None = GTC for types that have one.
    activation: price from which TRAILING_STOP_MARKET trails; None = at once.
    callback_rate: distance from the best price at which it triggers, percent.
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
    """One execution of an order. ``id``: of the trade at the exchange; ``client_id``: of the order.

    quantity: base currency. price: USDT. fee: USDT, positive = paid. realized: profit of the closed part before fees, USDT.
    maker: True if the order rested in the order book. commission, commission_asset: the fee as paid, if not in USDT (BNB);
    ``fee`` is then its value in USDT, 0 if unknown. commission_asset empty: paid in USDT.
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
    """Execution's report that every request which a close (UTC ms) caused at the exchange is settled. One per close.

    placed: client ids of the orders placed, in order.
    """

    TYPE: ClassVar[str] = "step_report"
    close_time: Milliseconds
    placed: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        return "report.step"

    @property
    def message_id(self) -> str:
        return f"report:{self.close_time}"
