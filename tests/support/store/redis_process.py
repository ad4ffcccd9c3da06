"""A redis-server of a test's own that can be killed and started again, and a line to it that can lose a reply."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from pathlib import Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisProcess:
    """Keeps its append-only file in ``directory``, written through at every command."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/"
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._directory),
                "--appendonly", "yes", "--appendfsync", "always", "--save", "", *self._options,
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class LossyLine:
    """A TCP relay. While ``lose_replies`` is above 0, the next request goes through, and its reply and the line are lost."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.lose_replies = 0
        self.lost = 0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _relay(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        server_in, server_out = await asyncio.open_connection(self._host, self._port)
        self._writers |= {client_out, server_out}

        async def requests() -> None:
            while data := await client_in.read(65_536):
                server_out.write(data)
                await server_out.drain()

        async def replies() -> None:
            while data := await server_in.read(65_536):
                if self.lose_replies:
                    self.lose_replies -= 1
                    self.lost += 1
                    return
                client_out.write(data)
                await client_out.drain()

        tasks = [asyncio.ensure_future(requests()), asyncio.ensure_future(replies())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        client_out.close()
        server_out.close()
