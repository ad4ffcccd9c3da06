"""A TCP proxy before a server that others use too: to those behind it the server is away, silent or slow."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal, Self

Mode = Literal["pass", "cut", "silent", "slow"]
_CHUNK = 65_536
#: Delay of each chunk where it is slow, seconds.
_SLOW_S = 0.25


class Proxy:
    """Listens on a free port of 127.0.0.1 and forwards to ``host``:``port``. mode: cut closes every connection and refuses
    new ones; silent keeps them and passes nothing; slow delays each chunk.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self.mode: Mode = "pass"
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self.be("cut")
        if self._server is not None:
            self._server.close()

    def be(self, mode: Mode) -> None:
        """Change how it behaves, from the next byte on."""
        self.mode = mode
        if mode == "silent":
            self._passing.clear()
        else:
            self._passing.set()
        if mode == "cut":
            for writer in list(self._writers):
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "cut":
            writer.transport.abort()
            return
        try:
            there, onward = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, onward}
        try:
            await asyncio.gather(self._forward(reader, onward), self._forward(there, writer))
        finally:
            self._writers -= {writer, onward}

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._passing.wait()
                if self.mode == "slow":
                    await asyncio.sleep(_SLOW_S)
                writer.write(chunk)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
