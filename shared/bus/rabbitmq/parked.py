"""Counts, reads, requeues and deletes dead letters, for an operator.

All work on a plain connection of their own and declare nothing. A message that is looked at and not settled goes back to
its place when the channel closes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError, PublishError

from shared.bus.dead_letters import DeadLetter
from shared.bus.rabbitmq import wire
from shared.bus.rabbitmq.link import link_errors
from shared.bus.rabbitmq.objects import dead_name, queue_name
from shared.bus.topology import Topology

#: Seconds for the broker's confirm of one message.
_CONFIRM: Final = 10.0


class NotTaken(Exception):
    """The queue refused a message that was to be put back; it is still a dead letter.

    ``done``: how many were put back before it.
    """

    def __init__(self, why: str, done: int) -> None:
        super().__init__(why)
        self.done = done


async def counts(connection: AbstractConnection, topology: Topology) -> dict[str, int]:
    """Return the number of dead letters per queue, for the queues that have a dead-letter queue. Raises LinkLost."""
    found = {}
    for spec in topology.queues:
        with link_errors():
            async with connection.channel(publisher_confirms=False) as channel:
                try:
                    declared = await channel.declare_queue(dead_name(topology.namespace, spec.name), passive=True)
                except ChannelNotFoundEntity:
                    continue
                found[spec.name] = declared.declaration_result.message_count or 0
    return found


async def look(connection: AbstractConnection, namespace: str, queue: str, limit: int) -> list[DeadLetter]:
    """Return the oldest dead letters of a queue, at most ``limit``; all stay where they are. Raises LinkLost."""
    async with _parked(connection, namespace, queue, limit, confirms=False) as (_, messages):
        return [wire.dead_letter(one.message_id, one.headers, one.body) async for one in messages]


async def put_back(
    connection: AbstractConnection, namespace: str, queue: str, wanted: Callable[[DeadLetter], bool]
) -> list[DeadLetter]:
    """Move the wanted messages to the end of the queue that they came from, oldest first, and return them.

    Each is deleted only after the broker has confirmed its copy: an end in between leaves it in both places, with one id,
    and whoever reads the queue drops the second. Those of which only the beginning was kept stay parked. Raises NotTaken
    when the queue is full or does not exist, LinkLost.
    """
    done: list[DeadLetter] = []
    async with _parked(connection, namespace, queue, None, confirms=True) as (channel, messages):
        async for message in messages:
            letter = wire.dead_letter(message.message_id, message.headers, message.body)
            if not wanted(letter) or letter.cut_from:
                continue
            try:
                await channel.default_exchange.publish(
                    wire.revived(message), queue_name(namespace, queue), mandatory=True, timeout=_CONFIRM
                )
            except PublishError as error:
                raise NotTaken(f"the broker has no queue {queue_name(namespace, queue)}", len(done)) from error
            except DeliveryError as error:
                raise NotTaken(f"queue {queue_name(namespace, queue)} is full", len(done)) from error
            await message.ack()
            done.append(letter)
    return done


async def delete(
    connection: AbstractConnection, namespace: str, queue: str, wanted: Callable[[DeadLetter], bool]
) -> list[DeadLetter]:
    """Delete the wanted messages for ever, and return them. Raises LinkLost."""
    done = []
    async with _parked(connection, namespace, queue, None, confirms=False) as (_, messages):
        async for message in messages:
            letter = wire.dead_letter(message.message_id, message.headers, message.body)
            if wanted(letter):
                await message.ack()
                done.append(letter)
    return done


@asynccontextmanager
async def _parked(
    connection: AbstractConnection, namespace: str, queue: str, limit: int | None, *, confirms: bool
) -> AsyncIterator[tuple[AbstractChannel, AsyncIterator[AbstractIncomingMessage]]]:
    """Yield a channel and the present dead letters, each once; later ones are not among them.

    A queue that was never declared has none. Closing the channel waits until the broker has taken every ack.
    """
    with link_errors():
        async with connection.channel(publisher_confirms=confirms, on_return_raises=confirms) as channel:
            yield channel, _messages(channel, dead_name(namespace, queue), limit)


async def _messages(channel: AbstractChannel, name: str, limit: int | None) -> AsyncIterator[AbstractIncomingMessage]:
    try:
        parked = await channel.declare_queue(name, passive=True)
    except ChannelNotFoundEntity:
        return
    there = parked.declaration_result.message_count or 0
    for _ in range(there if limit is None else min(there, limit)):
        message = await parked.get(fail=False)
        if message is None:  # another operator, or the queue's bound, was faster
            return
        yield message
