"""What the guardian's core is told, and what it asks for. Times in ms of the exchange's clock."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from shared.domain.control import Severity
from shared.domain.order_words import PositionSide
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.user_events import UserEvent


class LegKey(msgspec.Struct, frozen=True, order=True):
    """A leg of a symbol; ``side`` is BOTH in one-way mode."""

    symbol: str
    side: PositionSide

    def __str__(self) -> str:
        return self.symbol if self.side == "BOTH" else f"{self.symbol} {self.side}"


class SymbolFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange demands of orders of a symbol: tick (USDT), largest market order (base currency; 0 = no bound)."""

    tick: Decimal
    market_max: Decimal = Decimal(0)


# -- requests ---------------------------------------------------------------------------------------------------------


class ReadPositions(msgspec.Struct, frozen=True):
    """Read the open positions of the account."""


class ReadBook(msgspec.Struct, frozen=True):
    """Read the open conditional orders of a symbol; None = of all symbols, which costs 40 times as much."""

    symbol: str | None


class Place(msgspec.Struct, frozen=True):
    """Place a stop for a leg."""

    leg: LegKey
    order: NewOrder


class Close(msgspec.Struct, frozen=True):
    """Close a leg at the market, or a part of it."""

    leg: LegKey
    order: NewOrder


class Cancel(msgspec.Struct, frozen=True):
    """Cancel a stop of the guardian."""

    ref: OrderRef


class HaltEntries(msgspec.Struct, frozen=True):
    """Have execution stop entries; it also does so by itself when it sees an order of the guardian."""

    why: str


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should know. ``key``: of which incident."""

    severity: Severity
    key: str
    text: str


Request = ReadPositions | ReadBook | Place | Close | Cancel | HaltEntries | Alarm


# -- inputs -----------------------------------------------------------------------------------------------------------


class Tick(msgspec.Struct, frozen=True):
    """Time has passed."""


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    """The open positions, as they were read. asked_at: when the request left."""

    asked_at: int
    rows: tuple[PositionRisk, ...]


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """The open conditional orders of ``symbol`` (None = of all), as they were read."""

    symbol: str | None
    asked_at: int
    orders: tuple[ExchangeOrder, ...]


class Unread(msgspec.Struct, frozen=True):
    """A read failed."""

    request: ReadPositions | ReadBook


class Heard(msgspec.Struct, frozen=True):
    """An event of the user stream."""

    event: UserEvent


class Filters(msgspec.Struct, frozen=True):
    """The exchange's filters, by symbol."""

    symbols: dict[str, SymbolFilters]


#: What became of a request. ``proved``: it was refused because such a stop stands. ``refused``: the exchange will not take
#: this order. ``passing``: it took nothing for a reason that passes, such as an outage. ``unknown``: it may have taken it.
#: ``beyond``: the price is beyond the stop (-2021). ``gone``: there is no such order to cancel.
Result = Literal["accepted", "proved", "refused", "passing", "unknown", "beyond", "gone"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order of ours. standing: the order because of which it was refused, where the exchange shows it."""

    request: Place | Close | Cancel
    result: Result
    text: str = ""
    standing: ExchangeOrder | None = None


Input = Tick | Positions | Book | Unread | Heard | Filters | Answer
