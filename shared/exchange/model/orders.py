"""Defines orders as they are sent to the exchange and as it reports them, with one type for both of its books.

A conditional order waits in a book of its own (Binance: the algo book). When it triggers, the exchange places a plain child
order with an id of its own, and the conditional order names that id. The field ``book`` tells the two apart.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.order_words import (
    AnyOrderStatus,
    AnyOrderType,
    PositionSide,
    Side,
    TimeInForce,
    WorkingType,
    reduces_its_leg,
)

Book = Literal[
    "plain",  # market and limit orders, also those placed when a conditional order triggers
    "algo",  # conditional orders until they trigger
]

#: Order types that wait in the algo book until they trigger.
CONDITIONAL: Final[frozenset[AnyOrderType]] = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
#: Statuses after which no other can follow.
FINAL: Final[frozenset[AnyOrderStatus]] = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED", "FINISHED"})


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order to be placed. Prices in USDT.

    client_id: 1 to 36 of ``A-Z a-z 0-9 . _ -``. A repeat of the same order must have the same one: the exchange then
        refuses it while the first is open (docs/binance.md §5.1).
    quantity: base currency; None with ``close_position``.
    price: for LIMIT, STOP and TAKE_PROFIT only.
    trigger: for all conditional types except TRAILING_STOP_MARKET.
    time_in_force: for orders with a ``price``; None = GTC.
    callback_rate: percent; for TRAILING_STOP_MARKET only. activation: its activation price; None = active at once.
    price_protect: conditional orders only; True = no trigger while last and mark price are too far apart.
    """

    client_id: str
    symbol: str
    side: Side
    type: AnyOrderType
    quantity: Decimal | None = None
    price: Decimal | None = None
    trigger: Decimal | None = None
    time_in_force: TimeInForce | None = None
    reduce_only: bool = False
    close_position: bool = False
    position_side: PositionSide = "BOTH"
    working_type: WorkingType = "CONTRACT_PRICE"
    price_protect: bool = False
    activation: Decimal | None = None
    callback_rate: Decimal | None = None

    @property
    def book(self) -> Book:
        """The book in which the order will wait."""
        return "algo" if self.type in CONDITIONAL else "plain"

    @property
    def ref(self) -> OrderRef:
        """The reference with which to query or cancel the order."""
        return OrderRef(symbol=self.symbol, client_id=self.client_id, book=self.book)

    @property
    def protects(self) -> bool:
        """True if the order can only reduce a position; such orders go first at the rate limits."""
        return self.reduce_only or self.close_position or reduces_its_leg(self.side, self.position_side)


class OrderRef(msgspec.Struct, frozen=True, kw_only=True):
    """Identifies an order by client id or by the exchange's id; with both, the client id is sent.

    Raises ValueError if neither is given.
    """

    symbol: str
    client_id: str = ""
    id: int = 0
    book: Book = "plain"

    def __post_init__(self) -> None:
        if not self.client_id and not self.id:
            raise ValueError(f"an order of {self.symbol} is named by a client id or by the exchange's id; neither was given")


class ExchangeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange reports it. Prices in USDT, 0 = does not apply; quantities in base currency; times in ms.

    average_price: None = the exchange did not say; answers to placing and cancelling leave it out, so query the order
        (docs/binance.md §1.3).
    child_id: of a triggered conditional order, the id of the plain order placed for it; 0 = not triggered.
    original_type: of such a plain order, the type of the conditional order.
    reason: why it was rejected or expired, in the exchange's words; empty = not stated.
    """

    symbol: str
    id: int
    client_id: str
    book: Book
    side: Side
    type: AnyOrderType
    status: AnyOrderStatus
    quantity: Decimal
    executed: Decimal
    updated_at: int
    average_price: Decimal | None = None
    price: Decimal = Decimal(0)
    trigger: Decimal = Decimal(0)
    time_in_force: str = ""
    reduce_only: bool = False
    close_position: bool = False
    position_side: PositionSide = "BOTH"
    working_type: str = ""
    activation: Decimal = Decimal(0)
    callback_rate: Decimal = Decimal(0)
    original_type: AnyOrderType | None = None
    child_id: int = 0
    created_at: int = 0
    reason: str = ""

    @property
    def over(self) -> bool:
        """True if the status is final."""
        return self.status in FINAL

    @property
    def ref(self) -> OrderRef:
        """The reference with which to query or cancel the order."""
        return OrderRef(symbol=self.symbol, client_id=self.client_id, id=self.id, book=self.book)


class AccountTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One of the account's own trades. Price in USDT, ``quantity`` in base currency, ``quote`` in USDT.

    commission: in ``commission_asset``, positive = paid. realized: realized profit before commission, USDT.
    """

    symbol: str
    id: int
    order_id: int
    side: Side
    position_side: PositionSide
    price: Decimal
    quantity: Decimal
    quote: Decimal
    commission: Decimal
    commission_asset: str
    realized: Decimal
    maker: bool
    time: int
