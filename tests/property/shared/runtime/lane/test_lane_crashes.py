"""A lane that is killed at any moment and started again has every effect exactly once, in order (invariant 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery
from shared.bus.topology import Overflow, QueueKind, QueueSpec, Topology
from shared.domain.control import Micro
from shared.domain.message import Message
from shared.runtime.lane.lane import Lane
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.store.memory import MemoryStore
from tests.support.bus.crashing import KillableBus
from tests.support.runtime.telling import tell

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))


class SumState(msgspec.Struct):
    total: int = 0
    count: int = 0


class Summing:
    """A core whose every output depends on its whole history: one message too many or too few shows in all that follow."""

    def __init__(self) -> None:
        self.state = SumState()

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        assert isinstance(message, Micro)
        self.state.count += 1
        self.state.total = (self.state.total * 31 + message.time) % 1_000_003
        bid = float(self.state.total + 1)
        return [Micro(symbol="OUT", time=message.time, bid=bid, ask=bid, imbalance=0.0, trade_delta=float(self.state.count))]

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.state)

    def restore(self, data: bytes) -> None:
        self.state = msgspec.msgpack.decode(data, type=SumState)


class AckFirstLane(Lane):
    """The specimen: acks before the effect is safe. A kill in between loses a message, and the check must see it."""

    async def _handle(self, batch: list[Delivery]) -> None:
        for delivery in batch:
            await delivery.ack()
        await asyncio.sleep(0)
        await super()._handle([_Settled(delivery) for delivery in batch])


class _Settled:
    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def __getattr__(self, name: str) -> object:
        return getattr(self._delivery, name)

    async def ack(self) -> None:
        """Was acked already: that is the bug."""


def queue(name: str, binding: str) -> QueueSpec:
    return QueueSpec(name, "test", (binding,), QueueKind.CLASSIC, Overflow.BLOCK, max_length=10_000, prefetch=8)


TOPOLOGY = Topology((queue("in", "micro.IN"), queue("out", "micro.OUT")))


def inputs(count: int) -> list[Micro]:
    return [Micro(symbol="IN", time=index, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0) for index in range(count)]


def expected(count: int) -> list[Message]:
    core = Summing()
    return [output for message in inputs(count) for output in tell(core, message)]


async def run(
    count: int, kills: list[int], duplicates: list[int], snapshot_every: int, kind: type[Lane] = Lane
) -> list[Message]:
    """Feed ``count`` messages through a lane that is killed after the given numbers of event-loop turns."""
    bus, store = MemoryBus(TOPOLOGY, codec=True), MemoryStore()
    await bus.start()
    received: dict[str, Message] = {}
    complete = asyncio.Event()

    async def settle(delivery: Delivery) -> None:
        await delivery.ack()

    def collect(delivery: Delivery) -> None:
        message = delivery.decode()
        received.setdefault(message.message_id, message)
        tasks.add(asyncio.ensure_future(settle(delivery)))
        if len(received) == count:
            complete.set()

    tasks: set[asyncio.Future[None]] = set()
    await bus.subscribe("out", collect)
    spec = LaneSpec("sum", "test", "in", Summing)
    policy = LanePolicy(snapshot_every=snapshot_every, lull=0.0, commit_linger=0.0)

    async def start() -> tuple[Lane, KillableBus]:
        killable = KillableBus(bus)
        lane = kind(spec, killable, store, policy)  # type: ignore[arg-type]  # only the methods that a lane uses
        await lane.start()
        return lane, killable

    lane, killable = await start()
    for index, message in enumerate(inputs(count)):
        await bus.publish([message])
        if index in duplicates:
            await bus.publish([message])
    for turns in kills:
        for _ in range(turns):
            await asyncio.sleep(0)
        await killable.kill()
        for task in lane._tasks:
            task.cancel()
        await asyncio.gather(*lane._tasks, return_exceptions=True)
        lane, killable = await start()
    try:
        async with asyncio.timeout(5):
            await complete.wait()
            while await bus.depth("in"):  # noqa: ASYNC110  the bus offers no event for an empty queue
                await asyncio.sleep(0)
    except TimeoutError:
        pass  # something was lost: the caller compares and says what
    await lane.drain()
    await asyncio.gather(*tasks)
    assert await bus.depth("in") == 0
    await bus.close()
    return list(received.values())


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(1, 40),
    kills=st.lists(st.integers(0, 60), max_size=8),
    duplicates=st.lists(st.integers(0, 39), max_size=5),
    snapshot_every=st.integers(1, 12),
)
def test_every_effect_once_and_in_order_whenever_the_lane_is_killed(
    count: int, kills: list[int], duplicates: list[int], snapshot_every: int
) -> None:
    """EXEC-2, invariant 3: kills at any await, repeats, snapshots anywhere: the outputs are those of one life."""
    assert asyncio.run(run(count, kills, duplicates, snapshot_every)) == expected(count)


def test_the_check_catches_a_lane_that_acks_first() -> None:
    """The specimen must be caught: otherwise the property above proves nothing."""
    for turns in range(1, 40):
        if asyncio.run(run(20, [turns], [], 5, AckFirstLane)) != expected(20):
            return
    pytest.fail("a lane that acks before its effect is safe was not caught")
