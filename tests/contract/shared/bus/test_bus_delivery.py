"""The bus contract: topics, order, settling, prefetch, who consumes. Runs on every implementation."""

from __future__ import annotations

import asyncio

import pytest

from shared.bus import codec
from shared.bus.port import BusClosed, BusError, Delivery, Unroutable
from shared.bus.topology import QueueKind
from shared.domain.bounds import TEXT_LENGTH
from shared.domain.candles import CandleBundle
from shared.domain.control import Alert, Control, Micro
from shared.domain.message import Message
from tests.support.bus.contract import Collector, Deployment, counted, feed, feeds, queue, until_depth

KINDS = pytest.mark.parametrize("kind", [QueueKind.CLASSIC, QueueKind.QUORUM])


def candle(partition: int, timeframe: str) -> CandleBundle:
    return CandleBundle(partition=partition, timeframe=timeframe, close_time=60_000, candles=())  # type: ignore[arg-type]  # any timeframe by name


def micro(time: int) -> Micro:
    return Micro(symbol="BTCUSDT", time=time, bid=1.0, ask=1.1, imbalance=0.5, trade_delta=-2.5)


# -- topics -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        ("candle.p0.1m", {"candle.p0.1m"}),
        ("candle.*.1m", {"candle.p0.1m", "candle.p1.1m"}),
        ("candle.p1.*", {"candle.p1.1m", "candle.p1.4h"}),
        ("candle.*", set()),
        ("candle.#", {"candle.p0.1m", "candle.p1.1m", "candle.p1.4h"}),
        ("candle.#.4h", {"candle.p1.4h"}),
        ("candle.#.p1.#", {"candle.p1.1m", "candle.p1.4h"}),
    ],
)
async def test_a_queue_gets_the_topics_that_fit_its_binding_and_no_other(
    deployment: Deployment, binding: str, expected: set[str]
) -> None:
    """OPS-1: `*` is one word, `#` any number of words."""
    bus = await deployment.bus(queue("all", "candle.#"), queue("some", binding))
    await bus.publish([candle(0, "1m"), candle(1, "1m"), candle(1, "4h")])
    await until_depth(bus, "all", 3)
    got = Collector()
    await bus.subscribe("some", got)
    await got.until_count(len(expected))
    assert {delivery.topic for delivery in got.deliveries} == expected
    assert await bus.depth("some") == 0


async def test_every_bound_queue_gets_its_own_copy(deployment: Deployment) -> None:
    """OPS-1: fan-out; settling in one queue does not touch the other."""
    bus = await deployment.bus(queue("a", "feed.p0", "feed.p1"), queue("b", "feed.#"))
    await bus.publish([feed(1), feed(2, partition=1)])
    one, other = Collector(ack=True), Collector()
    await bus.subscribe("a", one)
    await bus.subscribe("b", other)
    await one.until_count(2)
    await other.until_count(2)
    assert one.times == other.times == [1, 2]


async def test_two_bindings_of_one_queue_that_both_fit_deliver_once(deployment: Deployment) -> None:
    """OPS-1: as on a broker, a message comes once to a queue, however many of its bindings fit."""
    bus = await deployment.bus(queue("q", "feed.p0", "feed.#", "feed.*"))
    await bus.publish([feed(1)])
    await until_depth(bus, "q", 1)


async def test_a_topic_without_a_queue_is_an_error_and_nothing_of_the_call_is_sent(deployment: Deployment) -> None:
    """OPS-1: commands fail loudly."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    with pytest.raises(Unroutable, match=r"feed\.p7"):
        await bus.publish([feed(1), feed(2, partition=7)])
    assert await bus.depth("q") == 0


async def test_context_and_comfort_may_have_no_reader(deployment: Deployment) -> None:
    """OPS-1: micro, mark and alert need no queue."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    await bus.publish([micro(1), Alert(severity="info", source="test", key="k", text="t"), feed(1)])
    await until_depth(bus, "q", 1)


async def test_publishing_nothing_is_nothing(deployment: Deployment) -> None:
    """OPS-1."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    await bus.publish([])
    assert await bus.depth("q") == 0


# -- what a delivery carries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        micro(7),
        candle(0, "15m"),
        Control(id="1", command="halt", by="me", reason="빨리 멈춰"),
        Alert(severity="critical", source="s", key="k", text="x" * TEXT_LENGTH, time=5),
    ],
    ids=lambda message: message.TYPE,
)
async def test_a_message_arrives_as_it_was_published(deployment: Deployment, message: Message) -> None:
    """OPS-1: equal after decoding, with its id and topic; `encoded` is the codec's encoding."""
    bus = await deployment.bus(queue("q", "micro.#", "candle.#", "control.#", "alert.#"))
    await bus.publish([message], origin_ns=1_746_316_800_000_000_123)
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(1)
    (delivery,) = got.deliveries
    assert delivery.decode() == message
    assert delivery.encoded() == codec.encode(message)
    assert (delivery.queue, delivery.topic, delivery.message_id) == ("q", message.topic, message.message_id)
    assert delivery.origin_ns == 1_746_316_800_000_000_123
    assert not delivery.redelivered


