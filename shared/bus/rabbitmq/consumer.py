"""Consumes queues with manual acks: one channel per subscription, subscribed again after every reconnect.

A delivery can be settled only on the channel that it came on. When that channel is lost, the broker requeues the delivery
for the next consumer; settling it afterwards has no effect, is logged (``stale_settle``) and never raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiormq.abc
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection

from shared.bus import metrics
from shared.bus.port import BusError, Delivery
from shared.bus.rabbitmq import wire
from shared.bus.rabbitmq.link import Link, LinkLost, link_errors
from shared.bus.rabbitmq.objects import queue_name
from shared.bus.sequences import Gaps
from shared.bus.topology import Overflow, QueueSpec
from shared.domain.message import Message

if TYPE_CHECKING:
    from shared.bus.rabbitmq.publisher import Publisher

log = structlog.get_logger(__name__)


class RabbitDelivery:
    """One message delivered by RabbitMQ."""

    __slots__ = ("_attachment", "_headers", "_message", "_settled", "_tag")

    def __init__(self, attachment: _Attachment, message: aiormq.abc.DeliveredMessage) -> None:
        self._attachment = attachment
        self._message = message
        self._tag: int = message.delivery_tag or 0
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

    def decode(self) -> Message:
        return wire.decode(self._message.header.properties.message_type, self._headers, self._message.body)

    def encoded(self) -> bytes:
        return self._message.body

    async def ack(self) -> None:
        self._settle("ack")
        await self._attachment.ack(self._tag, self.message_id)

    async def requeue(self) -> None:
        self._settle("requeue")
        self._attachment.requeue(self._tag, self.message_id)

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
        await self._attachment.ack(self._tag, self.message_id)

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


class _Attachment:
    """One consumer on one channel of one connection. A reconnect makes a new one."""

    def __init__(
        self, consumer: Consumer, channel: AbstractChannel, underlay: aiormq.abc.AbstractChannel, generation: int
    ) -> None:
        self.consumer = consumer
        self.generation = generation
        self.tag: str | None = None
        self._channel = channel
        self._underlay = underlay
        self._held: set[int] = set()
        self._given_back: list[tuple[int, str]] = []
        self._flush: asyncio.Task[None] | None = None
        self._leaving = False
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, consumer: Consumer, connection: AbstractConnection, link: Link) -> _Attachment:
        """Open a channel and consume."""
        channel = connection.channel(publisher_confirms=False)
        await channel.initialize()
        underlay = await channel.get_underlay_channel()
        generation = link.generation
        attachment = cls(consumer, channel, underlay, generation)

        def on_loss(why: str) -> None:
            if not attachment._leaving:
                link.drop(f"{why} of {consumer.queue}", generation)

        channel.close_callbacks.add(lambda _, error: on_loss(f"{error!r} on the channel"))
        underlay.on_consumer_cancel_callbacks.add(lambda _: on_loss("the broker ended the consumer"))
        await underlay.basic_qos(prefetch_count=consumer.prefetch)
        answer = await underlay.basic_consume(consumer.broker_queue, attachment._on_message)
        attachment.tag = answer.consumer_tag
        return attachment

    async def _on_message(self, message: aiormq.abc.DeliveredMessage) -> None:
        delivery = RabbitDelivery(self, message)
        self._held.add(delivery._tag)
        if self._leaving:
            await delivery.requeue()  # the broker sent it before it read the cancel
        else:
            self.consumer.take(delivery)

    async def cancel(self) -> None:
        """Stop deliveries. Held deliveries can still be settled; the channel closes after the last one.

        The channel must close, not only the consumer. RabbitMQ 3.10.8, classic queue: the next single active consumer is
        promoted at once, but gets no messages until another event on the queue; the channel close is that event. Test:
        test_one_consumer_at_a_time_and_the_next_in_line_when_it_leaves.
        """
        with link_errors():
            assert self.tag is not None
            await self._underlay.basic_cancel(self.tag)
        self._leaving = True
        self._close_when_done()

    async def ack(self, tag: int, message_id: str) -> None:
        """Ack a delivery. On a lost channel: logged, no effect."""
        try:
            with link_errors():
                await self._underlay.basic_ack(tag, wait=False)
        except LinkLost:
            log.warning("stale_settle", action="ack", queue=self.consumer.queue, message_id=message_id)
        self._held.discard(tag)
        self._close_when_done()

    def requeue(self, tag: int, message_id: str) -> None:
        """Requeue a delivery, together with all others of this turn of the event loop, in the order in which they came.

        The order matters because a quorum queue puts each returned message behind those returned before it.
        """
        self._given_back.append((tag, message_id))
        if self._flush is None or self._flush.done():
            self._flush = asyncio.ensure_future(self._return())

    async def _return(self) -> None:
        while self._given_back:
            given_back, self._given_back = sorted(self._given_back), []
            for tag, message_id in given_back:
                try:
                    with link_errors():
                        await self._underlay.basic_reject(tag, requeue=True, wait=False)
                except LinkLost:
                    log.warning("stale_settle", action="requeue", queue=self.consumer.queue, message_id=message_id)
                self._held.discard(tag)
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._leaving and not self._held and self._closing is None:
            self._closing = asyncio.ensure_future(self.close())

    async def close(self) -> None:
        """Close the channel, after the acks and requeues sent before. The broker requeues held deliveries, in order."""
        self._leaving = True
        if self._flush is not None:
            await asyncio.gather(self._flush, return_exceptions=True)
        try:
            with link_errors():
                await self._channel.close()
        except LinkLost:
            log.debug("channel_already_closed", queue=self.consumer.queue)


class Consumer:
    """Delivers one queue to one handler, and goes on after every reconnect."""

    def __init__(
        self,
        spec: QueueSpec,
        namespace: str,
        handler: Callable[[Delivery], None],
        prefetch: int,
        *,
        link: Link,
        publisher: Publisher,
        gaps: Gaps,
        reason_length: int,
    ) -> None:
        self.broker_queue = queue_name(namespace, spec.name)
        self.prefetch = prefetch
        self.publisher = publisher
        self.reason_length = reason_length
        self.metrics = metrics.of_queue(spec.name)
        self._spec = spec
        self._handler = handler
        self._link = link
        self._gaps = gaps if spec.overflow is Overflow.DROP_OLDEST else None
        self._attachment: _Attachment | None = None
        self.cancelled = False

    @property
    def queue(self) -> str:
        return self._spec.name

    async def attach(self, connection: AbstractConnection) -> None:
        """Consume on this connection from now on."""
        self._attachment = await _Attachment.open(self, connection, self._link)

    async def cancel(self) -> None:
        if self.cancelled:
            return
        self.cancelled = True
        if self._attachment is not None:
            try:
                await self._attachment.cancel()
            except LinkLost:
                log.info("cancel_without_broker", queue=self.queue)

    async def close(self) -> None:
        """Cancel, and requeue the unsettled deliveries."""
        await self.cancel()
        if self._attachment is not None:
            await self._attachment.close()

    def take(self, delivery: RabbitDelivery) -> None:
        """Hand a delivery to the handler."""
        self.metrics.consumed.inc()
        if delivery.redelivered:
            self.metrics.redelivered.inc()
        if self._gaps is not None and (missing := delivery.note_gap(self._gaps)):
            self.metrics.dropped.inc(missing)
        try:
            self._handler(delivery)
        except Exception:
            log.exception("handler_failed", queue=self.queue)
