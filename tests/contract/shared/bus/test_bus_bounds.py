"""The bus contract: bounded queues, each overflow policy, age, and messages that nobody can read."""

from __future__ import annotations

import asyncio

import pytest

from shared.bus import codec
from shared.bus.dead_letters import DeadLetter, kept
from shared.bus.port import BusClosed, BusError, InvalidMessage
from shared.bus.topology import Overflow, QueueKind
from shared.domain.control import Alert, Micro
from tests.support.bus.contract import (
    Collector,
    Deployment,
    counted,
    eventually,
    feed,
    feeds,
    first_seen,
    queue,
    until_depth,
)


async def test_a_full_queue_that_blocks_holds_its_publisher_and_loses_nothing(deployment: Deployment) -> None:
    """OPS-1: at most the bound is ready; order and completeness once there is room."""
    bus = await deployment.bus(queue("q", "feed.p0", max_length=5, prefetch=1))
    publishing = asyncio.ensure_future(bus.publish(feeds(30)))
    await until_depth(bus, "q", 5)
    assert not publishing.done()
    got = Collector()
    await bus.subscribe("q", got)
    deepest = 0
    for settled in range(1_000):
        await got.until_count(settled + 1)
        deepest = max(deepest, await bus.depth("q"))
        await got.deliveries[settled].ack()
        if got.times[settled] == 29:
            break
    await publishing
    assert first_seen(got.times) == list(range(30))
    assert deepest <= 5


async def test_alerts_of_one_call_travel_together_and_none_is_lost_to_a_full_queue(deployment: Deployment) -> None:
    """OPS-1: nobody reads alerts in order, so none waits for the one before it; a full queue still holds them all."""
    bus = await deployment.bus(queue("q", "alert.#", max_length=5, prefetch=1))
    alerts = [Alert(severity="info", source="test", key=f"k{number}", text="t", time=number) for number in range(30)]
    publishing = asyncio.ensure_future(bus.publish(alerts))
    await until_depth(bus, "q", 5)
    assert not publishing.done()
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    await publishing
    await got.until(lambda got: len({delivery.message_id for delivery in got.deliveries}) == 30)
    assert {delivery.message_id for delivery in got.deliveries} == {alert.message_id for alert in alerts}


