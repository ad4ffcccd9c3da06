"""Orders and fills as services and readers see them. Money and quantities are ``Decimal``."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal

import msgspec

from shared.domain.bounds import MANY, ClientId, Id, Reason
from shared.domain.message import Message, Milliseconds, Symbol
from shared.domain.order_words import OrderStatus, OrderType, PositionSide, Side, TimeInForce, WorkingType

#: What an order does for its position.
OrderPurpose = Literal[
    "entry",  # opens it
    "stop",  # closes all of it at a loss: the leg's one closePosition order
    "bridge",  # protects it by quantity while the stop is replaced
    "target",  # a rung of the exit ladder
    "close",  # closes or reduces it at the market
    "",  # not an order of ours
]
#: Who made an order or caused a change of a position.
Origin = Literal[
    "ours",  # execution, under an id of its own
    "guardian",  # the guardian, which closes or protects what execution left unprotected
    "operator",  # a person, by a command of this system straight to the exchange
    "exchange",  # liquidation, auto-deleveraging, delisting
    "foreign",  # anybody else: a person in the app, another program
]

#: One topic for order news and the report that a close is settled: readers get them in the order in which they happened.
REPORTS: Final = "report.execution"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order to place, or its state at the exchange. Prices in USDT, quantities in base currency.

    quantity: 0 with close_position.
    price: limit price; None for types without one.
    trigger: None for orders that are not conditional, and for TRAILING_STOP_MARKET.
    reduce_only: it can only make the position smaller.
    close_position: it closes the whole position, whatever its size is then. leg: BOTH in one-way mode.
    filled: quantity traded so far. average_price: of its fills; 0 before the first.
    updated_at: UTC ms of the last change.
    reject_code, reject_reason: the exchange's error; 0 and empty without one. Of an entry that execution cancelled, the
    reason is a word: expired, voided, unwanted.
    time_in_force: None = GTC for types that have one.
    activation: price from which TRAILING_STOP_MARKET trails; None = at once.
    callback_rate: distance from the best price at which it triggers, percent.
    """

    client_id: ClientId
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
    reject_reason: Reason = ""
    time_in_force: TimeInForce | None = None
    working_type: WorkingType = "CONTRACT_PRICE"
    activation: Decimal | None = None
    callback_rate: Decimal | None = None
    leg: PositionSide = "BOTH"


class Fill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One execution of an order. ``id``: of the trade at the exchange; ``client_id``: of the order.

    quantity: base currency. price: USDT. fee: USDT, positive = paid. realized: profit of the closed part before fees, USDT.
    maker: True if the order rested in the order book. commission, commission_asset: the fee as paid, if not in USDT (BNB);
    ``fee`` is then its value in USDT, 0 if unknown. commission_asset empty: paid in USDT.
    """

    id: Id
    client_id: ClientId
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    realized: Decimal
    maker: bool
    time: Milliseconds
    commission: Decimal = Decimal(0)
    commission_asset: Id = ""


class OrderEvent(Message, frozen=True, kw_only=True):
    """One change of an order at the exchange, told at once: a new status, or a fill.

    intent_id: of the trade that it belongs to; empty = none of ours. order: as it is after the change. fill: None = it
    did not trade. time: UTC ms of the change at the exchange.
    """

    TYPE: ClassVar[str] = "order_event"
    time: Milliseconds
    origin: Origin
    purpose: OrderPurpose
    intent_id: Id
    order: Order
    fill: Fill | None = None

    @property
    def topic(self) -> str:
        return REPORTS

    @property
    def message_id(self) -> str:
        about = self.fill.id if self.fill is not None else f"{self.order.status}:{self.order.filled}"
        return f"order:{self.order.symbol}:{self.order.client_id}:{about}"

    @property
    def correlation_id(self) -> str:
        return self.intent_id or self.message_id

    @property
    def at(self) -> int:
        return max(self.time, self.order.updated_at, self.fill.time if self.fill is not None else 0)


class StepReport(Message, frozen=True, kw_only=True):
    """Execution's report that every request which a close (UTC ms) caused at the exchange is settled. One per close.

    placed: client ids of the orders placed, in order.
    """

    TYPE: ClassVar[str] = "step_report"
    close_time: Milliseconds
    placed: Annotated[tuple[ClientId, ...], MANY] = ()

    @property
    def topic(self) -> str:
        return REPORTS

    @property
    def message_id(self) -> str:
        return f"report:{self.close_time}"

    @property
    def at(self) -> int:
        return self.close_time
