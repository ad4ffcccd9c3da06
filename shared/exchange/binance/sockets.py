"""Reads one WebSocket connection, opened by python-binance, to its last frame; it does not reconnect.

It replaces the read loop of python-binance 1.0.37 (docs/binance.md §2.5), which

* reconnects by itself: the reader does not learn of the gap, and the old socket stays open;
* stops reading when the exchange begins to close: frames that had arrived are lost;
* drops queued frames when it ends or its queue is full;
* does not notice a silent connection;
* takes ten seconds to close.

See tests/integration/shared/exchange/test_exchange_stream_traps.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from binance.ws.constants import WSListenerState
from binance.ws.reconnecting_websocket import ReconnectingWebsocket
from websockets.exceptions import ConnectionClosed

from shared.exchange.model.streams import StreamLost
from shared.exchange.settings import StreamSettings


class Socket(ReconnectingWebsocket):  # type: ignore[misc]  # python-binance ships no types
    """One connection; hands out its frames as text, in the order of arrival.

    Build it inside the running event loop, await ``open``, then ``next_frame``; await ``shut`` at the end.

    base: address that ends with a slash, such as ``wss://fstream.binance.com/market/``. path: the rest of the address.
    """

    def __init__(self, base: str, path: str, settings: StreamSettings) -> None:
        super().__init__(
            url=base,
            path=path,
            prefix="",
            ping_interval=settings.ping_s,
            ping_timeout=settings.ping_s,
            open_timeout=settings.open_timeout_s,
        )
        self._most = settings.queue_frames
        self._close_seconds = settings.close_timeout_s
        self._frames: deque[tuple[str, float]] = deque()
        self._arrived = asyncio.Event()
        self._lost: StreamLost | None = None
        self._reader: asyncio.Task[None] | None = None
        self._time = asyncio.get_running_loop().time

    @property
    def lost(self) -> StreamLost | None:
        """Why the connection ended; None = it has not. ``next_frame`` still returns frames that had arrived."""
        return self._lost

    async def open(self) -> None:
        """Open the connection and start reading. Raises StreamLost("refused") if it cannot be opened."""
        try:
            await self.connect()
        except Exception as error:
            await self.shut()
            raise StreamLost("refused", f"{self._url}: {type(error).__name__}: {error}") from error

    async def next_frame(self) -> tuple[str, float]:
        """Wait for the next frame; return its text and the event loop time of its arrival, seconds.

        Raises StreamLost if the connection has ended and every frame that had arrived was returned.
        """
        while not self._frames:
            if self._lost is not None:
                raise self._lost
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()

    async def send(self, text: str) -> None:
        """Send a command. A connection that ends meanwhile is told by ``next_frame``."""
        connection: Any = self.ws
        try:
            await connection.send(text)
        except ConnectionClosed as error:
            self.end(StreamLost("closed", str(error)))

    def end(self, lost: StreamLost) -> None:
        """End the reading: ``next_frame`` raises ``lost`` after the last frame. The first reason given stays."""
        self._lost = self._lost or lost
        self._arrived.set()

    async def shut(self) -> None:
        """Close the connection; after ``close_timeout_s`` without an answer cut it off. Idempotent."""
        self.ws_state = WSListenerState.EXITING
        self.end(StreamLost("closed", "closed by us"))
        connection: Any = self.ws
        if connection is not None:
            try:
                async with asyncio.timeout(self._close_seconds):
                    await connection.close()
            except TimeoutError:
                connection.transport.abort()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read_loop(self) -> None:
        """Queue frames until the connection ends. Overrides python-binance's loop; its ``connect`` starts it."""
        self._reader = asyncio.current_task()
        connection: Any = self.ws
        try:
            async for frame in connection:
                if len(self._frames) >= self._most:
                    self.end(StreamLost("overflow", f"{self._most} frames wait to be read; the reader is too slow"))
                    return
                self._frames.append((frame, self._time()))
                self._arrived.set()
            self.end(StreamLost("closed", "the other side closed it"))
        except ConnectionClosed as error:
            self.end(StreamLost("closed", str(error)))
        finally:
            self._handle_read_loop = None
