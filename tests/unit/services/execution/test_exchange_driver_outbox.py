"""The outbox never waits, keeps the order, and is bounded in memory and on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from services.execution.drivers.exchange.log_entries import Packed, pack, unpack
from services.execution.drivers.exchange.outbox import Outbox
from services.execution.drivers.exchange.spill_file import SpillFile
from shared.bus.port import Bus, BusError, Unpublishable, Unroutable
from shared.domain.message import Message
from shared.domain.orders import StepReport

MB = 1_000_000


class Broker:
    """Takes messages while it is ``here``."""

    def __init__(self) -> None:
        self.here = asyncio.Event()
        self.taken: list[int] = []
        self.refuses: set[int] = set()
        self.refusal: type[BusError] = Unroutable
        self.loses: list[int] = []

    async def publish(self, messages: Sequence[Message], **_: Any) -> None:
        await self.here.wait()
        closes = [cast(StepReport, each).close_time for each in messages]
        if self.refuses & set(closes):
            raise self.refusal("it is not taken")
        if closes[0] in self.loses:
            self.loses.remove(closes[0])
            raise BusError("the connection is lost")
        self.taken += closes


def report(number: int) -> StepReport:
    return StepReport(close_time=number)


def outbox(broker: Broker, directory: Path, most: int = 5, bytes_: int = MB) -> tuple[Outbox, list[int], SpillFile]:
    told: list[int] = []
    spill = SpillFile(directory, "test", bytes_)
    return Outbox(cast(Bus, broker), spill, most, told.append), told, spill


async def drained(box: Outbox) -> None:
    task = asyncio.create_task(box.run())
    async with asyncio.timeout(30):
        await box.flushed()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_messages_wait_in_memory_then_in_the_file_and_leave_in_order(tmp_path: Path) -> None:
    """Invariant 6: order is kept across memory and file."""
    broker = Broker()
    box, told, spill = outbox(broker, tmp_path)
    for number in range(20):
        box.put([report(number)])
    assert len(box.unpublished) == 5
    assert spill.size > 0
    broker.here.set()
    await drained(box)
    assert broker.taken == list(range(20))
    assert told[-1] == 20
    assert spill.size == 0


async def test_the_file_survives_the_process(tmp_path: Path) -> None:
    """EXEC-4: the next process on this machine tells what the last one could not."""
    broker = Broker()
    box, _, _ = outbox(broker, tmp_path)
    for number in range(8):
        box.put([report(number)])
    box.close()
    again, _, _ = outbox(broker, tmp_path)
    broker.here.set()
    await drained(again)
    assert sorted(broker.taken) == list(range(5, 8))


async def test_a_full_file_drops_the_oldest_and_counts_them(tmp_path: Path) -> None:
    """Invariant 6: the newest are kept."""
    broker = Broker()
    box, _, spill = outbox(broker, tmp_path, most=1, bytes_=1_000)
    for number in range(200):
        box.put([report(number)])
    assert spill.size <= 1_100
    assert spill.dropped > 0
    broker.here.set()
    await drained(box)
    assert broker.taken[-1] == 199
    assert len(broker.taken) == 200 - spill.dropped
    assert broker.taken == sorted(broker.taken)


def test_a_record_that_was_cut_off_ends_the_file(tmp_path: Path) -> None:
    """Invariant 6: a process that died while it wrote."""
    spill = SpillFile(tmp_path, "test", MB)
    spill.write((pack(report(1), 1), pack(report(2), 2)))
    spill.close()
    (file,) = list(tmp_path.iterdir())
    file.write_bytes(file.read_bytes()[:-3])
    found = SpillFile(tmp_path, "test", MB).read(10)
    assert [unpack(each) for each in found] == [report(1)]


@pytest.mark.parametrize("refusal", [Unroutable, Unpublishable])
async def test_a_message_that_the_bus_does_not_take_holds_up_no_other(tmp_path: Path, refusal: type[BusError]) -> None:
    """Invariant 6: it is left out and counted."""
    broker = Broker()
    broker.refuses, broker.refusal = {2}, refusal
    broker.here.set()
    box, told, _ = outbox(broker, tmp_path, most=10)
    box.put([report(1), report(2), report(3)])
    await drained(box)
    assert broker.taken == [1, 3]
    assert told[-1] == 3


async def test_a_broker_that_goes_while_messages_leave_one_by_one_is_waited_for(tmp_path: Path) -> None:
    """Invariant 6: a lost connection ends neither the outbox nor a message."""
    broker = Broker()
    broker.refuses, broker.loses = {3}, [2]
    broker.here.set()
    box, told, _ = outbox(broker, tmp_path, most=10)
    box.put([report(1), report(2), report(3), report(4)])
    await drained(box)
    assert broker.taken == [1, 2, 4]
    assert told[-1] == 4


async def test_a_restart_continues_the_numbers_and_forgets_what_was_told(tmp_path: Path) -> None:
    """Invariant 3: the log says how far messages were told."""
    broker = Broker()
    box, told, _ = outbox(broker, tmp_path)
    box.resume(3, 4, (Packed(4, *_fields(report(4))),))
    box.put([report(5)])
    box.forget_published(4)
    broker.here.set()
    await drained(box)
    assert broker.taken == [5]
    assert told == [5]


def _fields(message: Message) -> tuple[str, int, bytes]:
    packed = pack(message, 0)
    return packed.type, packed.version, packed.body
