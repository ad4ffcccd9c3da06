"""One message as RabbitMQ delivers it, and its settlement: ack, requeue or dead letter, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiormq.abc

from shared.bus.port import BusError
from shared.bus.rabbitmq import wire
from shared.bus.sequences import Gaps
from shared.domain.message import Message

if TYPE_CHECKING:
    from shared.bus.rabbitmq.consumer import Attachment


class RabbitDelivery:
    """One message delivered by RabbitMQ. ``tag`` is its number on its channel."""

    __slots__ = ("_attachment", "_headers", "_message", "_settled", "tag")

    def __init__(self, attachment: Attachment, message: aiormq.abc.DeliveredMessage) -> None:
        self._attachment = attachment
        self._message = message
        self.tag: int = message.delivery_tag or 0
        self._headers: dict[str, Any] = message.header.properties.headers or {}
        self._settled = False

    @property
    def queue(self) -> str:
        return self._attachment.consumer.queue

    @property
    def topic(self) -> str:
        return wire.topic(self._headers, self._message.routing_key)

    @property
    def message_id(self) -> str:
        return self._message.header.properties.message_id or ""

    @property
    def redelivered(self) -> bool:
        return bool(self._message.redelivered)

    @property
    def sent_ns(self) -> int:
        return wire.number(self._headers, wire.SENT_NS)

    @property
    def generation(self) -> int:
        return self._attachment.generation

    @property
    def origin_ns(self) -> int:
        return wire.number(self._headers, wire.ORIGIN_NS)

    @property
    def now(self) -> int | None:
        return wire.now(self._headers)

    def decode(self) -> Message:
        return wire.decode(self._message.header.properties.message_type, self._headers, self._message.body)

    def encoded(self) -> bytes:
        return self._message.body

    async def ack(self) -> None:
        self._settle("ack")
        await self._attachment.ack(self.tag, self.message_id)

    async def requeue(self) -> None:
        self._settle("requeue")
        self._attachment.requeue(self.tag, self.message_id)

    async def dead_letter(self, reason: str) -> None:
        self._settle("dead_letter")
        consumer = self._attachment.consumer
        await consumer.publisher.publish_dead_letter(
            self.queue,
            wire.dead_envelope(
                self._message.body,
                self._headers,
                queue=self.queue,
                topic=self.topic,
                reason=reason[: consumer.reason_length],
                message_id=self.message_id,
                type_name=self._message.header.properties.message_type,
            ),
        )
        consumer.metrics.dead_lettered.inc()
        await self._attachment.ack(self.tag, self.message_id)

    def note_gap(self, gaps: Gaps) -> int:
        """Return how many messages of the same publisher and topic are missing before this one."""
        publisher = self._headers.get(wire.PUBLISHER)
        sequence = wire.number(self._headers, wire.SEQUENCE)
        if not isinstance(publisher, str) or sequence < 1:
            return 0
        return gaps.missing_before(publisher, self.topic, sequence)

    def _settle(self, how: str) -> None:
        if self._settled:
            raise BusError(f"{how} of {self.message_id} from {self.queue}: it was settled before; settle each delivery once")
        self._settled = True
