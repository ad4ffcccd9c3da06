"""Implements the port's user stream: its listen key is renewed, and its form of subscription verified by events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Literal, Self

import structlog
from prometheus_client import Counter

from shared.exchange.binance.owed_events import OwedEvents
from shared.exchange.binance.sockets import Socket
from shared.exchange.binance.stream_forms import Form, Forms, refusal_in, subscribe, user_address, user_names
from shared.exchange.binance.streams import ended, form_delivers, form_is_silent, lost_by, next_frame, opened
from shared.exchange.binance.wire.enums import Unreadable
from shared.exchange.binance.wire.user import read_user_event
from shared.exchange.errors import ExchangeError
from shared.exchange.metrics import UNREADABLE
from shared.exchange.model.streams import StreamLost
from shared.exchange.model.user_events import KeyExpired, Unnamed, UserEvent
from shared.exchange.settings import StreamSettings

log = structlog.get_logger(__name__)

_PRIVATE: Final = "private"
#: Seconds after its last renewal at which the exchange lets a listen key expire (docs/binance.md §4.3).
_KEY_LIFE_S: Final = 3_600.0
#: Longest pause before a renewal that failed is tried again, seconds.
_RENEWAL_RETRY_S: Final = 30.0
#: Looks at what the stream owes, in each span in which an order must show.
_LOOKS: Final = 5
_KEYS: Final = Counter("ict_exchange_listen_keys_total", "Listen keys of the user stream that ended, by reason", ["reason"])
Reason = Literal[
    "expired",  # the exchange said so on the stream, or it was not renewed in time
    "refused",  # the exchange would not renew it
    "replaced",  # the exchange renewed another one
]


@dataclass
class UserMemory:
    """What a user stream leaves to the next one.

    forms: which form of subscription delivers. owed: events that are due. dead_key: the listen key that ended last.
    """

    forms: Forms = field(default_factory=Forms)
    owed: OwedEvents = field(default_factory=OwedEvents)
    dead_key: str = ""


class BinanceUserStream:
    """Implements ``UserStream``.

    new_key: requests a listen key. keep_key: renews it; returns the key, or "" if the answer does not repeat it.
    close_key: ends it.
    """

    def __init__(
        self,
        stream_url: str,
        new_key: Callable[[], Awaitable[str]],
        keep_key: Callable[[], Awaitable[str]],
        close_key: Callable[[], Awaitable[None]],
        memory: UserMemory,
        settings: StreamSettings,
    ) -> None:
        self._base = f"{stream_url}/{_PRIVATE}/"
        self._new_key = new_key
        self._keep_key = keep_key
        self._close_key = close_key
        self._memory = memory
        self._settings = settings
        self._form: Form = memory.forms.current
        self._key = ""
        self._reply_due = False
        self._socket: Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._form = self._memory.forms.current
        try:
            self._key = await self._living_key()
        except ExchangeError as error:
            lost = StreamLost("refused", f"no listen key: {error}")
            lost_by(_PRIVATE, lost)
            raise lost from error
        self._socket = await opened(Socket(self._base, user_address(self._form, self._key), self._settings), _PRIVATE)
        if self._form == "subscribe":
            self._reply_due = True
            await self._socket.send(subscribe(user_names(self._key)))
        self._memory.owed.opened(asyncio.get_running_loop().time())
        self._tasks = [
            asyncio.create_task(self._keep(self._socket), name="listen key"),
            asyncio.create_task(self._watch(self._socket), name="owed events"),
        ]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._memory.owed.closed()
        for task in self._tasks:
            await ended(task)
        if self._socket is not None:
            await self._socket.shut()

    async def __aiter__(self) -> AsyncIterator[UserEvent]:
        assert self._socket is not None, "use the stream as `async with`"
        owed = self._memory.owed
        while True:
            text, at = await next_frame(self._socket, _PRIVATE)
            if self._reply_due and (refusal := refusal_in(text)) is not None:
                self._replied(self._socket, refusal)
                continue
            event = _read(text)
            if isinstance(event, KeyExpired):  # Binance leaves the socket open and silent (docs/binance.md §4.7)
                self._key_over(self._socket, "expired", "the exchange says that the listen key is dead")
                continue
            if not owed.heard:
                form_delivers(_PRIVATE, self._memory.forms, self._form)
            owed.came(at)
            yield event

    async def _living_key(self) -> str:
        """Request a listen key. While the exchange repeats the one that ended, end it there, so that the next one is new."""
        key = await self._new_key()
        if key != self._memory.dead_key:
            return key
        await self._close_key()
        return await self._new_key()

    async def _keep(self, socket: Socket) -> None:
        """Renew the listen key every ``keepalive_s``; end the stream if the key has expired, was refused or was replaced."""
        time = asyncio.get_running_loop().time
        renewed_at = time()
        pause = self._settings.keepalive_s
        while True:
            await asyncio.sleep(pause)
            try:
                key = await self._keep_key()
            except ExchangeError as error:
                if not error.passing:
                    self._key_over(socket, "refused", str(error))
                    return
                if time() - renewed_at >= _KEY_LIFE_S:
                    self._key_over(socket, "expired", f"not renewed for {_KEY_LIFE_S:g} s: {error}")
                    return
                pause = min(self._settings.keepalive_s, _RENEWAL_RETRY_S)
                log.warning("listen_key_renewal_failed", error=str(error), again_in_s=pause)
                continue
            if key and key != self._key:
                self._key_over(socket, "replaced", "the exchange gave another listen key")
                return
            renewed_at, pause = time(), self._settings.keepalive_s

    async def _watch(self, socket: Socket) -> None:
        """End the stream when it says nothing of an order that the exchange has accepted."""
        limit, owed = self._settings.order_shows_within_s, self._memory.owed
        time = asyncio.get_running_loop().time
        while not owed.overdue(time(), limit):  # noqa: ASYNC110  silence is the absence of an event
            await asyncio.sleep(limit / _LOOKS)
        text = f"an order was accepted, and no event came within {limit:g} s"
        if not owed.heard:
            form_is_silent(_PRIVATE, self._memory.forms, self._form, "events of an accepted order")
        socket.end(StreamLost("silent", text))

    def _key_over(self, socket: Socket, reason: Reason, text: str) -> None:
        """End the stream because its listen key has ended; the next stream asks for a new one."""
        self._memory.dead_key = self._key
        _KEYS.labels(reason).inc()
        log.warning("listen_key_ended", reason=reason, text=text)
        socket.end(StreamLost("key_expired", text))

    def _replied(self, socket: Socket, refusal: str) -> None:
        """Take the answer to SUBSCRIBE: an acknowledgement proves nothing, a refusal ends the connection."""
        self._reply_due = False
        if refusal:
            form_is_silent(_PRIVATE, self._memory.forms, self._form, f"refused: {refusal}")
            socket.end(StreamLost("refused", f"SUBSCRIBE: {refusal}"))


def _read(text: str) -> UserEvent:
    """Read a user event; an unreadable one becomes ``Unnamed``, so that the reader queries by REST what it missed."""
    try:
        return read_user_event(text)
    except Unreadable as unreadable:
        UNREADABLE.labels("stream private").inc()
        log.warning("user_event_unreadable", error=str(unreadable))
        return Unnamed(kind=str(unreadable), time=0, readable=False)
