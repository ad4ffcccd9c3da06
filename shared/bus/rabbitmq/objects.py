"""Names, declares and deletes the broker's objects of a topology.

Only arguments that RabbitMQ 3.10 and 4.x both accept: durable queues only, delivery limit and dead letters on quorum queues
(classic ones have no limit, and a dead-letter exchange there would also collect what overflow and age drop).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity, ChannelPreconditionFailed

from shared.bus.topology import (
    DEAD_LETTER_BYTES,
    DEAD_LETTER_EXCHANGE,
    EXCHANGES,
    Overflow,
    QueueKind,
    QueueSpec,
    Topology,
    exchange_of,
)

_NAMESPACE: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_OVERFLOW: Final = {
    Overflow.BLOCK: "reject-publish",
    Overflow.DROP_NEWEST: "reject-publish",
    Overflow.DROP_OLDEST: "drop-head",
}


def check_namespace(namespace: str) -> None:
    """Check the namespace. Raises ValueError for one that cannot be part of a broker object's name."""
    if not _NAMESPACE.fullmatch(namespace):
        raise ValueError(f"namespace {namespace!r}: use up to 100 letters, digits, dots, dashes and underscores")


def exchange_name(namespace: str, exchange: str) -> str:
    """Return the name of an AMQP exchange: ``ict.md``."""
    return f"{namespace}.{exchange}"


def queue_name(namespace: str, queue: str) -> str:
    """Return the name of a queue: ``ict.q.signals.p0``."""
    return f"{namespace}.q.{queue}"


def dead_name(namespace: str, queue: str) -> str:
    """Return the name of a dead-letter queue: ``ict.dead.signals.p0``."""
    return f"{namespace}.dead.{queue}"


def queue_arguments(spec: QueueSpec, namespace: str) -> dict[str, Any]:
    """Return the arguments that a queue is declared with."""
    arguments: dict[str, Any] = {
        "x-queue-type": str(spec.kind),
        "x-max-length": spec.max_length,
        "x-max-length-bytes": spec.max_bytes,
        "x-overflow": _OVERFLOW[spec.overflow],
    }
    if spec.single_active:
        arguments["x-single-active-consumer"] = True
    if spec.ttl_ms is not None:
        arguments["x-message-ttl"] = spec.ttl_ms
    if spec.kind is QueueKind.QUORUM and spec.delivery_limit is not None:
        blocks = spec.overflow is not Overflow.DROP_OLDEST  # at-least-once dead-lettering needs reject-publish
        arguments |= {
            "x-delivery-limit": spec.delivery_limit,
            "x-dead-letter-exchange": exchange_name(namespace, DEAD_LETTER_EXCHANGE),
            "x-dead-letter-routing-key": spec.name,
            "x-dead-letter-strategy": "at-least-once" if blocks else "at-most-once",
        }
    return arguments


async def declare(channel: AbstractChannel, topology: Topology, dead_letter_length: int) -> None:
    """Declare all objects. Idempotent. Raises ChannelPreconditionFailed if one exists with other arguments."""
    namespace = topology.namespace
    for exchange in sorted(set(EXCHANGES.values())):
        await channel.declare_exchange(exchange_name(namespace, exchange), ExchangeType.TOPIC, durable=True)
    dead_letter_exchange = await channel.declare_exchange(
        exchange_name(namespace, DEAD_LETTER_EXCHANGE), ExchangeType.DIRECT, durable=True
    )
    for spec in topology.queues:
        dead = await channel.declare_queue(
            dead_name(namespace, spec.name),
            durable=True,
            arguments={
                "x-queue-type": "classic",
                "x-max-length": dead_letter_length,
                "x-max-length-bytes": DEAD_LETTER_BYTES,
                "x-overflow": "drop-head",
            },
        )
        await dead.bind(dead_letter_exchange, routing_key=spec.name)
        queue = await channel.declare_queue(
            queue_name(namespace, spec.name), durable=True, arguments=queue_arguments(spec, namespace)
        )
        for pattern in spec.bindings:
            await queue.bind(exchange_name(namespace, exchange_of(pattern)), routing_key=pattern)


async def delete(channel: AbstractChannel, topology: Topology) -> None:
    """Delete all objects that ``declare`` makes, with their messages. Idempotent."""
    for spec in topology.queues:
        await channel.queue_delete(queue_name(topology.namespace, spec.name))
        await channel.queue_delete(dead_name(topology.namespace, spec.name))
    for exchange in sorted({*EXCHANGES.values(), DEAD_LETTER_EXCHANGE}):
        await channel.exchange_delete(exchange_name(topology.namespace, exchange))


async def delete_leftovers(connection: AbstractConnection, topology: Topology, others: Iterable[Topology]) -> list[str]:
    """Delete the queues that only other layouts have: without a reader they would fill and block their publishers.

    Only empty and unused ones go. Returns the names of those that stay: somebody must drain them first.
    """
    staying = []
    kinds = {spec.name: spec.kind for other in others for spec in other.queues if spec.name not in topology.index}
    for name, kind in sorted(kinds.items()):
        async with connection.channel(publisher_confirms=False) as channel:
            try:
                await _delete_unused(channel, queue_name(topology.namespace, name), kind)
                await channel.queue_delete(dead_name(topology.namespace, name), if_unused=True, if_empty=True)
            except ChannelPreconditionFailed:
                staying.append(name)
            except ChannelNotFoundEntity:
                continue  # no such quorum queue was ever declared
    return staying


async def _delete_unused(channel: AbstractChannel, name: str, kind: QueueKind) -> None:
    """Delete a queue that is empty and unused. Raises ChannelPreconditionFailed for any other.

    The broker deletes no quorum queue on that condition (540), so it is asked before.
    """
    if kind is not QueueKind.QUORUM:
        await channel.queue_delete(name, if_unused=True, if_empty=True)
        return
    queue = await channel.declare_queue(name, passive=True)
    if queue.declaration_result.message_count or queue.declaration_result.consumer_count:
        raise ChannelPreconditionFailed(f"{name} is in use, or not empty")
    await channel.queue_delete(name)
