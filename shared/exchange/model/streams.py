"""Defines the streams: which can be subscribed, which events they carry, and how a connection ends.

A connection does not reconnect by itself, because the reader would not notice the gap. It ends with StreamLost; the reader
then opens a new connection and fetches by REST what it missed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Protocol

import msgspec

from shared.domain.order_words import Side
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
#: Why a connection ended.
LossReason = Literal[
    "refused",  # it could not be opened
    "closed",  # closed by the exchange, by the network or by us
    "silent",  # open, but a stream sent no frame within the limit
    "overflow",  # frames arrived faster than they were read
    "key_expired",  # user stream: the listen key is no longer valid
    "unreadable",  # a frame is not as the exchange documents it
]


class StreamLost(Exception):
    """Raised to the reader when a connection has ended. ``reason``: why; the text says what was observed."""

    def __init__(self, reason: LossReason, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason


class StreamName(msgspec.Struct, frozen=True):
    """Names one stream of one symbol. ``timeframe``: for klines only. Raises ValueError if it is missing or superfluous."""

    kind: StreamKind
    symbol: str
    timeframe: Timeframe | None = None

    def __post_init__(self) -> None:
        if (self.timeframe is None) == (self.kind == "kline"):
            raise ValueError(f"stream {self.kind} of {self.symbol}: klines have a timeframe, other streams have none")


class KlineEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A running or closed candle, as of ``time`` (ms)."""

    time: int
    kline: Kline


class DepthEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A diff of the order book: the new quantities of changed levels; 0 = the level is gone.

    first, last: ids of the first and last update contained. previous: ``last`` of the diff before; if that is not the one
    received last, a diff was lost (docs/binance.md §4.6).
    """

    symbol: str
    time: int
    first: int
    last: int
    previous: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class LiquidationEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A liquidation order of any account. ``quantity``: filled, base currency; ``price``: average of the fills, USDT."""

    symbol: str
    time: int
    side: Side
    quantity: float
    price: float


class DayTicker(msgspec.Struct, frozen=True, kw_only=True):
    """Statistics of the last 24 hours. Prices in USDT; ``volume`` in base currency, ``quote_volume`` in USDT."""

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
    """A market event and the stream that carried it. ``at``: arrival of its frame, event loop time, seconds."""

    stream: StreamName
    event: MarketEvent
    at: float


class MarketStream(Protocol):
    """A connection that carries market streams.

    Open it with ``async with``, which raises StreamLost("refused") if that fails, then iterate. The iteration ends only with
    StreamLost, after every frame that had arrived was handed out. Leaving the block closes the socket within
    ``close_timeout_s``, whatever its state.
    """

    async def __aenter__(self) -> MarketStream: ...
    async def __aexit__(self, *error: object) -> None: ...
    def __aiter__(self) -> AsyncIterator[Heard]: ...


class UserStream(Protocol):
    """A connection that carries the account's own events; used like a MarketStream. It renews its listen key while open.

    Events from the return of ``__aenter__`` on are delivered, earlier ones are not: open the stream first, then read the
    account by REST.
    """

    async def __aenter__(self) -> UserStream: ...
    async def __aexit__(self, *error: object) -> None: ...
    def __aiter__(self) -> AsyncIterator[UserEvent]: ...
