"""The bus inside one process: the same contract as the broker's, some hundred times faster.

Frozen messages pass by reference; with ``codec=True`` each is encoded and decoded on its way, as a broker would have it.
Handlers run from the event loop, never inside ``publish``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from shared.bus import metrics
from shared.bus.carriage import body_of, check_topic
from shared.bus.dead_letters import DeadLetter
from shared.bus.direct import DirectDelivery
from shared.bus.memory.delivery import MemoryDelivery, MemorySubscription, Wire
from shared.bus.memory.queue import MemoryQueue, Turn
from shared.bus.port import BusClosed, BusError
from shared.bus.routing import Routes
from shared.bus.settings import BrokerSettings
from shared.bus.topology import Topology
from shared.domain.message import Message


class _Way:
    """Where the messages of one topic go, and who counts them."""

    __slots__ = ("published", "queues")

    def __init__(self, queues: list[MemoryQueue], published: metrics.Tally) -> None:
        self.queues = queues
        self.published = published


class MemoryBus:
    """Implements ``shared.bus.port.Bus`` for every service of one process; they share one instance.

    Queues outlive ``close``, as a broker's do: ``start`` opens the bus again with what was left in them.
    """

    def __init__(self, topology: Topology, *, codec: bool = False, settings: BrokerSettings | None = None) -> None:
        self._topology = topology
        self._codec = codec
        self._settings = settings or BrokerSettings.model_validate({})
        self._routes = Routes(topology)
        self._queues: dict[str, MemoryQueue] = {}
        self._ways: dict[str, _Way] = {}
        self._open = False

    async def start(self) -> None:
        """Make the queues, or open those that ``close`` left."""
        if not self._queues:
            loop = asyncio.get_running_loop()
            length = self._settings.dead_letter_length
            turn = Turn(loop)
            self._queues = {spec.name: MemoryQueue(spec, length, loop, turn) for spec in self._topology.queues}
        self._open = True

    async def publish(self, messages: Sequence[Message], *, origin_ns: int = 0, now: int | None = None) -> None:
        """Put the messages into every queue bound to each topic.

        Raises BusClosed; Unroutable or Unpublishable before anything is published (only encoded bodies have a size).
        """
        if not self._open:
            raise BusClosed("publish on a bus that is not open: call start first, and nothing after close")
        sent = time.time_ns()
        origin = origin_ns or sent
        if len(messages) == 1:
            message = messages[0]
            topic = message.topic
            content, way = self._content(message), self._way(topic)
            if full := self._put(content, topic, way, sent, origin, now):
                await self._put_late(full, content, topic, way, sent, origin, now)
            return
        ways = [(self._content(message), topic, self._way(topic)) for message in messages for topic in (message.topic,)]
        for content, topic, way in ways:
            if full := self._put(content, topic, way, sent, origin, now):
                await self._put_late(full, content, topic, way, sent, origin, now)

    def publish_now(self, messages: Sequence[Message], *, origin_ns: int = 0, now: int | None = None) -> bool:
        """See ``DirectBus``. Every queue must have room for all of the messages, whichever of them it gets."""
        if not self._open:
            return False
        ways: list[tuple[Message | Wire, str, _Way]] = []
        try:
            for message in messages:
                topic = message.topic
                way = self._way(topic)
                ways.append((self._content(message), topic, way))
                for queue in way.queues:
                    if len(queue.ready) + len(messages) > queue.bound:
                        return False
        except BusError:
            return False
        sent = time.time_ns()
        for content, topic, way in ways:
            self._put(content, topic, way, sent, origin_ns or sent, now)
        return True

    def _content(self, message: Message) -> Message | Wire:
        return Wire(message.message_id, message.TYPE, message.VERSION, body_of(message)) if self._codec else message

    def _put(
        self, content: Message | Wire, topic: str, way: _Way, sent_ns: int, origin_ns: int, now: int | None
    ) -> list[MemoryQueue] | None:
        """Put it into the queues that have room; return those that are full. A coroutine each time would cost more."""
        full: list[MemoryQueue] | None = None
        for queue in way.queues:
            if len(queue.ready) < queue.bound:
                queue.put(MemoryDelivery(queue, topic, content, sent_ns, origin_ns, now))
            elif full is None:
                full = [queue]
            else:
                full.append(queue)
        if full is None:
            way.published.value += 1
        return full

    async def _put_late(
        self,
        full: Sequence[MemoryQueue],
        content: Message | Wire,
        topic: str,
        way: _Way,
        sent_ns: int,
        origin_ns: int,
        now: int | None,
    ) -> None:
        """Put it into full queues, after those that have room: a full queue does not hold the others up."""
        for queue in full:
            if await queue.make_room():
                queue.put(MemoryDelivery(queue, topic, content, sent_ns, origin_ns, now))
        way.published.inc()

    def _way(self, topic: str) -> _Way:
        way = self._ways.get(topic)
        if way is None:
            check_topic(topic)
            route = self._routes.of(topic)
            queues = [self._queues[spec.name] for spec in route.queues]
            way = self._ways[topic] = _Way(queues, metrics.published(route.topic_class))
        return way

    async def subscribe(
        self, queue: str, handler: Callable[[MemoryDelivery], None], *, prefetch: int | None = None
    ) -> MemorySubscription:
        """See the port. Raises KeyError for a queue that the topology does not have, BusClosed."""
        if not self._open:
            raise BusClosed("subscribe on a bus that is not open: call start first, and nothing after close")
        spec = self._topology.queue(queue)
        window = spec.prefetch if prefetch is None else prefetch
        if window < 1:
            raise ValueError(f"queue {queue}: a prefetch of {window} would deliver nothing")
        subscription = MemorySubscription(self._queues[queue], handler, window)
        self._queues[queue].join(subscription)
        return subscription

    async def subscribe_direct(
        self, queue: str, handler: Callable[[DirectDelivery], None], then: Callable[[], None]
    ) -> MemorySubscription:
        """See ``DirectBus``."""
        subscription = await self.subscribe(queue, handler)
        subscription.then = then
        return subscription

    async def depth(self, queue: str) -> int:
        """See the port; also after close."""
        return self._queues[queue].depth()

    async def dead_letters(self, queue: str, limit: int) -> list[DeadLetter]:
        """Read the oldest dead letters of a queue, at most ``limit``; they stay where they are."""
        return list(self._queues[queue].dead)[:limit]

    def healthy(self) -> bool:
        """Return True between ``start`` and ``close``."""
        return self._open

    async def close(self) -> None:
        """See the port. Publishers that still wait for room get BusClosed."""
        if self._open:
            self._open = False
            for queue in self._queues.values():
                queue.close()

    async def destroy(self) -> None:
        """Close, and delete every queue with its messages."""
        await self.close()
        self._queues.clear()
        self._ways.clear()
