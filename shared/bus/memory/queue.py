"""One queue of the in-memory bus: ready messages, its consumers, and what happens when it is full.

Behaves as a RabbitMQ queue wherever the contract tests look: unsettled deliveries do not count towards the bound,
a single active consumer is the one that subscribed first, a requeued message returns to its place, the delivery limit
dead-letters what was given back too often, age is looked at lazily.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import structlog

from shared.bus import metrics
from shared.bus.dead_letters import DELIVERY_LIMIT, DeadLetter, kept
from shared.bus.memory.delivery import MemoryDelivery, MemorySubscription
from shared.bus.port import BusClosed
from shared.bus.topology import Overflow, QueueKind, QueueSpec
from shared.runtime.native import mypyc_attr

log = structlog.get_logger(__name__)

#: Deliveries that may follow from one another in one turn: a close passes some ten queues.
_WAVES: Final = 16


class Turn:
    """Lets the queues of one bus deliver, from the event loop: one callback for all that have something to do.

    What consumers publish meanwhile is delivered in the same turn, up to ``_WAVES`` times: then others have theirs first.
    """

    __slots__ = ("_called", "_due", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._called = False
        self._due: list[MemoryQueue] = []

    def add(self, queue: MemoryQueue) -> None:
        """Let ``queue`` deliver, after those that were added before."""
        self._due.append(queue)
        if not self._called:
            self._called = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        try:
            for _ in range(_WAVES):
                due, self._due = self._due, []
                for queue in due:
                    queue.dispatch()
                if not self._due:
                    break
        finally:
            self._called = bool(self._due)
            if self._called:
                self._loop.call_soon(self._run)


@mypyc_attr(allow_interpreted_subclasses=True)
class MemoryQueue:
    """One queue: ready messages, consumers, and publishers that wait for room. ``turn``: None = one of its own."""

    __slots__ = (
        "_alone", "_holding", "_limit", "_loop", "_metrics", "_position", "_scheduled", "_subscribers", "_ttl", "_turn",
        "_waiters", "bound", "dead", "ready", "spec",
    )  # fmt: skip

    def __init__(
        self, spec: QueueSpec, dead_letter_length: int, loop: asyncio.AbstractEventLoop, turn: Turn | None = None
    ) -> None:
        self.spec = spec
        self.bound = spec.max_length
        self.ready: deque[MemoryDelivery] = deque()
        self.dead: deque[DeadLetter] = deque(maxlen=dead_letter_length)
        self._loop = loop
        self._turn = turn or Turn(loop)
        self._alone = spec.single_active
        self._limit = spec.delivery_limit if spec.kind is QueueKind.QUORUM else None
        self._ttl = None if spec.ttl_ms is None else spec.ttl_ms / 1000
        self._metrics = metrics.of_queue(spec.name)
        self._position = 0
        self._scheduled = False
        self._subscribers: list[MemorySubscription] = []
        self._holding: dict[MemorySubscription, None] = {}
        self._waiters: deque[asyncio.Future[None]] = deque()

    # -- publishing ---------------------------------------------------------------------------------------------------

    async def make_room(self) -> bool:
        """Make room in a full queue by its policy: wait, or drop. False = drop the new message."""
        self._expire()
        if self.spec.overflow is Overflow.BLOCK:
            while len(self.ready) >= self.bound:
                await self._wait_for_room()
            return True
        if len(self.ready) < self.bound:
            return True
        self._metrics.dropped.inc()
        if self.spec.overflow is Overflow.DROP_NEWEST:
            return False
        self.ready.popleft()
        return True

    def put(self, delivery: MemoryDelivery) -> None:
        """Append a message; the caller has checked that there is room."""
        self._position += 1
        delivery.position = self._position
        if self._ttl is not None:
            delivery.expires_at = self._loop.time() + self._ttl
        self.ready.append(delivery)
        if not self._scheduled:
            self._schedule()

    async def _wait_for_room(self) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        if self._ttl is not None:
            self._loop.call_at(self.ready[0].expires_at, self._schedule)  # age makes room, too
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._admit()  # this place in the queue goes to the next publisher
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    def _admit(self) -> None:
        """Wake as many waiting publishers as there is room."""
        room = self.bound - len(self.ready)
        while room > 0 and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                room -= 1

    # -- consuming ----------------------------------------------------------------------------------------------------

    def join(self, subscription: MemorySubscription) -> None:
        """Add a consumer, behind the present ones."""
        self._subscribers.append(subscription)
        self._schedule()

    def leave(self, subscription: MemorySubscription) -> None:
        """Stop deliveries to a consumer; its unsettled ones stay with it."""
        if subscription in self._subscribers:
            self._subscribers.remove(subscription)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._turn.add(self)

    def dispatch(self) -> None:
        """Deliver what the consumers have room for. Called from the event loop."""
        self._scheduled = False
        if self._ttl is not None:
            self._expire()
        ready, delivered = self.ready, 0
        then: list[MemorySubscription] = []
        while ready:
            subscription = self._taker()
            if subscription is None:
                break
            delivery = ready.popleft()
            delivery.holder = subscription
            delivery.deliveries += 1
            if not subscription.held:
                self._holding[subscription] = None
            subscription.held[delivery] = None
            delivered += 1
            if delivery.redelivered:
                self._metrics.redelivered.inc()
            try:
                subscription.handler(delivery)
            except Exception:
                log.exception("handler_failed", queue=self.spec.name)
            if subscription.then is not None and subscription not in then:
                then.append(subscription)
        if delivered:
            self._metrics.consumed.value += delivered
        if self._waiters:
            self._admit()
        for subscription in then:
            assert subscription.then is not None
            try:
                subscription.then()
            except Exception:
                log.exception("handler_failed", queue=self.spec.name)

    def _taker(self) -> MemorySubscription | None:
        subscribers = self._subscribers
        if self._alone:
            if subscribers and len(subscribers[0].held) < subscribers[0].prefetch:
                return subscribers[0]
            return None
        for index, subscription in enumerate(subscribers):
            if len(subscription.held) < subscription.prefetch:
                subscribers.append(subscribers.pop(index))  # the next message is another consumer's
                return subscription
        return None

    def _expire(self) -> None:
        if self._ttl is None:
            return
        now = self._loop.time()
        while self.ready and self.ready[0].expires_at <= now:
            self.ready.popleft()
            self._metrics.dropped.inc()

    def depth(self) -> int:
        """Return the number of ready messages that are not expired."""
        self._expire()
        return len(self.ready)

    # -- settling -----------------------------------------------------------------------------------------------------

    def release(self, delivery: MemoryDelivery) -> None:
        """Remove a settled delivery from its consumer, which may then get another."""
        holder = delivery.holder
        assert holder is not None
        del holder.held[delivery]
        if not holder.held:
            self._holding.pop(holder, None)
        if self.ready and not self._scheduled:
            self._schedule()

    def give_back(self, delivery: MemoryDelivery) -> None:
        """Return a message to its place among the ready ones; beyond the delivery limit, dead-letter it."""
        if self._limit is not None and delivery.deliveries > self._limit:
            self.dead_letter(delivery, DELIVERY_LIMIT)
            return
        again = MemoryDelivery(self, delivery.topic, delivery.content, delivery.sent_ns, delivery.origin_ns, delivery.now)
        again.redelivered = True
        again.deliveries = delivery.deliveries
        again.position = delivery.position
        again.expires_at = delivery.expires_at
        ready = self.ready
        if not ready or again.position < ready[0].position:
            ready.appendleft(again)
        else:
            ready.insert(next((i for i, one in enumerate(ready) if one.position > again.position), len(ready)), again)
        if self.spec.overflow is Overflow.DROP_OLDEST:
            while len(ready) > self.bound:
                ready.popleft()
                self._metrics.dropped.inc()
        self._schedule()

    def dead_letter(self, delivery: MemoryDelivery, reason: str) -> None:
        """Put a message into the dead-letter queue."""
        body, cut_from = kept(delivery.encoded())
        self.dead.append(DeadLetter(delivery.message_id, delivery.topic, reason, body, cut_from))
        self._metrics.dead_lettered.inc()

    def close(self) -> None:
        """Remove every consumer: their deliveries return in order; waiting publishers get BusClosed."""
        held = [delivery for subscription in self._holding for delivery in subscription.held]
        for subscription in (*self._subscribers, *self._holding):
            subscription.cancelled = True
            subscription.held = {}
        self._subscribers.clear()
        self._holding.clear()
        for delivery in sorted(held, key=lambda one: one.position, reverse=True):
            delivery.settled, delivery.holder = True, None
            self.give_back(delivery)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(BusClosed(f"the bus was closed while queue {self.spec.name} was full"))
        self._waiters.clear()
