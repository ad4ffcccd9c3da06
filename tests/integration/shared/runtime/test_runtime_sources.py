"""Sources: one replica runs each, another takes over when it dies or is frozen, and its state with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from shared.bus.memory.bus import MemoryBus
from shared.bus.topology import Topology
from shared.runtime.leadership import LeasePolicy, MayNotLead
from shared.runtime.replicas import ReplicaPolicy
from shared.runtime.source import Lease, Sources, SourceSpec
from shared.store.memory import HeldLease, MemoryStore
from shared.store.port import Fenced, StoreError

QUICK = ReplicaPolicy(beat=0.02, ttl=0.1)
QUICK_LEASE = LeasePolicy(ttl=0.5, beat=0.02, look=0.01, again=0.05)
BUS = MemoryBus(Topology(()))


class Counting:
    """Counts on from what was saved, and says so under its name."""

    def __init__(self, who: str, heard: list[tuple[str, int]]) -> None:
        self._who = who
        self._heard = heard
        self._trouble = f"{who} waits"

    def trouble(self) -> str:
        return self._trouble

    async def run(self, lease: Lease) -> None:
        number = int(lease.state or b"0")
        while True:
            number += 1
            await lease.save(str(number).encode())
            self._heard.append((self._who, number))
            self._trouble = ""
            await asyncio.sleep(0.01)


def replica(who: str, store: MemoryStore, heard: list[tuple[str, int]], *names: str) -> Sources:
    specs = [
        SourceSpec(name, lambda bus, store, name=name: Counting(f"{who}:{name}", heard)) for name in names or ("feed.p0",)
    ]
    return Sources(specs, "test", who, BUS, store, QUICK)


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  what is waited for is state of tasks, which tells nobody
            await asyncio.sleep(0.005)


async def test_one_replica_runs_a_source_and_the_next_goes_on_where_it_stopped() -> None:
    """OPS-1: only the active one publishes; takeover continues from the saved state."""
    store, heard = MemoryStore(), []
    one, two = replica("a", store, heard), replica("b", store, heard)
    one.start()
    two.start()
    await until(lambda: len(heard) > 5)
    assert {who for who, _ in heard[-3:]} == {"a:feed.p0"}
    assert two.running == ()
    await one.drain()
    await until(lambda: heard[-1][0] == "b:feed.p0")
    await two.drain()
    numbers = [number for _, number in heard]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)


async def test_trouble_is_that_of_the_sources_that_run_here_and_a_standby_has_none() -> None:
    """OPS-2: nobody is ready before it is decided who works; then whoever works is, when its source says so."""
    store, heard = MemoryStore(), []
    one, two = replica("a", store, heard), replica("b", store, heard)
    assert "not decided" in one.trouble()
    one.start()
    await until(lambda: one.trouble() == "feed.p0: a:feed.p0 waits" or bool(heard))
    await until(lambda: bool(heard))
    assert one.trouble() == ""
    two.start()
    await until(lambda: two.trouble() == "")
    assert two.running == ()
    one._here["feed.p0"]._trouble = "has lost its streams"  # as a source says of itself in the midst of its work
    assert one.trouble() == "feed.p0: has lost its streams"
    assert two.trouble() == ""
    await one.drain()
    await two.drain()


async def test_a_replica_that_dies_without_a_word_is_replaced_after_the_ttl() -> None:
    """DATA-4: SIGKILL of the active replica costs the ttl."""
    store, heard = MemoryStore(), []
    one, two = replica("a", store, heard), replica("b", store, heard)
    one.start()
    await until(lambda: len(heard) > 2)
    two.start()
    for task in [one._task, *one._running.values()]:  # nothing but its tasks dies with a killed process
        assert task is not None
        task.cancel()
    await until(lambda: heard[-1][0] == "b:feed.p0")
    await two.drain()


async def test_a_source_goes_to_whom_it_belongs_and_back() -> None:
    """OPS-1: replicas come and leave; one at a time is active."""
    store, heard = MemoryStore(), []
    one = replica("b", store, heard)
    one.start()
    await until(lambda: len(heard) > 2)
    two = replica("a", store, heard)  # comes first in the order of names: it takes the source over at once
    two.start()
    await until(lambda: heard[-1][0] == "a:feed.p0")
    await until(lambda: one.running == ())
    settled = len(heard)
    await until(lambda: len(heard) > settled + 3)
    assert {who for who, _ in heard[settled:]} == {"a:feed.p0"}
    await two.drain()
    await until(lambda: heard[-1][0] == "b:feed.p0")
    await one.drain()


async def test_a_frozen_replica_is_fenced() -> None:
    """Invariant 3: whoever was only frozen must not write beside its successor; no crash, and no state is lost."""
    store, heard = MemoryStore(), []
    one = replica("a", store, heard)
    one.start()
    await until(lambda: len(heard) > 2)
    taken = await store.open("feed.p0")
    with pytest.raises(Fenced):
        await Lease("feed.p0", store, taken.epoch - 1, None).save(b"1")
    await until(lambda: heard[-1][1] > int(taken.snapshot or b"0"))
    await one.drain()
    numbers = [number for _, number in heard]
    assert numbers == sorted(set(numbers))


async def test_sources_are_shared_out() -> None:
    """OPS-1: each replica has its fair part."""
    store, heard = MemoryStore(), []
    names = ("feed.p0", "feed.p1", "feed.p2", "feed.p3")
    one, two = replica("a", store, heard, *names), replica("b", store, heard, *names)
    one.start()
    two.start()
    await until(lambda: len(one.running) == len(two.running) == 2)
    assert set(one.running) | set(two.running) == set(names)
    await asyncio.gather(one.drain(), two.drain())


async def test_a_store_that_does_not_answer_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-9: the feed outlives a store that is away for a while."""

    class Silent(MemoryStore):
        away = False
        refused = 0

        async def beat(self, group: str, member: str, ttl_seconds: float) -> None:
            if self.away:
                self.refused += 1
                raise StoreError("the store is away")
            await super().beat(group, member, ttl_seconds)

    store = Silent()

    class Idle:
        async def run(self, lease: Lease) -> None:
            await asyncio.Event().wait()

        def trouble(self) -> str:
            return ""

    one = Sources([SourceSpec("feed.p0", lambda bus, store: Idle())], "test", "a", BUS, store, QUICK)
    one.start()
    await until(lambda: one.running == ("feed.p0",))
    store.away = True
    await until(lambda: store.refused >= 3)
    assert one.running == ("feed.p0",)
    store.away = False
    await one.drain()
    assert one.running == ()


