"""The contract of a state store as checks. Each takes a way to make started clients and raises AssertionError.

``Clients()`` gives one more client of the same server and namespace; ``Clients("other")`` one of another namespace.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from shared.store.port import Claim, Fenced, StateStore

LANE = "signals.p0"


class Clients(Protocol):
    async def __call__(self, namespace: str = "own") -> StateStore: ...


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  the event is in another process
            await asyncio.sleep(0.005)


async def check_log_keeps_order(clients: Clients) -> None:
    """Entries come back as they were appended, over several appends and in another client."""
    store = await clients()
    opened = await store.open(LANE)
    assert (opened.snapshot, opened.log) == (None, ())
    await store.append(LANE, opened.epoch, [b"1", b"2"])
    await store.append(LANE, opened.epoch, [])
    await store.append(LANE, opened.epoch, [b"3", b"", b"3"])
    again = await (await clients()).open(LANE)
    assert (again.snapshot, again.log) == (None, (b"1", b"2", b"3", b"", b"3"))


async def check_snapshot_replaces_log(clients: Clients) -> None:
    """A snapshot empties the log; the entries that come with it follow it."""
    store = await clients()
    epoch = (await store.open(LANE)).epoch
    await store.append(LANE, epoch, [b"old"])
    await store.append(LANE, epoch, [b"new"], snapshot=b"state")
    await store.append(LANE, epoch, [b"newer"])
    opened = await (await clients()).open(LANE)
    assert (opened.snapshot, opened.log) == (b"state", (b"new", b"newer"))
    await store_append(clients, b"", [])
    opened = await (await clients()).open(LANE)
    assert (opened.snapshot, opened.log) == (b"", ()), "an empty snapshot is a snapshot"


async def store_append(clients: Clients, snapshot: bytes, entries: list[bytes]) -> None:
    store = await clients()
    await store.append(LANE, (await store.open(LANE)).epoch, entries, snapshot)


async def check_fencing(clients: Clients) -> None:
    """Who was superseded can neither append nor snapshot, also when it opened in the same client."""
    frozen, successor = await clients(), await clients()
    old = (await frozen.open(LANE)).epoch
    await frozen.append(LANE, old, [b"kept"])
    new = (await successor.open(LANE)).epoch
    assert new > old
    for snapshot in (None, b"overwritten"):
        with pytest.raises(Fenced):
            await frozen.append(LANE, old, [b"lost"], snapshot)
    await successor.append(LANE, new, [b"after"])
    with pytest.raises(Fenced):
        await successor.append(LANE, new + 1, [b"from the future"])
    opened = await successor.open(LANE)
    assert (opened.snapshot, opened.log) == (None, (b"kept", b"after"))
    with pytest.raises(Fenced):
        await successor.append(LANE, new, [b"lost"])
    with pytest.raises(Fenced):
        await frozen.append("never opened", 1, [b"lost"])


async def check_fence_survives_clear(clients: Clients) -> None:
    """An epoch from before ``clear`` is never valid again."""
    frozen, successor = await clients(), await clients()
    old = (await frozen.open(LANE)).epoch
    await successor.clear()
    with pytest.raises(Fenced):
        await frozen.append(LANE, old, [b"lost"])
    opened = await successor.open(LANE)
    assert (opened.snapshot, opened.log) == (None, ())
    with pytest.raises(Fenced):
        await frozen.append(LANE, old, [b"lost"])


async def check_writers_do_not_shadow_each_other(clients: Clients) -> None:
    """Appends under one epoch from two clients all count: an append is a repeat only of its own writer's."""
    first, second = await clients(), await clients()
    epoch = (await first.open(LANE)).epoch
    for entry in (b"1", b"2", b"3"):
        await first.append(LANE, epoch, [entry])
    await second.append(LANE, epoch, [b"4"])
    assert (await second.open(LANE)).log == (b"1", b"2", b"3", b"4")


async def check_append_is_atomic(clients: Clients) -> None:
    """While long appends with snapshots go on, whoever opens sees all of one or nothing of it."""
    store, reader = await clients(), await clients()
    size = 2_500
    for round_ in range(6):
        epoch = (await store.open(LANE)).epoch
        mark = b"%d" % round_
        writing = asyncio.ensure_future(store.append(LANE, epoch, [mark] * size, snapshot=mark))
        await asyncio.sleep(0)
        seen = await reader.open(LANE)
        await asyncio.gather(writing, return_exceptions=True)
        if seen.snapshot is None:
            assert seen.log == ()
        else:
            assert seen.log == (seen.snapshot,) * size, "the log belongs to another append than the snapshot"
        last = await reader.open(LANE)
        assert last.log == ((last.snapshot,) * size if last.snapshot is not None else ())


