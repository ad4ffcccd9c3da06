"""How a sink ends: on a bus that ends with the process, what must be complete is written to the last message."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cli.play import demo
from cli.play.market import open_source
from cli.settings import Settings
from cli.wiring import topology
from services.journal.sink import JournalSink
from shared.bus.memory.bus import MemoryBus
from shared.bus.topology import Topology
from shared.runtime.lane.spec import LanePolicy
from shared.runtime.service import Service, ServiceSpec, running
from shared.runtime.sink import Received, SinkSpec
from shared.runtime.sink_worker import SinkWorker
from simulator.recorder import Recorder
from tests.support.bus.contract import queue
from tests.support.runtime.lane_desk import micro

#: Messages of a test; the queue hands out two at a time.
COUNT = 40


async def others_first() -> None:
    """Be slow: let everything else in the event loop have many turns."""
    for _ in range(100):
        await asyncio.sleep(0)


class Slow:
    """A destination that takes a moment for each write."""

    def __init__(self) -> None:
        self.written: list[int] = []

    async def start(self) -> None: ...

    async def write(self, received: Sequence[Received]) -> None:
        await others_first()
        self.written += [each.message.at for each in received]

    async def close(self) -> None: ...


async def end_with(*, complete: bool, bus_ends: bool) -> list[int]:
    """Publish ``COUNT`` messages to a slow sink and end at once; return what it wrote."""
    sink = Slow()
    bus = MemoryBus(Topology((replace(queue("in", "micro.#"), prefetch=2),)))
    await bus.start()
    spec = SinkSpec("sink", "in", lambda: sink, linger=0.0, complete=complete)
    async with running([Service(ServiceSpec("s", "s", sinks=(spec,)), bus, None, LanePolicy())], bus_ends=bus_ends):
        await bus.publish([micro(at) for at in range(1, COUNT + 1)], now=COUNT)
    await bus.close()
    return sink.written


async def test_a_complete_sink_writes_what_would_end_with_its_bus() -> None:
    """OPS-6: a slow disk must not cost the last minutes of a journal."""
    assert await end_with(complete=True, bus_ends=True) == list(range(1, COUNT + 1))


@pytest.mark.parametrize(("complete", "bus_ends"), [(True, False), (False, True)])
async def test_messages_that_a_broker_keeps_or_nobody_needs_are_left_in_the_queue(complete: bool, bus_ends: bool) -> None:
    """OPS-1: a service behind a broker stops at once; the next one goes on where it stopped."""
    assert len(await end_with(complete=complete, bus_ends=bus_ends)) < COUNT


async def test_a_sink_that_cannot_write_any_more_does_not_hold_up_the_end() -> None:
    """OPS-1: the deadline counts from the last write that succeeded."""

    class Dead(Slow):
        async def write(self, received: Sequence[Received]) -> None:
            raise OSError("disk full")

    bus = MemoryBus(Topology((queue("in", "micro.#"),)))
    await bus.start()
    worker = SinkWorker(SinkSpec("sink", "in", Dead, complete=True), bus)
    await worker.start()
    await bus.publish([micro(1)], now=1)
    async with asyncio.timeout(5):
        await worker.drain(0.05, bus_ends=True)
    await bus.close()


@pytest.mark.parametrize("prefetch", [3_000, 7])
def test_the_journal_of_a_demo_ends_with_its_last_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefetch: int
) -> None:
    """BT-6: `ict parity` replays whole days, so a journal must hold them, however slow the disk is."""
    record = JournalSink._record

    async def slowly(self: JournalSink, received: Sequence[Received]) -> None:
        await others_first()
        await record(self, received)

    def make(settings: Settings) -> MemoryBus:
        rows = topology(settings)
        return MemoryBus(
            replace(
                rows,
                queues=tuple(replace(each, prefetch=prefetch) if each.name == "journal" else each for each in rows.queues),
            )
        )

    monkeypatch.setattr(JournalSink, "_record", slowly)
    path = tmp_path / "journal.sqlite"
    settings = Settings.model_validate(
        {
            "symbols": ["BTCUSDT"],
            "market": {"days": 0.05},
            "journal": {"url": f"sqlite+aiosqlite:///{path}"},
            "store": {"url": "memory:"},
        }
    )
    asyncio.run(demo.play(settings, open_source(settings, {}, None, None), Recorder(None), speed=None, make_bus=make))
    with closing(sqlite3.connect(path)) as journal:
        assert journal.execute("SELECT count(*) FROM decisions").fetchone() == (72,)
        assert journal.execute("SELECT count(*) FROM candles WHERE timeframe = '1m'").fetchone() == (72,)
