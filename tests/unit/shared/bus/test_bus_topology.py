"""The broker table: complete, bounded, and the same place for a symbol everywhere."""

from __future__ import annotations

from typing import get_args

import pytest

from shared.bus.codec import MAX_BODY_BYTES, MESSAGE_TYPES
from shared.bus.topology import (
    EXCHANGES,
    OPTIONAL_TOPICS,
    Layout,
    Mode,
    Overflow,
    QueueKind,
    QueueSpec,
    Topology,
    build,
    exchange_of,
    partition_of,
)
from shared.domain.control import OF_STRATEGIES, ClockTick, Command
from shared.domain.timeframes import TIMEFRAMES


@pytest.mark.parametrize("layout", get_args(Layout))
def test_every_queue_is_bounded(layout: Layout) -> None:
    """Invariant 6: no queue without a ceiling and a prefetch."""
    for queue in build(layout, partitions=3).queues:
        assert queue.max_length > 0
        assert queue.max_bytes >= 4 * MAX_BODY_BYTES, "some of the largest messages must fit"
        assert queue.prefetch > 0


@pytest.mark.parametrize("layout", get_args(Layout))
def test_money_blocks_and_is_replicated(layout: Layout) -> None:
    """EXEC-2: order commands and account events are in quorum queues that never drop."""
    queue = build(layout).queue("execution")
    assert queue.kind is QueueKind.QUORUM
    assert queue.overflow is Overflow.BLOCK
    assert queue.delivery_limit


def test_each_partition_and_timeframe_has_its_own_analysis_queue() -> None:
    """OPS-1: scaled per symbol and timeframe."""
    queues = {queue.name for queue in build(partitions=2).of("analysis")}
    assert queues == {f"analysis.p{p}.{tf}" for p in (0, 1) for tf in TIMEFRAMES}


def test_every_lane_hears_a_reset() -> None:
    """A new simulated session finds no lane with a past."""
    for layout in get_args(Layout):
        for queue in build(layout).queues:
            if (
                queue.single_active
                and not queue.name.endswith(".commands")  # read by a lane that hears it on its other queue
                and queue.consumer not in ("journal", "notifier")
                and queue.name not in ("replay", "micro", "risk.marks", "engine.marks")
            ):
                assert {"control.reset", "control.#"} & set(queue.bindings), queue.name


def test_queue_without_a_reader_in_a_mode_is_left_out() -> None:
    """Invariant 6: a blocking queue without a reader would in the end stop its writers."""
    assert build(mode="sim").queue("replay").consumer == "market"
    assert build(mode="paper").queue("paper").consumer == "execution"
    assert build(mode="paper").queue("paper").bindings == ("candle.*.1m", "funding.*", "control.reset")
    for mode in ("paper", "testnet", "live"):
        assert "replay" not in build(mode=mode).index
    for mode in ("testnet", "live"):
        table = build(mode=mode)
        assert "paper" not in table.index
        assert not [queue.name for queue in table.queues if "market.step" in queue.bindings]


def test_clock_ticks_belong_to_no_exchange() -> None:
    """Ticks are the process's own: a forged one could make every deadline of the system pass."""
    with pytest.raises(ValueError, match="belongs to no exchange"):
        exchange_of(ClockTick(time=1).topic)


@pytest.mark.parametrize("mode", get_args(Mode))
def test_execution_has_one_queue_beside_that_of_commands_whatever_its_exchange_is(mode: Mode) -> None:
    """EXEC-2: intents and filters; the steps of a simulated market too, in the order of all of them."""
    table = build(mode=mode)
    steps = {"market.step"} if mode in ("sim", "paper") else set()
    assert set(table.queue("execution").bindings) == {"order.intent", "exchange.instruments", "control.reset"} | steps
    assert not [queue.name for queue in table.queues if {"exchange.event", "exchange.request"} & set(queue.bindings)]


