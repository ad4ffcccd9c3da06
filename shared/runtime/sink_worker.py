"""Feeds one sink from its queue: in batches, again and again until a write succeeds, and acks after it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from shared.bus.port import Bus, Delivery, InvalidMessage, Subscription
from shared.domain.backoff import Backoff
from shared.domain.control import Control
from shared.runtime.clock import FUTURE_MS, ClockKind, ProcessClock, claims_to_come
from shared.runtime.lane.dead_letter import dead_letter_and_alert
from shared.runtime.sink import Received, SinkSpec
from shared.runtime.supervision import end_all, first_end
from shared.runtime.waiting import Wake, wait_at_most

log = structlog.get_logger(__name__)

_WRITTEN: Final = Counter("ict_sink_written_total", "Messages written by this sink", ["sink"])
_RETRIES: Final = Counter("ict_sink_retries_total", "Writes that failed and were tried again", ["sink"])
#: Pauses between attempts at a failed write, seconds.
_BACKOFF: Final = Backoff(first=0.1, longest=10.0)
_WAITING: Final = Gauge("ict_sink_waiting", "Messages in hand, not yet written", ["sink"])


class SinkWorker:
    """Feeds one sink from one queue, in batches. A failed write is repeated with backoff, without limit; acks follow it.

    ``kind``: whose time it lives in; ``clock``: the process's, None = one of its own.
    """

    def __init__(self, spec: SinkSpec, bus: Bus, kind: ClockKind = "own", clock: ProcessClock | None = None) -> None:
        self.spec = spec
        self._bus = bus
        self._clock = (clock or ProcessClock()) if kind == "own" else None
        self._now = 0
        self._sink = spec.build()
        self._inbox: deque[Delivery] = deque()
        self._arrived = Wake()
        self._idle = Wake()
        self._idle.set()
        self._hurry = Wake()
        self._writes = 0
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._written = _WRITTEN.labels(spec.name)
        self._retries = _RETRIES.labels(spec.name)
        self._waiting = _WAITING.labels(spec.name)

    async def start(self) -> None:
        await self._sink.start()
        self._task = asyncio.create_task(self._run(), name=f"sink {self.spec.name}")
        self._subscription = await self._bus.subscribe(self.spec.queue, self._receive)

    async def drain(self, deadline: float = 10.0, *, bus_ends: bool = False) -> None:
        """Stop taking messages, write those taken, close the sink. ``deadline``: seconds without a write.

        bus_ends: the queue ends with this process, so what it still holds is nobody's later: a ``complete`` sink writes it.
        """
        self._hurry.set()
        if bus_ends and self.spec.complete:
            await self._empty(deadline)
        if self._subscription is not None:
            await self._subscription.cancel()
        if not await self._settled(deadline):
            log.warning("drain_timeout", sink=self.spec.name, unwritten=len(self._inbox))
        if self._task is not None:
            await end_all([self._task])
        await self._sink.close()

    async def _empty(self, deadline: float) -> None:
        """Write until the queue has nothing left; nobody publishes to it any more."""
        while await self._bus.depth(self.spec.queue) or not self._idle.is_set():
            if not await self._settled(deadline):
                return
            await asyncio.sleep(0)  # the queue hands out the next ones from the event loop

    async def _settled(self, deadline: float) -> bool:
        """Wait until nothing is in hand. Returns False after ``deadline`` seconds in which no write succeeded."""
        while not self.failed:
            before = self._writes
            if await wait_at_most(self._idle, deadline):
                return True
            if self._writes == before:
                return False
        return self._idle.is_set()

    @property
    def failed(self) -> bool:
        """Return True once the worker has ended by itself: nothing is written any more."""
        return self._task is not None and self._task.done()

    async def wait_failed(self) -> BaseException:
        """Wait until the worker has ended; return why. Never returns for a healthy one."""
        assert self._task is not None
        return await first_end([self._task])

    def _receive(self, delivery: Delivery) -> None:
        self._inbox.append(delivery)
        self._idle.clear()
        self._arrived.set()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._inbox:
                if self.spec.linger and len(self._inbox) < self.spec.max_batch and not self._hurry.is_set():
                    await wait_at_most(self._hurry, self.spec.linger)
                await self._write_batch()
            self._idle.set()

    def _read(self, delivery: Delivery) -> Received:
        """Return the message and its time. Raises InvalidMessage for one that is unreadable or claims a time to come."""
        message, stamped_at = delivery.decode(), delivery.now
        now = self._clock.now() if self._clock is not None else stamped_at or 0
        if isinstance(message, Control) and message.command == "reset":
            self._now = now
        if now > self._now:
            self._now = now
        if self._now and message.at > self._now + FUTURE_MS:
            raise InvalidMessage(claims_to_come(message, self._now))
        return Received(message, self._now, stamped_at)

    async def _write_batch(self) -> None:
        batch = [self._inbox.popleft() for _ in range(min(len(self._inbox), self.spec.max_batch))]
        messages: list[Received] = []
        readable: list[Delivery] = []
        for delivery in batch:
            try:
                messages.append(self._read(delivery))
            except InvalidMessage as error:
                await dead_letter_and_alert(self._bus, delivery, self.spec.name, str(error), self._now or None)
                continue
            readable.append(delivery)
        self._waiting.set(len(messages) + len(self._inbox))
        pauses = _BACKOFF.pauses()
        while messages:
            try:
                await self._sink.write(messages)
                break
            except Exception as error:  # noqa: BLE001  any error of a database or network is retried: no ack before a write
                self._retries.inc()
                pause = next(pauses)
                log.warning("sink_write_failed", sink=self.spec.name, error=str(error), seconds=pause)
                await asyncio.sleep(pause)
        self._writes += 1
        self._written.inc(len(messages))
        if self.spec.pace:
            await wait_at_most(self._hurry, self.spec.pace)
        for delivery in readable:
            await delivery.ack()
        self._waiting.set(len(self._inbox))