async def test_a_source_that_breaks_ends_the_service() -> None:
    """OPS-9: a bug must not leave a process that looks alive and feeds nothing."""

    class Broken:
        async def run(self, lease: Lease) -> None:
            raise LookupError("a bug")

        def trouble(self) -> str:
            return ""

    one = Sources([SourceSpec("feed.p0", lambda bus, store: Broken())], "test", None, BUS, None, QUICK)
    one.start()
    async with asyncio.timeout(30):
        assert isinstance(await one.wait_failed(), LookupError)
    await one.drain()


def trader(who: str, store: MemoryStore, heard: list[tuple[str, int]], deployment: str = "one", **more: Any) -> Sources:
    """A replica of a source that has the lease of an account. ``why``: keeps it from leading."""
    build = partial(Kept, more["why"]) if "why" in more else partial(Counting, f"{deployment}:{who}", heard)
    spec = SourceSpec("execution", lambda bus, store: build(), lease="testnet.main", deployment=deployment)
    return Sources([spec], "test", who, BUS, store, QUICK, lease=QUICK_LEASE)


class Kept:
    """The account speaks against its leading."""

    def __init__(self, why: list[str]) -> None:
        self._why = why

    def trouble(self) -> str:
        return ""

    async def run(self, lease: Lease) -> None:
        if self._why:
            raise MayNotLead(self._why[0])
        await asyncio.Event().wait()


async def test_one_deployment_leads_an_account_and_says_so_to_the_other() -> None:
    """EXEC-2: two namespaces on one server; the second takes over when the first has left, and none hands back."""
    leases, heard = dict[str, HeldLease](), list[tuple[str, int]]()
    one = trader("z", MemoryStore(leases=leases), heard)
    other = trader("a", MemoryStore(leases=leases), heard, "two")
    one.start()
    await until(lambda: len(heard) > 2)
    other.start()
    await until(lambda: "of another deployment, leads account testnet.main" in other.trouble())
    assert (one.running, other.running) == (("execution",), ())
    await one.drain()
    await until(lambda: heard[-1][0] == "two:a")
    assert other.trouble() == ""
    back = trader("0", MemoryStore(leases=leases), heard)
    back.start()
    await until(lambda: "leads account" in back.trouble())
    assert other.running == ("execution",)
    await back.drain()
    await other.drain()


async def test_a_standby_of_the_leaders_own_deployment_has_no_trouble() -> None:
    """OPS-2: it does what it is there for."""
    store, heard = MemoryStore(), list[tuple[str, int]]()
    one, two = trader("a", store, heard), trader("b", store, heard)
    one.start()
    await until(lambda: len(heard) > 2)
    two.start()
    await until(lambda: two.trouble() == "")
    assert two.running == ()
    await two.drain()
    await one.drain()


async def test_whom_the_account_keeps_from_leading_gives_the_lease_back_and_looks_again() -> None:
    """EXEC-4: whose trade it is can lead meanwhile; when nothing speaks against it any more, this one can."""
    leases, heard, why = dict[str, HeldLease](), list[tuple[str, int]](), ["an order of another deployment"]
    kept = trader("a", MemoryStore(leases=leases), heard, "two", why=why)
    kept.start()
    await until(lambda: why[0] in kept.trouble())
    one = trader("a", MemoryStore(leases=leases), heard)
    one.start()
    await until(lambda: len(heard) > 2)
    await one.drain()
    await until(lambda: why[0] in kept.trouble())
    why.clear()
    await until(lambda: kept.running == ("execution",) and kept.trouble() == "")
    await kept.drain()