async def check_lanes_are_independent(clients: Clients) -> None:
    """Concurrent appends on many lanes: each keeps its own order."""
    store = await clients()
    lanes = [f"lane {index}" for index in range(12)]
    epochs = {lane: (await store.open(lane)).epoch for lane in lanes}
    await asyncio.gather(
        *(store.append(lane, epochs[lane], [f"{lane}/{index}".encode()]) for index in range(20) for lane in lanes)
    )
    for lane in lanes:
        assert (await store.open(lane)).log == tuple(f"{lane}/{index}".encode() for index in range(20))


async def check_big_entries(clients: Clients) -> None:
    """Bundles of megabytes, every byte value, and more entries than Lua's stack holds."""
    store = await clients()
    epoch = (await store.open(LANE)).epoch
    big = bytes(range(256)) * 16_384  # 4 MiB, the codec's limit
    await store.append(LANE, epoch, [big, b"\x00\r\n"], snapshot=big[::-1])
    many = tuple(b"%d" % index for index in range(20_000))
    await store.append(LANE, epoch, many)
    opened = await store.open(LANE)
    assert opened.snapshot == big[::-1]
    assert opened.log == (big, b"\x00\r\n", *many)


async def check_membership(clients: Clients) -> None:
    """Members are seen by all, sorted; they go when they leave, or when they have not beaten for their time to live."""
    store, other = await clients(), await clients()
    assert await store.members("risk") == ()
    await store.leave("risk", "who was never there")
    await store.beat("risk", "zoe", 60)
    await other.beat("risk", "adam", 60)
    await store.beat("analysis", "eve", 60)
    assert await store.members("risk") == await other.members("risk") == ("adam", "zoe")
    await store.leave("risk", "zoe")
    assert await other.members("risk") == ("adam",)
    await store.beat("risk", "brief", 0.05)
    await eventually(lambda: _is(store, "risk", ("adam",)))
    await other.beat("risk", "adam", 0.05)  # a shorter life replaces the longer one
    await eventually(lambda: _is(store, "risk", ()))
    await store.beat("risk", "adam", 60)
    assert await other.members("risk") == ("adam",)
    assert await other.members("analysis") == ("eve",)


async def _is(store: StateStore, group: str, expected: tuple[str, ...]) -> bool:
    return await store.members(group) == expected


async def check_leases(clients: Clients) -> None:
    """One holder at a time, for all namespaces: renewed by the holder, taken when it is free or its time is over."""
    store, other = await clients(), await clients("own-too")
    lease = unheard_of()
    first = await store.claim(lease, "adam", 60, at_least=1_764_000_000_123)
    assert first == Claim("adam", 1_764_000_000_123)
    assert await other.claim(lease, "eve", 60, at_least=1_764_000_000_999) == first
    assert await store.claim(lease, "adam", 60, at_least=1_764_000_000_999) == first, "who renews keeps the epoch"
    await other.release(lease, "eve")
    assert await other.claim(lease, "eve", 60) == first, "nobody gives back what another has"
    await store.claim(lease, "adam", 0.05)
    async with asyncio.timeout(30):
        while (taken := await other.claim(lease, "eve", 60)).holder != "eve":  # noqa: ASYNC110  the store's clock ends it
            await asyncio.sleep(0.005)
    assert taken.epoch == first.epoch + 1
    assert await store.claim(lease, "adam", 60) == taken
    await other.release(lease, "eve")
    back = await store.claim(lease, "adam", 60, at_least=5)
    assert back == Claim("adam", taken.epoch + 1), "the epoch outlives the holder"
    await store.clear()
    assert await other.claim(lease, "eve", 60) == back, "a lease is no namespace's"
    assert (await other.claim(unheard_of(), "eve", 60)).holder == "eve"
    await store.release(lease, "adam")


async def check_an_expired_lease_is_still_its_last_holders(clients: Clients) -> None:
    """Who comes back late, and nobody has had it in between, has lost nothing."""
    store, lease = await clients(), unheard_of()
    first = await store.claim(lease, "adam", 0)
    assert await store.claim(lease, "adam", 60) == first
    await store.release(lease, "adam")