async def test_publishers_of_several_topics_that_share_a_full_queue_all_get_through(deployment: Deployment) -> None:
    """OPS-1: each topic keeps its order, whatever was refused in between."""
    bus = await deployment.bus(queue("q", "feed.#", max_length=3, prefetch=2))
    publishing = asyncio.gather(*(bus.publish(feeds(20, partition, 100 * partition)) for partition in range(4)))
    await until_depth(bus, "q", 3)
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    await publishing
    await got.until(lambda got: len(set(got.times)) == 80)
    for partition in range(4):
        mine = first_seen([time for time in got.times if time // 100 == partition])
        assert mine == list(range(100 * partition, 100 * partition + 20))


async def test_a_free_queue_is_served_while_another_of_the_same_topic_is_full(deployment: Deployment) -> None:
    """OPS-1: the publisher waits for the full one; both end up complete and in order."""
    bus = await deployment.bus(queue("full", "feed.p0", max_length=2), queue("free", "feed.p0"))
    free = Collector(ack=True)
    await bus.subscribe("free", free)
    publishing = asyncio.ensure_future(bus.publish(feeds(10)))
    await free.until(lambda got: 2 in got.times)
    assert not publishing.done()
    full = Collector(ack=True)
    await bus.subscribe("full", full)
    await publishing
    await full.until(lambda got: 9 in got.times)
    await free.until(lambda got: 9 in got.times)
    assert first_seen(full.times) == first_seen(free.times) == list(range(10))


async def test_closing_turns_away_publishers_that_wait_for_room(deployment: Deployment) -> None:
    """OPS-1: they learn that their message is not safe."""
    bus = await deployment.bus(queue("q", "feed.p0", max_length=2))
    publishing = asyncio.ensure_future(bus.publish(feeds(5)))
    await until_depth(bus, "q", 2)
    await bus.close()
    with pytest.raises(BusClosed):
        await publishing


async def test_a_publisher_that_gives_up_waiting_leaves_room_for_the_next(deployment: Deployment) -> None:
    """OPS-1: a cancelled publish neither blocks nor loses another's message."""
    bus = await deployment.bus(queue("q", "feed.#", max_length=1))
    await bus.publish([feed(0)])
    impatient = asyncio.ensure_future(bus.publish([feed(1)]))
    patient = asyncio.ensure_future(bus.publish([feed(2, partition=1)]))
    await until_depth(bus, "q", 1)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    got = Collector(ack=True)
    await bus.subscribe("q", got)
    await patient
    await got.until(lambda got: 2 in got.times)
    assert got.times[0] == 0


async def test_drop_oldest_keeps_the_newest_and_counts_the_rest(deployment: Deployment) -> None:
    """OPS-1: the publisher never waits; what was dropped before a consumer's eyes is in the metric."""
    bus = await deployment.bus(queue("newest", "feed.p0", overflow=Overflow.DROP_OLDEST, max_length=5, prefetch=1))
    before = counted("dropped", queue="newest")
    got = Collector()
    await bus.subscribe("newest", got)
    await bus.publish([feed(0)])
    await got.until_count(1)
    await bus.publish(feeds(20, first=1))
    await until_depth(bus, "newest", 5)
    for settled in range(6):
        await got.until_count(settled + 1)
        await got.deliveries[settled].ack()
    assert got.times == [0, 16, 17, 18, 19, 20]
    assert counted("dropped", queue="newest") - before == 15


async def test_drop_newest_keeps_what_came_first_and_counts_the_rest(deployment: Deployment) -> None:
    """OPS-1: the publisher never waits."""
    bus = await deployment.bus(queue("first", "feed.p0", overflow=Overflow.DROP_NEWEST, max_length=5))
    before = counted("dropped", queue="first")
    await bus.publish(feeds(20))
    assert await bus.depth("first") == 5
    got = Collector(ack=True)
    await bus.subscribe("first", got)
    await got.until_count(5)
    assert got.times == [0, 1, 2, 3, 4]
    assert counted("dropped", queue="first") - before == 15


async def test_drop_oldest_beside_a_queue_that_blocks_neither_blocks_nor_loses_the_other(deployment: Deployment) -> None:
    """OPS-1: the chat may fall behind, the journal not."""
    bus = await deployment.bus(
        queue("chat", "feed.p0", overflow=Overflow.DROP_OLDEST, max_length=2), queue("journal", "feed.p0")
    )
    await bus.publish(feeds(10))
    await until_depth(bus, "chat", 2)
    await until_depth(bus, "journal", 10)


async def test_a_topic_whose_refusal_could_not_be_told_is_refused_at_once(deployment: Deployment) -> None:
    """OPS-1: a broker's nack does not name the queue, so block and drop-newest may not meet on one topic."""
    bus = await deployment.bus(queue("safe", "feed.p0"), queue("lossy", "feed.#", overflow=Overflow.DROP_NEWEST))
    with pytest.raises(BusError, match="lossy"):
        await bus.publish([feed(1)])


async def test_messages_older_than_their_queue_allows_are_gone(deployment: Deployment) -> None:
    """OPS-1: micro and mark: only the newest counts."""
    bus = await deployment.bus(queue("q", "micro.#", overflow=Overflow.DROP_OLDEST, ttl_ms=30), queue("kept", "micro.#"))
    await bus.publish([Micro(symbol="A1", time=t, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0) for t in range(3)])
    await until_depth(bus, "kept", 3)
    await until_depth(bus, "q", 0)


async def test_room_that_age_makes_lets_a_waiting_publisher_through(deployment: Deployment) -> None:
    """OPS-1: a queue that blocks and expires."""
    bus = await deployment.bus(queue("q", "feed.p0", max_length=1, ttl_ms=50))
    await asyncio.wait_for(bus.publish(feeds(3)), 10)


# -- dead letters -----------------------------------------------------------------------------------------------------


async def test_a_dead_letter_keeps_body_topic_id_and_reason_and_is_gone_from_its_queue(deployment: Deployment) -> None:
    """OPS-1: parked, counted, visible without being taken out."""
    specs = (queue("q", "feed.#"),)
    bus = await deployment.bus(*specs)
    before = counted("dead_lettered", queue="q")
    await bus.publish([feed(1), feed(2, partition=3)])
    got = Collector()
    await bus.subscribe("q", got)
    await got.until_count(2)
    await got.deliveries[1].dead_letter("handler failed: ZeroDivisionError")
    await got.deliveries[0].dead_letter("two")
    expected = [
        DeadLetter("feed:p3:2", "feed.p3", "handler failed: ZeroDivisionError", codec.encode(feed(2, partition=3))),
        DeadLetter("feed:p0:1", "feed.p0", "two", codec.encode(feed(1))),
    ]
    assert await bus.dead_letters("q", 10) == expected
    assert await bus.dead_letters("q", 1) == expected[:1]
    assert await bus.dead_letters("q", 10) == expected
    assert counted("dead_lettered", queue="q") - before == 2
    await bus.close()
    again = await deployment.bus(*specs)
    await until_depth(again, "q", 0)


async def test_message_requeued_beyond_its_limit_is_dead_lettered(deployment: Deployment) -> None:
    """OPS-1: a poison message costs one message, never the queue; others pass."""
    bus = await deployment.bus(queue("q", "feed.p0", kind=QueueKind.QUORUM, prefetch=1, delivery_limit=2))
    await bus.publish([feed(1), feed(2)])
    got = Collector()
    await bus.subscribe("q", got)
    for attempt in range(3):
        await got.until_count(attempt + 1)
        await got.deliveries[attempt].requeue()
    await got.until_count(4)
    assert got.times == [1, 1, 1, 2]

    async def parked() -> bool:
        return len(await bus.dead_letters("q", 10)) == 1

    await eventually(parked, "the poison message is parked")
    assert await bus.dead_letters("q", 10) == [DeadLetter("feed:p0:1", "feed.p0", "delivery_limit", codec.encode(feed(1)))]


GOOD = Micro(symbol="BTCUSDT", time=1, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0)


@pytest.mark.parametrize(
    ("type_name", "version", "body", "reason"),
    [
        ("micro", 1, b"\xc1 not msgpack", "malformed micro"),
        ("micro", 1, b"", "malformed micro"),
        ("micro", 1, codec.encode(GOOD)[:-3], "malformed micro"),
        ("micro", 1, b"\x00" * (codec.MAX_BODY_BYTES + 1), "oversized"),
        ("gossip", 1, codec.encode(GOOD), "unknown type 'gossip'"),
        ("micro", 99, codec.encode(GOOD), "unknown version 99 of micro"),
        ("micro", 1, codec.encode(GOOD).replace(b"BTCUSDT", b"btc-usd"), "invalid micro: .*symbol"),
        ("micro", 1, b"\x81\xa6symbol\xa4ABCD", "invalid micro: .*missing required field"),
        ("micro", 1, b"\x93\x01\x02\x03", "invalid micro: .*Expected `object`"),
    ],
    ids=["garbage", "empty", "cut", "oversized", "type", "version", "range", "missing", "shape"],
)
async def test_unreadable_message_is_dead_lettered_with_its_reason_and_the_next_is_handled(
    deployment: Deployment, type_name: str, version: int, body: bytes, reason: str
) -> None:
    """OPS-1: invalid input is rejected at the border, parked (a long one cut), and the next message is handled."""
    bus = await deployment.bus(queue("q", "micro.#"))
    got = Collector()
    await bus.subscribe("q", got)
    await deployment.inject("q", "micro.BTCUSDT", "bad:1", type_name, version, body)
    await bus.publish([GOOD])
    await got.until_count(2)
    bad, good = got.deliveries
    with pytest.raises(InvalidMessage, match=reason) as caught:
        bad.decode()
    assert (bad.message_id, bad.topic, bad.encoded()) == ("bad:1", "micro.BTCUSDT", body)
    await bad.dead_letter(str(caught.value))
    assert good.decode() == GOOD
    await good.ack()
    (letter,) = await bus.dead_letters("q", 10)
    assert letter == DeadLetter("bad:1", "micro.BTCUSDT", str(caught.value), *kept(body))
