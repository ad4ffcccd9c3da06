"""The ledger's way out when another process has taken its lane over."""

from __future__ import annotations

import asyncio

from shared.runtime.lane.commit_log import Commit, CommitLog
from shared.store.memory import MemoryStore


class Held:
    """A delivery that notes whether it was acked."""

    acked = False

    async def ack(self) -> None:
        self.acked = True


async def test_a_flush_returns_when_the_lane_is_another_s_now_and_nothing_is_acked() -> None:
    """OPS-2: a replica that is asked to go just after it was superseded leaves at once, not at its drain deadline."""
    store, fenced, held = MemoryStore(), asyncio.Event(), Held()
    await store.start()
    ledger = CommitLog("lane", store, 0.0, fenced.set)
    writing = asyncio.create_task(ledger.run())
    await ledger.open()
    await store.open("lane")  # the successor
    ledger.add(Commit([b"entry"], [held]))  # type: ignore[list-item]  # of a delivery the ledger needs only ack
    async with asyncio.timeout(30):
        await ledger.flush()
        await fenced.wait()
    assert not held.acked, "an ack would take the message from the successor"
    assert ledger.surrender() == [held]
    assert ledger.surrender() == []
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def test_a_flush_returns_when_everything_is_written_and_acked() -> None:
    """EXEC-2: the ack comes after the commit."""
    store, held = MemoryStore(), Held()
    await store.start()
    ledger = CommitLog("lane", store, 60.0, lambda: None)
    writing = asyncio.create_task(ledger.run())
    await ledger.open()
    ledger.add(Commit([b"entry"], [held]))  # type: ignore[list-item]  # likewise
    async with asyncio.timeout(30):
        await ledger.flush()
    assert held.acked
    assert (await store.open("lane")).log == (b"entry",)
    assert ledger.surrender() == []
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