async def test_the_origin_of_a_chain_is_the_time_of_its_first_publish(deployment: Deployment) -> None:
    """OPS-4: latency is measured from there."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    await bus.publish([feed(1)])
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(1)
    assert got.deliveries[0].origin_ns == got.deliveries[0].sent_ns > 1_700_000_000_000_000_000


@pytest.mark.parametrize("now", [None, 0, 1_746_316_800_123])
async def test_the_publishers_time_travels_beside_the_messages(deployment: Deployment, now: int | None) -> None:
    """Invariant 2: every message of a call carries it, and keeps it when it is given back."""
    bus = await deployment.bus(queue("q", "feed.p0", "micro.#"))
    await bus.publish([feed(1), micro(2)], now=now)
    got = Collector()
    subscription = await bus.subscribe("q", got)
    await got.until_count(2)
    assert [delivery.now for delivery in got.deliveries] == [now, now]
    assert {delivery.generation for delivery in got.deliveries} == {subscription.generation}
    await got.deliveries[0].requeue()
    await got.until_count(3)
    assert got.deliveries[2].now == now
    await subscription.cancel()
    assert subscription.generation == -1


# -- order ------------------------------------------------------------------------------------------------------------


@KINDS
async def test_order_per_topic_is_kept_within_and_across_calls(deployment: Deployment, kind: QueueKind) -> None:
    """OPS-1: batches, singles, several topics in one queue."""
    bus = await deployment.bus(queue("q", "feed.#", kind=kind))
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    await bus.publish(feeds(30))
    for message in feeds(10, first=30):
        await bus.publish([message])
    await bus.publish([message for pair in zip(feeds(20, first=40), feeds(20, 1, 1_000), strict=True) for message in pair])
    await got.until_count(80)
    assert [time for time in got.times if time < 1_000] == list(range(60))
    assert [time for time in got.times if time >= 1_000] == list(range(1_000, 1_020))


async def test_calls_from_several_tasks_keep_the_order_of_each(deployment: Deployment) -> None:
    """OPS-1: concurrent publishers of one process."""
    bus = await deployment.bus(queue("q", "feed.#"))
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    await asyncio.gather(*(bus.publish(feeds(25, partition, partition * 100)) for partition in range(4)))
    await got.until_count(100)
    for partition in range(4):
        mine = [time for time in got.times if time // 100 == partition]
        assert mine == list(range(partition * 100, partition * 100 + 25))


async def test_the_handler_is_never_called_inside_publish_or_subscribe(deployment: Deployment) -> None:
    """OPS-1: deliveries come from the event loop, so a core is never re-entered."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    inside = asyncio.current_task()
    callers: list[asyncio.Task[object] | None] = []
    got = Collector(ack=True)

    def handler(delivery: Delivery) -> None:
        callers.append(asyncio.current_task())
        got(delivery)

    await bus.publish([feed(1)])
    await bus.subscribe("q", handler)
    await bus.publish([feed(2)])
    await got.until_count(2)
    assert inside not in callers


