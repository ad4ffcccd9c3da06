"""Defines the settings of the live feed.

Ages are measured by the exchange's clock, pauses and silence by our own.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.exchange.model.streams import StreamKind

#: The kinds of streams that the live feed subscribes for every symbol.
FeedKind = Literal["kline", "agg_trade", "book_ticker", "depth", "mark_price", "liquidation"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SilenceSettings(_Section):
    """Longest time without a frame, by kind of stream, ms of our own clock; 0 = no limit."""

    kline: int = Field(
        15_000,
        ge=0,
        le=3_600_000,
        description="Longest silence of candle streams, ms; one frame in 250 ms is usual. 0 = no limit",
    )
    agg_trade: int = Field(60_000, ge=0, le=3_600_000, description="Longest silence of trade streams, ms; 0 = no limit")
    book_ticker: int = Field(10_000, ge=0, le=3_600_000, description="Longest silence of best bid and ask, ms; 0 = no limit")
    depth: int = Field(
        10_000,
        ge=0,
        le=3_600_000,
        description="Longest silence of order book diffs, ms; one in 100 ms is usual. 0 = no limit",
    )
    mark_price: int = Field(
        5_000, ge=0, le=3_600_000, description="Longest silence of mark prices, ms; one a second is usual. 0 = no limit"
    )
    liquidation: int = Field(
        0, ge=0, le=86_400_000, description="Longest silence of liquidations, ms; hours may pass without one. 0 = no limit"
    )

    def of(self, kind: StreamKind) -> int:
        """Return the limit of one kind, ms; 0 = no limit, also for kinds that the feed does not use."""
        limit: int = getattr(self, kind, 0)
        return limit


class BackoffSettings(_Section):
    """Pauses between attempts to connect or fetch, ms of our own clock."""

    first_ms: int = Field(
        1_000, ge=1, le=60_000, description="First pause between attempts, ms; each further one is twice as long"
    )
    longest_ms: int = Field(60_000, ge=1, le=3_600_000, description="Longest pause between attempts, ms")
    jitter: float = Field(
        0.5, ge=0.0, le=1.0, description="Random part of a pause, fraction: 0.5 = between half the pause and all of it"
    )
    reachable_ms: int = Field(
        3_500,
        ge=100,
        le=60_000,
        description="Longest pause while the exchange answers queries for its time, ms: only the stream is broken then",
    )
    settled_ms: int = Field(
        30_000,
        ge=0,
        le=3_600_000,
        description="Time that a connection must stand before pauses begin with the first again, ms",
    )

    @model_validator(mode="after")
    def _grows(self) -> Self:
        """Raise ValueError if the longest pause is shorter than the first."""
        if self.longest_ms < self.first_ms:
            raise ValueError(
                f"longest_ms {self.longest_ms} is below first_ms {self.first_ms}: raise the first or lower the second"
            )
        return self


class MinutesSettings(_Section):
    """When the candle of a minute is fetched by REST, held back, or declared missing."""

    close_grace_ms: int = Field(
        2_000,
        ge=0,
        le=60_000,
        description="Wait for the closing frame after a minute's end before the candle is fetched, ms",
    )
    missing_after_ms: int = Field(
        10_000,
        ge=0,
        le=3_600_000,
        description="Age at which a candle that the exchange does not have is declared missing, ms",
    )
    give_up_after_ms: int = Field(
        600_000,
        ge=1_000,
        le=86_400_000,
        description=(
            "Time of failing fetches after which a candle is declared missing, ms. Only if another symbol has that minute"
        ),
    )
    retry_ms: int = Field(500, ge=10, le=60_000, description="Pause before a fetch that brought nothing is repeated, ms")
    fetch_limit: int = Field(999, ge=1, le=1_499, description="Most candles of one REST answer")
    max_pending: int = Field(
        1_500,
        ge=10,
        le=100_000,
        description="Most closed candles held for a symbol while an older one is awaited",
    )


class WarmUpSettings(_Section):
    """How much history is fetched before the first minute of a session."""

    candles: int = Field(
        500, ge=0, le=1_500, description="Candles of each timeframe fetched before the first minute; 0 = no warm-up"
    )
    message_candles: int = Field(100, ge=1, le=1_000, description="Closes in one warm-up message to the analysis")


class BookSettings(_Section):
    """Settings of the local order book: snapshot size, depth kept, diffs held, levels of the imbalance."""

    snapshot_levels: int = Field(
        1_000, ge=5, le=1_000, description="Levels a side of a REST snapshot: 5, 10, 20, 50, 100, 500 or 1000"
    )
    max_levels: int = Field(2_000, ge=50, le=20_000, description="Most levels kept on each side; the farthest go first")
    max_buffered: int = Field(3_000, ge=10, le=100_000, description="Most diffs held while a snapshot is fetched")
    imbalance_levels: int = Field(10, ge=1, le=1_000, description="Best levels of each side whose sizes make the imbalance")


class LiveSettings(_Section):
    """Settings of the live feed: streams, watchdogs, backfill, order book, micro messages."""

    silence: SilenceSettings = Field(default_factory=SilenceSettings, description="When a stream counts as silent")
    backoff: BackoffSettings = Field(default_factory=BackoffSettings, description="Pauses between attempts at the exchange")
    minutes: MinutesSettings = Field(default_factory=MinutesSettings, description="How a minute is completed")
    warm_up: WarmUpSettings = Field(default_factory=WarmUpSettings, description="History fetched before the first minute")
    book: BookSettings = Field(default_factory=BookSettings, description="The local order book")
    depth: bool = Field(True, description="Subscribe to depth streams; without them the imbalance is that of the best level")
    look_every_ms: int = Field(50, ge=5, le=1_000, description="Time between two checks for silence and overdue minutes, ms")
    micro_every_ms: int = Field(1_000, ge=100, le=60_000, description="Time between two micro messages of a symbol, ms")
    micro_max_age_ms: int = Field(
        5_000, ge=100, le=600_000, description="Age of best bid and ask beyond which no micro message is published, ms"
    )
    fetch_timeout_ms: int = Field(2_500, ge=100, le=120_000, description="Longest wait for a REST answer, ms")
    fetches_at_once: int = Field(4, ge=1, le=32, description="Most REST fetches of candles and order books at once")
    audit_every_minutes: int = Field(
        15,
        ge=0,
        le=1_440,
        description="Time between two comparisons of published candles with the exchange's, minutes; 0 = never",
    )
