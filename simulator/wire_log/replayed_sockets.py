"""Plays a recorded WebSocket to a client: the exchange's frames in their order and rhythm, each after what it answered.

A frame that followed a message of the client waits for the client's message; on sockets with account events a frame that
followed an order waits for that order. Everything else keeps its recorded distance in time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from aiohttp import WSMsgType, web

from simulator.wire_log.client_ids import ClientIds
from simulator.wire_log.line_kinds import Closed, NotOpened
from simulator.wire_log.reading import Event, RecordedSocket

#: A close code that may not be sent: the connection broke.
_BROKEN: Final = 1006


class RecordedSockets:
    """The WebSockets of a session; each opening gets the first that fits and was not played yet, else the last that fits."""

    def __init__(self, sockets: Sequence[RecordedSocket]) -> None:
        self._sockets = sockets
        self._played = [False] * len(sockets)
        #: Paths that were opened and that the recording does not know.
        self.unknown: list[str] = []

    def find(self, path: str, query: str) -> RecordedSocket | None:
        """The recording of a WebSocket with this path and these streams, in any order; None = there is none."""
        wanted = _address(path, query)
        fitting = [
            index
            for index, each in enumerate(self._sockets)
            if _address(each.opened.path, each.opened.query) == wanted
        ]  # fmt: skip
        if not fitting:
            self.unknown.append(path)
            return None
        index = next((each for each in fitting if not self._played[each]), fitting[-1])
        self._played[index] = True
        return self._sockets[index]

    def left(self) -> list[str]:
        """Paths of recorded WebSockets that nobody opened."""
        return [each.opened.path for each, played in zip(self._sockets, self._played, strict=True) if not played]


def _address(path: str, query: str) -> tuple[str, frozenset[str]]:
    streams = parse_qs(query).get("streams", [""])[0].split("/")
    return path.rstrip("/"), frozenset(streams)


class Orders:
    """How many requests that change orders were made; frames wait for them."""

    def __init__(self) -> None:
        self._made = 0
        self._more = asyncio.Condition()

    async def made(self, count: int) -> None:
        """So many were made by now."""
        async with self._more:
            self._made = count
            self._more.notify_all()

    async def wait_for(self, count: int) -> None:
        """Wait until so many were made."""
        async with self._more:
            await self._more.wait_for(lambda: self._made >= count)


class SocketReplay:
    """Plays one WebSocket to one client. ``speed``: 1 = the recorded rhythm; None = without pauses."""

    def __init__(self, recorded: RecordedSocket, ids: ClientIds, orders: Orders, speed: float | None) -> None:
        self._recorded = recorded
        self._ids = ids
        self._orders = orders
        self._speed = speed
        self._from_client: asyncio.Queue[str] = asyncio.Queue()
        #: Request ids of the recording's frames → those of the client's.
        self._numbers: dict[str, Any] = {}

    async def play(self, request: web.Request) -> web.StreamResponse:
        """Accept the client and play to the recording's end; then stay open and silent until the client leaves."""
        opened = self._recorded.opened
        if isinstance(opened, NotOpened):
            return web.Response(status=opened.status or 503, text=opened.why)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        reading = asyncio.create_task(self._read(socket))
        playing = asyncio.create_task(self._play(socket))
        try:
            await asyncio.wait({reading, playing}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                playing.result()  # raises what ended it
                if not socket.closed:
                    await reading
        finally:
            reading.cancel()
            playing.cancel()
            await asyncio.gather(reading, playing, return_exceptions=True)
        return socket

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                data = message.data
                self._from_client.put_nowait(data if isinstance(data, str) else data.decode(errors="replace"))

    async def _play(self, socket: web.WebSocketResponse) -> None:
        for event in self._recorded.events:
            line = event.line
            if line.by == "client":
                if isinstance(line, Closed):
                    return
                self._answering(line.text, await self._from_client.get())
                continue
            await self._pause(event)
            if isinstance(line, Closed):
                await socket.close(code=line.code if line.code != _BROKEN else 1001)
                return
            try:
                await socket.send_str(self._ids.now(self._numbered(line.text)))
            except ConnectionError:  # the client left meanwhile
                return

    async def _pause(self, event: Event) -> None:
        if self._recorded.opened.path.startswith("/private"):
            await self._orders.wait_for(event.orders)
        if self._speed and event.after_ms:
            await asyncio.sleep(event.after_ms / 1000 / self._speed)

    def _answering(self, recorded: str, now: str) -> None:
        """Remember which id the client gave to the message that stands for a recorded one."""
        old, new = _message(recorded), _message(now)
        if "id" in old and "id" in new:
            self._numbers[json.dumps(old["id"])] = new["id"]
        if isinstance(old.get("params"), dict) and isinstance(new.get("params"), dict):
            self._ids.pair(_texts(old["params"]), _texts(new["params"]))

    def _numbered(self, text: str) -> str:
        """A frame with the client's own id where it answers a message of the client."""
        if not self._numbers or '"id"' not in text:
            return text
        message = _message(text)
        known = self._numbers.get(json.dumps(message.get("id")))
        return text if known is None else json.dumps({**message, "id": known}, separators=(",", ":"))


def _message(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _texts(params: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items()}
