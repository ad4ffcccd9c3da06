"""Makes REST calls: waits for the rate limiter, sends, maps errors by the error table, repeats where that is harmless."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
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
from shared.exchange.limits.news import LimitsNews
from shared.exchange.limits.parts import Part
from shared.exchange.limits.windows import Urgency
from shared.exchange.metrics import UNREADABLE
from shared.exchange.model.market_data import RateLimit
from shared.exchange.outcome.outcomes import Doubt, NotReady, Ready
from shared.exchange.settings import ExchangeSettings
from shared.store.port import StateStore

T = TypeVar("T")
log = structlog.get_logger(__name__)

_SECONDS: Final = Histogram(
    "ict_exchange_call_seconds",
    "Time from sending a REST call to its whole answer, seconds",
    ["call"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)
_FAILURES: Final = Counter(
    "ict_exchange_failures_total", "REST calls that failed, by call and class of the error", ["call", "action"]
)


#: Longest pause believed after 429, ms: it names the rest of a window. A ban (418) may be as long as the exchange says.
_LONGEST_429_MS: Final = 300_000


class CallFailed(ExchangeError):
    """Raised when an attempt got no answer. ``doubt``: why its outcome is uncertain; None = the request was not sent."""

    def __init__(self, doubt: Doubt | None, message: str, *, call: str) -> None:
        super().__init__("retry" if doubt is None else "query", 0, message, call=call)
        self.doubt = doubt


class Rest:
    """REST calls to one exchange. Build it inside the running event loop; await ``clock.measure`` first, ``close`` last.

    name: names the rate limiter's cell in ``store``; processes that pass the same name share one count. part: of which kind
    this process is, which decides how much of the request weight it may use.
    """

    def __init__(
        self,
        rest_url: str,
        sapi_url: str,
        settings: ExchangeSettings,
        store: StateStore | None,
        name: str,
        part: Part = "rest",
    ) -> None:
        self._settings = settings
        self.clock = ExchangeClock(self._ask_time, settings.clock_samples, settings.clock_refresh_s)
        key, secret = settings.key.get_secret_value(), settings.secret.get_secret_value()
        self._client = BinanceClient(
            rest_url,
            sapi_url,
            key or None,
            secret or None,
            settings.recv_window_ms,
            settings.request_timeout_s,
            self.clock.now,
            self._heard,
        )
        self._limiter = RateLimiter(store, f"rates:{name}", self.clock.now, settings.limiter, part=part)
        self._failing = False
        self._measuring: asyncio.Task[None] | None = None

    @property
    def healthy(self) -> bool:
        """True if the last attempt reached the exchange and the answer was no server error (status 500 or more)."""
        return not self._failing

    async def call(self, endpoint: Endpoint, params: Params, shape: type[T], *, urgency: Urgency | None = None) -> T:
        """Make a call that may be repeated, with growing pauses between attempts, and return its answer as ``shape``.

        For queries and idempotent settings only. Raises ExchangeError when the last attempt failed, or at once for an error
        that a repeat cannot change; BadAnswer for an answer that cannot be read.
        """
        pauses = Backoff(self._settings.retry_pause_s, self._settings.retry_longest_s).pauses()
        for attempts_left in reversed(range(self._settings.read_attempts)):
            try:
                return self.read(endpoint, await self.once(endpoint, params, urgency=urgency), shape)
            except ExchangeError as error:
                if not error.passing or isinstance(error, BadAnswer) or not attempts_left:
                    raise
                await self.pause_after(error, next(pauses))
        raise AssertionError("read_attempts is at least 1")

    async def once(self, endpoint: Endpoint, params: Params, *, urgency: Urgency | None = None) -> bytes:
        """Make one attempt and return the body of its answer. Raises ExchangeError as ``admit`` and ``send``."""
        await self.admit(endpoint, params, urgency)
        return await self.send(endpoint, params)

    async def admit(self, endpoint: Endpoint, params: Params, urgency: Urgency | None = None) -> None:
        """Count a call that is about to be sent, and wait for the rate limits as long as its urgency allows.

        Raises ExchangeError, "refuse" with -1015, if it may not be sent.
        """
        try:
            await self._limiter.admit(
                endpoint.cost(params), urgency or endpoint.urgency, states_limits=endpoint.states_limits
            )
        except Throttled as error:
            text = str(error)
            raise self._failed(ExchangeError("refuse", ErrorCode.TOO_MANY_ORDERS, text, call=endpoint.name)) from error

    async def send(
        self,
        endpoint: Endpoint,
        params: Params,
        signed_at: int | None = None,
        ready: Ready | None = None,
    ) -> bytes:
        """Send a call that was admitted and return the body of its answer. signed_at: time in the signature, ms; None = now.

        ready: asked when the request is built; it leaves only if that returns True.

        Raises NotReady; ExchangeError: CallFailed if there was no answer.
        """
        sent_at = signed_at if signed_at is not None else self.clock.now()
        try:
            return await self._send(endpoint, params, signed_at, ready)
        except ExchangeError as error:
            error.sent_at = sent_at
            raise

    async def _send(self, endpoint: Endpoint, params: Params, signed_at: int | None, ready: Ready | None) -> bytes:
        call, began = endpoint.name, time.perf_counter()

        async def leave() -> None:
            nonlocal began
            if ready is not None and not await ready():
                raise NotReady(call)
            began = time.perf_counter()

        try:
            body = await self._client.request(
                endpoint.method,
                endpoint.path,
                version=endpoint.version,
                signed=endpoint.signed,
                params=_sendable(params),
                signed_at=signed_at,
                ready=None if ready is None else leave,
            )
        except HttpRefusal as refusal:
            self._failing = refusal.status >= 500
            meant = refusal.as_error(call, of_order=endpoint.repeat == "order")
            if refusal.status in (418, 429):
                await self._pause_for(refusal.status, meant.retry_after or self._settings.retry_longest_s)
            raise self._failed(meant) from refusal
        except aiohttp.ClientConnectorError as error:  # there was no connection, so the request was not sent
            self._failing = True
            raise self._failed(CallFailed(None, f"cannot connect: {error}", call=call)) from error
        except TimeoutError as error:  # aiohttp raises it without a text
            self._failing = True
            text = f"no answer within {self._settings.request_timeout_s:g} s"
            raise self._failed(CallFailed("timeout", text, call=call)) from error
        except (aiohttp.ClientError, OSError) as error:
            self._failing = True
            raise self._failed(CallFailed("connection", f"{type(error).__name__}: {error}", call=call)) from error
        finally:
            _SECONDS.labels(call).observe(time.perf_counter() - began)
        self._failing = False
        return body

    async def _pause_for(self, status: int, seconds: float) -> None:
        """Send nothing for as long as the exchange asks; people hear of a ban before any store is asked."""
        ms = round(seconds * 1000)
        if status == 418:
            self._limiter.banned(ms)
        await self._limiter.close_for(ms if status == 418 else min(ms, _LONGEST_429_MS))

    def learn_limits(self, rows: Sequence[RateLimit]) -> None:
        """Keep to the rate limits that the exchange states from now on."""
        self._limiter.learn(rows)

    def watch_limits(self, tell: Callable[[LimitsNews], None]) -> None:
        """Call ``tell`` from now on with what people should know of the limits."""
        self._limiter.watch(tell)

    def read(self, endpoint: Endpoint, body: bytes, shape: type[T]) -> T:
        """Decode an answer as ``shape``. Raises BadAnswer, and counts it, if the answer is not as documented."""
        return self.reading(endpoint, lambda: decode(body, shape))

    def reading(self, endpoint: Endpoint, reader: Callable[[], T]) -> T:
        """Return ``reader()``; convert its Unreadable to BadAnswer, and count it."""
        try:
            return reader()
        except Unreadable as error:
            UNREADABLE.labels(endpoint.name).inc()
            raise self._failed(BadAnswer(endpoint.name, str(error))) from error

    async def pause_after(self, error: ExchangeError, pause: float) -> None:
        """Wait before a repeat: ``pause`` or what the exchange asked for, seconds, whichever is longer.

        If the exchange refused the timestamp (-1021), measure the clock instead; wait only if that fails.
        """
        if error.code == ErrorCode.INVALID_TIMESTAMP:
            try:
                await self.clock.measure()
            except ExchangeError as trouble:
                self.clock_failed(trouble)
            else:
                return
        await asyncio.sleep(max(pause, error.retry_after or 0.0))

    def measure_soon(self) -> None:
        """Measure the clock in the background: the exchange has refused a timestamp."""
        if self._measuring is None or self._measuring.done():
            self._measuring = asyncio.create_task(self._measure(), name="exchange clock, now")

    async def _measure(self) -> None:
        try:
            await self.clock.measure()
        except ExchangeError as trouble:
            self.clock_failed(trouble)

    async def key_restrictions(self) -> bytes:
        """Return the answer that says what the API key may do. Raises ExchangeError; it is not repeated."""
        try:
            return await self._client.key_restrictions()
        except HttpRefusal as refusal:
            raise refusal.as_error("GET apiRestrictions") from refusal
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise CallFailed("connection", f"{type(error).__name__}: {error}", call="GET apiRestrictions") from error

    def clock_failed(self, error: Exception) -> None:
        """Log that a measurement of the clock failed; pass it to ``ExchangeClock.run``."""
        log.warning("clock_measurement_failed", error=str(error))

    async def close(self) -> None:
        """Bring the last counts of the rate limits to the store, and close the HTTP connections."""
        if self._measuring is not None:
            self._measuring.cancel()
            await asyncio.gather(self._measuring, return_exceptions=True)
        await self._limiter.close()
        await self._client.close()

    async def _ask_time(self) -> int:
        return self.read(TIME, await self.once(TIME, {}, urgency="protect"), ServerTime).server_time

    async def _heard(self, headers: Headers) -> None:
        await self._limiter.heard(headers)

    def _failed(self, error: ExchangeError) -> ExchangeError:
        _FAILURES.labels(error.call, error.action).inc()
        return error


def _sendable(params: Params) -> dict[str, Any]:
    """Return the parameters as strings. Raises TypeError for a float, which python-binance would send as 1e-05."""
    sent = {}
    for name, value in params.items():
        if isinstance(value, bool):
            sent[name] = "true" if value else "false"
        elif isinstance(value, str | int):
            sent[name] = str(value)
        else:
            raise TypeError(f"parameter {name} is a {type(value).__name__}; format it as a string first")
    return sent
