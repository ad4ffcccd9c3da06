"""Patience with a server that is away: the same operation again, with growing pauses, until it is done or cancelled.

A lane must not forget what it has handled because Redis restarts, so nothing bounds the wait. Repeats are harmless only
because every operation of a store is idempotent; see ``shared.store.redis``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from shared.domain.backoff import Backoff
from shared.store.metrics import StoreMetrics

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Patience:
    """Runs operations for one store. ``passes``: True for an error that the server may recover from."""

    def __init__(self, metrics: StoreMetrics, passes: Callable[[Exception], bool], backoff: Backoff) -> None:
        self._metrics = metrics
        self._passes = passes
        self._backoff = backoff
        self._waiting = 0

    @property
    def calm(self) -> bool:
        """False while an operation waits for the server to recover."""
        return self._waiting == 0

    async def until_done(self, what: str, operation: Callable[[], Awaitable[T]]) -> T:
        """The operation's result. Raises at once what is no passing trouble."""
        pauses = self._backoff.pauses()
        waiting = False
        try:
            while True:
                try:
                    return await operation()
                except Exception as error:
                    if not self._passes(error):
                        raise
                    if not waiting:
                        waiting = True
                        self._waiting += 1
                    self._metrics.retries.inc()
                    pause = next(pauses)
                    log.warning("store_unreachable", operation=what, error=str(error), seconds=pause)
                await asyncio.sleep(pause)
        finally:
            self._waiting -= waiting
