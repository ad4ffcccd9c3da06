"""One suite, every store. The specimens are stores with one defect each, and the suite must catch each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest

from shared.store.memory import MemoryStore
from shared.store.port import Claim, Fenced, LaneState, StateStore
from tests.support.store import contract as store_contract
from tests.support.store.contract import Clients

Check = Callable[[Clients], Awaitable[None]]


@pytest.mark.parametrize("check", store_contract.CHECKS, ids=lambda check: check.__name__)
async def test_store_keeps_the_contract(check: Check, clients: Clients) -> None:
    """EXEC-4, invariant 3: what a lane has handled survives its process, and only its owner writes it."""
    await check(clients)


class Unfenced(MemoryStore):
    """Takes appends from anybody."""

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        self._lanes[lane].epoch = epoch
        await super().append(lane, epoch, entries, snapshot)


class FencedUntilClear(MemoryStore):
    """Begins to count epochs anew after a clear."""

    async def clear(self) -> None:
        await super().clear()
        self._epochs = 0


class LogKeeping(MemoryStore):
    """A snapshot does not empty the log."""

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        old = list(self._lanes[lane].log) if lane in self._lanes else []
        await super().append(lane, epoch, [*old, *entries] if snapshot is not None else entries, snapshot)


class Unordered(MemoryStore):
    """Gives the log back newest first."""

    async def open(self, lane: str, at_least: int = 0) -> LaneState:
        state = await super().open(lane, at_least)
        return LaneState(state.epoch, state.snapshot, state.log[::-1])


class HalfAppending(MemoryStore):
    """Writes the snapshot first and the entries a moment later."""

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        await super().append(lane, epoch, [], snapshot)
        await store_contract.asyncio.sleep(0)
        self._lanes[lane].log.extend(entries)


class Immortal(MemoryStore):
    """Members never die."""

    async def beat(self, group: str, member: str, ttl_seconds: float) -> None:
        await super().beat(group, member, 3600)


class Truncating(MemoryStore):
    """Cuts entries at a mebibyte."""

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        await super().append(lane, epoch, [entry[: 2**20] for entry in entries], snapshot)


class Shadowing(MemoryStore):
    """Takes the first append of every other client for a repeat: what a counter without a writer would do."""

    appended = 0

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        self.appended += 1
        await super().append(lane, epoch, () if self.appended == 4 else entries, snapshot)


class AlwaysWell(MemoryStore):
    """Says that it is healthy when it is closed."""

    def healthy(self) -> bool:
        return True


class Mixing(MemoryStore):
    """Every fifth append goes to the lane of the one before."""

    appended = 0
    last = ("", 0)

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        self.appended += 1
        target = self.last if self.appended % 5 == 0 else (lane, epoch)
        self.last = (lane, epoch)
        await super().append(*target, entries, snapshot)


class Trusting(MemoryStore):
    """Swaps whatever the version."""

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        return await super().swap(cell, (await self.read(cell)).version, value)


class Careless(MemoryStore):
    """Looks first and writes a moment later."""

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        fits = (await self.read(cell)).version == version
        await store_contract.asyncio.sleep(0)
        return fits and await super().swap(cell, (await self.read(cell)).version, value)


class Grabbing(MemoryStore):
    """Gives a lease to whoever asks."""

    async def claim(self, lease: str, holder: str, ttl_seconds: float, at_least: int = 0) -> Claim:
        await super().release(lease, (await super().claim(lease, "", 0)).holder)
        return await super().claim(lease, holder, ttl_seconds, at_least)


class Young(MemoryStore):
    """Counts epochs from one, whatever is asked."""

    async def open(self, lane: str, at_least: int = 0) -> LaneState:
        return await super().open(lane)


@pytest.mark.parametrize(
    ("specimen", "check"),
    [
        (Unfenced, store_contract.check_fencing),
        (FencedUntilClear, store_contract.check_fence_survives_clear),
        (LogKeeping, store_contract.check_snapshot_replaces_log),
        (Unordered, store_contract.check_log_keeps_order),
        (HalfAppending, store_contract.check_append_is_atomic),
        (Immortal, store_contract.check_membership),
        (Truncating, store_contract.check_big_entries),
        (Shadowing, store_contract.check_writers_do_not_shadow_each_other),
        (AlwaysWell, store_contract.check_health),
        (Trusting, store_contract.check_cells),
        (Careless, store_contract.check_swaps_are_atomic),
        (Grabbing, store_contract.check_leases),
        (Young, store_contract.check_epochs_are_not_below_what_is_asked),
        (Mixing, store_contract.check_lanes_are_independent),
    ],
)
async def test_defective_store_is_caught(specimen: type[MemoryStore], check: Check) -> None:
    """A suite that a broken store passes proves nothing."""
    store = specimen()

    async def client(namespace: str = "own") -> StateStore:
        await store.start()
        return store

    with pytest.raises((AssertionError, pytest.fail.Exception, TimeoutError, Fenced)):
        await check(client)


async def test_store_that_clears_everything_is_caught() -> None:
    """Clear must spare other namespaces: here both are one object."""
    store = MemoryStore()

    async def client(namespace: str = "own") -> StateStore:
        await store.start()
        return store

    with pytest.raises(AssertionError):
        await store_contract.check_clear(client)
