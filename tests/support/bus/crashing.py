"""A bus as seen by a process that can be killed: what it held goes back to the queues, what it still tries is void."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from shared.bus.port import Bus, Delivery, Subscription
from shared.domain.message import Message


class _Tracked:
    """A delivery that its process may die holding."""

    def __init__(self, delivery: Delivery, process: KillableBus) -> None:
        self._delivery = delivery
        self._process = process
        process.held.append(self)

    def __getattr__(self, name: str) -> object:
        return getattr(self._delivery, name)

    async def ack(self) -> None:
        await self._settle(self._delivery.ack())

    async def requeue(self) -> None:
        await self._settle(self._delivery.requeue())

    async def dead_letter(self, reason: str) -> None:
        await self._settle(self._delivery.dead_letter(reason))

    async def give_back(self) -> None:
        await self._delivery.requeue()

    async def _settle(self, action) -> None:
        if self._process.dead:
            action.close()
            await asyncio.Event().wait()  # a killed process never returns
        self._process.held.remove(self)
        await action


class KillableBus:
    """Wraps a bus for one process; ``kill`` is SIGKILL as the broker sees it.

    Unrealistic: the broker sees the death at once, and what was being published is either out or not, never doubtful.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.dead = False
        self.held: list[_Tracked] = []
        self._subscriptions: list[Subscription] = []

    async def publish(self, messages: Sequence[Message], *, origin_ns: int = 0, now: int | None = None) -> None:
        if self.dead:
            await asyncio.Event().wait()
        await self._bus.publish(messages, origin_ns=origin_ns, now=now)

    async def subscribe(
        self, queue: str, handler: Callable[[Delivery], None], *, prefetch: int | None = None
    ) -> Subscription:
        subscription = await self._bus.subscribe(
            queue, lambda delivery: handler(_Tracked(delivery, self)), prefetch=prefetch
        )
        self._subscriptions.append(subscription)
        return subscription

    async def kill(self) -> None:
        """From now on nothing that the process tries has an effect; what it held is redelivered, in order."""
        self.dead = True
        for subscription in self._subscriptions:
            await subscription.cancel()
        for delivery in reversed(self.held):
            await delivery.give_back()
        self.held.clear()
