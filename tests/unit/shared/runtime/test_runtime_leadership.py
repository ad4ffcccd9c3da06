"""The lease of an account as one process sees it: by a clock that goes on while the process is stopped."""

from __future__ import annotations

import asyncio

import pytest

from shared.runtime.leadership import Leadership, LeasePolicy
from shared.store.memory import HeldLease, MemoryStore
from shared.store.port import Claim, Fenced

NAME = "testnet.main"
NOW = 1_764_000_000_000
POLICY = LeasePolicy(ttl=2.0, beat=0.001, look=0.001, again=0.001)


class Stage:
    """One server with one clock, which is the processes', too."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.leases: dict[str, HeldLease] = {}

    def store(self) -> MemoryStore:
        return MemoryStore(lambda: self.seconds, self.leases)

    def process(self, who: str = "a/1", store: MemoryStore | None = None) -> Leadership:
        now = lambda: NOW + round((self.seconds - 100.0) * 1000)  # noqa: E731  one of two clocks that go together
        return Leadership(store or self.store(), NAME, who, now, POLICY, lambda: self.seconds)


async def test_one_of_two_deployments_leads_and_the_other_when_its_time_is_over() -> None:
    """EXEC-2: stores of two namespaces on one server have one lease of the account."""
    stage = Stage()
    one, other = stage.process("a/1"), stage.process("b/1")
    assert await one.take() == ""
    assert (await other.take()).startswith("a/1 ")
    stage.seconds += 2.0
    assert await other.take() == ""
    assert (one.epoch, other.epoch) == (NOW, NOW + 2_000)
    assert (await one.take()).startswith("b/1 ")
    assert one.lost


async def test_a_process_is_sure_of_its_lease_from_when_it_asked() -> None:
    """EXEC-2: what it sends may be valid for no longer than nobody else can lead."""
    stage = Stage()
    one = stage.process()
    assert not one.covers(0)
    await one.take()
    assert one.covers(2.0)
    stage.seconds += 0.5
    assert one.covers(1.5)
    assert not one.covers(1.6)
    assert await one.sure(1.6, 1.0), "it asks again"
    stage.seconds += 2.1
    assert not one.covers(0)


async def test_an_answer_that_is_older_than_the_lease_says_nothing() -> None:
    """EXEC-2: frozen between question and answer, it asks again, and hears that another leads."""
    stage = Stage()

    class Slow(MemoryStore):
        frozen = False

        async def claim(self, lease: str, holder: str, ttl_seconds: float, at_least: int = 0) -> Claim:
            found = await super().claim(lease, holder, ttl_seconds, at_least)
            if self.frozen:
                self.frozen = False
                stage.seconds += 20.0
                assert await stage.process("b/1").take() == ""
            return found

    store = Slow(lambda: stage.seconds, stage.leases)
    one = stage.process("a/1", store)
    await one.take()
    store.frozen = True
    assert await one.standing(1.0) == "lost"


async def test_whoever_comes_back_late_and_nobody_led_in_between_still_leads() -> None:
    """EXEC-2: a freeze alone is no takeover."""
    stage = Stage()
    one = stage.process()
    await one.take()
    epoch = one.epoch
    stage.seconds += 60.0
    assert await one.standing(1.0) == "ours"
    assert one.epoch == epoch


async def test_another_leader_in_between_is_noticed_although_the_lease_is_free_again() -> None:
    """EXEC-2: what the other has done is not known here."""
    stage = Stage()
    one, other = stage.process("a/1"), stage.process("b/1")
    await one.take()
    stage.seconds += 3.0
    await other.take()
    await other.release()
    assert await one.standing(1.0) == "lost"


async def test_an_emptied_store_ends_the_leader_and_begins_no_epoch_that_looks_older() -> None:
    """EXEC-2: the next epoch is a time, also when nothing is remembered."""
    stage = Stage()
    one = stage.process()
    await one.take()
    stage.leases.clear()
    stage.seconds += 0.1
    with pytest.raises(Fenced):
        async with asyncio.timeout(30):
            await one.keep()
    again = stage.process()
    stage.leases.clear()
    assert await again.take() == ""
    assert again.epoch > NOW


async def test_a_store_that_does_not_answer_leaves_it_unknown_who_leads() -> None:
    """OPS-9: what protects then asks the account instead; entries do not leave."""
    stage = Stage()

    class Silent(MemoryStore):
        away = False

        async def claim(self, lease: str, holder: str, ttl_seconds: float, at_least: int = 0) -> Claim:
            if self.away:
                await asyncio.Event().wait()
            return await super().claim(lease, holder, ttl_seconds, at_least)

    store = Silent(lambda: stage.seconds, stage.leases)
    one = stage.process("a/1", store)
    await one.take()
    store.away = True
    stage.seconds += 3.0
    assert await one.standing(0.01) == "unknown"
    assert not await one.sure(1.5, 0.01)
    await one.release()


async def test_a_second_name_of_the_account_is_led_too_or_nothing_is() -> None:
    """EXEC-2: two deployments that call one account differently are told apart by the exchange's name of it."""
    stage = Stage()
    one = stage.process("a/1")
    other = Leadership(stage.store(), "testnet.second", "b/1", lambda: NOW, POLICY, lambda: stage.seconds)
    assert await one.take() == await other.take() == ""
    assert await one.also("testnet.alias.X") == ""
    assert (await other.also("testnet.alias.X")).startswith("a/1 ")
    assert other.lost
    await one.release()
    again = Leadership(stage.store(), "testnet.second", "b/2", lambda: NOW, POLICY, lambda: stage.seconds)
    await other.release()
    assert await again.take() == await again.also("testnet.alias.X") == ""


async def test_a_second_name_may_come_while_the_first_is_being_renewed() -> None:
    """EXEC-2: the exchange tells its name of the account in the midst of a renewal."""
    stage, reached = Stage(), asyncio.Event()

    class Slow(MemoryStore):
        waits = False

        async def claim(self, lease: str, holder: str, ttl_seconds: float, at_least: int = 0) -> Claim:
            if self.waits:
                self.waits = False
                reached.set()
                await asyncio.sleep(0)
            return await super().claim(lease, holder, ttl_seconds, at_least)

    store = Slow(lambda: stage.seconds, stage.leases)
    one = stage.process("a/1", store)
    await one.take()
    store.waits = True
    renewal = asyncio.create_task(one.standing(1.0))
    await reached.wait()
    assert await one.also("testnet.alias.X") == ""
    assert await renewal == "ours"
    assert set(stage.leases) == {NAME, "testnet.alias.X"}
