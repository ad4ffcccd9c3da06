"""A bus that does what at-least-once transport may do: repeats messages, and delays topics against each other."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence

from shared.bus.port import Bus, Delivery, Subscription
from shared.domain.message import Message


class UnrulyBus:
    """Wraps a bus. Order within a topic is kept (that is guaranteed); between topics anything goes; any message may repeat.

    ``lose``: the specimen's vice: drops a message now and then, which no bus may do.
    Unrealistic: repeats and delays far more often than a broker, and never closes a connection.
    """

    def __init__(self, bus: Bus, seed: int, *, repeat: float, delay: float, lose: float = 0.0) -> None:
        self._bus = bus
        self._chance = random.Random(seed)
        self._repeat, self._delay, self._lose = repeat, delay, lose
        self._last: dict[str, asyncio.Task[None]] = {}
        self._history: dict[str, list[Message]] = defaultdict(list)
        self.repeats = 0
        self.delays = 0

    async def start(self) -> None:
        await self._bus.start()

    async def publish(self, messages: Sequence[Message], *, origin_ns: int = 0, now: int | None = None) -> None:
        for message in messages:
            if self._chance.random() < self._lose:
                continue
            batch = [message]
            history = self._history[message.topic]
            if self._chance.random() < self._repeat:
                batch.append(message)
                self.repeats += 1
            if history and self._chance.random() < self._repeat:
                batch.append(self._chance.choice(history[-5:]))  # an old one again, behind its successors
                self.repeats += 1
            history.append(message)
            del history[:-5]
            turns = self._chance.randint(1, 12) if self._chance.random() < self._delay else 0
            self.delays += bool(turns)
            before = self._last.get(message.topic)
            self._last[message.topic] = asyncio.ensure_future(self._later(batch, turns, before, origin_ns, now))

    async def _later(
        self, batch: list[Message], turns: int, before: asyncio.Task[None] | None, origin_ns: int, now: int | None
    ) -> None:
        if before is not None:
            await before
        for _ in range(turns):
            await asyncio.sleep(0)
        await self._bus.publish(batch, origin_ns=origin_ns, now=now)

    async def subscribe(
        self, queue: str, handler: Callable[[Delivery], None], *, prefetch: int | None = None
    ) -> Subscription:
        return await self._bus.subscribe(queue, handler, prefetch=prefetch)

    async def depth(self, queue: str) -> int:
        return await self._bus.depth(queue)

    def healthy(self) -> bool:
        return self._bus.healthy()

    async def close(self) -> None:
        await asyncio.gather(*self._last.values())
        await self._bus.close()
