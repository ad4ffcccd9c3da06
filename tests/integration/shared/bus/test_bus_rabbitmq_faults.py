"""A broker that dies, freezes, refuses memory or cuts connections: nothing confirmed is lost, nothing invented (OPS-9)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from shared.bus.port import BusClosed, Delivery
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.rabbitmq.objects import queue_name
from shared.bus.settings import BrokerSettings
from shared.bus.topology import QueueKind, QueueSpec, Topology
from tests.support.bus.contract import PATIENCE, Collector, counted, eventually, feed, feeds, first_seen, queue, until_depth
from tests.support.processes import answering, own_servers
from tests.support.processes.own_servers import OwnRabbitmq

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(240)]

QUICK = BrokerSettings(heartbeat=2, reconnect_interval=0.1, stalled_after=0.3, close_grace=1.0)


@pytest.fixture(scope="module")
def broker() -> Iterator[OwnRabbitmq]:
    """One broker for the faults that it survives."""
    try:
        with own_servers.own_rabbitmq() as made:
            yield made
    except answering.Missing as error:
        answering.unavailable("a RabbitMQ of its own", str(error))


def make_bus(url: str, namespace: str, *specs: QueueSpec, name: str = "test") -> RabbitBus:
    return RabbitBus(Topology(specs, namespace), url, name=name, settings=QUICK)


def unique() -> str:
    return f"t{uuid.uuid4().hex[:10]}"


async def until_healthy(bus: RabbitBus, healthy: bool) -> None:
    async def reached() -> bool:
        return bus.healthy() is healthy

    await eventually(reached, f"healthy is {healthy}")


async def test_a_broker_killed_under_load_loses_and_invents_nothing(private_rabbitmq: OwnRabbitmq) -> None:
    """OPS-9, EXEC-2: SIGKILL twice; publishers that wait complete, consumers resume by themselves, order is kept.

    Each crash is healed before the next one, and the publishers go on until both are: no speed of the machine is assumed.
    """
    namespace = unique()
    specs = (queue("classic", "feed.p0", prefetch=20), queue("quorum", "feed.p1", kind=QueueKind.QUORUM, prefetch=20))
    writer = make_bus(private_rabbitmq.url, namespace, *specs, name="writer")
    reader = make_bus(private_rabbitmq.url, namespace, *specs, name="reader")
    await writer.start()
    await reader.start()
    links, reconnects = 4, counted("reconnects")  # two buses of two connections each
    received: dict[str, list[int]] = {"classic": [], "quorum": []}
    held: list[Delivery] = []
    acks: set[asyncio.Future[None]] = set()

    def take(delivery: Delivery) -> None:
        received[delivery.queue].append(delivery.decode().close_time)  # type: ignore[attr-defined]  # only feed steps here
        held.append(delivery)
        if len(held) >= 10:  # acks lag behind, so that some are stale when the broker dies
            batch = [*held]
            held.clear()
            acks.update(asyncio.ensure_future(one.ack()) for one in batch)

    await reader.subscribe("classic", take)
    await reader.subscribe("quorum", take)
    published = {0: 0, 1: 0}
    enough = asyncio.Event()

    async def publish(partition: int) -> None:
        while not enough.is_set():
            await writer.publish([feed(published[partition], partition)])
            published[partition] += 1

    async def until_published(more: int) -> None:
        marks = {partition: count + more for partition, count in published.items()}

        async def reached() -> bool:
            return all(published[partition] >= mark for partition, mark in marks.items())

        await eventually(reached, f"{more} more messages published on each queue")

    async def durable() -> bool:
        return private_rabbitmq.remembers(queue_name(namespace, "quorum"))

    publishers = [asyncio.ensure_future(publish(partition)) for partition in (0, 1)]
    for crash in (1, 2):
        await until_published(200)
        await eventually(durable, "the broker has written the quorum queue down")
        private_rabbitmq.kill()
        await asyncio.to_thread(private_rabbitmq.start)

        async def healed(crash: int = crash) -> bool:
            return counted("reconnects") - reconnects >= crash * links

        await eventually(healed, f"every link is back after crash {crash}")
    await until_published(200)
    enough.set()

    async def all_received() -> bool:
        return all(
            numbers and max(numbers) == last - 1 for numbers, last in zip(received.values(), published.values(), strict=True)
        )

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*publishers)
    await eventually(all_received, "the last message of each queue is received")
    await asyncio.gather(*acks)
    for numbers, count in zip(received.values(), published.values(), strict=True):
        assert first_seen(numbers) == list(range(count)), "lost, invented or reordered"
    assert counted("publish_retries", topic_class="feed", cause="connection") >= 2
    for delivery in held:
        await delivery.ack()
    await until_healthy(reader, True)
    await until_depth(reader, "classic", 0)
    await until_depth(reader, "quorum", 0)
    await writer.close()
    await reader.close()


async def test_a_quorum_queue_without_a_leader_is_named_with_its_remedy_which_heals_everybody(
    private_rabbitmq: OwnRabbitmq,
) -> None:
    """OPS-9: killed right after the declaration, RabbitMQ 3.10 comes back with a queue that answers nobody, for ever.

    Nothing was ever in it, but only a person can tell it from one whose other nodes are away: he is told what to type.
    """
    namespace, settings = unique(), QUICK.model_copy(update={"consume_timeout": 2.0, "confirm_timeout": 2.0})
    specs = (queue("classic", "feed.p0"), queue("quorum", "feed.p1", kind=QueueKind.QUORUM))
    bus = RabbitBus(Topology(specs, namespace), private_rabbitmq.url, name="test", settings=settings)
    name = queue_name(namespace, "quorum")
    await bus.start()
    assert not private_rabbitmq.remembers(name), "killed too late: the queue will have its leader"
    private_rabbitmq.kill()
    await asyncio.to_thread(private_rabbitmq.start)
    await until_healthy(bus, True)
    inbox = Collector()

    async def told() -> bool:
        return any(entry["event"] == "queue_does_not_answer" for entry in logs)

    with capture_logs() as logs:
        subscribing = asyncio.ensure_future(bus.subscribe("quorum", inbox))
        await eventually(told, "the queue is named")
    entry = next(entry for entry in logs if entry["event"] == "queue_does_not_answer")
    assert (entry["queue"], entry["log_level"]) == (name, "error")
    assert f"rabbitmqctl delete_queue {name}" in entry["remedy"]
    private_rabbitmq.control("delete_queue", name)
    async with asyncio.timeout(PATIENCE):
        await subscribing
        await bus.publish([feed(1, 1)])
        await inbox.until_count(1)
    await bus.close()


async def test_start_waits_for_a_broker_that_is_not_there_yet(tmp_path) -> None:
    """OPS-1: services may be started in any order."""
    try:
        late = OwnRabbitmq(tmp_path)
    except answering.Missing as error:
        answering.unavailable("a RabbitMQ of its own", str(error))
    bus = make_bus(late.url, unique(), queue("q", "feed.p0"))
    starting = asyncio.ensure_future(bus.start())
    try:
        await asyncio.to_thread(late.start)
        await asyncio.wait_for(starting, 30)
        await bus.publish([feed(1)])
        await until_depth(bus, "q", 1)
        await bus.close()
    finally:
        late.kill()


async def test_cut_connections_come_back_with_their_consumers(broker: OwnRabbitmq) -> None:
    """OPS-9: stale acks and requeues after it change nothing; unsettled messages come again, in order, flagged."""
    bus = make_bus(broker.url, unique(), queue("q", "feed.p0", prefetch=5))
    await bus.start()
    got = Collector()
    await bus.subscribe("q", got)
    await bus.publish(feeds(8))
    await got.until_count(5)
    await asyncio.to_thread(broker.control, "close_all_connections", "a test cuts them")
    await got.until_count(10)
    assert got.times == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert all(delivery.redelivered for delivery in got.deliveries[5:])
    await got.deliveries[0].ack()
    await got.deliveries[1].requeue()
    await got.deliveries[2].dead_letter("its holder thought it was still his")
    for delivery in got.deliveries[5:]:
        await delivery.ack()
    await got.until_count(13)
    assert got.times[10:] == [5, 6, 7]
    await bus.publish([feed(8)])
    await got.until_count(14)
    assert bus.healthy()
    await bus.destroy()


async def test_a_standby_takes_over_in_order_when_the_active_process_is_cut_off(broker: OwnRabbitmq) -> None:
    """OPS-1: takeover by the single active consumer; what the dead one held comes first."""
    namespace, spec = unique(), queue("q", "feed.p0", kind=QueueKind.QUORUM, prefetch=4, delivery_limit=20)
    active = make_bus(broker.url, namespace, spec, name="active")
    standby = make_bus(broker.url, namespace, spec, name="standby")
    await active.start()
    await standby.start()
    held, taken = Collector(), Collector(ack=True)
    await active.subscribe("q", held)
    await standby.subscribe("q", taken)
    await standby.publish(feeds(10))
    await held.until_count(4)
    assert taken.deliveries == []
    transport = active._consuming.connection.transport
    assert transport is not None
    transport.connection._writer_task.cancel()  # type: ignore[attr-defined]  # the process is gone, as the broker sees it
    await taken.until_count(10)
    assert taken.times == list(range(10))
    assert [delivery.redelivered for delivery in taken.deliveries] == [True] * 4 + [False] * 6
    await active.close()
    await standby.destroy()


async def test_a_deleted_queue_is_declared_again_and_consumed_again(broker: OwnRabbitmq) -> None:
    """OPS-9: an operator's mistake heals by itself."""
    namespace = unique()
    bus = make_bus(broker.url, namespace, queue("q", "feed.p0"))
    await bus.start()
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    await bus.publish([feed(1)])
    await got.until_count(1)
    await asyncio.to_thread(broker.control, "delete_queue", queue_name(namespace, "q"))
    before = counted("published", topic_class="feed")
    await until_healthy(bus, True)

    async def arrives() -> bool:
        return bus.healthy() and await bus.depth("q") == 0

    await eventually(arrives, "the queue stands again")
    await bus.publish([feed(2)])
    await got.until_count(2)
    assert counted("published", topic_class="feed") - before == 1
    await bus.destroy()


