"""The bus contract: what is too large or does not fit AMQP is refused before anything is sent, and a long body is cut when
it is parked."""

from __future__ import annotations

from hashlib import sha256

import pytest

from shared.bus import codec
from shared.bus.dead_letters import PARKED_BYTES, DeadLetter
from shared.bus.port import Unpublishable
from shared.domain.control import Alert, Control, Micro
from shared.domain.message import Message
from tests.support.bus.contract import Collector, Deployment, feed, queue, until_depth

#: 100 characters, which a reader accepts, and 300 bytes, which no AMQP property holds.
LONG_ID = "멈" * 100
HUGE = Alert(severity="info", source="s", key="k", text="x" * codec.MAX_BODY_BYTES)
SURROGATE = Alert(severity="info", source="s", key="k", text="\ud800")


def micro(symbol: str) -> Micro:
    return Micro(symbol=symbol, time=1, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0)


async def test_a_message_with_an_id_of_300_bytes_arrives_as_it_was_published(deployment: Deployment) -> None:
    """OPS-1: readers tell repeats by the id in the body; the property beside it is only for people."""
    bus = await deployment.bus(queue("q", "control.#"))
    halt = Control(id=LONG_ID, command="halt", by="me", reason="")
    assert len(halt.message_id.encode()) > 300
    await bus.publish([halt, halt])
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(2)
    assert [delivery.decode() for delivery in got.deliveries] == [halt, halt]
    (name,) = {delivery.message_id for delivery in got.deliveries}
    assert name in (halt.message_id, f"sha256:{sha256(halt.message_id.encode()).hexdigest()}")
    await got.deliveries[0].dead_letter("known")
    assert [letter.message_id for letter in await bus.dead_letters("q", 10)] == [name]


@pytest.mark.parametrize("culprit", [micro("A" * 250), HUGE, SURROGATE], ids=["topic", "size", "text"])
async def test_a_message_that_cannot_be_carried_is_refused_and_nothing_of_its_call_is_sent(
    deployment: Deployment, culprit: Message
) -> None:
    """OPS-1: whoever published learns it at once; the bus goes on."""
    if isinstance(culprit, Alert) and not deployment.encodes:
        pytest.skip("without a codec messages pass by reference, and have no size")
    bus = await deployment.bus(queue("q", "feed.#", "micro.#", "alert.#"))
    with pytest.raises(Unpublishable):
        await bus.publish([feed(1), culprit, feed(2)])
    with pytest.raises(Unpublishable):
        await bus.publish([culprit])
    assert await bus.depth("q") == 0
    assert bus.healthy()
    await bus.publish([feed(3)])
    await until_depth(bus, "q", 1)


@pytest.mark.parametrize("extra", [0, 1], ids=["whole", "cut"])
async def test_a_body_is_parked_whole_up_to_the_bound_and_a_longer_one_is_cut(deployment: Deployment, extra: int) -> None:
    """OPS-1: an operator sees how it began, how long it was, and its hash; a flood of them is bounded."""
    body = b"\x00" * (PARKED_BYTES + extra)
    bus = await deployment.bus(queue("q", "micro.#"))
    got = Collector()
    await bus.subscribe("q", got)
    await deployment.inject("q", "micro.BTCUSDT", "bad:1", "micro", 1, body)
    await got.until_count(1)
    await got.deliveries[0].dead_letter("malformed")
    said = f"{len(body)} bytes, sha256 {sha256(body).hexdigest()}" if extra else ""
    assert await bus.dead_letters("q", 10) == [DeadLetter("bad:1", "micro.BTCUSDT", "malformed", body[:PARKED_BYTES], said)]


def test_the_largest_bundle_is_parked_whole() -> None:
    """What has about 300 KB can be put back."""
    assert 300_000 < PARKED_BYTES < codec.MAX_BODY_BYTES