async def test_a_handler_that_raises_stops_neither_the_queue_nor_the_others(deployment: Deployment) -> None:
    """OPS-1: one bad subscriber never stops another; its message stays unsettled."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    got = Collector(ack=True)

    def handler(delivery: Delivery) -> None:
        if delivery.message_id == feed(1).message_id:
            raise RuntimeError("a bug in a handler")
        got(delivery)

    await bus.subscribe("q", handler)
    await bus.publish([feed(1), feed(2)])
    await got.until_count(1)
    assert got.times == [2]


# -- settling ---------------------------------------------------------------------------------------------------------


@KINDS
async def test_acked_message_is_not_redelivered_after_close(deployment: Deployment, kind: QueueKind) -> None:
    """EXEC-2: not even after the bus was closed at once."""
    specs = (queue("q", "feed.p0", kind=kind),)
    bus = await deployment.bus(*specs)
    await bus.publish(feeds(20))
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    await got.until_count(20)
    await got.acks_sent()
    await bus.close()
    again = await deployment.bus(*specs)
    await until_depth(again, "q", 0)


@KINDS
async def test_close_gives_back_what_is_not_settled_in_order(deployment: Deployment, kind: QueueKind) -> None:
    """EXEC-2: redelivered, before what came later."""
    specs = (queue("q", "feed.p0", kind=kind, prefetch=4),)
    bus = await deployment.bus(*specs)
    await bus.publish(feeds(8))
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(4)
    await got.deliveries[1].ack()
    await got.until_count(5)
    await bus.close()
    again = await deployment.bus(*specs)
    later = Collector(ack=True)
    await again.subscribe("q", later)
    await later.until_count(7)
    assert later.times == [0, 2, 3, 4, 5, 6, 7]
    assert [delivery.redelivered for delivery in later.deliveries] == [True] * 4 + [False] * 3


@KINDS
async def test_settling_after_close_has_no_effect_and_does_not_raise(deployment: Deployment, kind: QueueKind) -> None:
    """EXEC-2: the message is another's by then."""
    specs = (queue("q", "feed.p0", kind=kind),)
    bus = await deployment.bus(*specs)
    await bus.publish(feeds(2))
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(2)
    await bus.close()
    await got.deliveries[0].ack()
    await got.deliveries[1].requeue()
    again = await deployment.bus(*specs)
    await until_depth(again, "q", 2)


@KINDS
async def test_requeued_message_comes_next_flagged_as_redelivered(deployment: Deployment, kind: QueueKind) -> None:
    """EXEC-2: at the head of the queue, in the order in which it came, whatever the order of giving back."""
    bus = await deployment.bus(queue("q", "feed.p0", kind=kind, prefetch=5, delivery_limit=20))
    before = counted("redelivered", queue="q")
    await bus.publish(feeds(8))
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(5)
    await got.deliveries[2].requeue()
    await got.deliveries[1].requeue()
    await got.until_count(7)
    for index in (0, 3, 4, 5, 6):
        await got.deliveries[index].ack()
    await got.until_count(10)
    assert got.times == [0, 1, 2, 3, 4, 1, 2, 5, 6, 7]
    assert [delivery.redelivered for delivery in got.deliveries] == [False] * 5 + [True] * 2 + [False] * 3
    assert counted("redelivered", queue="q") - before == 2


@KINDS
@pytest.mark.parametrize("backwards", [True, False])
async def test_messages_given_back_by_a_leaving_consumer_keep_their_order(
    deployment: Deployment, kind: QueueKind, backwards: bool
) -> None:
    """EXEC-2: a fenced lane gives back everything it holds."""
    bus = await deployment.bus(queue("q", "feed.p0", kind=kind, prefetch=6, delivery_limit=20))
    await bus.publish(feeds(10))
    got = Collector()
    subscription = await bus.subscribe("q", got)
    await got.until_count(6)
    await subscription.cancel()
    for delivery in reversed(got.deliveries) if backwards else got.deliveries:
        await delivery.requeue()
    await until_depth(bus, "q", 10)
    later = Collector(ack=True)
    await bus.subscribe("q", later)
    await later.until_count(10)
    assert later.times == list(range(10))


async def test_settling_twice_is_a_bug_that_shows(deployment: Deployment) -> None:
    """EXEC-2: on a broker a second ack would close the channel under every other delivery."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    await bus.publish(feeds(2))
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(2)
    await got.deliveries[0].ack()
    for again in (got.deliveries[0].ack, got.deliveries[0].requeue):
        with pytest.raises(BusError, match="settled before"):
            await again()
    await got.deliveries[1].ack()


async def test_a_message_published_twice_arrives_twice(deployment: Deployment) -> None:
    """EXEC-2: the bus does not deduplicate; receivers do, by id."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    await bus.publish([feed(1), feed(1)])
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(2)
    assert got.deliveries[0].message_id == got.deliveries[1].message_id


# -- prefetch and consumers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [None, 3])
async def test_at_most_prefetch_messages_are_unsettled(deployment: Deployment, asked: int | None) -> None:
    """OPS-1: the window is the topology's, or what the subscriber asks for."""
    bus = await deployment.bus(queue("q", "feed.p0", prefetch=3 if asked is None else 50))
    await bus.publish(feeds(10))
    got = Collector()
    await bus.subscribe("q", got, prefetch=asked)
    await until_depth(bus, "q", 7)
    await got.until_count(3)
    await got.deliveries[0].ack()
    await until_depth(bus, "q", 6)
    await got.until_count(4)
    assert got.times == [0, 1, 2, 3]


