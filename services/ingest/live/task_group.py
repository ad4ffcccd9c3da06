"""The tasks of one feed: they start and end together, and the first failure ends the feed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from shared.runtime.supervision import end_all
from shared.store.port import Fenced

Work = Coroutine[object, object, None]


class TaskGroup:
    """Runs tasks until one fails. Construct inside the running event loop.

    ``asyncio.TaskGroup`` ends with its last task; a feed must also end when a lasting task returns, and tell Fenced apart.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lasting: set[asyncio.Task[None]] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self._fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, work: Work, name: str) -> None:
        """Start a task that must run as long as the feed; its return counts as a failure."""
        self._lasting.add(self._task(work, name))

    def follow(self, work: Work, name: str) -> None:
        """Start a task that may return; only its error ends the feed."""
        task = self._task(work, name)
        self._passing.add(task)
        task.add_done_callback(self._passed)

    async def first_fault(self) -> None:
        """Wait for the first failure and raise it; Fenced before any other error."""
        done, _ = await asyncio.wait({*self._lasting, self._fault}, return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            error = ended.exception()
            if isinstance(error, Fenced):
                raise error
        for ended in done:
            ended.result()
        raise RuntimeError(f"a task of {self._name} ended: {', '.join(str(ended) for ended in done)}")

    async def cancel(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        await end_all((*self._lasting, *self._passing))

    def _task(self, work: Work, name: str) -> asyncio.Task[None]:
        return asyncio.create_task(work, name=f"{self._name} {name}")

    def _passed(self, task: asyncio.Task[None]) -> None:
        self._passing.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._fault.done():
            self._fault.set_exception(error)
