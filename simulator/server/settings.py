"""Every number of the protocol server, with its default and its bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from simulator.server.limits import Limits
from simulator.tape.settings import TapeSettings

#: A pair for tests, known to everybody: it opens nothing but a simulator.
TEST_KEY, TEST_SECRET = "simulator-key", "simulator-secret"


class ServerSettings(BaseModel):
    """``ict simulator``: the server that speaks Binance USDⓈ-M."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: int = Field(8480, ge=0, le=65_535, description="port to listen on; 0 = any free one, printed at start")
    api_keys: dict[str, str] = Field(
        default_factory=lambda: {TEST_KEY: TEST_SECRET},
        min_length=1,
        description="API key → secret, made up: they open a simulator only; all of them trade on the one account",
    )
    start: Literal["market", "now"] = Field(
        "market", description="market: the market's own time; now: a generated market's history ends now"
    )
    days: float = Field(365.0, gt=0, le=3_660, description="length of the generated market, in days")
    strict_time: Literal["auto", "always", "never"] = Field(
        "auto",
        description="refuse timestamps outside recvWindow (-1021); auto: when the market runs at speed 1, as clients do",
    )
    tick_ms: float = Field(10.0, ge=1.0, le=1_000.0, description="the market is moved on this often, ms of the clock")
    chunk_ms: int = Field(
        250, ge=1, le=60_000, description="most market time that passes before streams are written, ms, in fast motion"
    )
    weight_minute: int = Field(2_400, ge=1, le=10_000_000, description="request weight a minute and address (429 beyond)")
    orders_ten_seconds: int = Field(300, ge=1, le=10_000_000, description="orders in 10 seconds (-1015 beyond)")
    orders_minute: int = Field(1_200, ge=1, le=10_000_000, description="orders in a minute (-1015 beyond)")
    ban_after: int = Field(10, ge=1, le=10_000, description="429 answers in a row after which an address is banned (418)")
    ban_s: int = Field(120, ge=1, le=259_200, description="length of the first ban, seconds; each further one doubles")
    listen_key_minutes: float = Field(60.0, gt=0, le=10_080, description="life of a listen key that nobody extends")
    stream_buffer: int = Field(
        10_000, ge=10, le=1_000_000, description="messages that wait for one slow socket; it is closed beyond"
    )
    patience_s: float = Field(
        2.0, gt=0, le=600, description="fast motion waits so long for a socket that takes nothing, then goes on without it"
    )
    streams_per_socket: int = Field(1_024, ge=1, le=10_000, description="most streams of one connection")
    commands_per_second: int = Field(10, ge=1, le=1_000, description="messages a second from one socket; closed beyond")
    ping_s: float = Field(180.0, ge=1, le=3_600, description="the server pings each socket this often, seconds")
    socket_hours: float = Field(24.0, gt=0, le=168, description="a socket is closed after this long")
    hold_s: float = Field(
        60.0, gt=0, le=3_600, description="faults that never answer keep the connection this long, seconds"
    )
    exchange_info: Path | None = Field(
        None, description="an answer of exchangeInfo to take symbols from; else the shipped BTC, ETH, SOL, others made up"
    )
    scenario: Path | None = Field(None, description="faults and prices at set times, as YAML")
    tape: TapeSettings = Field(default_factory=TapeSettings, description="candles into ticks, books and history")

    def limits(self) -> Limits:
        """The ceilings of the rate limiter."""
        return Limits(
            weight_minute=self.weight_minute,
            orders_ten_seconds=self.orders_ten_seconds,
            orders_minute=self.orders_minute,
            ban_after=self.ban_after,
            ban_ms=self.ban_s * 1_000,
        )
