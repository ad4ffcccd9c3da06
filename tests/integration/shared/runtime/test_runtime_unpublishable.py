"""A lane at each bus gets what makes its answer impossible to carry: it parks the culprit, and goes on as if without it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from shared.bus import codec
from shared.bus.port import Bus
from shared.domain.control import Alert, Control
from shared.domain.message import Message
from shared.runtime.lane.lane import Lane
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.store.memory import MemoryStore
from tests.support.bus.contract import Collector, Deployment, Memory, Rabbit, queue

SPECS = (queue("in", "control.#"), queue("out", "alert.#"))


class Clerk:
    """Answers each command with one alert that has its id and how many there were; two words make it fail."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        assert isinstance(message, Control)
        self.ids.append(message.id)
        if message.reason == "raise":
            raise ZeroDivisionError
        text = "x" * codec.MAX_BODY_BYTES if message.reason == "shout" else str(len(self.ids))
        return [Alert(severity="info", source="clerk", key=message.id, text=text)]

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.ids)

    def restore(self, data: bytes) -> None:
        self.ids = msgspec.msgpack.decode(data, type=list[str])


def command(name: str, reason: str = "") -> Control:
    return Control(id=name, command="halt", by="test", reason=reason)


class Ears(Collector):
    """What the lane's answers and alarms are."""

    def __init__(self) -> None:
        super().__init__(ack=True)

    def _alerts(self) -> list[Alert]:
        return [message for delivery in self.deliveries if isinstance(message := delivery.decode(), Alert)]

    @property
    def answers(self) -> list[tuple[str, str]]:
        return [(alert.key, alert.text) for alert in self._alerts() if alert.severity == "info"]

    @property
    def alarms(self) -> list[str]:
        return [alert.text for alert in self._alerts() if alert.severity == "critical"]


@pytest.fixture(params=["memory-codec", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
async def deployment(request: pytest.FixtureRequest) -> AsyncIterator[Deployment]:
    name = f"bus-{uuid.uuid4().hex[:10]}"
    made: Deployment = (
        Rabbit(name, request.getfixturevalue("rabbitmq_url")) if request.param == "rabbitmq" else Memory(name, codec=True)
    )
    yield made
    await made.end()


async def lane_at(bus: Bus, store: MemoryStore) -> Lane:
    lane = Lane(LaneSpec("clerk", "test", "in", Clerk), bus, store, LanePolicy(commit_linger=0.0))
    await lane.start()
    return lane


async def test_a_command_with_an_id_of_300_bytes_costs_at_most_itself(deployment: Deployment) -> None:
    """Invariant 6: as the review sent it, it is refused for its length; in letters of three bytes it is handled."""
    bus = await deployment.bus(*SPECS)
    ears, lane = Ears(), await lane_at(bus, MemoryStore())
    await bus.subscribe("out", ears)
    await bus.publish([command("i" * 300), command("멈" * 100), command("next")])
    await ears.until(lambda _: len(ears.answers) == 2 and len(ears.alarms) == 1)
    assert ears.answers == [("멈" * 100, "1"), ("next", "2")]
    assert not lane.failed
    (alarm,) = ears.alarms
    assert "invalid control" in alarm
    (letter,) = await bus.dead_letters("in", 9)
    assert letter.body == codec.encode(command("i" * 300))
    await lane.drain()


@pytest.mark.parametrize("neighbour", ["", "raise"], ids=["alone", "beside-a-bug"])
async def test_the_message_whose_answer_cannot_be_carried_is_parked_and_the_others_count_once(
    deployment: Deployment, neighbour: str
) -> None:
    """Invariant 3: the core is built again without it, in this process and in the next."""
    store, bus = MemoryStore(), await deployment.bus(*SPECS)
    ears = Ears()
    await bus.subscribe("out", ears)
    await bus.publish([command("a"), command("loud", "shout"), command("b", neighbour), command("c")])  # one batch
    lane = await lane_at(bus, store)
    expected = [("a", "1"), ("c", "2")] if neighbour else [("a", "1"), ("b", "2"), ("c", "3")]
    await ears.until(lambda _: len(ears.answers) == len(expected))
    assert ears.answers == expected
    letters = {letter.message_id: letter.reason for letter in await bus.dead_letters("in", 9)}
    assert letters.pop("control:loud").startswith("cannot be published: alert has ")
    assert list(letters) == (["control:b"] if neighbour else [])
    await ears.until(lambda _: len(ears.alarms) == 1 + len(letters))
    assert not lane.failed
    await lane.drain()
    following = await lane_at(bus, store)
    await bus.publish([command("d")])
    await ears.until(lambda _: len(ears.answers) == len(expected) + 1)
    assert ears.answers[-1] == ("d", str(len(expected) + 1))
    await following.drain()


async def test_a_lane_without_a_log_ends_at_what_cannot_be_carried(deployment: Deployment) -> None:
    """A demo or a backtest stops there and says where, as for a core that raises."""
    bus = await deployment.bus(*SPECS)
    lane = Lane(LaneSpec("clerk", "test", "in", Clerk), bus, None, LanePolicy())
    await lane.start()
    await bus.publish([command("loud", "shout")])
    async with asyncio.timeout(30):
        error = await lane.wait_failed()
    assert "at most" in str(error)
    await lane.drain(0.1)
