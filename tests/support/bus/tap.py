"""A tap: a queue of the test's own that keeps a copy of everything published to some topics, repeats included."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import aio_pika

from shared.bus.rabbitmq.objects import exchange_name
from shared.bus.topology import exchange_of


@dataclass(frozen=True, slots=True)
class Copy:
    """One message as it was published."""

    topic: str
    type: str
    message_id: str
    body: bytes


class Tap:
    """Bound to ``patterns`` from the moment it is made; the exchanges must stand. The broker drops it after a while."""

    def __init__(self, url: str, namespace: str, patterns: Sequence[str]) -> None:
        self._url, self._namespace, self._patterns = url, namespace, tuple(patterns)
        self._name = f"{namespace}.tap.{uuid.uuid4().hex[:8]}"
        asyncio.run(self._bind())

    def drain(self) -> list[Copy]:
        """Everything published since the last call, in order of arrival."""
        return asyncio.run(self._drain())

    async def _bind(self) -> None:
        async with await aio_pika.connect(self._url) as connection, connection.channel() as channel:
            queue = await channel.declare_queue(self._name, arguments={"x-expires": 600_000})
            for pattern in self._patterns:
                await queue.bind(exchange_name(self._namespace, exchange_of(pattern)), routing_key=pattern)

    async def _drain(self) -> list[Copy]:
        copies: list[Copy] = []
        async with await aio_pika.connect(self._url) as connection, connection.channel() as channel:
            await channel.set_qos(prefetch_count=500)
            queue = await channel.declare_queue(self._name, passive=True)
            waiting = queue.declaration_result.message_count or 0
            if waiting:
                async with queue.iterator() as messages:
                    async for message in messages:
                        copies.append(
                            Copy(message.routing_key or "", message.type or "", message.message_id or "", message.body)
                        )
                        await message.ack()
                        if len(copies) >= waiting:
                            break
        return copies
