"""The count of calls that all processes of a deployment share, in a cell of the store; and what it has not been told yet.

``update`` brings what is untold along with every change. A store that does not answer is left alone for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from prometheus_client import Counter

from shared.exchange.limits.cell import Forged, decoded, encoded
from shared.exchange.limits.unshared import is_empty, joined, of_now, without
from shared.exchange.limits.windows import Admission, Cost, Limit, Usage, closed, counted
from shared.store.port import Cell, StateStore, StoreError

log = structlog.get_logger(__name__)

_ALONE: Final = Counter(
    "ict_exchange_limit_alone_total",
    "Calls counted by this process alone because the store with the shared rate limits did not answer",
)
_FORGED: Final = Counter(
    "ict_exchange_limit_forged_total",
    "Shared rate limits in the store that no process of ours had written; they were replaced",
)
#: Seconds for which a store that did not answer is not asked again.
_ALONE_FOR_S: Final = 2.0
#: Seconds for which units wait for more before they are brought to the store: the orders of a burst leave first, and are
#: one write.
_GATHER_S: Final = 0.005
#: Seconds after which our copy is too old to count by.
_FRESH_S: Final = 10.0


class SharedCount:
    """The cell ``name`` of a store; ``store`` None = there is none. now: returns ms of the exchange's clock.

    patience: seconds in which the store must answer. limits: those that hold now. forged: called with the reason when the
    cell was written by no process of ours; returns the usage to put in its place.
    """

    def __init__(
        self,
        store: StateStore | None,
        name: str,
        now: Callable[[], int],
        patience: float,
        limits: Sequence[Limit],
        forged: Callable[[str], Usage],
    ) -> None:
        self._store = store
        self._name = name
        self._now = now
        self._patience = patience
        self.limits = limits
        self._on_forged = forged
        self._version = 0
        self._forged = False
        self._shared = Usage()
        self.untold = Usage()
        self._known_at: float | None = None
        self._alone_until = 0.0
        self._turn = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None

    @property
    def usage(self) -> Usage:
        """The shared counts as this process last read or wrote them, and what it has counted since."""
        return joined(self._shared, self.untold)

    @property
    def fresh(self) -> bool:
        """True if our copy is young enough to count by."""
        return self._known_at is not None and asyncio.get_running_loop().time() - self._known_at <= _FRESH_S

    def raise_copy(self, change: Callable[[Usage], Usage]) -> None:
        """Apply ``change`` to our copy alone, because the store does not answer."""
        self._shared = change(self._shared)

    def close_until(self, until: int) -> None:
        """Note a pause until ``until`` (ms): for this process at once, also while the store is asked."""
        self.untold = closed(self.untold, until)

    def count(self, cost: Cost) -> None:
        """Count a call now, and tell the store soon."""
        self.untold = counted(of_now(self.untold, self.limits, self._now()), self.limits, cost, self._now())
        self.tell_soon()

    def tell_soon(self) -> None:
        """Bring what is untold to the store in the background."""
        if self._store is not None and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell(), name="rate limits to the store")

    async def end(self) -> None:
        """End the background task, and bring what it has not brought yet to the store."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        if not is_empty(self.untold):
            await self.update(lambda usage: Admission(usage, 0))

    async def update(self, change: Callable[[Usage], Admission]) -> int | None:
        """Apply ``change`` to the shared usage, and bring what is untold; return the wait, ms.

        None = the store does not answer, or there is none: the caller decides by our own copy.
        """
        loop = asyncio.get_running_loop()
        self.untold = of_now(self.untold, self.limits, self._now())
        if self._store is None or loop.time() < self._alone_until:
            return None
        try:
            async with asyncio.timeout(self._patience), self._turn:
                wait = await self._update_shared(self._store, change)
        except (TimeoutError, StoreError, ValueError) as error:  # ValueError: the cell's version is no number
            _ALONE.inc()
            self._alone_until = loop.time() + _ALONE_FOR_S
            log.warning("rate_limits_not_shared", error=str(error) or "the store is slow")
            return None
        self._known_at = loop.time()
        return wait

    async def _update_shared(self, store: StateStore, change: Callable[[Usage], Admission]) -> int:
        """Apply ``change`` by compare-and-swap, first to the usage read last; return the wait, ms.

        While no other process writes, this costs one round trip to the store. Nothing is lost when another one does: what
        is untold stays so until a swap with it has succeeded.
        """
        while True:
            untold = self.untold
            admission = change(joined(self._shared, untold))
            if admission.usage is self._shared and not self._forged:
                if await self._is_current(store):
                    return admission.wait_ms
            elif await store.swap(self._name, self._version, encoded(admission.usage)):
                self._version += 1
                self._forged = False
                self._shared = admission.usage
                self.untold = without(self.untold, untold)
                return admission.wait_ms
            else:
                self._take(await store.read(self._name))

    async def _is_current(self, store: StateStore) -> bool:
        """Check that our copy is the store's newest, and take the store's if not.

        A call must not wait because of an old copy: another process may have moved to a new window.
        """
        cell = await store.read(self._name)
        if cell.version == self._version:
            return True
        self._take(cell)
        return False

    def _take(self, cell: Cell) -> None:
        """Take the store's state; a forged one is taken for our own count, which the next write puts in its place."""
        self._version = cell.version
        self._forged = False
        if cell.value is None:
            self._shared = Usage()
            return
        try:
            self._shared = decoded(cell.value, self.limits, self._now())
        except Forged as error:
            self._replace(str(error))

    def _replace(self, why: str) -> None:
        _FORGED.inc()
        log.error("rate_limits_forged", why=why)
        self._forged = True
        self._shared = self._on_forged(why)

    async def _tell(self) -> None:
        """Bring what is untold to the store, until nothing is."""
        loop = asyncio.get_running_loop()
        while not is_empty(self.untold):
            await asyncio.sleep(max(_GATHER_S, self._alone_until - loop.time()))
            await self.update(lambda usage: Admission(usage, 0))
