"""A lane without a store on a bus of its process: what it handles in the bus's own turn, and what it leaves to its task."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from shared.bus.memory.bus import MemoryBus
from shared.bus.topology import Overflow, QueueKind, QueueSpec, Topology
from shared.domain.control import Micro
from shared.domain.message import Message
from shared.runtime.lane.lane import Lane
from shared.runtime.lane.spec import LanePolicy, LaneSpec


class Passes:
    """Passes each message on under the symbol ``to``, twice if ``twice``; raises at the time ``fails_at``."""

    def __init__(self, to: str, *, twice: bool = False, fails_at: int = -1) -> None:
        self.to, self.twice, self.fails_at = to, twice, fails_at

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        assert isinstance(message, Micro)
        if message.time == self.fails_at:
            raise LookupError("this core is broken")
        return [micro(self.to, message.time + more) for more in range(2 if self.twice else 1)]

    def snapshot(self) -> bytes:
        return b""

    def restore(self, data: bytes) -> None:
        """It keeps nothing."""


def micro(symbol: str, time: int) -> Micro:
    return Micro(symbol=symbol, time=time, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0)


def row(name: str, length: int = 100) -> QueueSpec:
    return QueueSpec(name, "test", (f"micro.{name}",), QueueKind.CLASSIC, Overflow.BLOCK, length, prefetch=50)


def lane(bus: MemoryBus, reads: str, core: Passes) -> Lane:
    return Lane(LaneSpec(f"lane {reads}", "test", reads, lambda: core), bus, None, LanePolicy(clock="player"))


async def test_a_message_has_passed_three_lanes_after_one_turn_of_the_event_loop() -> None:
    """OPS-4: three lanes, one behind the other, and no task is woken for any of them."""
    bus = MemoryBus(Topology((row("A"), row("B"), row("C"), row("D"))))
    await bus.start()
    lanes = [lane(bus, "A", Passes("B")), lane(bus, "B", Passes("C")), lane(bus, "C", Passes("D"))]
    for each in lanes:
        await each.start()
    await asyncio.sleep(0)  # the tasks of the lanes begin to wait
    await bus.publish([micro("A", 7)], now=7)
    assert await bus.depth("A") == 1  # never inside publish
    await asyncio.sleep(0)
    assert await bus.depth("D") == 1
    for each in lanes:
        await each.drain()
    await bus.close()


async def test_outputs_wait_for_room_and_keep_their_order() -> None:
    """OPS-1: a full queue holds the lane up, as a broker's would; nothing is dropped, and nothing overtakes."""
    bus = MemoryBus(Topology((row("A"), row("B", length=3))))
    await bus.start()
    worker = lane(bus, "A", Passes("B", twice=True))
    await worker.start()
    await bus.publish([micro("A", 10 * number) for number in range(5)], now=1)
    while worker._inbox.arrived.is_set() or await bus.depth("B") < 3:  # noqa: ASYNC110  a bus announces no depth
        await asyncio.sleep(0)
    assert await bus.depth("B") == 3
    got: list[int] = []
    heard = asyncio.Event()

    def hear(delivery) -> None:
        got.append(delivery.decode().time)
        delivery.ack_now()
        heard.set()

    await bus.subscribe("B", hear)
    async with asyncio.timeout(30):
        while len(got) < 10:
            heard.clear()
            await heard.wait()
    assert got == [10 * number + more for number in range(5) for more in range(2)]
    await worker.drain()
    assert await bus.depth("A") == 0
    await bus.close()


async def test_a_core_that_raises_ends_the_lane_and_handles_nothing_more() -> None:
    """OPS-1: without a log there is no state to go back to."""
    bus = MemoryBus(Topology((row("A"), row("B"))))
    await bus.start()
    worker = lane(bus, "A", Passes("B", fails_at=2))
    await worker.start()
    await bus.publish([micro("A", number) for number in range(5)], now=1)
    async with asyncio.timeout(30):
        error = await worker.wait_failed()
    assert isinstance(error, LookupError)
    assert worker.failed
    await bus.publish([micro("A", 9)], now=1)
    await asyncio.sleep(0)
    assert await bus.depth("B") == 2
    await worker.drain()
    await bus.close()


@pytest.mark.parametrize("trouble", ["full", "closed"])
async def test_nothing_is_published_where_publishing_would_wait_or_raise(trouble: str) -> None:
    """OPS-1: all of the messages or none; ``publish`` then waits, or tells why not."""
    bus = MemoryBus(Topology((row("A"), row("B", length=1))))
    await bus.start()
    assert bus.publish_now([micro("B", 1)], now=1)
    if trouble == "closed":
        await bus.close()
    assert not bus.publish_now([micro("A", 2), micro("B", 2)], now=2)
    assert (await bus.depth("A"), await bus.depth("B")) == (0, 1)
    await bus.close()
