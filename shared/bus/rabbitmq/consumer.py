"""Consumes queues with manual acks: one channel per subscription, subscribed again after every reconnect.

A delivery can be settled only on the channel that it came on. When that channel is lost, the broker requeues the delivery
for the next consumer; settling it afterwards has no effect, is logged (``stale_settle``) and never raises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import aiormq.abc
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection

from shared.bus import metrics
from shared.bus.port import Delivery
from shared.bus.rabbitmq.delivery import RabbitDelivery
from shared.bus.rabbitmq.link import Link, LinkLost, link_errors
from shared.bus.rabbitmq.objects import queue_name
from shared.bus.sequences import Gaps
from shared.bus.topology import Overflow, QueueSpec

if TYPE_CHECKING:
    from shared.bus.rabbitmq.publisher import Publisher

log = structlog.get_logger(__name__)


def _remedy(queue: str) -> str:
    """Say what a person does about a quorum queue that has no leader.

    RabbitMQ 3.10 comes back with one that never elects a leader if it is killed within half a second of the declaration.
    """
    return (
        "wait if nodes of the broker are away. If all are up the queue has no leader and never will: "
        f"`rabbitmqctl delete_queue {queue}`. It is declared again by itself; messages that were in it are gone"
    )


class Attachment:
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
    async def open(cls, consumer: Consumer, connection: AbstractConnection, link: Link) -> Attachment:
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
        try:
            async with asyncio.timeout(consumer.consume_timeout):
                answer = await underlay.basic_consume(consumer.broker_queue, attachment._on_message)
        except TimeoutError:
            log.error(  # noqa: TRY400  a traceback would say nothing more
                "queue_does_not_answer", queue=consumer.broker_queue, remedy=_remedy(consumer.broker_queue)
            )
            raise
        attachment.tag = answer.consumer_tag
        return attachment

    async def _on_message(self, message: aiormq.abc.DeliveredMessage) -> None:
        delivery = RabbitDelivery(self, message)
        self._held.add(delivery.tag)
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
        consume_timeout: float,
    ) -> None:
        self.broker_queue = queue_name(namespace, spec.name)
        self.prefetch = prefetch
        self.publisher = publisher
        self.reason_length = reason_length
        self.consume_timeout = consume_timeout
        self.metrics = metrics.of_queue(spec.name)
        self._spec = spec
        self._handler = handler
        self._link = link
        self._gaps = gaps if spec.overflow is Overflow.DROP_OLDEST else None
        self._attachment: Attachment | None = None
        self.cancelled = False

    @property
    def queue(self) -> str:
        return self._spec.name

    @property
    def generation(self) -> int:
        attachment = self._attachment
        return attachment.generation if attachment is not None and not self.cancelled and self._link.up else -1

    async def attach(self, connection: AbstractConnection) -> None:
        """Consume on this connection from now on."""
        self._attachment = await Attachment.open(self, connection, self._link)

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
