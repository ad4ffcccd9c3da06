"""Market streams: what can be subscribed, what arrives, and how a connection ends.

A connection has one life. It never reconnects behind the reader's back, because a gap would go unseen: it ends with
StreamLost, and whoever reads decides when to open the next one and what to ask by REST in between.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Protocol

import msgspec

from shared.domain.decisions import Side
from shared.domain.timeframes import Timeframe
from shared.exchange.model.market_data import AggTrade, BookTicker, Kline, Level, MarkPrice
from shared.exchange.model.user_events import UserEvent

StreamKind = Literal[
    "kline",  # running and closed candles of one timeframe
    "agg_trade",
    "mark_price",  # every second, with the funding rate
    "book_ticker",
    "depth",  # diffs of the book, every 100 ms
    "liquidation",  # the largest forced order of each second
]
#: Why a connection is over.
LossReason = Literal[
    "refused",  # it could not be opened
    "closed",  # the other side closed it, or the network did
    "silent",  # open, and no frame within the limit
    "overflow",  # frames came faster than they were read
    "key_expired",  # user stream: its key is dead
    "unreadable",  # a frame that is not what the exchange documents
]


class StreamLost(Exception):
    """The connection is over. ``reason`` is one of the closed list; the text says what was seen."""

    def __init__(self, reason: LossReason, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason


class StreamName(msgspec.Struct, frozen=True):
    """One stream of one symbol. ``timeframe`` only for klines."""

    kind: StreamKind
    symbol: str
    timeframe: Timeframe | None = None

    def __post_init__(self) -> None:
        if (self.timeframe is None) == (self.kind == "kline"):
            raise ValueError(f"stream {self.kind} of {self.symbol}: klines have a timeframe, other streams have none")


class KlineEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A running or closed candle, as of ``time``."""

    time: int
    kline: Kline


class DepthEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A diff of the book: new quantities of levels, 0 = gone. Continues the diff whose ``last`` equals ``previous``."""

    symbol: str
    time: int
    first: int
    last: int
    previous: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class LiquidationEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A forced order of somebody: base quantity filled, average price."""

    symbol: str
    time: int
    side: Side
    quantity: float
    price: float


class DayTicker(msgspec.Struct, frozen=True, kw_only=True):
    """The rolling last 24 hours; ``volume`` in base currency."""

    symbol: str
    time: int
    last: float
    open: float
    high: float
    low: float
    volume: float
    quote_volume: float


MarketEvent = KlineEvent | AggTrade | MarkPrice | BookTicker | DepthEvent | LiquidationEvent | DayTicker


class Heard(msgspec.Struct, frozen=True):
    """One event, the stream that carried it, and the local monotonic time in seconds at which its frame arrived."""

    stream: StreamName
    event: MarketEvent
    at: float


class MarketStream(Protocol):
    """An open connection. Iterate; it ends only by StreamLost, after everything that had arrived was given out.

    Use as ``async with``: leaving closes the socket, whatever state it is in, within the settings' close timeout.
    """

    async def __aenter__(self) -> MarketStream: ...
    async def __aexit__(self, *error: object) -> None: ...
    def __aiter__(self) -> AsyncIterator[Heard]: ...


class UserStream(Protocol):
    """The same for the account's own events; it keeps its key alive as long as it is open.

    ``connected`` is past when ``__aenter__`` returns: what happens from then on is told, what happened before is not.
    """

    async def __aenter__(self) -> UserStream: ...
    async def __aexit__(self, *error: object) -> None: ...
    def __aiter__(self) -> AsyncIterator[UserEvent]: ...
