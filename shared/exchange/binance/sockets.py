"""One WebSocket connection, opened by python-binance, with one life: read to its last frame, closed for certain.

What python-binance's own read loop does and this one must not: reconnect unseen (a gap nobody hears of, and the old socket
stays open), stop reading when the other side begins to close (frames that had arrived are lost), lose what is queued when it
ends or overflows, never notice silence, and take ten seconds to close.
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
    """Frames as text, in the order of arrival. ``base`` ends with a slash: ``wss://fstream.binance.com/market/``."""

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
        """Why it is over; None while it is not. Frames that had arrived may still be taken."""
        return self._lost

    async def open(self) -> None:
        """Raises StreamLost("refused")."""
        try:
            await self.connect()
        except Exception as error:
            await self.shut()
            raise StreamLost("refused", f"{self._url}: {type(error).__name__}: {error}") from error

    async def next_frame(self) -> tuple[str, float]:
        """The next frame and the loop time at which it arrived.

        Raises StreamLost when the connection is over and every frame that had arrived was taken.
        """
        while not self._frames:
            if self._lost is not None:
                raise self._lost
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()

    def end(self, lost: StreamLost) -> None:
        """Whoever reads shall stop after the last frame, with this reason; the first reason stays."""
        self._lost = self._lost or lost
        self._arrived.set()

    async def shut(self) -> None:
        """Close the connection; within the close timeout it is gone, whatever the other side does. Idempotent."""
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
        """In the place of python-binance's; it is started by ``connect``."""
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
