"""A lane beside whose queue one of commands stands: commands pass while the other waits, and junk costs little."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from shared.bus.port import Bus
from shared.domain.control import Alert, Control
from shared.domain.message import Message
from shared.domain.orders import StepReport
from shared.runtime.lane.lane import Lane
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.store.memory import MemoryStore
from tests.support.bus.contract import Collector, Deployment, Memory, Rabbit, queue

SPECS = (
    queue("in", "report.#", max_length=5_000),
    queue("in.commands", "control.#", max_length=5_000),
    queue("out", "alert.#", max_length=20_000),
)
TOO_LONG = "i" * 300


class Clerk:
    """Answers each message with one alert."""

    def __init__(self) -> None:
        self.handled = 0

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        self.handled += 1
        return [Alert(severity="info", source="clerk", key=message.message_id, text="done", time=self.handled)]

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.handled)

    def restore(self, data: bytes) -> None:
        self.handled = msgspec.msgpack.decode(data, type=int)


def command(name: str) -> Control:
    return Control(id=name, command="halt", by="test", reason="")


class Ears(Collector):
    def __init__(self) -> None:
        super().__init__(ack=True)

    def keys(self, severity: str) -> list[str]:
        alerts = [message for each in self.deliveries if isinstance(message := each.decode(), Alert)]
        return [alert.key for alert in alerts if alert.severity == severity]


@pytest.fixture(params=["memory-codec", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
async def deployment(request: pytest.FixtureRequest) -> AsyncIterator[Deployment]:
    name = f"bus-{uuid.uuid4().hex[:10]}"
    made: Deployment = (
        Rabbit(name, request.getfixturevalue("rabbitmq_url")) if request.param == "rabbitmq" else Memory(name, codec=True)
    )
    yield made
    await made.end()


async def lane_at(bus: Bus, store: MemoryStore) -> Lane:
    spec = LaneSpec("clerk", "test", "in", Clerk, commands="in.commands")
    lane = Lane(spec, bus, store, LanePolicy(commit_linger=0.0))
    await lane.start()
    return lane


async def test_junk_is_told_once_and_the_command_behind_it_is_handled(deployment: Deployment) -> None:
    """OPS-7: two thousand pieces of it delayed a halt by 2.9 s, because each one was dead-lettered and alerted."""
    bus = await deployment.bus(*SPECS)
    ears = Ears()
    await bus.subscribe("out", ears)
    await bus.publish([command(TOO_LONG)] * 2_000 + [command("true")])
    lane = await lane_at(bus, MemoryStore())
    await ears.until(lambda _: ears.keys("info") == ["control:true"])
    assert len(ears.keys("critical")) == 1
    assert len(await bus.dead_letters("in.commands", 9)) == 1
    assert await bus.depth("in.commands") == 0
    await lane.drain()


async def test_junk_on_the_other_queue_is_dead_lettered_one_by_one(deployment: Deployment) -> None:
    """Bad input on any other queue is kept: it may have been worth something."""
    bus = await deployment.bus(queue("in", "control.#"), queue("out", "alert.#"))
    ears = Ears()
    await bus.subscribe("out", ears)
    lane = Lane(LaneSpec("clerk", "test", "in", Clerk), bus, MemoryStore(), LanePolicy(commit_linger=0.0))
    await lane.start()
    await bus.publish([command(TOO_LONG)] * 3)
    await ears.until(lambda _: len(ears.keys("critical")) == 3)
    assert len(await bus.dead_letters("in", 9)) == 3
    await lane.drain()


async def test_a_command_overtakes_what_waits_on_the_other_queue(deployment: Deployment) -> None:
    """RISK-7: a queue that is full of intents holds no flatten up for longer than what was delivered before."""
    bus = await deployment.bus(*SPECS)
    ears = Ears()
    await bus.subscribe("out", ears)
    await bus.publish([StepReport(close_time=at) for at in range(2_000)])
    lane = await lane_at(bus, MemoryStore())
    publishing = asyncio.create_task(bus.publish([command("now")]))
    await ears.until(lambda _: "control:now" in ears.keys("info"))
    assert len(ears.keys("info")) < 2_000
    await publishing
    await lane.drain()


async def test_both_queues_go_to_the_successor(deployment: Deployment) -> None:
    """Invariant 3: whoever takes over has the state, and hears commands."""
    bus, store = await deployment.bus(*SPECS), MemoryStore()
    ears = Ears()
    await bus.subscribe("out", ears)
    first = await lane_at(bus, store)
    await bus.publish([command("one"), StepReport(close_time=1)])
    await ears.until(lambda _: len(ears.keys("info")) == 2)
    second = await lane_at(bus, store)
    await first.drain()
    await bus.publish([command("two"), StepReport(close_time=2)])
    await ears.until(lambda _: len(ears.keys("info")) == 4)
    assert second.active
    await second.drain()
