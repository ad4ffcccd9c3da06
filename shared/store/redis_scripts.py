"""Runs scripts at a Redis server with one round trip and little else.

Redis-py spends twice as much CPU on a command as this: a pool with a lock and a time limit, a task for each
write, events and telemetry, repeats that ``Patience`` makes. An entry waits for one script, so scripts have connections of
their own here. What redis-py guarantees stays: a connection that is broken, late, cancelled or has bytes left is opened
anew before the next script.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Sequence
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError
from redis.exceptions import TimeoutError as RedisTimeout


class Script:
    """A script's text and its name at the server."""

    __slots__ = ("sha", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Scripts:
    """Connections to the server of ``pool``. most: at once. timeout: seconds for a script's reply, connecting included."""

    def __init__(self, pool: ConnectionPool, most: int, timeout: float) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(most)
        self._timeout = timeout
        self._idle: list[AbstractConnection] = []
        self._made: list[AbstractConnection] = []

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Return the script's reply. Raises redis-py's errors; then it may have been run or not."""
        async with self._free:
            connection = self._idle.pop() if self._idle else self._connection()
            try:  # a late reply, or a cancellation, makes redis-py drop the connection
                async with asyncio.timeout(self._timeout):
                    await self._pool.ensure_connection(connection)
                    try:
                        return await self._reply(connection, "EVALSHA", script.sha, keys, arguments)
                    except NoScriptError:  # the server has restarted, or never seen it; it was not run
                        return await self._reply(connection, "EVAL", script.text, keys, arguments)
            except TimeoutError:
                raise RedisTimeout(f"no reply within {self._timeout:g} s") from None
            finally:
                self._idle.append(connection)

    async def close(self) -> None:
        """Close the connections; one that is used again opens anew."""
        for connection in self._made:
            await connection.disconnect()

    def _connection(self) -> AbstractConnection:
        """Return a connection without a time limit of its own for each read and write: ``run`` has one for all."""
        found: AbstractConnection = self._pool.connection_class(**{**self._pool.connection_kwargs, "socket_timeout": None})
        self._made.append(found)
        return found

    @staticmethod
    async def _reply(
        connection: AbstractConnection, command: str, script: str, keys: Sequence[str], arguments: Sequence[Any]
    ) -> Any:
        await connection.send_command(command, script, len(keys), *keys, *arguments)
        return await connection.read_response(timeout=math.inf)
