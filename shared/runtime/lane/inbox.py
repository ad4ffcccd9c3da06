"""The deliveries that wait for their lane, and the subscriptions that bring them.

A lane reads one queue, and perhaps others beside it: of commands, of mark prices. The broker orders each of them, not one
against the other: a command acts before or after a message, and both are right. Where two processes each hold one of them,
the one that handles something fences the other, which then takes all again behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from shared.bus.direct import DirectBus
from shared.bus.port import Bus, Delivery, Subscription
from shared.runtime.waiting import Wake


class Inbox:
    """``queues``: in the order in which they are subscribed to. ``arrived`` is set by each delivery.

    waiting: what was delivered and not taken yet, oldest first.
    left: what arrives is left to the lane's task, until it has nothing left to do.
    work: handles what waits, in the turn of a bus inside the process (``Direct``); None = the lane's task does.
    busy: something is to be done: set by a delivery, and by the lane for its own ticks; the lane ends it with ``rest``.
    """

    def __init__(self, bus: Bus, queues: Sequence[str]) -> None:
        self.arrived = Wake()
        self.busy = False
        self._rested: Wake | None = None
        self._bus = bus
        self._queues = tuple(queues)
        self._subscriptions: list[Subscription] = []
        self.waiting: deque[Delivery] = deque()
        self.left = False
        self.work: Callable[[], None] | None = None

    async def subscribe(self) -> None:
        """Ask the bus for the queues' messages, behind consumers that are there already."""
        for queue in self._queues:
            if self.work is not None and isinstance(self._bus, DirectBus):
                subscription = await self._bus.subscribe_direct(queue, self._collect, self.work)
            else:
                subscription = await self._bus.subscribe(queue, self._receive)
            self._subscriptions.append(subscription)

    async def unsubscribe(self) -> None:
        """Take no more messages; what was delivered stays here."""
        while self._subscriptions:
            await self._subscriptions.pop().cancel()

    def subscribed(self, generation: int | None = None) -> bool:
        """Return True while the queues are consumed; with ``generation``, on that connection."""
        complete = len(self._subscriptions) == len(self._queues)
        return complete and all(generation in (None, each.generation) for each in self._subscriptions)

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
        self.busy = self.left = False
        if self._rested is not None:
            self._rested.set()

    async def at_rest(self) -> None:
        """Wait until nothing is to be done."""
        while self.busy:
            self._rested = Wake()
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

    def _collect(self, delivery: Delivery) -> None:
        self.waiting.append(delivery)
        self.busy = True
