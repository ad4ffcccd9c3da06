"""A message's AMQP properties: written by the publisher, read by the consumer, copied for the dead-letter queue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, HeadersType

from shared.bus import carriage, codec
from shared.bus.dead_letters import DELIVERY_LIMIT, DeadLetter
from shared.bus.dead_letters import kept as kept_of
from shared.bus.port import InvalidMessage
from shared.bus.topology import TRANSIENT_TOPICS
from shared.domain.message import Message

SCHEMA_VERSION: Final = "schema_version"
ORIGIN_NS: Final = "origin_ns"
SENT_NS: Final = "sent_ns"
NOW: Final = "now"
PUBLISHER: Final = "publisher"
SEQUENCE: Final = "sequence"
#: What a dead letter keeps of the message that it was.
_KEPT: Final = (SCHEMA_VERSION, ORIGIN_NS, SENT_NS, NOW)
_REASON: Final = "reason"
_QUEUE: Final = "queue"
_TOPIC: Final = "topic"
_CUT_FROM: Final = "cut_from"


def envelope(
    message: Message, topic_class: str, *, publisher: str, sequence: int, sent_ns: int, origin_ns: int, now: int | None
) -> aio_pika.Message:
    """Return ``message`` as AMQP: body, type, id and headers. Raises Unpublishable for a body that no reader accepts."""
    body = carriage.body_of(message)
    headers: HeadersType = {
        SCHEMA_VERSION: message.VERSION,
        ORIGIN_NS: origin_ns,
        SENT_NS: sent_ns,
        PUBLISHER: publisher,
        SEQUENCE: sequence,
    }
    if now is not None:
        headers[NOW] = now
    transient = topic_class in TRANSIENT_TOPICS
    return aio_pika.Message(
        body,
        headers=headers,
        delivery_mode=aio_pika.DeliveryMode.NOT_PERSISTENT if transient else aio_pika.DeliveryMode.PERSISTENT,
        message_id=carriage.short(message.message_id),
        correlation_id=carriage.short(message.correlation_id),
        type=message.TYPE,
    )


def number(headers: Mapping[str, Any], name: str) -> int:
    """Return a number from the headers; 0 when it is absent or no number. For information only."""
    value = headers.get(name)
    return value if isinstance(value, int) else 0


def now(headers: Mapping[str, Any]) -> int | None:
    """Return the publisher's time, UTC ms; None when it is absent or no time."""
    value = headers.get(NOW)
    return value if isinstance(value, int) and value >= 0 else None


def decode(type_name: str | None, headers: Mapping[str, Any], body: bytes) -> Message:
    """Decode a message. Raises InvalidMessage, also when type or version are missing."""
    version = headers.get(SCHEMA_VERSION)
    if type_name is None or not isinstance(version, int):
        raise InvalidMessage(f"no type or no schema version beside the body (type {type_name!r}, version {version!r})")
    return codec.decode(type_name, version, body)


def dead_envelope(
    body: bytes, headers: Mapping[str, Any], *, queue: str, topic: str, reason: str, message_id: str, type_name: str | None
) -> aio_pika.Message:
    """Return a persistent copy of a delivery for the dead-letter queue, with reason and queue; a long body is cut."""
    kept: HeadersType = {name: headers[name] for name in _KEPT if name in headers}
    parked, cut_from = kept_of(body)
    cut: HeadersType = {_CUT_FROM: cut_from} if cut_from else {}
    return aio_pika.Message(
        parked,
        headers={**kept, **cut, _REASON: reason, _QUEUE: queue, _TOPIC: topic},
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message_id,
        type=type_name,
    )


def revived(message: AbstractIncomingMessage) -> aio_pika.Message:
    """Return a copy of a dead letter for the queue that it came from: body, id, type, versions and times as they were.

    It reaches that queue by its name, so its topic travels as a header (see ``topic``).
    """
    kept: HeadersType = {name: message.headers[name] for name in _KEPT if name in message.headers}
    letter = dead_letter(message.message_id, message.headers, message.body)
    return aio_pika.Message(
        message.body,
        headers={**kept, _TOPIC: letter.topic},
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        type=message.type,
    )


def topic(headers: Mapping[str, Any], routing_key: str | None) -> str:
    """Return the topic under which a message was published: its routing key, unless it came back from a dead-letter
    queue."""
    stated = headers.get(_TOPIC)
    return stated if isinstance(stated, str) else routing_key or ""


def dead_letter(message_id: str | None, headers: Mapping[str, Any], body: bytes) -> DeadLetter:
    """Return the dead letter in this message, put there by a consumer (our headers) or by the broker (its ``x-death``)."""
    reason, topic = headers.get(_REASON), headers.get(_TOPIC)
    deaths = headers.get("x-death")
    if reason is None and isinstance(deaths, list) and deaths:
        death = deaths[0]
        reason = DELIVERY_LIMIT if death.get("reason") == "delivery_limit" else str(death.get("reason"))
        keys = death.get("routing-keys") or [""]
        topic = keys[0]
    return DeadLetter(message_id or "", str(topic or ""), str(reason or "unknown"), body, str(headers.get(_CUT_FROM) or ""))
