"""Candles, and the bundles that carry all candles which close at one instant."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

from shared.domain.bounds import HISTORY, MANY
from shared.domain.message import Message, Milliseconds, Partition, Price, Symbol, Volume
from shared.domain.order_flow import CandleFlow, SettledFunding
from shared.domain.timeframes import DURATION, Timeframe

#: ``closed``: by the stream. ``backfilled``: fetched by REST. ``disputed``: implausible (a move of 50 % or more); it is
#: published and stored, but no entry may rest on it.
CandleState = Literal["closed", "backfilled", "disputed"]


class Candle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One closed candle. Prices in quote currency, volume in base currency, ``open_time`` in UTC ms.

    flow, funding: who traded with haste in it, and the last funding settled before its close; None = not known.
    """

    symbol: Symbol
    timeframe: Timeframe
    open_time: Milliseconds
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Volume
    state: CandleState = "closed"
    flow: CandleFlow | None = None
    funding: SettledFunding | None = None

    def __post_init__(self) -> None:
        if not (self.low <= self.open <= self.high and self.low <= self.close <= self.high):
            raise ValueError(
                f"{self.symbol} {self.timeframe} candle {self.open_time}: open {self.open} and close {self.close} "
                f"must lie within low {self.low} and high {self.high}"
            )
        flow, funding = self.flow, self.funding
        if flow is not None and flow.taker_bought is not None and flow.taker_bought > self.volume:
            raise ValueError(
                f"{self.symbol} {self.timeframe} candle {self.open_time}: takers bought {flow.taker_bought}, more than its "
                f"volume {self.volume}"
            )
        if funding is not None and funding.time >= self.close_time:
            raise ValueError(
                f"{self.symbol} {self.timeframe} candle {self.open_time}: it knows a funding of {funding.time}, and closes "
                f"at {self.close_time}"
            )

    @property
    def close_time(self) -> int:
        """When the candle closes, UTC ms: the open of the next one."""
        return self.open_time + DURATION[self.timeframe]


class RawCandle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A candle as a source delivered it, before ingest's quality gate has checked it.

    One minute long unless the message around it has a timeframe. Units as in Candle. backfilled: fetched by REST.
    flow, funding: what the source knows of them.
    """

    symbol: Symbol
    open_time: Milliseconds
    open: float
    high: float
    low: float
    close: float
    volume: float
    backfilled: bool = False
    flow: CandleFlow | None = None
    funding: SettledFunding | None = None


class FeedStep(Message, frozen=True, kw_only=True):
    """All 1m candles of one partition that closed at ``close_time`` (UTC ms), from a source to ingest."""

    TYPE: ClassVar[str] = "feed_step"
    VERSION: ClassVar[int] = 2
    OLDEST: ClassVar[int] = 1
    partition: Partition
    close_time: Milliseconds
    candles: Annotated[tuple[RawCandle, ...], MANY]

    @property
    def topic(self) -> str:
        return f"feed.p{self.partition}"

    @property
    def message_id(self) -> str:
        return f"feed:p{self.partition}:{self.close_time}"

    @property
    def at(self) -> int:
        return self.close_time


class FeedHistory(Message, frozen=True, kw_only=True):
    """Candles of one timeframe from before the first minute of the feed, so that analysis starts warmed up.

    Closed candles from the exchange, in order of ``open_time``; no strategy decides at their closes.
    """

    TYPE: ClassVar[str] = "feed_history"
    VERSION: ClassVar[int] = 2
    OLDEST: ClassVar[int] = 1
    partition: Partition
    timeframe: Timeframe
    candles: Annotated[tuple[RawCandle, ...], HISTORY]

    @property
    def topic(self) -> str:
        return f"feed.p{self.partition}"

    @property
    def message_id(self) -> str:
        span = f"{self.candles[0].open_time}:{self.candles[-1].open_time}" if self.candles else "empty"
        return f"history:p{self.partition}:{self.timeframe}:{span}"

    @property
    def at(self) -> int:
        return max((candle.open_time for candle in self.candles), default=0)


class CandleBundle(Message, frozen=True, kw_only=True):
    """Every candle of one partition and timeframe that closed at ``close_time`` (UTC ms).

    missing: symbols that have no candle at this close; no entry may rest on them, and no service waits for them.
    warmup: True for a close from before the feed began; it is analysed, and no strategy decides at it.
    """

    TYPE: ClassVar[str] = "candle_bundle"
    VERSION: ClassVar[int] = 2
    OLDEST: ClassVar[int] = 1
    partition: Partition
    timeframe: Timeframe
    close_time: Milliseconds
    candles: Annotated[tuple[Candle, ...], MANY]
    missing: Annotated[tuple[Symbol, ...], MANY] = ()
    warmup: bool = False

    @property
    def topic(self) -> str:
        return f"candle.p{self.partition}.{self.timeframe}"

    @property
    def message_id(self) -> str:
        return f"candle:p{self.partition}:{self.timeframe}:{self.close_time}"

    @property
    def at(self) -> int:
        return self.close_time
