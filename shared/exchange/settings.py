"""Every number of the exchange adapter, with its default."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from shared.config.errors import Incoherent
from shared.exchange.limits.windows import Urgency

Endpoint = Literal["mainnet", "demo"]

#: (REST, streams) of each endpoint; a setting overrides either.
ADDRESSES: Final[dict[Endpoint, tuple[str, str]]] = {
    "mainnet": ("https://fapi.binance.com", "wss://fstream.binance.com"),
    "demo": ("https://demo-fapi.binance.com", "wss://fstream.binancefuture.com"),
}


class LimiterSettings(BaseModel):
    """Shares of the exchange's rate limits, and patience with them (EXEC-6)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protect: float = Field(1.0, gt=0, le=1, description="share of every limit that stops, closings and cancels may use")
    order: float = Field(0.9, gt=0, le=1, description="share that entries may use")
    read: float = Field(0.75, gt=0, le=1, description="share that questions about account and market may use")
    bulk: float = Field(0.5, gt=0, le=1, description="share that backfill and history may use")
    order_wait_s: float = Field(2.0, gt=0, le=60, description="an entry that cannot leave for so long is refused (-1015)")
    protect_wait_s: float = Field(
        30.0,
        gt=0,
        le=300,
        description="a stop, a closing or a cancel waits so long for the limits: late is better than never",
    )
    read_wait_s: float = Field(120.0, gt=0, le=3600, description="a question that cannot leave for so long fails")
    store_timeout_s: float = Field(
        0.25,
        gt=0,
        le=10,
        description="a store that is slower is left alone: this process counts for itself until it answers",
    )

    @model_validator(mode="after")
    def _ranked(self) -> Self:
        if not self.bulk <= self.read <= self.order <= self.protect:
            raise Incoherent({"protect": "the shares must not rise from protect over order and read to bulk"})
        return self

    def patience(self, urgency: Urgency) -> float:
        """Seconds that a call may wait for the limits."""
        if urgency == "protect":
            return self.protect_wait_s
        return self.order_wait_s if urgency == "order" else self.read_wait_s

    def shares(self) -> dict[Urgency, float]:
        """By urgency."""
        return {"protect": self.protect, "order": self.order, "read": self.read, "bulk": self.bulk}


class StreamSettings(BaseModel):
    """Stream connections."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue_frames: int = Field(100_000, ge=100, le=10_000_000, description="frames held for a slow reader before giving up")
    open_timeout_s: float = Field(10.0, gt=0, le=60, description="a connection that is not open by then has failed")
    close_timeout_s: float = Field(2.0, gt=0, le=30, description="a socket that does not close in order by then is cut off")
    ping_s: float = Field(
        10.0, gt=0, le=180, description="between two pings of ours; a dead line is seen within two of them"
    )
    streams_per_connection: int = Field(200, ge=1, le=1024, description="market streams that share a connection, at most")
    keepalive_s: float = Field(1200.0, gt=0, le=3000, description="between two renewals of the listen key (it lives 60 min)")
    backoff_first_s: float = Field(0.25, gt=0, le=60, description="pause before the second attempt to reconnect")
    backoff_longest_s: float = Field(30.0, gt=0, le=600, description="longest pause between two attempts to reconnect")


class ExchangeSettings(BaseModel):
    """Which exchange, with which key, and how patiently. The key belongs into an environment variable or a secrets file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: SecretStr = Field(SecretStr(""), description="API key; needed where orders are sent")
    secret: SecretStr = Field(SecretStr(""), description="the key's secret (HMAC)")
    real_money: bool = Field(False, description="acknowledged: orders are real, and losses too; mode live needs it")
    proven_on_testnet: bool = Field(
        False, description="acknowledged: this configuration has run on testnet, and stops stood there; mode live needs it"
    )
    rest_url: str = Field("", pattern=r"^(|https?://.+[^/])$", description="REST address; empty = the mode's own exchange")
    stream_url: str = Field("", pattern=r"^(|wss?://.+[^/])$", description="stream address; empty = the mode's own exchange")
    recv_window_ms: int = Field(
        3_000,
        ge=500,
        le=60_000,
        description="a signed request that arrives later is refused; small, because it bounds how long an outcome is open",
    )
    request_timeout_s: float = Field(5.0, gt=0, le=60, description="an answer that is not there by then counts as none")
    read_attempts: int = Field(4, ge=1, le=20, description="times that a question is asked before it fails")
    order_attempts: int = Field(
        5,
        ge=1,
        le=10,
        description="times that an order is sent when the exchange says that nothing happened (never otherwise)",
    )
    retry_pause_s: float = Field(0.2, gt=0, le=10, description="pause before a second attempt; doubled with each")
    retry_longest_s: float = Field(5.0, gt=0, le=120, description="longest pause between two attempts")
    clock_refresh_s: float = Field(60.0, gt=0, le=3600, description="between two measurements of the exchange's clock")
    clock_samples: int = Field(3, ge=1, le=20, description="questions per measurement; the quickest answer counts")
    resolve_pause_s: float = Field(0.25, gt=0, le=10, description="pause before an unknown order is asked for; doubled")
    resolve_longest_s: float = Field(2.0, gt=0, le=60, description="longest pause between two such questions")
    resolve_margin_ms: int = Field(
        2_000, ge=0, le=60_000, description="after recvWindow, until `no such order` is believed: clocks and queues"
    )
    resolve_give_up_s: float = Field(60.0, gt=0, le=3600, description="an order unknown for so long is reported as unknown")
    limiter: LimiterSettings = Field(default_factory=LimiterSettings, description="shares of the exchange's rate limits")
    stream: StreamSettings = Field(default_factory=StreamSettings, description="stream connections")

    def addresses(self, endpoint: Endpoint) -> tuple[str, str]:
        """(REST, streams), without a slash at the end."""
        rest, stream = ADDRESSES[endpoint]
        return self.rest_url or rest, self.stream_url or stream

    @property
    def has_key(self) -> bool:
        """Orders can be signed."""
        return bool(self.key.get_secret_value() and self.secret.get_secret_value())
