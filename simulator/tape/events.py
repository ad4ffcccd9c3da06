"""What happens on the tape. Prices in ticks and quantities in steps of the symbol's grid; times UTC ms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class MarketTrade:
    """One execution between two others. ``buyer_is_maker``: the seller took."""

    symbol: str
    time: int
    id: int
    price: int
    quantity: int
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask, with what stands there."""

    symbol: str
    time: int
    bid: int
    bid_quantity: int
    ask: int
    ask_quantity: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Mark price, index price (USDT), the funding rate that will be settled at ``next_funding``."""

    symbol: str
    time: int
    mark: Decimal
    index: Decimal
    rate: Decimal
    next_funding: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """Funding is exchanged now, at ``mark`` and ``rate``."""

    symbol: str
    time: int
    mark: Decimal
    rate: Decimal


Tick: TypeAlias = MarketTrade | Quote
Event: TypeAlias = Tick | Mark | Settlement
