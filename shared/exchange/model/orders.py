"""Orders as an exchange takes and states them: one shape for both of its books.

Conditional orders live in a book of their own until they trigger (Binance: the algo book); then a child order with an id of
its own is placed, and the conditional one names it. Services see one kind of order with a ``book``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

import msgspec

from shared.domain.decisions import Side
from shared.domain.order_words import AnyOrderType, PositionSide, TimeInForce, WorkingType

Book = Literal[
    "plain",  # market and limit orders, and what conditional orders become
    "algo",  # conditional orders until they trigger
]
Status = Literal[
    "NEW",  # accepted, works or waits for its trigger
    "PARTIALLY_FILLED",
    "FILLED",
    "CANCELED",
    "REJECTED",
    "EXPIRED",  # also when it was expired in a match with an order of our own
    "TRIGGERING",  # conditional: the trigger was met, the child is on its way
    "TRIGGERED",  # conditional: the child lives, see ``child_id``
    "FINISHED",  # conditional: the child is filled or gone
]

#: These wait in the algo book.
CONDITIONAL: Final[frozenset[AnyOrderType]] = frozenset(
    {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
)
#: Nothing can follow.
FINAL: Final[frozenset[Status]] = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED", "FINISHED"})


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order to be placed. ``quantity`` in base currency, None with ``close_position``; prices in USDT.

    ``client_id``: 1 to 36 of ``A-Z a-z 0-9 . _ -``; the same order has the same one for ever (EXEC-2). ``price`` for LIMIT,
    STOP and TAKE_PROFIT; ``trigger`` for the conditional ones but TRAILING_STOP_MARKET, which has ``callback_rate``
    (percent) and perhaps ``activation``.
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
        """Where it will wait."""
        return "algo" if self.type in CONDITIONAL else "plain"

    @property
    def ref(self) -> OrderRef:
        """The name to ask for it by."""
        return OrderRef(symbol=self.symbol, client_id=self.client_id, book=self.book)

    @property
    def protects(self) -> bool:
        """It can only make a position smaller: it goes ahead of everything else."""
        return self.reduce_only or self.close_position


class OrderRef(msgspec.Struct, frozen=True, kw_only=True):
    """An order's name: by client id, else by the exchange's id."""

    symbol: str
    client_id: str = ""
    id: int = 0
    book: Book = "plain"

    def __post_init__(self) -> None:
        if not self.client_id and not self.id:
            raise ValueError(f"an order of {self.symbol} is named by a client id or by the exchange's id; neither was given")


class ExchangeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange states it. Zero where a price does not apply.

    ``average_price`` None: the exchange did not say (the answers to placing and cancelling do not); ask for the order.
    ``child_id``: of a triggered conditional order, the id of the plain order it became, 0 before; ``original_type``: of such
    a plain order, the type of the conditional one.
    """

    symbol: str
    id: int
    client_id: str
    book: Book
    side: Side
    type: AnyOrderType
    status: Status
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
        """Nothing can follow."""
        return self.status in FINAL

    @property
    def ref(self) -> OrderRef:
        """Its name."""
        return OrderRef(symbol=self.symbol, client_id=self.client_id, id=self.id, book=self.book)


class AccountTrade(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of ours. ``commission`` positive = paid, in ``commission_asset``; ``realized`` before it, USDT."""

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
