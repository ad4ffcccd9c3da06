"""The commit log of a lane: writes what was handled into the store, then acknowledges it.

The lane publishes first and hands the commit over; the log waits a moment for more (``commit_linger``), appends the
group to the lane's log in the store in one round trip, then acks. A crash before the append: the broker delivers again, and
the same ids are published again. A crash between append and ack: the lane drops the repeat.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable

from shared.bus.port import Delivery
from shared.runtime.waiting import wait_at_most
from shared.store.port import Fenced, LaneState, StateStore

#: This many deliveries waiting for their ack end the linger: half of the usual prefetch window.
_ENOUGH = 16


class Commit:
    """Deliveries whose effects are published and whose log entries are not yet written. A snapshot covers its entries."""

    __slots__ = ("deliveries", "entries", "snapshot")

    def __init__(
        self,
        entries: list[bytes] | None = None,
        deliveries: list[Delivery] | None = None,
        snapshot: bytes | None = None,
    ) -> None:
        self.entries: list[bytes] = [] if entries is None else entries
        self.deliveries: list[Delivery] = [] if deliveries is None else deliveries
        self.snapshot = snapshot


class CommitLog:
    """Writes the commits of one lane, in order. ``on_fenced`` is called when another process has taken the lane over."""

    def __init__(self, lane: str, store: StateStore, linger: float, on_fenced: Callable[[], None]) -> None:
        self._lane = lane
        self._store = store
        self._linger_seconds = linger
        self._on_fenced = on_fenced
        self._epoch = 0
        self._commits: deque[Commit] = deque()
        self._void: list[Commit] = []
        self._due = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._urgent = asyncio.Event()
        self._leaving_group = f"leaving:{lane}"
        self._name = uuid.uuid4().hex

    async def open(self) -> LaneState:
        """Take the lane over, once a predecessor that announced its leaving has finished. Returns the state."""
        while set(await self._store.members(self._leaving_group)) - {self._name}:  # noqa: ASYNC110  another process sets it
            await asyncio.sleep(0.005)  # bounded by the time to live that the predecessor announced
        state = await self._store.open(self._lane)
        self._epoch = state.epoch
        return state

    def add(self, commit: Commit) -> None:
        """Queue a commit; its deliveries are acked when it is written."""
        self._commits.append(commit)
        self._empty.clear()
        self._due.set()

    async def flush(self) -> None:
        """Wait until everything added is written and acked, or cannot be because the lane was fenced."""
        self._urgent.set()
        await self._empty.wait()
        self._urgent.clear()

    def surrender(self) -> list[Delivery]:
        """Drop the unwritten commits. Returns their deliveries; requeue them for the successor."""
        deliveries = [delivery for commit in (*self._void, *self._commits) for delivery in commit.deliveries]
        self._void.clear()
        self._commits.clear()
        self._empty.set()
        return deliveries

    async def announce_leaving(self, seconds: float) -> None:
        """Announce that this process is leaving the lane and needs at most ``seconds``; a successor waits for it."""
        await self._store.beat(self._leaving_group, self._name, seconds)

    async def left(self) -> None:
        """Withdraw the announcement: the lane is free."""
        await self._store.leave(self._leaving_group, self._name)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self._linger()
            if not self._commits:
                continue
            group = list(self._commits)
            entries: list[bytes] = []
            snapshot: bytes | None = None
            for commit in group:
                if commit.snapshot is not None:
                    snapshot, entries = commit.snapshot, []
                else:
                    entries += commit.entries
            try:
                await self._store.append(self._lane, self._epoch, entries, snapshot)
            except Fenced:
                self._void += self._commits  # unwritable for ever: whoever waits in flush must not wait for them
                self._commits.clear()
                self._empty.set()
                self._on_fenced()
                continue
            for commit in group:
                self._commits.popleft()
                for delivery in commit.deliveries:
                    await delivery.ack()
            if self._commits:
                self._due.set()
            else:
                self._empty.set()

    async def _linger(self) -> None:
        """Wait for company, unless somebody waits for the commit or many deliveries already wait for their ack."""
        if self._urgent.is_set() or sum(len(commit.deliveries) for commit in self._commits) >= _ENOUGH:
            return
        await wait_at_most(self._urgent, self._linger_seconds)