@KINDS
async def test_one_consumer_at_a_time_and_the_next_in_line_when_it_leaves(deployment: Deployment, kind: QueueKind) -> None:
    """OPS-1: a single active consumer; what the first one holds stays with it. The next one is served at the latest when
    that is settled: a classic queue of RabbitMQ 3.10 does not look at its consumers again before."""
    specs = (queue("q", "feed.p0", kind=kind, prefetch=3),)
    bus, standby = await deployment.bus(*specs), await deployment.bus(*specs)
    first, seconds = Collector(), [Collector(ack=True), Collector(ack=True)]
    subscription = await bus.subscribe("q", first)
    for second in seconds:
        await standby.subscribe("q", second)
    await bus.publish(feeds(9))
    await until_depth(bus, "q", 6)
    await first.until_count(3)
    assert [second.deliveries for second in seconds] == [[], []]
    await subscription.cancel()
    for delivery in first.deliveries:
        await delivery.ack()
    await until_depth(bus, "q", 0)
    second = max(seconds, key=lambda one: len(one.deliveries))
    await second.until_count(6)
    assert first.times == [0, 1, 2]
    assert second.times == [3, 4, 5, 6, 7, 8]
    assert sum(len(one.deliveries) for one in seconds) == 6
    await second.acks_sent()
    await bus.close()
    await standby.close()
    again = await deployment.bus(*specs)
    await until_depth(again, "q", 0)


async def test_a_queue_without_a_single_active_consumer_is_shared(deployment: Deployment) -> None:
    """OPS-1: each message goes to one of them."""
    bus = await deployment.bus(queue("q", "feed.p0", single_active=False, prefetch=5))
    one, other = Collector(), Collector()
    await bus.subscribe("q", one)
    await bus.subscribe("q", other)
    await bus.publish(feeds(10))
    await until_depth(bus, "q", 0)
    await one.until_count(5)
    await other.until_count(5)
    assert sorted(one.times + other.times) == list(range(10))


async def test_after_cancel_nothing_comes_and_what_was_held_can_be_settled(deployment: Deployment) -> None:
    """OPS-1: the first step of a drain."""
    bus = await deployment.bus(queue("q", "feed.p0", prefetch=2, delivery_limit=20))
    await bus.publish(feeds(5))
    got = Collector()
    subscription = await bus.subscribe("q", got)
    await got.until_count(2)
    await subscription.cancel()
    await subscription.cancel()
    assert subscription.queue == "q"
    await got.deliveries[0].ack()
    await got.deliveries[1].requeue()
    await until_depth(bus, "q", 4)
    later = Collector()
    await bus.subscribe("q", later, prefetch=10)
    await later.until_count(4)
    assert later.times == [1, 2, 3, 4]
    assert len(got.deliveries) == 2


# -- edges of the life cycle ------------------------------------------------------------------------------------------


async def test_before_start_and_after_close_the_bus_refuses(deployment: Deployment) -> None:
    """OPS-1: loudly; closing twice is harmless."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    assert bus.healthy()
    await bus.close()
    await bus.close()
    assert not bus.healthy()
    with pytest.raises(BusClosed):
        await bus.publish([feed(1)])
    with pytest.raises(BusClosed):
        await bus.subscribe("q", Collector())


async def test_a_queue_that_is_not_in_the_topology_is_refused(deployment: Deployment) -> None:
    """OPS-1."""
    bus = await deployment.bus(queue("q", "feed.p0"))
    with pytest.raises(KeyError):
        await bus.subscribe("other", Collector())
    with pytest.raises(KeyError):
        await bus.depth("other")
    with pytest.raises(ValueError, match="prefetch"):
        await bus.subscribe("q", Collector(), prefetch=0)


async def test_destroy_leaves_nothing(deployment: Deployment) -> None:
    """OPS-1: queues and what is in them; it stands again, empty, at the next start."""
    specs = (queue("q", "feed.p0"),)
    bus = await deployment.bus(*specs)
    await bus.publish(feeds(3))
    await bus.destroy()
    again = await deployment.bus(*specs)
    assert await again.depth("q") == 0


async def test_published_and_consumed_are_counted(deployment: Deployment) -> None:
    """OPS-3: per topic class and per queue."""
    bus = await deployment.bus(queue("counted", "feed.p0"))
    published, consumed = counted("published", topic_class="feed"), counted("consumed", queue="counted")
    await bus.publish(feeds(4))
    got = Collector(ack=True)
    await bus.subscribe("counted", got)
    await got.until_count(4)
    await until_depth(bus, "counted", 0)
    assert counted("published", topic_class="feed") - published == 4
    assert counted("consumed", queue="counted") - consumed == 4
