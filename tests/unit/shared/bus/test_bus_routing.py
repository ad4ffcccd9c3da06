"""Topic patterns, routes, sequence numbers and settings: the parts of the bus that are plain functions."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.bus.dead_letters import DeadLetter
from shared.bus.port import BusError, InvalidMessage, Unroutable
from shared.bus.rabbitmq import wire
from shared.bus.rabbitmq.link import LinkLost, _unblock_writers, link_errors
from shared.bus.rabbitmq.objects import check_namespace, queue_arguments
from shared.bus.routing import Routes, matches
from shared.bus.sequences import Gaps, Sequences
from shared.bus.settings import BrokerSettings
from shared.bus.topology import MIB, Overflow, QueueKind, Topology, build
from tests.support.bus.contract import queue


@pytest.mark.parametrize(
    ("pattern", "topic", "fits"),
    [
        ("a", "a", True),
        ("a", "a.b", False),
        ("a.b", "a", False),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("a.#", "a", True),
        ("a.#", "a.b.c", True),
        ("a.#.c", "a.c", True),
        ("a.#.c", "a.b.b.c", True),
        ("a.#.c", "a.b.c.d", False),
        ("a.#.*", "a", False),
        ("a.#.*", "a.b", True),
        ("#", "", True),
        ("#.#", "a.b", True),
        ("a.*.#.d", "a.b.d", True),
        ("a.*.#.d", "a.d", False),
    ],
)
def test_patterns_fit_as_on_a_topic_exchange(pattern: str, topic: str, fits: bool) -> None:
    """OPS-1."""
    assert matches(pattern, topic) is fits


words = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5)


@given(words, st.data())
def test_a_topic_fits_itself_with_any_word_replaced_by_a_star(topic: list[str], data: st.DataObject) -> None:
    """OPS-1."""
    pattern = list(topic)
    pattern[data.draw(st.integers(0, len(topic) - 1))] = "*"
    assert matches(".".join(pattern), ".".join(topic))
    assert matches("#", ".".join(topic))


def test_a_route_knows_exchange_queues_and_what_a_refusal_means() -> None:
    """OPS-1: from the table of the split layout."""
    routes = Routes(build("split", partitions=2))
    candle = routes.of("candle.p1.15m")
    assert (candle.exchange, [one.name for one in candle.queues]) == ("md", ["analysis.p1.15m", "journal"])
    assert (candle.blocks, candle.drops_newest, candle.optional) == (True, False, False)
    micro = routes.of("micro.BTCUSDT")
    assert (micro.exchange, micro.blocks, micro.drops_newest, micro.optional) == ("flow", False, False, True)
    assert routes.of("candle.p1.15m") is candle
    alert = routes.of("alert.warning")
    assert (candle.ordered, alert.ordered, alert.blocks, alert.optional) == (True, False, True, True)


def test_topics_that_go_nowhere_or_nowhere_clear_are_refused() -> None:
    """OPS-1."""
    lossy = queue("lossy", "order.x", overflow=Overflow.DROP_NEWEST)
    routes = Routes(Topology((lossy, queue("safe", "order.#"))))
    with pytest.raises(Unroutable):
        routes.of("feed.p0")
    with pytest.raises(ValueError, match="belongs to no exchange"):
        routes.of("gossip.x")
    with pytest.raises(BusError, match="lossy, safe"):
        routes.of("order.x")
    assert routes.of("order.y").blocks
    assert not routes.of("alert.info").queues


@pytest.mark.parametrize("binding", ["#", "*.p0", "gossip.#", ""])
def test_a_binding_begins_with_a_topic_class(binding: str) -> None:
    """OPS-1: one exchange a class, so a wildcard there would bind to none."""
    with pytest.raises(ValueError, match="must begin with a topic class"):
        Routes(Topology((queue("q", binding),)))


@given(st.lists(st.integers(1, 30), max_size=40))
def test_gaps_are_what_is_missing_below_the_highest_number_seen(numbers: list[int]) -> None:
    """OPS-3: repeats and late ones count nothing."""
    gaps = Gaps(10)
    missing = sum(gaps.missing_before("p", "t", number) for number in numbers)
    rising = []
    for number in numbers:
        if not rising or number > rising[-1]:
            rising.append(number)
    expected = rising[-1] - rising[0] + 1 - len(rising) if rising else 0
    assert missing == expected


def test_sequences_count_per_topic_and_gaps_per_publisher_and_topic_within_bounds() -> None:
    """OPS-3: the memory is bounded; who is forgotten starts afresh and counts nothing."""
    sequences = Sequences()
    assert [sequences.next("a"), sequences.next("b"), sequences.next("a")] == [1, 1, 2]
    gaps = Gaps(2)
    assert gaps.missing_before("p", "a", 1) == 0
    assert gaps.missing_before("p", "b", 1) == 0
    assert gaps.missing_before("p", "a", 3) == 1
    assert gaps.missing_before("q", "a", 9) == 0  # forgets (p, b), which was used longest ago
    assert gaps.missing_before("p", "b", 9) == 0
    assert gaps.missing_before("q", "a", 11) == 1


def test_only_what_old_and_new_brokers_accept_is_declared() -> None:
    """OPS-1: no dead-letter exchange on a classic queue, where it would collect drops and expired messages."""
    classic = queue("c", "feed.p0", overflow=Overflow.DROP_OLDEST, ttl_ms=5, delivery_limit=3, single_active=False)
    assert queue_arguments(classic, "ns") == {
        "x-queue-type": "classic",
        "x-max-length": 1_000,
        "x-max-length-bytes": 64 * MIB,
        "x-overflow": "drop-head",
        "x-message-ttl": 5,
    }
    quorum = queue("m", "feed.p0", kind=QueueKind.QUORUM, delivery_limit=3)
    assert queue_arguments(quorum, "ns") == {
        "x-queue-type": "quorum",
        "x-max-length": 1_000,
        "x-max-length-bytes": 64 * MIB,
        "x-overflow": "reject-publish",
        "x-single-active-consumer": True,
        "x-delivery-limit": 3,
        "x-dead-letter-exchange": "ns.dlx",
        "x-dead-letter-routing-key": "m",
        "x-dead-letter-strategy": "at-least-once",
    }
    check_namespace("ict-prod.eu_1")
    for bad in ("", "a b", "a[b]", "x" * 101):
        with pytest.raises(ValueError, match="namespace"):
            check_namespace(bad)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"reason": "why", "topic": "feed.p0"}, ("feed.p0", "why")),
        ({"x-death": [{"reason": "delivery_limit", "routing-keys": ["feed.p1"]}]}, ("feed.p1", "delivery_limit")),
        ({"x-death": [{"reason": "expired", "routing-keys": []}]}, ("", "expired")),
        ({"x-death": []}, ("", "unknown")),
        ({}, ("", "unknown")),
    ],
)
def test_a_dead_letter_is_read_whoever_parked_it(headers: dict[str, object], expected: tuple[str, str]) -> None:
    """OPS-1: a consumer of ours, or the broker."""
    assert wire.dead_letter("id", headers, b"x") == DeadLetter("id", *expected, b"x")
    assert wire.dead_letter(None, headers, b"x").message_id == ""


@pytest.mark.parametrize(
    ("type_name", "headers"), [(None, {"schema_version": 1}), ("micro", {}), ("micro", {"schema_version": "1"})]
)
def test_a_message_that_does_not_say_what_it_is_is_refused(type_name: str | None, headers: dict[str, object]) -> None:
    """OPS-1."""
    with pytest.raises(InvalidMessage, match="no type or no schema version"):
        wire.decode(type_name, headers, b"")
    assert wire.number({"a": "x"}, "a") == wire.number({}, "a") == 0


def test_settings_refuse_what_makes_no_sense() -> None:
    """OPS-1."""
    assert BrokerSettings().dead_letter_length == 10_000
    for wrong in ({"backoff_max": 0.001}, {"heartbeat": 0}, {"unheard_of": 1}):
        with pytest.raises(ValidationError):
            BrokerSettings.model_validate(wrong)


async def test_a_cancellation_by_the_client_library_is_a_lost_link_and_a_real_one_is_not() -> None:
    """OPS-9: aiormq cancels what waits on a channel that closes; a service must not stop for that."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(asyncio.CancelledError())
    with pytest.raises(LinkLost), link_errors():
        await future

    async def waits() -> None:
        with link_errors():
            await asyncio.Event().wait()

    task = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_client_librarys_bare_exception_is_a_lost_link_and_any_other_is_not() -> None:
    """OPS-9: aiormq ends a confirm like that when the connection of a frozen process is gone; the process must go on."""
    with pytest.raises(LinkLost), link_errors():
        raise Exception  # as aiormq does
    with pytest.raises(ValueError, match="a bug"), link_errors():
        raise ValueError("a bug")


async def test_whoever_waits_to_write_to_a_dead_connection_is_let_go() -> None:
    """OPS-9: otherwise a publish that waited for room in the writer's queue would wait for ever."""
    frames: asyncio.Queue[int] = asyncio.Queue(maxsize=2)
    writers = [asyncio.ensure_future(frames.put(number)) for number in range(9)]
    await asyncio.sleep(0)
    assert not all(writer.done() for writer in writers)
    await _unblock_writers(frames)
    async with asyncio.timeout(30):
        await asyncio.gather(*writers)
