"""The deliveries of one queue that wait for their lane, and the subscription that brings them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from shared.bus.port import Bus, Delivery, Subscription


class Inbox:
    """``arrived`` is set by each delivery. waiting: what was delivered and not taken yet, oldest first.

    busy: something is to be done: set by a delivery, and by the lane for its own ticks; the lane ends it with ``rest``.
    """

    def __init__(self, bus: Bus, queue: str) -> None:
        self.arrived = asyncio.Event()
        self.busy = False
        self._rested: asyncio.Event | None = None
        self._bus = bus
        self._queue = queue
        self._subscription: Subscription | None = None
        self.waiting: deque[Delivery] = deque()

    async def subscribe(self) -> None:
        """Ask the bus for the queue's messages, behind consumers that are there already."""
        self._subscription = await self._bus.subscribe(self._queue, self._receive)

    async def unsubscribe(self) -> None:
        """Take no more messages; what was delivered stays here."""
        if self._subscription is not None:
            await self._subscription.cancel()
            self._subscription = None

    def subscribed(self, generation: int | None = None) -> bool:
        """Return True while the queue is consumed; with ``generation``, on that connection."""
        return self._subscription is not None and generation in (None, self._subscription.generation)

    def take(self) -> list[Delivery]:
        """Return what waits, up to the point where the connection was lost. Raises IndexError when nothing waits."""
        waiting = self.waiting
        generation = waiting[0].generation
        if waiting[-1].generation == generation:
            taken = list(waiting)
            waiting.clear()
            return taken
        taken = []
        while waiting[0].generation == generation:
            taken.append(waiting.popleft())
        return taken

    def rest(self) -> None:
        """Everything that was to be done is done."""
        self.busy = False
        if self._rested is not None:
            self._rested.set()

    async def at_rest(self) -> None:
        """Wait until nothing is to be done."""
        while self.busy:
            self._rested = asyncio.Event()
            await self._rested.wait()

    async def give_back(self, taken: Sequence[Delivery] = ()) -> None:
        """Requeue the deliveries in ``taken`` and all that wait."""
        deliveries = [*taken, *self.waiting]
        self.waiting.clear()
        for delivery in reversed(deliveries):  # each goes to the head of the queue: backwards keeps the order
            await delivery.requeue()

    def _receive(self, delivery: Delivery) -> None:
        self.waiting.append(delivery)
        self.busy = True
        self.arrived.set()
