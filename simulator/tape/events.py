"""The events of the tape. Prices in ticks, quantities in steps of the symbol's grid (``tape.grid``), times UTC ms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class MarketTrade:
    """A trade between two other market participants. ``buyer_is_maker``: True if the seller was the taker."""

    symbol: str
    time: int
    id: int
    price: int
    quantity: int
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and best ask, with the quantity offered at each."""

    symbol: str
    time: int
    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Mark and index price, USDT. ``rate``: funding rate to be settled at ``next_funding`` (UTC ms), as a fraction."""

    symbol: str
    time: int
    mark: Decimal
    index: Decimal
    rate: Decimal
    next_funding: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """Funding is settled at ``time``. ``mark``: mark price, USDT; ``rate``: fraction, positive = longs pay."""

    symbol: str
    time: int
    mark: Decimal
    rate: Decimal


Tick: TypeAlias = MarketTrade | Quote
Event: TypeAlias = Tick | Mark | Settlement
