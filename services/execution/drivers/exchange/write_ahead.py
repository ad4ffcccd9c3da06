"""Writes every input into the store before an entry that follows from it leaves (EXEC-2).

One append a group. While the store is away, memory stays bounded: what waits is folded into a snapshot. Only entries wait
for what is written here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.execution.drivers.exchange.metrics import UNWRITTEN
from shared.runtime.source import Lease


class WriteAhead:
    """The log of one lease. snapshot: encodes the whole state, the inputs given to ``add`` included.

    snapshot_every: entries between two snapshots, also the most that are held in memory. linger: seconds that entries wait
    for company; not once somebody waits for them in ``written``.
    """

    def __init__(self, lease: Lease, snapshot: Callable[[], bytes], *, snapshot_every: int, linger: float) -> None:
        self._lease = lease
        self._snapshot = snapshot
        self._every = snapshot_every
        self._linger = linger
        self._base: bytes | None = None
        self._tail: list[bytes] = []
        self._pending: list[bytes] = []
        self._pending_base: bytes | None = None
        self._number = 0
        self._written = 0
        self._due = asyncio.Event()
        self._hurry = asyncio.Event()
        self._waiters: dict[asyncio.Future[bool], int] = {}
        self._asked_at: float | None = None

    @property
    def number(self) -> int:
        """Number of the last entry; 0 before the first."""
        return self._number

    @property
    def caught_up(self) -> bool:
        """True if the store has everything."""
        return self._written == self._number

    @property
    def waiting(self) -> float:
        """Seconds for which the store has not answered; 0 if nothing waits for it."""
        return 0.0 if self._asked_at is None else asyncio.get_running_loop().time() - self._asked_at

    @property
    def history(self) -> tuple[bytes | None, tuple[bytes, ...]]:
        """The last snapshot and the entries since, from which the state can be made again."""
        return self._base, tuple(self._tail)

    def begin(self) -> None:
        """Replace what an earlier lease wrote by a snapshot of the state as it is now."""
        self._number += 1
        self._fold()

    def add(self, entry: bytes) -> int:
        """Queue an entry; returns its number."""
        self._number += 1
        self._tail.append(entry)
        self._pending.append(entry)
        if len(self._tail) >= self._every:
            self._fold()
        self._due.set()
        return self._number

    def hurry(self) -> None:
        """Write what waits in this turn of the event loop, without waiting for company."""
        self._hurry.set()

    async def written(self, number: int, seconds: float) -> bool:
        """Wait until the store has the entry of this number; False if it has not after ``seconds``."""
        if self._written >= number:
            return True
        self._hurry.set()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiters[waiter] = number
        late = loop.call_later(seconds, _tell, waiter, False)
        try:
            return await waiter
        finally:
            late.cancel()
            del self._waiters[waiter]

    async def run(self) -> None:
        """Write until cancelled. Raises Fenced if another process has taken the lease over."""
        while True:
            await self._due.wait()
            if self._linger:
                due = asyncio.get_running_loop().call_later(self._linger, self._hurry.set)
                await self._hurry.wait()
                due.cancel()
            self._hurry.clear()
            self._due.clear()
            await self._write()

    async def _write(self) -> None:
        entries, base, number = self._pending, self._pending_base, self._number
        if number == self._written:
            return
        self._pending, self._pending_base = [], None
        self._asked_at = asyncio.get_running_loop().time()
        UNWRITTEN.set(number - self._written)
        await self._lease.append(entries, base)
        self._asked_at = None
        self._written = number
        UNWRITTEN.set(self._number - number)
        for waiter, wanted in self._waiters.items():
            if wanted <= number:
                _tell(waiter, True)

    def _fold(self) -> None:
        self._base = self._pending_base = self._snapshot()
        self._tail.clear()
        self._pending.clear()
        self._due.set()


def _tell(waiter: asyncio.Future[bool], written: bool) -> None:
    if not waiter.done():
        waiter.set_result(written)