async def test_a_memory_alarm_holds_publishers_but_not_acks(broker: OwnRabbitmq) -> None:
    """OPS-1: two connections; the bus says that it is unhealthy, and what waited arrives when the alarm clears."""
    bus = make_bus(broker.url, unique(), queue("q", "feed.p0", prefetch=3))
    await bus.start()
    got = Collector()
    await bus.subscribe("q", got)
    await bus.publish(feeds(5))
    await got.until_count(3)
    await asyncio.to_thread(broker.control, "set_vm_memory_high_watermark", "0.0000001")
    try:
        publishing = asyncio.ensure_future(bus.publish([feed(5)]))
        await until_healthy(bus, False)
        assert not publishing.done()
        for delivery in got.deliveries[:3]:
            await delivery.ack()
        await got.until_count(5)
    finally:
        await asyncio.to_thread(broker.control, "set_vm_memory_high_watermark", "0.4")
    await publishing
    await got.until_count(6)
    assert got.times == [0, 1, 2, 3, 4, 5]
    await until_healthy(bus, True)
    await bus.destroy()


async def test_a_confirm_that_does_not_come_is_not_waited_for_for_ever(broker: OwnRabbitmq) -> None:
    """OPS-9: after the timeout the message is published again on a new connection; it may arrive twice, never not."""
    settings = QUICK.model_copy(update={"confirm_timeout": 0.5, "connect_timeout": 2.0, "setup_timeout": 2.0})
    bus = RabbitBus(Topology((queue("q", "feed.p0"),), unique()), broker.url, name="impatient", settings=settings)
    await bus.start()
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    before = counted("publish_retries", topic_class="feed", cause="timeout")
    broker.freeze()
    try:
        publishing = asyncio.ensure_future(bus.publish([feed(1)]))

        async def retried() -> bool:
            return counted("publish_retries", topic_class="feed", cause="timeout") > before

        await eventually(retried, "the confirm timed out")
        assert not bus.healthy()
    finally:
        broker.thaw()
    await asyncio.wait_for(publishing, 30)
    await got.until_count(1)
    assert set(got.times) == {1}
    await until_healthy(bus, True)
    await bus.destroy()


async def test_close_while_the_broker_is_gone_ends_and_tells_the_publishers(
    private_rabbitmq: OwnRabbitmq,
) -> None:
    """OPS-1: a service can stop without its broker."""
    bus = make_bus(private_rabbitmq.url, unique(), queue("q", "feed.p0"))
    await bus.start()
    got = Collector()
    await bus.subscribe("q", got)
    private_rabbitmq.kill()
    publishing = asyncio.ensure_future(bus.publish([feed(1)]))
    await until_healthy(bus, False)
    await asyncio.wait_for(bus.close(), 20)
    with pytest.raises(BusClosed):
        await publishing
