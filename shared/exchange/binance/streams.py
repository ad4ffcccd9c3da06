"""Implements the port's streams: market streams, grouped by route, and the user stream, which renews its listen key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, Self

import structlog
from prometheus_client import Counter

from shared.exchange.binance.sockets import Socket
from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.streams import ROUTES, Route, read_frame, wire_name
from shared.exchange.binance.wire.user import read_user_event
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import ExchangeError
from shared.exchange.metrics import UNREADABLE
from shared.exchange.model.streams import Heard, StreamLost, StreamName
from shared.exchange.model.user_events import KeyExpired, Unnamed, UserEvent
from shared.exchange.settings import StreamSettings
from shared.exchange.silence import Silence

log = structlog.get_logger(__name__)

#: Added to the sleep of the silence watch, seconds: waking a moment before the limit, it would find nothing overdue.
_GRAIN: Final = 0.001
_LOST: Final = Counter("ict_exchange_streams_lost_total", "Stream connections that ended, by reason", ["stream", "reason"])


def together(names: Sequence[StreamName], most: int) -> list[list[StreamName]]:
    """Split streams into groups that can share a connection: one route, at most ``most`` streams. Doubles are dropped."""
    routed: dict[Route, list[StreamName]] = {}
    for name in dict.fromkeys(names):
        routed.setdefault(ROUTES[name.kind], []).append(name)
    return [group[first : first + most] for group in routed.values() for first in range(0, len(group), most)]


class BinanceMarketStream:
    """Implements ``MarketStream``; see ``port.MarketData.market_stream`` for the arguments."""

    def __init__(
        self, stream_url: str, names: Sequence[StreamName], silent_after: float | None, settings: StreamSettings
    ) -> None:
        groups = together(names, settings.streams_per_connection)
        if len(groups) != 1:
            raise ValueError(f"{len(names)} streams cannot share one connection: open one for each group of `together`")
        self._route = ROUTES[groups[0][0].kind]
        self._names = {wire_name(name): name for name in groups[0]}
        self._silent_after = silent_after
        self._base = f"{stream_url}/{self._route}/"
        self._path = f"stream?streams={'/'.join(self._names)}"
        self._settings = settings
        self._socket: Socket | None = None
        self._silence: Silence | None = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._socket = await _open(Socket(self._base, self._path, self._settings), self._route)
        if self._silent_after is not None:
            self._silence = Silence(self._names, self._silent_after, asyncio.get_running_loop().time())
            self._watch = asyncio.create_task(self._watch_silence(self._socket, self._silence), name="silence watch")
        return self

    async def __aexit__(self, *error: object) -> None:
        await _cancel(self._watch)
        if self._socket is not None:
            await self._socket.shut()

    async def __aiter__(self) -> AsyncIterator[Heard]:
        assert self._socket is not None, "use the stream as `async with`"
        silence = self._silence
        while True:
            heard = self._heard(*await _next(self._socket, self._route))
            if heard is not None:
                if silence is not None:
                    silence.heard(wire_name(heard.stream), heard.at)
                yield heard

    async def _watch_silence(self, socket: Socket, silence: Silence) -> None:
        time = asyncio.get_running_loop().time
        while not (overdue := silence.overdue(time())):  # noqa: ASYNC110  silence is the absence of an event
            await asyncio.sleep(silence.remaining(time()) + _GRAIN)
        text = f"no frame of {', '.join(overdue)} for {self._silent_after:g} s"
        socket.end(StreamLost("silent", text))

    def _heard(self, text: str, at: float) -> Heard | None:
        """Read a frame; None if it is unreadable or of another stream.

        An unreadable frame is counted and skipped, because ending the connection would interrupt all its streams.
        """
        try:
            stream, event = read_frame(text)
        except Unreadable as error:
            UNREADABLE.labels(f"stream {self._route}").inc()
            log.warning("market_frame_unreadable", route=self._route, error=str(error), frame=text[:200])
            return None
        name = self._names.get(stream)
        return Heard(name, event, at) if name is not None else None


class BinanceUserStream:
    """Implements ``UserStream``.

    new_key: requests a listen key. keep_key: renews it; returns the key, or "" if the answer does not repeat it.
    """

    def __init__(
        self,
        stream_url: str,
        new_key: Callable[[], Awaitable[str]],
        keep_key: Callable[[], Awaitable[str]],
        settings: StreamSettings,
    ) -> None:
        self._base = f"{stream_url}/private/"
        self._new_key = new_key
        self._keep_key = keep_key
        self._settings = settings
        self._key = ""
        self._socket: Socket | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            self._key = await self._new_key()
        except ExchangeError as error:
            _LOST.labels("private", "refused").inc()
            raise StreamLost("refused", f"no listen key: {error}") from error
        self._socket = await _open(Socket(self._base, f"ws?listenKey={self._key}", self._settings), "private")
        self._keeper = asyncio.create_task(self._keep(self._socket), name="listen key")
        return self

    async def __aexit__(self, *error: object) -> None:
        await _cancel(self._keeper)
        if self._socket is not None:
            await self._socket.shut()

    async def __aiter__(self) -> AsyncIterator[UserEvent]:
        assert self._socket is not None, "use the stream as `async with`"
        while True:
            text, _ = await _next(self._socket, "private")
            event = _read(text)
            if isinstance(event, KeyExpired):  # Binance leaves the socket open and silent (docs/binance.md §4.7)
                self._socket.end(StreamLost("key_expired", "the exchange says that the listen key is dead"))
            else:
                yield event

    async def _keep(self, socket: Socket) -> None:
        """Renew the listen key every ``keepalive_s``; end the stream if the key has expired or was replaced."""
        while True:
            await asyncio.sleep(self._settings.keepalive_s)
            try:
                key = await self._keep_key()
            except ExchangeError as error:
                if error.code == ErrorCode.INVALID_LISTEN_KEY:
                    socket.end(StreamLost("key_expired", str(error)))
                    return
                log.warning("listen_key_renewal_failed", error=str(error))
                continue
            if key and key != self._key:
                socket.end(StreamLost("key_expired", "the exchange gave another listen key"))
                return


async def _open(socket: Socket, label: str) -> Socket:
    try:
        await socket.open()
    except StreamLost as lost:
        _LOST.labels(label, lost.reason).inc()
        raise
    return socket


async def _next(socket: Socket, label: str) -> tuple[str, float]:
    try:
        return await socket.next_frame()
    except StreamLost as lost:
        _LOST.labels(label, lost.reason).inc()
        raise


async def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _read(text: str) -> UserEvent:
    """Read a user event; an unreadable one becomes ``Unnamed``, so that the reader queries by REST what it missed."""
    try:
        return read_user_event(text)
    except Unreadable as unreadable:
        UNREADABLE.labels("stream private").inc()
        log.warning("user_event_unreadable", error=str(unreadable))
        return Unnamed(kind=str(unreadable), time=0, readable=False)