async def check_epochs_are_not_below_what_is_asked(clients: Clients) -> None:
    """A lane's epoch can be lifted to a time, and goes on from there: an emptied store starts none that looks older."""
    store = await clients()
    first = (await store.open(LANE)).epoch
    lifted = (await store.open(LANE, 1_764_000_000_123)).epoch
    assert first < lifted == 1_764_000_000_123
    await store.append(LANE, lifted, [b"kept"])
    assert (await store.open(LANE, 7)).epoch == lifted + 1


def unheard_of() -> str:
    """A lease that no other test has; leases outlive a namespace."""
    return f"test-{uuid.uuid4().hex}"


async def check_clear(clients: Clients) -> None:
    """Clear forgets lanes and groups of its own namespace, and nothing of another, whose name may begin alike."""
    store, other = await clients(), await clients("own-too")
    for client in (store, other):
        epoch = (await client.open(LANE)).epoch
        await client.append(LANE, epoch, [b"entry"], snapshot=b"state")
        await client.beat("risk", "adam", 60)
    await store.clear()
    opened = await store.open(LANE)
    assert (opened.snapshot, opened.log) == (None, ())
    assert await store.members("risk") == ()
    assert (await other.open(LANE)).log == (b"entry",)
    assert await other.members("risk") == ("adam",)


async def check_health(clients: Clients) -> None:
    """Healthy from start to close; content survives the closing."""
    store = await clients()
    assert store.healthy()
    epoch = (await store.open(LANE)).epoch
    await store.append(LANE, epoch, [b"entry"])
    await store.close()
    assert not store.healthy()
    assert (await (await clients()).open(LANE)).log == (b"entry",)


async def check_cancelled_append_harms_nobody(clients: Clients) -> None:
    """An append cancelled on its way is applied whole or not at all, and what follows gets its own answers."""
    store = await clients()
    epoch = (await store.open(LANE)).epoch
    for turns in range(12):
        task = asyncio.ensure_future(store.append(LANE, epoch, [b"c%d" % turns] * 3))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.append(LANE, epoch, [b"k%d" % turns])
        assert await store.members("nobody") == ()
    log = (await store.open(LANE)).log
    assert [entry for entry in log if entry.startswith(b"k")] == [b"k%d" % turns for turns in range(12)]
    for turns in range(12):
        assert log.count(b"c%d" % turns) in (0, 3)


async def check_cells(clients: Clients) -> None:
    """A cell starts unwritten, is written only at the version it was read at, is seen by all, and goes with a clear."""
    one, two = await clients(), await clients()
    assert (await one.read("limit")).version == 0
    assert (await one.read("limit")).value is None
    assert await one.swap("limit", 0, b"first")
    assert not await two.swap("limit", 0, b"late"), "who read before the other's write is refused"
    seen = await two.read("limit")
    assert (seen.version, seen.value) == (1, b"first")
    assert await two.swap("limit", seen.version, b"\x00second")
    assert not await one.swap("limit", 7, b"from nowhere")
    assert (await one.read("limit")).value == b"\x00second"
    assert (await one.read("other")).version == 0, "cells are apart"
    await one.clear()
    assert (await two.read("limit")).version == 0


async def check_swaps_are_atomic(clients: Clients) -> None:
    """No update of several writers at once is lost: each counts one up until it was heard."""
    stores = [await clients() for _ in range(4)]

    async def count(store: StateStore) -> None:
        for _ in range(10):
            while True:
                cell = await store.read("count")
                if await store.swap("count", cell.version, str(int(cell.value or b"0") + 1).encode()):
                    break

    await asyncio.gather(*(count(store) for store in stores))
    assert (await stores[0].read("count")).value == b"40"


CHECKS = (
    check_log_keeps_order,
    check_snapshot_replaces_log,
    check_fencing,
    check_fence_survives_clear,
    check_writers_do_not_shadow_each_other,
    check_append_is_atomic,
    check_lanes_are_independent,
    check_big_entries,
    check_membership,
    check_leases,
    check_an_expired_lease_is_still_its_last_holders,
    check_epochs_are_not_below_what_is_asked,
    check_clear,
    check_health,
    check_cells,
    check_swaps_are_atomic,
    check_cancelled_append_harms_nobody,
)
