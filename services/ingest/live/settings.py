"""Every number of the live feed, its default and its bounds. Times in ms of the exchange, unless the text says own."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.exchange.model.streams import StreamKind

#: What is streamed of every symbol (DATA-1).
FeedKind = Literal["kline", "agg_trade", "book_ticker", "depth", "mark_price", "liquidation"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SilenceSettings(_Section):
    """Longest time without a frame of each kind of stream, ms of our own clock; 0 = may be silent for ever (DATA-4)."""

    kline: int = Field(15_000, ge=0, le=3_600_000, description="candles, running and closed; one in 250 ms is usual")
    agg_trade: int = Field(60_000, ge=0, le=3_600_000, description="trades of takers")
    book_ticker: int = Field(10_000, ge=0, le=3_600_000, description="best bid and ask")
    depth: int = Field(10_000, ge=0, le=3_600_000, description="diffs of the book; one in 100 ms is usual")
    mark_price: int = Field(5_000, ge=0, le=3_600_000, description="mark price; one a second is usual")
    liquidation: int = Field(0, ge=0, le=86_400_000, description="forced orders: hours may pass without one")

    def of(self, kind: StreamKind) -> int:
        """The limit of one kind, ms; 0 for kinds that the feed does not use."""
        limit: int = getattr(self, kind, 0)
        return limit


class BackoffSettings(_Section):
    """Pauses between attempts at the exchange, in our own time (DATA-4)."""

    first_ms: int = Field(1_000, ge=1, le=60_000, description="first pause; each one after it is twice as long")
    longest_ms: int = Field(60_000, ge=1, le=3_600_000, description="longest pause")
    jitter: float = Field(0.5, ge=0.0, le=1.0, description="fraction of a pause left to chance: 0.5 = from half to all")
    reachable_ms: int = Field(
        3_500,
        ge=100,
        le=60_000,
        description="longest pause while the exchange answers a question for its time: only the stream is ill then",
    )
    settled_ms: int = Field(
        30_000, ge=0, le=3_600_000, description="a connection that stood this long begins with the first pause again"
    )

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.longest_ms < self.first_ms:
            raise ValueError("longest_ms is below first_ms: raise longest_ms")
        return self


class MinutesSettings(_Section):
    """When a minute is fetched, held, or given up (DATA-3)."""

    close_grace_ms: int = Field(
        2_000, ge=0, le=60_000, description="after a minute's end its closing frame is waited for this long, then fetched"
    )
    missing_after_ms: int = Field(
        10_000, ge=0, le=3_600_000, description="a candle that the exchange itself does not have by then is declared missing"
    )
    give_up_after_ms: int = Field(
        600_000,
        ge=1_000,
        le=86_400_000,
        description="a candle whose fetches have failed for this long, own time, is declared missing, if another symbol "
        "has the minute; while nothing is heard at all, nothing is declared",
    )
    retry_ms: int = Field(500, ge=10, le=60_000, description="pause before a fetch that brought nothing is repeated")
    fetch_limit: int = Field(999, ge=1, le=1_499, description="candles of one REST answer at most")
    max_pending: int = Field(
        1_500,
        ge=10,
        le=100_000,
        description="closed candles held per symbol while an older one is awaited",
    )


class WarmUpSettings(_Section):
    """What is fetched before the first minute of a session (DATA-1)."""

    candles: int = Field(500, ge=0, le=1_500, description="candles of each timeframe, by REST")
    message_candles: int = Field(100, ge=1, le=1_000, description="closes in one message on their way to the analysis")


class BookSettings(_Section):
    """The local order book (ICT-14)."""

    snapshot_levels: int = Field(1_000, ge=5, le=1_000, description="levels a side of a REST snapshot: 5, 10 … 1000")
    max_levels: int = Field(2_000, ge=50, le=20_000, description="levels a side that are kept; the farthest go first")
    max_buffered: int = Field(3_000, ge=10, le=100_000, description="diffs held while a snapshot is on its way")
    imbalance_levels: int = Field(10, ge=1, le=1_000, description="best levels a side whose sizes make the imbalance")


class LiveSettings(_Section):
    """The live feed: streams, watchdogs, backfill, order book, one micro message a second."""

    silence: SilenceSettings = Field(default_factory=SilenceSettings, description="when a stream counts as silent")
    backoff: BackoffSettings = Field(default_factory=BackoffSettings, description="pauses between attempts")
    minutes: MinutesSettings = Field(default_factory=MinutesSettings, description="how a minute is completed")
    warm_up: WarmUpSettings = Field(default_factory=WarmUpSettings, description="the history before the first minute")
    book: BookSettings = Field(default_factory=BookSettings, description="the local order book")
    depth: bool = Field(True, description="false: no depth streams; the imbalance is then that of the best level")
    look_every_ms: int = Field(50, ge=5, le=1_000, description="how often silence and overdue minutes are looked for")
    micro_every_ms: int = Field(1_000, ge=100, le=60_000, description="one micro message a symbol this often, own time")
    micro_max_age_ms: int = Field(
        5_000, ge=100, le=600_000, description="no micro message from a best bid and ask older than this"
    )
    tick_every_ms: int = Field(1_000, ge=100, le=60_000, description="clock ticks for deadlines, own time")
    fetch_timeout_ms: int = Field(2_500, ge=100, le=120_000, description="a REST answer that takes longer has failed")
    fetches_at_once: int = Field(4, ge=1, le=32, description="REST fetches of candles and books at once")
    audit_every_minutes: int = Field(
        15,
        ge=0,
        le=1_440,
        description="published candles are compared with the exchange's this often; 0 = never",
    )
