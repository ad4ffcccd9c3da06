"""Repeats an operation of a store, with growing pauses, until it succeeds or is cancelled.

A lane must not lose what it has handled because Redis restarts, so the wait has no limit. Repeating is safe because every
operation of a store is idempotent; see ``shared.store.redis``.
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
    """Runs the operations of one store. ``passes``: returns True for an error that may pass by itself."""

    def __init__(self, metrics: StoreMetrics, passes: Callable[[Exception], bool], backoff: Backoff) -> None:
        self._metrics = metrics
        self._passes = passes
        self._backoff = backoff
        self._waiting = 0

    @property
    def calm(self) -> bool:
        """Return False while an operation waits for the server to recover."""
        return self._waiting == 0

    async def until_done(self, what: str, operation: Callable[[], Awaitable[T]]) -> T:
        """Run the operation until it succeeds; return its result. Raises at once an error that will not pass."""
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
