"""Reads beside the statements what changes seldom: no statement waits for it, and the next one has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

import structlog

from shared.exchange.errors import ExchangeError

log = structlog.get_logger(__name__)

Read = TypeVar("Read")


class SideRead(Generic[Read]):
    """One such read, by symbol. name: for the log. every_ms: pause between two. done: called when one is there."""

    def __init__(
        self, name: str, read: Callable[[], Awaitable[Mapping[str, Read]]], every_ms: int, done: Callable[[], None]
    ) -> None:
        self._name = name
        self._read = read
        self._every_ms = every_ms
        self._done = done
        self._due = 0
        self._reading: asyncio.Task[dict[str, Read]] | None = None

    def take(self, now: int) -> dict[str, Read]:
        """Return what was read since the last call, empty if nothing was; begin a read that is due at ``now`` (ms)."""
        reading = self._reading
        if reading is not None and reading.done():
            self._reading = None
            return {} if reading.cancelled() else reading.result()
        if reading is None and now >= self._due:
            self._due = now + self._every_ms
            self._reading = asyncio.create_task(self._guarded(), name=self._name)
        return {}

    def cancel(self) -> None:
        """End a read that is under way."""
        if self._reading is not None:
            self._reading.cancel()

    async def _guarded(self) -> dict[str, Read]:
        """Read; when that fails, return nothing, and try again with the next statement."""
        try:
            found = dict(await self._read())
        except ExchangeError as error:
            log.warning("not_read", what=self._name, error=str(error))
            self._due = 0
            return {}
        self._done()
        return found