@pytest.mark.parametrize("layout", get_args(Layout))
def test_commands_have_queues_of_their_own(layout: Layout) -> None:
    """RISK-7: a flatten passes while market queues and intents are full."""
    table = build(layout)
    for queue in table.queues:
        if queue.consumer in ("risk", "engine", "execution") and not queue.name.endswith(".commands"):
            assert {each for each in queue.bindings if each.startswith("control")} == {"control.reset"}
    commands = table.queue("execution.commands")
    named = {f"control.{each}" for each in get_args(Command) if each != "reset" and each not in OF_STRATEGIES}
    assert set(commands.bindings) == named | {"order.risk"}
    assert (commands.kind, commands.overflow) == (QueueKind.QUORUM, Overflow.BLOCK)
    stopping, strategies = {"control.halt", "control.flatten", "control.rearm"}, {"control.pause", "control.resume"}
    gate = table.queue("engine.commands" if layout == "fused" else "risk.commands")
    assert set(gate.bindings) == (stopping | strategies if layout == "fused" else stopping)


@pytest.mark.parametrize("layout", ["split", "embedded"])
def test_every_lane_of_signals_hears_the_pause_of_a_strategy(layout: Layout) -> None:
    """SIG-8: in each partition, in a queue of the lane's own that market queues do not hold up."""
    table = build(layout, partitions=3)
    for partition in range(3):
        queue = table.queue(f"signals.p{partition}.commands")
        assert (queue.consumer, set(queue.bindings)) == ("signals", {"control.pause", "control.resume"})
        assert (queue.kind, queue.overflow, queue.single_active) == (QueueKind.QUORUM, Overflow.BLOCK, True)
    assert {each.name for each in build("fused", partitions=3).of("signals")} == {"micro"}, "the engine has its own"


@pytest.mark.parametrize(("layout", "reader"), [("split", "risk"), ("fused", "engine"), ("embedded", "risk")])
def test_mark_prices_reach_risk_in_a_queue_that_holds_nobody_up(layout: Layout, reader: str) -> None:
    """RISK-5: only the newest counts, so that a risk that is away delays no feed. In mode sim there are none."""
    queue = build(layout, mode="live").queue(f"{reader}.marks")
    assert (queue.consumer, queue.bindings, queue.overflow) == (reader, ("mark.*",), Overflow.DROP_OLDEST)
    assert queue.ttl_ms == 10_000
    assert queue.single_active
    assert f"{reader}.marks" not in build(layout, mode="sim").index


def test_the_journal_gets_every_change_of_an_order() -> None:
    """EXEC-2: order events and statements come apart."""
    assert {"report.#", "account.#"} <= set(build().queue("journal").bindings)


def test_every_message_type_has_an_exchange() -> None:
    """A topic class without an exchange could never be published."""
    classes = {"feed", "market", "candle", "analysis", "decision", "order", "exchange", "account", "risk", "report"}
    assert classes | {"control", "alert", "micro", "mark", "funding", "judgement"} == set(EXCHANGES)
    assert set(EXCHANGES) >= OPTIONAL_TOPICS
    assert len({kind.TYPE for kind in MESSAGE_TYPES}) == len(MESSAGE_TYPES)


def test_a_topic_of_no_class_is_refused_by_name() -> None:
    """A typo in a topic must not become a silent loss."""
    with pytest.raises(ValueError, match="candel"):
        exchange_of("candel.p0.1m")


def test_a_symbol_has_one_place_and_a_pin_overrides_it() -> None:
    """OPS-1: explicit map, else a stable hash."""
    assert partition_of("BTCUSDT", 8, {}) == partition_of("BTCUSDT", 8, {})
    assert partition_of("BTCUSDT", 8, {"BTCUSDT": 5}) == 5


def test_two_queues_of_one_name_are_refused() -> None:
    """The second would silently share the first's messages."""
    row = QueueSpec("twice", "test", ("a.b",), QueueKind.CLASSIC, Overflow.BLOCK, 1, 1)
    with pytest.raises(ValueError, match="same name"):
        Topology((row, row))
