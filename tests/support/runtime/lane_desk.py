"""A lane at a bus of its own, and what it published: for tests of its time, its ticks and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery
from shared.bus.topology import Topology
from shared.core import Core
from shared.domain.control import Alert, ClockTick, Micro
from shared.domain.message import Message
from shared.runtime.clock import ClockKind, ProcessClock
from shared.runtime.lane.lane import Lane
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.store.memory import MemoryStore
from tests.support.bus.contract import queue

NOW = 1_700_000_000_000


class HandClock(ProcessClock):
    """A process clock that a test sets."""

    def __init__(self, time: int = NOW) -> None:
        super().__init__()
        self.time = time

    def now(self) -> int:
        return self.time


class Diary:
    """A core that remembers every time it was given; what it says depends on all of them."""

    def __init__(self) -> None:
        self.times: list[int] = []

    def handle(self, message: Message, now: int) -> Sequence[Message]:
        self.times.append(now)
        what = "tick" if isinstance(message, ClockTick) else message.message_id
        return [Alert(severity="info", source="diary", key=f"{what}:{len(self.times)}", text=str(self.times), time=now)]

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(self.times)

    def restore(self, data: bytes) -> None:
        self.times = msgspec.msgpack.decode(data, type=list[int])


def micro(time: int) -> Micro:
    return Micro(symbol="BTCUSDT", time=time, bid=1.0, ask=1.0, imbalance=0.0, trade_delta=0.0)


class LaneDesk:
    """``build``: the lane's core. ``marks``: it reads mark prices too, on a queue of their own."""

    def __init__(
        self,
        build: Callable[[], Core] = Diary,
        *,
        kind: ClockKind = "own",
        tick_ms: int = 0,
        store: MemoryStore | None = None,
        snapshot_every: int = 500,
        marks: bool = False,
    ) -> None:
        self.clock = HandClock()
        self.store = store
        rows = (queue("in", "micro.#", "control.#"), queue("marks", "mark.#"), queue("out", "alert.#"))
        self.bus = MemoryBus(Topology(rows), codec=True)
        self.heard: list[Alert] = []
        self.headers: list[int | None] = []
        policy = LanePolicy(snapshot_every=snapshot_every, lull=0.0, commit_linger=0.0, clock=kind)
        spec = LaneSpec("lane", "test", "in", build, tick_ms=tick_ms, marks="marks" if marks else "")
        self.lane = Lane(spec, self.bus, store, policy, self.clock)
        self._news = asyncio.Event()
        self._acks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        await self.bus.start()
        await self.bus.subscribe("out", self._hear)
        await self.lane.start()

    async def tell(self, message: Message, header: int | None = None) -> Alert:
        """Hand the lane one message; its answer."""
        count = len(self.heard)
        await self.bus.publish([message], now=header)
        await self.until(lambda: len(self.heard) > count)
        return self.heard[-1]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def end(self) -> None:
        await self.lane.drain()
        await self.bus.close()

    def _hear(self, delivery: Delivery) -> None:
        message = delivery.decode()
        assert isinstance(message, Alert)
        self.heard.append(message)
        self.headers.append(delivery.now)
        self._news.set()

        async def settle() -> None:
            await delivery.ack()

        self._acks.add(asyncio.create_task(settle()))
