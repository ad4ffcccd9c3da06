"""What only a broker shows: properties on the wire, declared objects, and how the pipelining rule came to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import get_args

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelPreconditionFailed, DeliveryError

from shared.bus.port import BusError
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.rabbitmq.objects import dead_name, exchange_name, queue_arguments, queue_name
from shared.bus.topology import Overflow, QueueKind, QueueSpec, Topology, build
from shared.domain.candles import FeedStep
from shared.domain.control import Alert, Command, Control, Micro
from shared.domain.modes import Mode
from tests.support.bus.contract import Collector, eventually, feed, feeds, first_seen, queue, until_depth

SPECS = (queue("q", "feed.#", "micro.#", "alert.#"),)


@pytest.fixture
async def bus(rabbitmq_url: str, namespace: str) -> AsyncIterator[RabbitBus]:
    made = RabbitBus(Topology(SPECS, namespace), rabbitmq_url, name="wire")
    await made.start()
    yield made
    await made.destroy()


@pytest.fixture
async def connection(rabbitmq_url: str) -> AsyncIterator[aio_pika.abc.AbstractConnection]:
    async with await aio_pika.connect(rabbitmq_url) as made:
        yield made


async def raw(connection: aio_pika.abc.AbstractConnection, name: str, count: int) -> list[AbstractIncomingMessage]:
    async with connection.channel() as channel:
        source = await channel.get_queue(name, ensure=False)
        return [await source.get(no_ack=True) for _ in range(count)]


async def test_properties_beside_the_body(
    bus: RabbitBus, connection: aio_pika.abc.AbstractConnection, namespace: str
) -> None:
    """OPS-1: id, type, trail, version, times, and a numbering per publisher and topic; only context is transient."""
    micro = Micro(symbol="BTCUSDT", time=1, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0)
    alert = Alert(severity="info", source="s", key="k", text="t")
    await bus.publish([feed(1), feed(2), micro, alert], origin_ns=77)
    one, two, light, told = await raw(connection, queue_name(namespace, "q"), 4)
    assert (one.message_id, one.type, one.correlation_id) == ("feed:p0:1", "feed_step", "feed:p0:1")
    assert one.headers["schema_version"] == FeedStep.VERSION
    assert one.headers["origin_ns"] == 77
    assert int(str(one.headers["sent_ns"])) > 1_700_000_000_000_000_000
    assert [message.headers["sequence"] for message in (one, two, light, told)] == [1, 2, 1, 1]
    assert len({message.headers["publisher"] for message in (one, two, light, told)}) == 1
    assert [message.delivery_mode for message in (one, two, light, told)] == [2, 2, 1, 2]


async def test_a_dead_letter_names_its_queue_topic_and_reason(
    bus: RabbitBus, connection: aio_pika.abc.AbstractConnection, namespace: str
) -> None:
    """OPS-1: what an operator sees in any AMQP tool."""
    await bus.publish([feed(1, partition=4)])
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(1)
    await got.deliveries[0].dead_letter("x" * 100_000)
    (parked,) = await raw(connection, dead_name(namespace, "q"), 1)
    assert (parked.headers["queue"], parked.headers["topic"]) == ("q", "feed.p4")
    assert parked.headers["reason"] == "x" * 2_000
    assert (parked.message_id, parked.type, parked.delivery_mode) == ("feed:p4:1", "feed_step", 2)


async def test_the_whole_table_can_be_declared_twice_and_deleted(rabbitmq_url: str, namespace: str) -> None:
    """OPS-1: every layout; a second process finds it as it is."""
    for layout in ("split", "fused"):
        table = build(layout, partitions=2, namespace=namespace)
        buses = [RabbitBus(table, rabbitmq_url, name=f"process {index}") for index in range(2)]
        for bus in buses:
            await bus.start()
        assert [await buses[0].depth(spec.name) for spec in table.queues] == [0] * len(table.queues)
        for bus in buses:
            await bus.close()
        await buses[0].destroy()
        async with await aio_pika.connect(rabbitmq_url) as connection:
            for name in (queue_name(namespace, "risk"), dead_name(namespace, "risk"), queue_name(namespace, "engine")):
                with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
                    async with connection.channel() as channel:
                        await channel.declare_queue(name, passive=True)


async def test_a_queue_that_stands_with_other_arguments_is_told_not_waited_for(rabbitmq_url: str, namespace: str) -> None:
    """OPS-1: waiting cannot help, so start raises and says what to do."""
    standing = RabbitBus(Topology((queue("q", "feed.p0", max_length=10),), namespace), rabbitmq_url, name="standing")
    await standing.start()
    other = RabbitBus(Topology((queue("q", "feed.p0", max_length=11),), namespace), rabbitmq_url, name="other")
    with pytest.raises(BusError, match="other arguments"):
        await other.start()
    await standing.publish([feed(1)])
    await until_depth(standing, "q", 1)
    await standing.destroy()


async def test_refused_credentials_are_told_not_waited_for(rabbitmq_url: str, namespace: str) -> None:
    """OPS-7: a wrong password is an error at the start, and the message does not show it."""
    url = rabbitmq_url.replace("guest:guest", "guest:wrong-password")
    bus = RabbitBus(Topology(SPECS, namespace), url, name="stranger")
    with pytest.raises(BusError, match="credentials") as caught:
        await bus.start()
    assert "wrong-password" not in str(caught.value)


def test_a_namespace_that_no_broker_takes_is_refused() -> None:
    """OPS-1: before anything waits for it."""
    with pytest.raises(ValueError, match="namespace"):
        RabbitBus(Topology(SPECS, "a name [with brackets]"), "amqp://127.0.0.1/", name="x")


@pytest.mark.parametrize("kind", list(QueueKind))
@pytest.mark.parametrize("overflow", list(Overflow))
async def test_every_kind_and_policy_is_accepted_by_this_broker(
    rabbitmq_url: str, namespace: str, kind: QueueKind, overflow: Overflow
) -> None:
    """OPS-1: with every option set; the broker refuses arguments that it does not know, or that do not go together."""
    spec: QueueSpec = queue("q", "feed.p0", kind=kind, overflow=overflow, max_length=10, ttl_ms=60_000, delivery_limit=3)
    bus = RabbitBus(Topology((spec,), namespace), rabbitmq_url, name="options")
    await bus.start()
    await bus.publish(feeds(3))
    await until_depth(bus, "q", 3)
    async with await aio_pika.connect(rabbitmq_url) as connection:
        wrong = queue_arguments(spec, namespace) | {"x-max-length": 11}
        with pytest.raises(ChannelPreconditionFailed):
            async with connection.channel() as channel:
                await channel.declare_queue(queue_name(namespace, "q"), durable=True, arguments=wrong)
    await bus.destroy()


async def test_a_queue_that_is_full_of_bytes_holds_its_publisher(rabbitmq_url: str, namespace: str) -> None:
    """OPS-1: few large messages fill it as many small ones do; none is lost."""
    bus = RabbitBus(Topology((queue("q", "alert.#", max_bytes=3_000),), namespace), rabbitmq_url, name="bytes")
    await bus.start()
    alerts = [Alert(severity="info", source="s", key=str(number), text="x" * 1_000) for number in range(9)]
    publishing = asyncio.ensure_future(bus.publish(alerts))
    await until_depth(bus, "q", 2)  # a third would be beyond the bound
    assert not publishing.done()
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    await publishing
    await got.until(lambda got: {delivery.message_id for delivery in got.deliveries} == {one.message_id for one in alerts})
    await bus.destroy()


@pytest.mark.parametrize("mode", get_args(Mode))
async def test_the_money_queues_of_the_table_park_what_comes_back_too_often(
    rabbitmq_url: str, namespace: str, mode: Mode
) -> None:
    """OPS-1: as declared on this broker: a message that ends its reader each time is delivered limit + 1 times."""
    money = tuple(spec for spec in build(mode=mode).queues if spec.kind is QueueKind.QUORUM)
    assert money
    bus = RabbitBus(Topology(money, namespace), rabbitmq_url, name="limits")
    await bus.start()
    commands: tuple[Command, ...] = ("halt", "reset", "pause")  # together they reach every one of these queues
    assert all(any(f"control.{command}" in spec.bindings for command in commands) for spec in money)
    await bus.publish([Control(id=f"poison {each}", command=each, by="test", reason="") for each in commands])
    for spec in money:
        got = Collector()
        await bus.subscribe(spec.name, got)
        assert spec.delivery_limit is not None
        for delivery in range(spec.delivery_limit + 1):
            await got.until_count(delivery + 1)
            await got.deliveries[delivery].requeue()

        async def parked(name: str = spec.name) -> bool:
            return [letter.reason for letter in await bus.dead_letters(name, 9)] == ["delivery_limit"]

        await eventually(parked, f"{spec.name} parks it")
        assert len(got.deliveries) == spec.delivery_limit + 1
    await bus.destroy()


async def test_a_publisher_that_pipelines_one_topic_reorders_when_its_queue_is_full(
    connection: aio_pika.abc.AbstractConnection, rabbitmq_url: str, namespace: str
) -> None:
    """The specimen behind the rule in `rabbitmq_publisher`: pipelined and republished in order, it still reorders. Our
    publisher, on the same queue with the same consumer, does not."""
    small = RabbitBus(Topology((queue("q2", "feed.p9", max_length=3, prefetch=1),), namespace), rabbitmq_url, name="small")
    await small.start()
    got = Collector(ack=True)
    await small.subscribe("q2", got)

    async with connection.channel() as channel:
        exchange = await channel.get_exchange(exchange_name(namespace, "md"), ensure=False)

        async def send(time: int) -> bool:
            message = aio_pika.Message(b"", message_id=str(time), delivery_mode=2)
            try:
                await exchange.publish(message, routing_key="feed.p9")
            except DeliveryError:
                return False
            return True

        pending = list(range(300))
        async with asyncio.timeout(30):
            while pending:
                accepted = await asyncio.gather(*(send(time) for time in pending[:64]))
                refused = [time for time, taken in zip(pending, accepted, strict=False) if not taken]
                pending = refused + pending[64:]
    await got.until(lambda got: len({one.message_id for one in got.deliveries}) == 300)
    specimen = first_seen([int(delivery.message_id) for delivery in got.deliveries])
    assert specimen != sorted(specimen), "the specimen was not caught: then the rule is not needed"

    await got.acks_sent()
    got.deliveries.clear()
    await small.publish(feeds(300, partition=9))
    await got.until(lambda got: len({one.message_id for one in got.deliveries}) == 300)
    assert first_seen(got.times) == list(range(300))
    await small.destroy()
