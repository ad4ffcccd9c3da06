"""Defines the settings of the exchange adapter: key, addresses, timeouts, repeats, rate limits, streams."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from shared.domain.level import BASIC
from shared.domain.like import Like
from shared.exchange.limits.settings import LimiterSettings

Endpoint = Literal["mainnet", "demo"]

#: Addresses of each endpoint: (REST, streams). ``rest_url`` and ``stream_url`` override them.
ADDRESSES: Final[dict[Endpoint, tuple[str, str]]] = {
    "mainnet": ("https://fapi.binance.com", "wss://fstream.binance.com"),
    "demo": ("https://demo-fapi.binance.com", "wss://fstream.binancefuture.com"),
}


class StreamSettings(BaseModel):
    """Settings of stream connections: queue, timeouts, pings, listen key, reconnects."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue_frames: int = Field(
        100_000, ge=100, le=10_000_000, description="Frames held for a slow reader before the connection is given up"
    )
    open_timeout_s: float = Field(10.0, gt=0, le=60, description="Time in which a connection must open, seconds")
    close_timeout_s: float = Field(
        2.0, gt=0, le=30, description="Time in which a socket must close in order before it is cut off, seconds"
    )
    ping_s: float = Field(
        10.0, gt=0, le=180, description="Time between two pings, seconds; a dead line is noticed within two of them"
    )
    streams_per_connection: int = Field(200, ge=1, le=1024, description="Most market streams that share a connection")
    keepalive_s: float = Field(
        1200.0,
        gt=0,
        le=3000,
        description=("Time between two renewals of the listen key, seconds; the exchange lets it expire after 3600"),
    )
    order_shows_within_s: float = Field(
        10.0,
        gt=0,
        le=600,
        description=(
            "Time within which an accepted order must show on the user stream, seconds; beyond it the stream is opened anew,"
            " in another form of subscription if it never delivered"
        ),
    )
    backoff_first_s: float = Field(0.25, gt=0, le=60, description="Pause before the second attempt to reconnect, seconds")
    backoff_longest_s: float = Field(
        30.0, gt=0, le=600, description="Longest pause between two attempts to reconnect, seconds"
    )


class ExchangeSettings(BaseModel):
    """Settings of the exchange adapter.

    Set ``key`` and ``secret`` by environment variable or secrets file, not in a configuration file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: SecretStr = Field(SecretStr(""), description="API key; needed where orders are sent", json_schema_extra=BASIC)
    secret: SecretStr = Field(SecretStr(""), description="Secret of the API key (HMAC)", json_schema_extra=BASIC)
    real_money: bool = Field(
        False,
        description="Acknowledgement that orders are real, and losses too; mode live needs it",
        json_schema_extra=BASIC,
    )
    proven_on_testnet: bool = Field(
        False,
        description=("Acknowledgement that this configuration has run on testnet and stops stood there; mode live needs it"),
        json_schema_extra=BASIC,
    )
    rest_url: Annotated[str, Like("https://host (no slash at the end), or empty")] = Field(
        "", pattern=r"^(|https?://.+[^/])$", description="REST address; empty = the mode's own exchange"
    )
    stream_url: Annotated[str, Like("wss://host (no slash at the end), or empty")] = Field(
        "", pattern=r"^(|wss?://.+[^/])$", description="Stream address; empty = the mode's own exchange"
    )
    recv_window_ms: int = Field(
        1_500,
        ge=500,
        le=1_500,
        description=(
            "Age at which the exchange refuses a signed request, ms; shorter than the lease of a process, so that what a "
            "frozen one sends late is refused; it bounds how long an outcome is unknown"
        ),
    )
    request_timeout_s: float = Field(5.0, gt=0, le=60, description="Longest wait for an answer, seconds")
    read_attempts: int = Field(4, ge=1, le=20, description="Times that a query is sent before it fails")
    order_attempts: int = Field(
        5,
        ge=1,
        le=10,
        description=("Times that an order is sent while the exchange says that nothing happened; never otherwise"),
    )
    retry_pause_s: float = Field(
        0.2, gt=0, le=10, description="Pause before the second attempt, seconds; doubled for each further one"
    )
    retry_longest_s: float = Field(5.0, gt=0, le=120, description="Longest pause between two attempts, seconds")
    clock_refresh_s: float = Field(
        60.0, gt=0, le=3600, description="Time between two measurements of the exchange's clock, seconds"
    )
    clock_samples: int = Field(
        3, ge=1, le=20, description="Queries in a measurement of the clock; the quickest answer counts"
    )
    limiter: LimiterSettings = Field(
        default_factory=LimiterSettings, description="How the exchange's rate limits are shared out"
    )
    stream: StreamSettings = Field(default_factory=StreamSettings, description="Stream connections")

    def addresses(self, endpoint: Endpoint) -> tuple[str, str]:
        """Return the addresses (REST, streams) to use, without a slash at the end."""
        rest, stream = ADDRESSES[endpoint]
        return self.rest_url or rest, self.stream_url or stream

    @property
    def has_key(self) -> bool:
        """True if both key and secret are set, so that requests can be signed."""
        return bool(self.key.get_secret_value() and self.secret.get_secret_value())
