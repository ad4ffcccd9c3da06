"""Settings of `ict simulator`, the server with Binance's protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.level import BASIC
from simulator.server.ids import Ids
from simulator.server.limits import Limits
from simulator.tape.settings import TapeSettings

#: Public test key and secret; they are valid for a simulator only.
TEST_KEY, TEST_SECRET = "simulator-key", "simulator-secret"


class ServerSettings(BaseModel):
    """Settings of ``ict simulator``, the server with Binance's USDⓈ-M protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on", json_schema_extra=BASIC)
    port: int = Field(
        8480,
        ge=0,
        le=65_535,
        description="Port to listen on; 0 = any free one, printed at the start",
        json_schema_extra=BASIC,
    )
    api_keys: dict[str, str] = Field(
        default_factory=lambda: {TEST_KEY: TEST_SECRET},
        min_length=1,
        description="API key → secret, invented: valid for this simulator only; all keys trade on one account",
    )
    tls: Path | None = Field(
        None, description="Folder with certificate.pem and key.pem: serve HTTPS and WSS with them; null = HTTP and WS"
    )
    start: Literal["market", "now"] = Field(
        "market", description="Time of the market: market = its own, now = the history of a generated market ends now"
    )
    days: float = Field(365.0, gt=0, le=3_660, description="Length of the generated market, days")
    ids: Ids = Field(
        "auto",
        description=(
            "Ids of orders, trades and income: market = made from the market's time, the same on every run; real = counted "
            "up from the real time of the start, so that a restart repeats none; auto = market in lock-step, else real"
        ),
    )
    strict_time: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Refuse timestamps outside recvWindow (-1021); auto = only when the market runs at speed 1",
    )
    tick_ms: float = Field(10.0, ge=1.0, le=1_000.0, description="Real time between two advances of the market, ms")
    chunk_ms: int = Field(
        250, ge=1, le=60_000, description="Faster than real time: largest advance of the market before messages are sent, ms"
    )
    weight_minute: int = Field(
        2_400, ge=1, le=10_000_000, description="Request weight allowed to an address in a minute (429 beyond)"
    )
    orders_ten_seconds: int = Field(300, ge=1, le=10_000_000, description="Orders allowed in 10 seconds (-1015 beyond)")
    orders_minute: int = Field(1_200, ge=1, le=10_000_000, description="Orders allowed in a minute (-1015 beyond)")
    ban_after: int = Field(10, ge=1, le=10_000, description="429 answers in a row after which an address is banned (418)")
    ban_s: int = Field(120, ge=1, le=259_200, description="Length of the first ban, seconds; each further one doubles")
    listen_key_minutes: float = Field(
        60.0, gt=0, le=10_080, description="Time after which a listen key expires unless extended, minutes"
    )
    stream_buffer: int = Field(
        10_000, ge=10, le=1_000_000, description="Most messages or answers queued for one socket; beyond that it is closed"
    )
    patience_s: float = Field(
        2.0, gt=0, le=600, description="Speeds max and step: longest wait for sockets that do not read, seconds"
    )
    strict_user_streams: bool = Field(
        False,
        description=(
            "Send user events only where users of the exchange have seen them: on /private, with the events named"
            " (`events=` or `<listenKey>@<event>`); false = also for a listen key alone, and on the path without a route"
        ),
    )
    streams_per_socket: int = Field(1_024, ge=1, le=10_000, description="Most streams of one connection")
    commands_per_second: int = Field(
        10, ge=1, le=1_000, description="Most messages a second from one socket; beyond that it is closed"
    )
    ping_s: float = Field(180.0, ge=1, le=3_600, description="Time between two pings of a socket, seconds")
    socket_hours: float = Field(24.0, gt=0, le=168, description="Time after which a socket is closed, hours")
    hold_s: float = Field(
        60.0, gt=0, le=3_600, description="How long a fault that withholds the answer keeps the connection open, seconds"
    )
    exchange_info: Path | None = Field(
        None,
        description=(
            "File with an exchangeInfo answer to take symbols from; null = BTC, ETH and SOL as shipped, others invented"
        ),
    )
    scenario: Path | None = Field(
        None, description="YAML file with faults and prices at set times; null = none", json_schema_extra=BASIC
    )
    ledger: Path | None = Field(
        None, description="File to which every change of orders and account is appended, for a judge; null = none"
    )
    tape: TapeSettings = Field(default_factory=TapeSettings, description="How candles become ticks, order books and history")

    def limits(self) -> Limits:
        """Return the limits for the rate limiter."""
        return Limits(
            weight_minute=self.weight_minute,
            orders_ten_seconds=self.orders_ten_seconds,
            orders_minute=self.orders_minute,
            ban_after=self.ban_after,
            ban_ms=self.ban_s * 1_000,
        )
