"""Implements the bus port over RabbitMQ. One connection publishes, the other consumes; both declare the topology.

RabbitMQ under a memory alarm stops reading from connections that publish. Acks go over the other connection, so consumers
go on and the queues can drain.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection

from shared.bus.dead_letters import DeadLetter
from shared.bus.port import BusClosed, Delivery
from shared.bus.rabbitmq import objects, wire
from shared.bus.rabbitmq.consumer import Consumer
from shared.bus.rabbitmq.link import Link, LinkLost, link_errors
from shared.bus.rabbitmq.publisher import Publisher
from shared.bus.routing import Routes
from shared.bus.sequences import Gaps
from shared.bus.settings import BrokerSettings
from shared.bus.topology import Topology
from shared.domain.message import Message


class RabbitBus:
    """Implements ``shared.bus.port.Bus`` with the broker at ``url``.

    name: shown in the broker's list of connections.
    max_unconfirmed: most messages sent and not yet confirmed, over all publish calls of this bus.
    settings: None = the defaults.

    Raises ValueError for a namespace that cannot be part of a broker object's name, or a binding of an unknown topic class.
    """

    def __init__(
        self,
        topology: Topology,
        url: str,
        *,
        name: str,
        max_unconfirmed: int = 64,
        settings: BrokerSettings | None = None,
    ) -> None:
        objects.check_namespace(topology.namespace)
        self._topology = topology
        self._url = url
        self._settings = settings or BrokerSettings()
        self._consumers: list[Consumer] = []
        self._gaps = Gaps(self._settings.gap_memory)
        self._probe: AbstractChannel | None = None
        self._probing = asyncio.Lock()
        self._attaching = asyncio.Lock()
        self._publish_channel: AbstractChannel | None = None
        self._open = False
        self._publishing = Link(url, f"{name} publish", self._settings, self._prepare_publishing)
        self._consuming = Link(url, f"{name} consume", self._settings, self._prepare_consuming)
        self._publisher = Publisher(
            self._publishing,
            Routes(topology),
            topology.namespace,
            self._settings,
            name=f"{name}-{uuid.uuid4().hex[:12]}",
            max_unconfirmed=max_unconfirmed,
        )

    # -- the port -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect, waiting for the broker without a time limit, and declare the topology.

        Raises BusError when waiting cannot help: refused credentials, or broker objects declared with other arguments.
        """
        await self._publishing.start()
        try:
            await self._consuming.start()
        except BaseException:
            await self._publishing.close()
            raise
        self._open = True

    async def publish(self, messages: Sequence[Message], *, origin_ns: int = 0, now: int | None = None) -> None:
        """Publish in order; return when the broker has confirmed all messages. A message may arrive twice.

        origin_ns and now: see the port. Raises Unroutable if no queue is
        bound to a topic, BusClosed before ``start`` and after ``close``. If the call is cancelled or the bus is closed
        meanwhile, it is unknown whether the messages reached the broker.
        """
        self._check_open("publish")
        await self._publisher.publish(messages, origin_ns, now)

    async def subscribe(self, queue: str, handler: Callable[[Delivery], None], *, prefetch: int | None = None) -> Consumer:
        """Deliver the messages of a queue to ``handler``, after every reconnect too. Settle each delivery once.

        prefetch: most unsettled deliveries at once; None = the value in the topology. Raises KeyError for a queue that the
        topology does not have, ValueError for a prefetch outside 1 to 65535, BusClosed before ``start`` and after ``close``.
        """
        self._check_open("subscribe")
        spec = self._topology.queue(queue)
        window = spec.prefetch if prefetch is None else prefetch
        if not 1 <= window <= 65_535:
            raise ValueError(f"queue {queue}: prefetch {window} is not between 1 and 65535")
        consumer = Consumer(
            spec,
            self._topology.namespace,
            handler,
            window,
            link=self._consuming,
            publisher=self._publisher,
            gaps=self._gaps,
            reason_length=self._settings.reason_length,
            consume_timeout=self._settings.consume_timeout,
        )
        while True:
            await self._consuming.ready()
            async with self._attaching:
                generation = self._consuming.generation
                try:
                    with link_errors():
                        await consumer.attach(self._consuming.connection)
                except LinkLost as error:
                    self._consuming.drop(str(error), generation)
                    continue
                self._consumers = [one for one in self._consumers if not one.cancelled] + [consumer]
                return consumer

    async def depth(self, queue: str) -> int:
        """Return the number of ready (undelivered) messages of a queue. Raises KeyError, BusClosed after ``close``."""
        name = objects.queue_name(self._topology.namespace, self._topology.queue(queue).name)
        while True:
            await self._consuming.ready()
            generation = self._consuming.generation
            try:
                async with self._probing:
                    with link_errors():
                        assert self._probe is not None
                        underlay = await self._probe.get_underlay_channel()
                        answer = await underlay.queue_declare(name, passive=True)
            except LinkLost as error:
                self._consuming.drop(str(error), generation)
                continue
            return answer.message_count or 0

    def healthy(self) -> bool:
        """Return True if both connections are up and no confirm is overdue (setting ``stalled_after``)."""
        return (
            self._open
            and self._publishing.up
            and self._consuming.up
            and not self._publisher.stalled(asyncio.get_running_loop().time())
        )

    async def close(self) -> None:
        """Cancel the consumers, wait for outstanding confirms, then disconnect. Idempotent.

        Publish calls still unconfirmed after ``close_grace`` seconds raise BusClosed; unsettled deliveries return to their
        queues, in order.
        """
        if not self._open:
            return
        self._open = False
        await asyncio.gather(*(consumer.cancel() for consumer in self._consumers))
        await self._publisher.settle()
        await asyncio.gather(*(consumer.close() for consumer in self._consumers))
        await self._publishing.close()
        await self._consuming.close()

    # -- operators' view ----------------------------------------------------------------------------------------------

    async def dead_letters(self, queue: str, limit: int) -> list[DeadLetter]:
        """Return the oldest dead letters of a queue, at most ``limit``; all stay in its dead-letter queue.

        Raises KeyError for a queue that the topology does not have, BusClosed after ``close``, LinkLost.
        """
        name = objects.dead_name(self._topology.namespace, self._topology.queue(queue).name)
        await self._consuming.ready()
        with link_errors():
            async with self._consuming.connection.channel(publisher_confirms=False) as channel:
                parked = await channel.get_queue(name, ensure=False)
                letters: list[DeadLetter] = []
                while len(letters) < limit and (message := await parked.get(fail=False)) is not None:
                    letters.append(wire.dead_letter(message.message_id, message.headers, message.body))
                return letters  # none is acked, so closing the channel returns all of them, in order

    async def destroy(self) -> None:
        """Close, and delete every broker object of this topology with its messages. Works without ``start`` too."""
        await self.close()
        async with await aio_pika.connect(self._url) as connection, connection.channel(publisher_confirms=False) as channel:
            await objects.delete(channel, self._topology)

    # -- after each connect -------------------------------------------------------------------------------------------

    async def _prepare_publishing(self, connection: AbstractConnection) -> None:
        await self._declare(connection)
        channel = connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.initialize()
        self._publishing.watch(channel)
        self._publish_channel = channel
        self._publisher.use(await channel.get_underlay_channel())

    async def _prepare_consuming(self, connection: AbstractConnection) -> None:
        await self._declare(connection)
        probe = connection.channel(publisher_confirms=False)
        await probe.initialize()
        self._consuming.watch(probe)
        self._probe = probe
        async with self._attaching:
            for consumer in self._consumers:
                if not consumer.cancelled:
                    await consumer.attach(connection)

    async def _declare(self, connection: AbstractConnection) -> None:
        async with connection.channel(publisher_confirms=False) as channel:
            await objects.declare(channel, self._topology, self._settings.dead_letter_length)

    def _check_open(self, what: str) -> None:
        if not self._open:
            raise BusClosed(f"{what} on a bus that is not open: call start first, and nothing after close")
