"""Calls: through the limiter, sent by python-binance, read by the table of errors, tried again where that is harmless."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

import aiohttp
import structlog
from prometheus_client import Counter, Histogram

from shared.domain.backoff import Backoff
from shared.exchange.binance.client import BinanceClient, Headers, HttpRefusal
from shared.exchange.binance.clock import ExchangeClock
from shared.exchange.binance.endpoints import TIME, Endpoint, Params
from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.rest import ServerTime, decode
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import BadAnswer, ExchangeError
from shared.exchange.limits.limiter import RateLimiter, Throttled
from shared.exchange.limits.windows import Urgency
from shared.exchange.metrics import UNREADABLE
from shared.exchange.outcome.outcomes import Doubt
from shared.exchange.settings import ExchangeSettings
from shared.store.port import StateStore

T = TypeVar("T")
log = structlog.get_logger(__name__)

_SECONDS: Final = Histogram(
    "ict_exchange_call_seconds",
    "A REST call from sending to the whole answer",
    ["call"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)
_FAILURES: Final = Counter(
    "ict_exchange_failures_total", "REST calls that were no success, by what they mean", ["call", "action"]
)


class CallFailed(ExchangeError):
    """An attempt without an answer. ``doubt``: what is open; None when the request cannot have left."""

    def __init__(self, doubt: Doubt | None, message: str, *, call: str) -> None:
        super().__init__("retry" if doubt is None else "query", 0, message, call=call)
        self.doubt = doubt


class Rest:
    """The REST side of one exchange. Build it inside the running loop."""

    def __init__(
        self, rest_url: str, sapi_url: str, settings: ExchangeSettings, store: StateStore | None, name: str
    ) -> None:
        self._settings = settings
        key, secret = settings.key.get_secret_value(), settings.secret.get_secret_value()
        self._client = BinanceClient(
            rest_url,
            sapi_url,
            key or None,
            secret or None,
            settings.recv_window_ms,
            settings.request_timeout_s,
            self._heard,
        )
        self.clock = ExchangeClock(self._ask_time, settings.clock_samples, settings.clock_refresh_s, self._on_offset)
        self._limiter = RateLimiter(store, f"limits:{name}", self.clock.now, settings.limiter)
        self._failing = False

    @property
    def healthy(self) -> bool:
        """The last attempt reached the exchange."""
        return not self._failing

    async def call(self, endpoint: Endpoint, params: Params, shape: type[T], *, urgency: Urgency | None = None) -> T:
        """A call that may be repeated, and is, with growing pauses. Raises ExchangeError when it failed for good."""
        pauses = Backoff(self._settings.retry_pause_s, self._settings.retry_longest_s).pauses()
        for attempts_left in reversed(range(self._settings.read_attempts)):
            try:
                return self.read(endpoint, await self.once(endpoint, params, urgency=urgency), shape)
            except ExchangeError as error:
                if error.action not in ("retry", "query") or isinstance(error, BadAnswer) or not attempts_left:
                    raise
                await self.pause_after(error, next(pauses))
        raise AssertionError("read_attempts is at least 1")

    async def once(self, endpoint: Endpoint, params: Params, *, urgency: Urgency | None = None) -> bytes:
        """One attempt. Raises ExchangeError; CallFailed when there was no answer."""
        call = endpoint.name
        try:
            await self._limiter.admit(endpoint.cost(params), urgency or endpoint.urgency)
        except Throttled as error:
            raise self._failed(ExchangeError("refuse", ErrorCode.TOO_MANY_ORDERS, str(error), call=call)) from error
        sent_at = self.clock.now()
        try:
            return await self._send(endpoint, params)
        except ExchangeError as error:
            error.sent_at = sent_at
            raise

    async def _send(self, endpoint: Endpoint, params: Params) -> bytes:
        call = endpoint.name
        try:
            with _SECONDS.labels(call).time():
                body = await self._client.request(
                    endpoint.method,
                    endpoint.path,
                    version=endpoint.version,
                    signed=endpoint.signed,
                    params=_sendable(params),
                )
        except HttpRefusal as refusal:
            self._failing = refusal.status >= 500
            meant = refusal.as_error(call)
            if refusal.status in (418, 429):
                await self._limiter.close_for(round((meant.retry_after or self._settings.retry_longest_s) * 1000))
            raise self._failed(meant) from refusal
        except aiohttp.ClientConnectorError as error:  # no connection: nothing left
            self._failing = True
            raise self._failed(CallFailed(None, f"cannot connect: {error}", call=call)) from error
        except TimeoutError as error:  # bare: its text is empty
            self._failing = True
            text = f"no answer within {self._settings.request_timeout_s:g} s"
            raise self._failed(CallFailed("timeout", text, call=call)) from error
        except (aiohttp.ClientError, OSError) as error:
            self._failing = True
            raise self._failed(CallFailed("connection", f"{type(error).__name__}: {error}", call=call)) from error
        self._failing = False
        return body

    def read(self, endpoint: Endpoint, body: bytes, shape: type[T]) -> T:
        """The answer in its shape. Raises BadAnswer, and counts it."""
        return self.reading(endpoint, lambda: decode(body, shape))

    def reading(self, endpoint: Endpoint, reader: Callable[[], T]) -> T:
        """What ``reader`` makes of an answer. Raises BadAnswer for what it cannot read."""
        try:
            return reader()
        except Unreadable as error:
            UNREADABLE.labels(endpoint.name).inc()
            raise self._failed(BadAnswer(endpoint.name, str(error))) from error

    async def pause_after(self, error: ExchangeError, pause: float) -> None:
        """Wait before a repeat, as long as the exchange asked; measure the clock again if the timestamp was refused."""
        if error.code == ErrorCode.INVALID_TIMESTAMP:
            try:
                await self.clock.measure()
            except ExchangeError as trouble:
                self.clock_failed(trouble)
            else:
                return
        await asyncio.sleep(max(pause, error.retry_after or 0.0))

    async def key_restrictions(self) -> bytes:
        """What the key may do, as its own endpoint says it. Raises ExchangeError."""
        try:
            return await self._client.key_restrictions()
        except HttpRefusal as refusal:
            raise refusal.as_error("GET apiRestrictions") from refusal
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise CallFailed("connection", f"{type(error).__name__}: {error}", call="GET apiRestrictions") from error

    def clock_failed(self, error: Exception) -> None:
        """A refresh of the clock failed."""
        log.warning("clock_measurement_failed", error=str(error))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask_time(self) -> int:
        return self.read(TIME, await self.once(TIME, {}, urgency="protect"), ServerTime).server_time

    def _on_offset(self, offset_ms: float) -> None:
        self._client.timestamp_offset = offset_ms

    async def _heard(self, headers: Headers) -> None:
        await self._limiter.heard(headers)

    def _failed(self, error: ExchangeError) -> ExchangeError:
        _FAILURES.labels(error.call, error.action).inc()
        return error


def _sendable(params: Params) -> dict[str, Any]:
    """Strings, as they must stand in the request; a float here would be sent as 1e-05, so it is a bug."""
    sent = {}
    for name, value in params.items():
        if isinstance(value, bool):
            sent[name] = "true" if value else "false"
        elif isinstance(value, str | int):
            sent[name] = str(value)
        else:
            raise TypeError(f"parameter {name} is a {type(value).__name__}; format it as a string first")
    return sent
