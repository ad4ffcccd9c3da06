"""Sends stream messages to the connected subscribers and bounds the queue of a slow one."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from simulator.server.clock import clock_ms
from simulator.server.fault_table import Aim, FaultTable
from simulator.server.limits import Window
from simulator.server.rest.context import Context
from simulator.server.retold import retold_event
from simulator.server.session import MarketMessage, Message, UserMessage
from simulator.server.settings import ServerSettings
from simulator.server.stream_faults import PRIVATE, market_times, silent_route, user_delivery
from simulator.server.streams import Stream
from simulator.server.subscription import Subscription, open_subscription

_encode = msgspec.json.Encoder().encode
_SECOND: Final = 1_000


@dataclass(slots=True, eq=False)
class Connection:
    """One stream connection. ``waiting``: messages not sent yet, oldest first; ``cut``: it was aborted."""

    subscription: Subscription
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    waiting: deque[bytes] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    #: Set when the queue is empty or the connection has ended.
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False
    #: It did not keep up within patience_s; ``drained`` skips it until its queue is empty again.
    slow: bool = False

    def push(self, payload: bytes) -> None:
        """Queue a message; ignored once the connection is cut."""
        if self.cut:
            return
        self.waiting.append(payload)
        self.idle.clear()
        self.wake.set()

    def names(self) -> list[str]:
        """Return the names by which faults select this connection: its streams, its path, or ``private``."""
        subscription = self.subscription
        return [PRIVATE] if subscription.path == "private" else list(subscription.names) or [subscription.path]


class Sockets:
    """Holds all stream connections of a server. ``counts``: messages, sockets, overflows."""

    def __init__(self, context: Context, faults: FaultTable, settings: ServerSettings) -> None:
        self._context = context
        self._faults = faults
        self._settings = settings
        self._open: set[Connection] = set()
        self._by_stream: dict[str, set[Connection]] = {}
        self.counts: Counter[str] = Counter()

    # ---- sending -------------------------------------------------------------------------------------------------------

    def deliver(self, messages: Iterable[Message]) -> None:
        """Queue messages for their subscribers. Faults may drop, repeat or delay them."""
        for message in messages:
            if isinstance(message, MarketMessage):
                self._deliver_market(message)
            else:
                self._deliver_user(message)

    def tell_keys(self, keys: Iterable[str], event_of: Callable[[str], dict[str, object]]) -> None:
        """Send ``event_of(key)`` to the connections of each expired listen key. They stay open but get no further events."""
        for key in keys:
            event = event_of(key)
            self._push_key(key, str(event["e"]), _encode(event))

    def _deliver_market(self, message: MarketMessage) -> None:
        name = message.stream.name
        receivers = self._by_stream.get(name)
        if not receivers:
            return
        times = market_times(self._faults, name)
        for connection in receivers:
            for _ in range(times):
                self._push(connection, name, message.body)

    def _deliver_user(self, message: UserMessage) -> None:
        kind = str(message.event["e"])
        delivery = user_delivery(self._faults, message.event)
        payload = _encode(retold_event(self._faults, message.event))
        for _ in range(delivery.times):
            if delivery.delay_ms:
                asyncio.get_running_loop().call_later(delivery.delay_ms / 1000, self._push_user, kind, payload)
            else:
                self._push_user(kind, payload)

    def _push_user(self, kind: str, payload: bytes) -> None:
        for key in self._context.listen_keys.alive(clock_ms()):
            self._push_key(key, kind, payload)

    def _push_key(self, key: str, kind: str, payload: bytes) -> None:
        for connection in list(self._open):
            if (name := connection.subscription.heard_as(key, kind)) is not None:
                self._push(connection, name, payload)

    def _push(self, connection: Connection, name: str, payload: bytes) -> None:
        if silent_route(self._faults, connection.subscription.path):
            return
        if connection.subscription.combined:
            payload = b'{"stream":' + _encode(name) + b',"data":' + payload + b"}"
        connection.push(payload)
        self.counts["messages"] += 1
        if len(connection.waiting) > self._settings.stream_buffer:
            self.counts["overflows"] += 1
            self._cut(connection)

    # ---- connections ---------------------------------------------------------------------------------------------------

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Serve one stream connection until it is closed. 404 for an unknown path, 503 if a fault refuses it."""
        opened = open_subscription(
            request.path,
            request.query_string,
            self._settings.streams_per_socket,
            strict=self._settings.strict_user_streams,
        )
        if opened is None or request.transport is None:
            return web.Response(status=404)
        subscription, names = opened
        known = [PRIVATE] if subscription.path == "private" else names or [subscription.path]
        if self._faults.set and self._faults.strikes("refuse_streams", Aim(streams=known)):
            return web.Response(status=503)
        socket = web.WebSocketResponse(heartbeat=self._settings.ping_s, compress=False)
        await socket.prepare(request)
        connection = Connection(subscription, socket, request.transport)
        connection.idle.set()
        self._open.add(connection)
        self.counts["sockets"] += 1
        self._add(connection, subscription.open(names))
        writer = asyncio.create_task(self._write(connection))
        ending = asyncio.get_running_loop().call_later(self._settings.socket_hours * 3600, self._cut, connection)
        try:
            await self._listen(connection)
        finally:
            ending.cancel()
            writer.cancel()
            connection.cut = True
            connection.idle.set()
            self._open.discard(connection)
            self._remove(connection, subscription.close())
        return socket

    async def _listen(self, connection: Connection) -> None:
        window = Window(_SECOND)
        async for message in connection.socket:
            if message.type is not WSMsgType.TEXT:
                continue
            if window.add(1, clock_ms()) > self._settings.commands_per_second:
                await connection.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Too many requests")
                return
            change = connection.subscription.command(message.data)
            connection.push(_encode(change.answer))
            self._add(connection, change.added)
            self._remove(connection, change.removed)

    async def _write(self, connection: Connection) -> None:
        waiting = connection.waiting
        try:
            while True:
                await connection.wake.wait()
                connection.wake.clear()
                while waiting:
                    await connection.socket.send_str(waiting[0].decode())
                    if waiting:  # cutting the connection cleared the queue meanwhile
                        waiting.popleft()
                connection.slow = False
                connection.idle.set()
        except ConnectionError:
            self._cut(connection)  # ends the loop in _listen

    def _add(self, connection: Connection, streams: Iterable[Stream]) -> None:
        for stream in streams:
            self._by_stream.setdefault(stream.name, set()).add(connection)
            self._context.session.emitter.subscribe(stream)

    def _remove(self, connection: Connection, streams: Iterable[Stream]) -> None:
        for stream in streams:
            self._by_stream.get(stream.name, set()).discard(connection)
            self._context.session.emitter.unsubscribe(stream)

    # ---- all connections at once ---------------------------------------------------------------------------------------

    def disconnect(self, pattern: str) -> int:
        """Abort every connection with a name that matches the glob ``pattern``; return how many."""
        found = [each for each in self._open if any(fnmatchcase(name, pattern) for name in each.names())]
        for connection in found:
            self._cut(connection)
        return len(found)

    def _cut(self, connection: Connection) -> None:
        connection.cut = True
        connection.waiting.clear()
        connection.idle.set()
        connection.transport.abort()

    async def drained(self) -> None:
        """Wait until every connection's queue is empty, so that fast time goes no faster than clients read.

        All connections are waited for together, ``patience_s`` seconds at most. One that is not empty by then is marked slow
        and not waited for again until it is; its queue may reach ``stream_buffer``, which cuts it.
        """
        end = asyncio.get_running_loop().time() + self._settings.patience_s
        for connection in [each for each in self._open if not each.slow and not each.idle.is_set()]:
            try:
                async with asyncio.timeout_at(end):
                    await connection.idle.wait()
            except TimeoutError:
                connection.slow = True

    def describe(self) -> list[dict[str, object]]:
        """Describe every connection: path, stream names, number of queued messages."""
        return [
            {"path": each.subscription.path, "streams": each.names(), "waiting": len(each.waiting)}
            for each in self._open
        ]  # fmt: skip

    async def close(self) -> None:
        """Close all connections; abort those that do not answer within ``patience_s`` seconds."""
        goodbyes = [
            asyncio.create_task(connection.socket.close(code=WSCloseCode.GOING_AWAY)) for connection in self._open
        ]  # fmt: skip
        if goodbyes:
            await asyncio.wait(goodbyes, timeout=self._settings.patience_s)
        for connection in list(self._open):
            self._cut(connection)
        await asyncio.gather(*goodbyes, return_exceptions=True)
