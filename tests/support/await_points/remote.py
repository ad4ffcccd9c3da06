"""Broker and store as a process has them: elsewhere. What was handed to them happens, whatever becomes of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import Context
from typing import Any

from shared.bus.memory.bus import MemoryBus
from shared.bus.memory.delivery import MemorySubscription
from shared.bus.port import BusError, Delivery
from shared.domain.message import Message
from shared.store.port import StateStore


class Outage:
    """While it lasts, broker or store say nothing: what is asked of them waits."""

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._over.set()

    def begin(self) -> None:
        self._over.clear()

    def end(self) -> None:
        self._over.set()

    async def delayed(self, work: Coroutine[Any, Any, Any]) -> Any:
        await self._over.wait()
        return await work


async def away(work: Coroutine[Any, Any, Any]) -> Any:
    """Let others do it: the request is on its way at the next turn of the loop, its answer comes a turn after its end."""
    return await asyncio.shield(asyncio.get_running_loop().create_task(work, context=Context()))


class RemoteDelivery:
    """A delivery in the hands of the process."""

    def __init__(self, real: Delivery, outage: Outage) -> None:
        self._real = real
        self._outage = outage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def ack(self) -> None:
        await away(self._outage.delayed(self._real.ack()))

    async def dead_letter(self, reason: str) -> None:
        await away(self._outage.delayed(self._real.dead_letter(reason)))


class RemoteBus:
    """One process's connection to a bus. ``inside``: its context. ``cut``: as the broker sees its end."""

    def __init__(self, bus: MemoryBus, inside: Context, outage: Outage) -> None:
        self._bus = bus
        self._outage = outage
        self._inside = inside
        self._subscriptions: list[MemorySubscription] = []

    async def publish(self, messages: Sequence[Message], **named: Any) -> None:
        await away(self._outage.delayed(self._bus.publish(messages, **named)))

    async def subscribe(self, queue: str, handler: Callable[[Delivery], None], **named: Any) -> Any:
        loop = asyncio.get_running_loop()

        def arrived(delivery: Any) -> None:
            loop.call_soon(handler, RemoteDelivery(delivery, self._outage), context=self._inside.copy())

        made = await away(self._bus.subscribe(queue, arrived, **named))
        self._subscriptions.append(made)
        return made

    async def cut(self) -> None:
        """The broker gives what was not acknowledged to the next."""
        for each in self._subscriptions:
            await each.cancel()
            for delivery in sorted(each.held, key=lambda one: one.position, reverse=True):
                with suppress(BusError):
                    await delivery.requeue()


class RemoteStore:
    """The one call of a store that a lease makes. While the store is away it waits, as with Redis."""

    def __init__(self, store: StateStore, outage: Outage) -> None:
        self._store = store
        self._outage = outage

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        await away(self._outage.delayed(self._store.append(lane, epoch, entries, snapshot)))
