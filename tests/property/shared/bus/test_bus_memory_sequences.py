"""Any sequence of publish, ack, requeue, cancel and close: nothing lost, order kept, bounds respected (invariant 6)."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bus.memory.bus import MemoryBus
from shared.bus.memory.delivery import MemoryDelivery
from shared.bus.memory.queue import MemoryQueue
from shared.bus.port import Delivery
from shared.bus.topology import Overflow, QueueKind, QueueSpec, Topology
from shared.domain.candles import FeedStep
from tests.support.bus.contract import counted, feed, queue

TOPICS = 2
Step = tuple[str, int]

steps = st.lists(
    st.tuples(
        st.sampled_from(["publish", "ack", "requeue", "dead", "subscribe", "cancel", "turn", "reopen"]), st.integers(0, 9)
    ),
    max_size=60,
)
specs = st.builds(
    lambda overflow, bound, prefetch, single, quorum: queue(
        "q", "feed.#",
        overflow=overflow, max_length=bound, prefetch=prefetch, single_active=single,
        kind=QueueKind.QUORUM if quorum else QueueKind.CLASSIC, delivery_limit=2 if quorum else None,
    ),
    st.sampled_from(list(Overflow)), st.integers(1, 6), st.integers(1, 4), st.booleans(), st.booleans(),
)  # fmt: skip


class Trial:
    """Drives one bus through a sequence and writes down whatever breaks the contract."""

    def __init__(self, spec: QueueSpec, kind: type[MemoryQueue]) -> None:
        self.spec = spec
        self.violations: list[str] = []
        self._kind = kind
        self._bus = MemoryBus(Topology((spec,), "property"))
        self._sent: list[int] = []
        self._next = 0
        self._publishing: list[asyncio.Future[None]] = []
        self._subscriptions: list[Any] = []
        self._held: list[Delivery] = []
        self._settled: Counter[int] = Counter()
        self._seen: Counter[int] = Counter()
        self._latest = [-1] * TOPICS

    async def run(self, sequence: list[Step]) -> list[str]:
        before = counted("dropped", queue="q"), counted("dead_lettered", queue="q")
        await self._bus.start()
        self._bus._queues["q"] = self._kind(self.spec, 10_000, asyncio.get_running_loop())
        for action, number in sequence:
            await getattr(self, f"_{action}")(number)
            self._check_bounds()
        await self._drain()
        dropped = int(counted("dropped", queue="q") - before[0])
        dead = int(counted("dead_lettered", queue="q") - before[1])
        self._check_end(dropped, dead)
        await self._bus.close()
        return self.violations

    async def _publish(self, number: int) -> None:
        topic = number % TOPICS
        messages = []
        for _ in range(1 + number // 3):
            messages.append(feed(self._next, topic))
            self._sent.append(self._next)
            self._next += 1
        if self._publishing and not self._publishing[-1].done():  # one publisher: its calls follow each other
            previous = self._publishing[-1]

            async def after() -> None:
                await previous
                await self._bus.publish(messages)

            self._publishing.append(asyncio.ensure_future(after()))
        else:
            self._publishing.append(asyncio.ensure_future(self._bus.publish(messages)))
        await asyncio.sleep(0)

    async def _subscribe(self, _: int) -> None:
        self._subscriptions.append(await self._bus.subscribe("q", self._take))

    def _take(self, delivery: Delivery) -> None:
        message = delivery.decode()
        assert isinstance(message, FeedStep)
        number = message.close_time
        if self._settled[number]:
            self.violations.append(f"{number} came again after it was settled")
        if delivery.redelivered is not bool(self._seen[number]):
            self.violations.append(
                f"{number} says redelivered={delivery.redelivered}, it was seen {self._seen[number]} times"
            )
        if not self._seen[number]:
            if number < self._latest[message.partition]:
                self.violations.append(f"{number} came after {self._latest[message.partition]} of its topic")
            self._latest[message.partition] = number
        self._seen[number] += 1
        self._held.append(delivery)

    async def _ack(self, number: int) -> None:
        await self._settle(number, "ack")

    async def _dead(self, number: int) -> None:
        await self._settle(number, "dead_letter", "a reason")

    async def _settle(self, number: int, how: str, *arguments: str) -> None:
        if self._held:
            delivery = self._held.pop(number % len(self._held))
            message = delivery.decode()
            assert isinstance(message, FeedStep)
            self._settled[message.close_time] += how == "ack"
            await getattr(delivery, how)(*arguments)

    async def _requeue(self, number: int) -> None:
        if self._held:
            await self._held.pop(number % len(self._held)).requeue()

    async def _cancel(self, number: int) -> None:
        if self._subscriptions:
            await self._subscriptions.pop(number % len(self._subscriptions)).cancel()

    async def _turn(self, number: int) -> None:
        for _ in range(number):
            await asyncio.sleep(0)

    async def _reopen(self, _: int) -> None:
        if all(one.done() for one in self._publishing):  # else close would rightly turn publishers away
            await self._bus.close()
            self._held.clear()
            self._subscriptions.clear()
            await self._bus.start()

    def _check_bounds(self) -> None:
        target = self._bus._queues["q"]
        held = sum(len(one.held) for one in self._subscriptions)
        fresh = sum(not delivery.redelivered for delivery in target.ready)  # what is given back may come on top
        if fresh > self.spec.max_length:
            self.violations.append(f"{fresh} ready, the bound is {self.spec.max_length}")
        if held > self.spec.prefetch * len(self._subscriptions):
            self.violations.append(f"{held} unsettled at {len(self._subscriptions)} consumers of {self.spec.prefetch}")

    async def _drain(self) -> None:
        for subscription in self._subscriptions:
            await subscription.cancel()
        for delivery in reversed(self._held):
            await delivery.requeue()
        self._held.clear()
        await self._subscribe(0)
        idle = 0
        while idle < 5:
            await asyncio.sleep(0)
            idle = 0 if self._held else idle + 1
            while self._held:
                await self._ack(0)
        if not all(one.done() for one in self._publishing):
            self.violations.append("a publisher still waits although the queue was drained")
            for one in self._publishing:
                one.cancel()
        await asyncio.gather(*self._publishing, return_exceptions=True)

    def _check_end(self, dropped: int, dead: int) -> None:
        settled = sum(self._settled.values())
        if settled + dropped + dead != len(self._sent):
            self.violations.append(f"{len(self._sent)} sent, {settled} acked, {dropped} counted as dropped, {dead} parked")
        if self.spec.overflow is Overflow.BLOCK and dropped:
            self.violations.append(f"a queue that blocks dropped {dropped}")
        if set(self._settled) - set(self._sent):
            self.violations.append("something came that was never sent")


@settings(max_examples=300, deadline=None)
@given(specs, steps)
def test_nothing_is_lost_reordered_or_piled_up(spec: QueueSpec, sequence: list[Step]) -> None:
    """OPS-1, invariant 6: every message is acked, parked or counted as dropped, once; order per topic; bounds; flags."""
    assert asyncio.run(Trial(spec, MemoryQueue).run(sequence)) == []


class Forgetful(MemoryQueue):
    """Loses what is given back."""

    def give_back(self, delivery: MemoryDelivery) -> None:
        self._schedule()


class Shuffling(MemoryQueue):
    """Puts what is given back at the wrong end, so that a later message is seen before one that was never seen."""

    def put(self, delivery: MemoryDelivery) -> None:
        super().put(delivery)
        self.ready.rotate(1)


class Unbounded(MemoryQueue):
    """Takes everything."""

    def __init__(self, spec: QueueSpec, dead_letter_length: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(spec, dead_letter_length, loop)
        self.bound = 1_000_000


class Deaf(MemoryQueue):
    """Never tells publishers that there is room again."""

    def _admit(self) -> None:
        return


class Greedy(MemoryQueue):
    """Delivers beyond the prefetch window."""

    def _taker(self) -> Any:
        return self._subscribers[0] if self._subscribers else None


@pytest.mark.parametrize(
    ("specimen", "complaint"),
    [
        (Forgetful, "acked"),
        (Shuffling, "of its topic"),
        (Unbounded, "ready"),
        (Deaf, "still waits"),
        (Greedy, "unsettled at"),
    ],
)
def test_the_check_catches_a_bus_that(specimen: type[MemoryQueue], complaint: str) -> None:
    """Each specimen must be caught: otherwise the property above proves nothing."""
    spec = queue("q", "feed.#", max_length=3, prefetch=2)
    sequence: list[Step] = [
        ("publish", 9), ("publish", 9), ("turn", 3), ("subscribe", 0), ("turn", 9), ("requeue", 0), ("turn", 3),
    ]  # fmt: skip
    found = asyncio.run(Trial(spec, specimen).run(sequence))
    assert any(complaint in violation for violation in found), found
