"""A lane or sink that has ended makes its process not ready, and the process ends in bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from shared.bus.memory.bus import MemoryBus
from shared.bus.topology import Topology
from shared.domain.message import Message
from shared.runtime import service as runtime
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.runtime.process.health import HealthServer
from shared.runtime.service import Service, ServiceDied, ServiceSpec, running
from shared.runtime.sink import Received, SinkSpec
from tests.support.bus.contract import queue
from tests.support.runtime.lane_desk import Diary, micro


class Broken(Diary):
    """A core with a bug."""

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        raise ZeroDivisionError


class Hanging:
    """A sink whose destination never lets go."""

    async def start(self) -> None: ...

    async def write(self, received: Sequence[Received]) -> None: ...

    async def close(self) -> None:
        await asyncio.Event().wait()


async def die(spec: ServiceSpec) -> list[tuple[bool, object]]:
    """Run a service until it dies; whether the process was ready, and what its check said, before and after."""
    bus = MemoryBus(Topology((queue("in", "micro.#"), queue("other", "control.#"))))
    await bus.start()
    service = Service(spec, bus, None, LanePolicy())
    health = HealthServer("127.0.0.1", 0)
    health.check("workers", service.workers_alive)
    said: list[tuple[bool, object]] = []

    def look() -> None:
        ready, answer = health.readiness()
        said.append((ready, answer["checks"]))

    async def live() -> None:
        async with asyncio.timeout(30), running([service]):
            health.ready()
            look()
            await bus.publish([micro(1)])
            try:
                await asyncio.Event().wait()
            finally:
                look()

    with pytest.raises(ServiceDied):
        await live()
    await bus.close()
    return said


async def test_a_dead_lane_is_not_ready_and_ends_the_process() -> None:
    """OPS-2: a supervisor restarts what ends, and no balancer asks what is dead."""
    spec = ServiceSpec("risk", "risk", lanes=(LaneSpec("risk", "risk", "in", Broken),))
    assert await die(spec) == [(True, {"workers": True}), (False, {"workers": "ended: risk"})]


async def test_the_end_does_not_wait_for_what_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-2: the rest of the process may be stuck on the same fault."""
    monkeypatch.setattr(runtime, "_DEATH_SECONDS", 0.05)
    lane = LaneSpec("risk", "risk", "in", Broken)
    spec = ServiceSpec("risk", "risk", lanes=(lane,), sinks=(SinkSpec("sink", "other", Hanging),))
    assert (await die(spec))[-1] == (False, {"workers": "ended: risk"})


async def test_a_sink_parks_what_claims_a_time_to_come() -> None:
    """Invariant 6: order flow, journal and notifier are not deafened either."""
    seen: list[Received] = []
    got = asyncio.Event()

    class Keeping(Hanging):
        async def write(self, received: Sequence[Received]) -> None:
            seen.extend(received)
            got.set()

        async def close(self) -> None: ...

    bus = MemoryBus(Topology((queue("in", "micro.#"), queue("other", "control.#"))))
    await bus.start()
    service = Service(ServiceSpec("s", "s", sinks=(SinkSpec("sink", "in", Keeping, linger=0.0),)), bus, None, LanePolicy())
    async with running([service]):
        await bus.publish([micro(4_070_908_800_000)])
        await bus.publish([micro(1)], now=7)
        async with asyncio.timeout(30):
            await got.wait()
    assert [(each.message, each.stamped_at) for each in seen] == [(micro(1), 7)]
    assert [letter.message_id for letter in await bus.dead_letters("in", 9)] == [micro(4_070_908_800_000).message_id]
    await bus.close()
