"""Publishes with confirms: in order, within a window, repeatedly until confirmed.

Order: the messages of one call are sent in the order given. A message waits for the confirm of an earlier one with the same
topic. If both were sent at once, the broker could refuse the first (queue full) and accept the second after a consumer made
room; the first, sent again, would arrive behind the second and be dropped as old. Messages of different topics are sent
together, up to the window; so are those of one topic if no queue of it blocks or its order does not matter.

Repeats: when a full queue that blocks refuses a message, it is sent again after a jittered, doubling pause. When the
connection is lost or no confirm comes in time, the outcome is unknown, so it is sent again with the same id on the new
connection. A message may therefore arrive twice, but is never lost.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import aio_pika
import aiormq
import aiormq.abc
import structlog
from aio_pika.exceptions import DeliveryError, PublishError

from shared.bus import metrics
from shared.bus.carriage import check_topic
from shared.bus.port import BusClosed, Unpublishable, Unroutable
from shared.bus.rabbitmq.link import Link, LinkLost, link_errors
from shared.bus.rabbitmq.objects import exchange_name
from shared.bus.rabbitmq.wire import envelope
from shared.bus.routing import Route, Routes
from shared.bus.sequences import Sequences
from shared.bus.settings import BrokerSettings
from shared.bus.topology import DEAD_LETTER_EXCHANGE
from shared.domain.backoff import Backoff
from shared.domain.message import Message

log = structlog.get_logger(__name__)


class Parcel(NamedTuple):
    """One encoded message to send. ``drops`` names the queues whose refusal is a counted drop."""

    exchange: str
    routing_key: str
    topic_class: str
    content: aio_pika.Message
    mandatory: bool
    alone: bool
    drops: tuple[str, ...]


class Publisher:
    """Publishes the messages of one bus instance over one channel."""

    def __init__(
        self, link: Link, routes: Routes, namespace: str, settings: BrokerSettings, *, name: str, max_unconfirmed: int
    ) -> None:
        self._link = link
        self._routes = routes
        self._namespace = namespace
        self._settings = settings
        self._name = name
        self._window = asyncio.Semaphore(max_unconfirmed)
        self._sequences = Sequences()
        self._channel: aiormq.Channel | None = None
        self._generation = 0
        self._unconfirmed: dict[int, float] = {}
        self._sends = 0
        self._calls = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closing = False

    def use(self, channel: aiormq.abc.AbstractChannel) -> None:
        """Publish on this channel of the link's present connection from now on."""
        self._channel = cast("aiormq.Channel", channel)
        self._generation = self._link.generation

    def stalled(self, now: float) -> bool:
        """Return True if a confirm is outstanding for too long (``now``: the loop's time): a memory alarm, a frozen
        broker."""
        oldest = next(iter(self._unconfirmed.values()), now)
        return now - oldest > self._settings.stalled_after

    async def publish(self, messages: Sequence[Message], origin_ns: int, now: int | None) -> None:
        """See the port. Raises Unroutable (no queue for a topic) or Unpublishable before anything is sent."""
        routes = [self._routes.of(message.topic) for message in messages]
        sent = time.time_ns()
        origin = origin_ns or sent
        parcels = [self._parcel(message, route, sent, origin, now) for message, route in zip(messages, routes, strict=True)]
        began = time.perf_counter()
        with self._call():
            for flight in _flights(parcels):
                await self._fly(flight)
        metrics.PUBLISH_SECONDS.observe(time.perf_counter() - began)

    async def publish_dead_letter(self, queue: str, content: aio_pika.Message) -> None:
        """Put a message into the dead-letter queue of ``queue``; returns when it is safe there."""
        parcel = Parcel(exchange_name(self._namespace, DEAD_LETTER_EXCHANGE), queue, "dead", content, True, True, ())
        with self._call():
            await self._deliver(parcel)

    async def settle(self) -> None:
        """Refuse new messages; wait for outstanding confirms for at most ``close_grace`` seconds."""
        self._closing = True
        try:
            async with asyncio.timeout(self._settings.close_grace):
                await self._quiet.wait()
        except TimeoutError:
            log.warning("closed_unconfirmed", calls=self._calls)

    def _call(self) -> _Call:
        if self._closing:
            raise BusClosed("publish after close")
        return _Call(self)

    def _parcel(self, message: Message, route: Route, sent_ns: int, origin_ns: int, now: int | None) -> Parcel:
        check_topic(route.topic)
        content = envelope(
            message,
            route.topic_class,
            publisher=self._name,
            sequence=self._sequences.next(route.topic),
            sent_ns=sent_ns,
            origin_ns=origin_ns,
            now=now,
        )
        drops = tuple(queue.name for queue in route.queues) if route.drops_newest else ()
        exchange = exchange_name(self._namespace, route.exchange)
        alone = route.blocks and route.ordered
        return Parcel(exchange, route.topic, route.topic_class, content, not route.optional, alone, drops)

    async def _fly(self, flight: list[Parcel]) -> None:
        if len(flight) == 1:
            await self._deliver(flight[0])
            return
        tasks = [asyncio.ensure_future(self._deliver(parcel)) for parcel in flight]  # they start, and write, in this order
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, parcel: Parcel) -> None:
        """Send until it is confirmed, dropped by policy, or known to be unroutable."""
        pauses = Backoff(self._settings.backoff_min, self._settings.backoff_max, jitter=0.5).pauses(random.random)
        cause: metrics.RetryCause
        while True:
            await self._link.ready()
            generation = self._generation
            try:
                async with self._window:
                    generation = self._generation
                    await self._send(parcel)
            except PublishError as error:
                raise Unroutable(
                    f"the broker has no queue for topic {parcel.routing_key!r} on exchange {parcel.exchange}: "
                    f"declare the topology again (ict topology --apply)"
                ) from error
            except DeliveryError:
                if parcel.drops:
                    for queue in parcel.drops:
                        metrics.of_queue(queue).dropped.inc()
                    break
                cause = "full"
                await asyncio.sleep(next(pauses))
            except TimeoutError:
                cause = "timeout"
                self._link.drop("no confirm in time", generation)
            except LinkLost as error:
                cause = "connection"
                self._link.drop(str(error), generation)
            else:
                break
            metrics.retried(parcel.topic_class, cause).inc()
        metrics.published(parcel.topic_class).inc()

    async def _send(self, parcel: Parcel) -> None:
        """Send once. Raises DeliveryError (refused), PublishError (no queue), TimeoutError, LinkLost."""
        channel = self._channel
        if channel is None:
            raise LinkLost("no channel")
        self._sends += 1
        send = self._sends
        self._unconfirmed[send] = asyncio.get_running_loop().time()
        try:
            with link_errors():
                try:
                    await channel.basic_publish(
                        parcel.content.body,
                        exchange=parcel.exchange,
                        routing_key=parcel.routing_key,
                        properties=parcel.content.properties,
                        mandatory=parcel.mandatory,
                        timeout=self._settings.confirm_timeout,
                        wait=False,
                    )
                except (DeliveryError, TimeoutError) as error:
                    answer: Exception = error
                except (ValueError, TypeError, struct.error) as error:  # what AMQP's encoder raises; nothing was sent
                    answer = Unpublishable(f"{parcel.topic_class}: AMQP cannot carry it: {error}")
                else:
                    return
            raise answer
        finally:
            del self._unconfirmed[send]


class _Call:
    """Counts a publish call in and out, so that close can wait for those under way."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def __enter__(self) -> None:
        self._publisher._calls += 1
        self._publisher._quiet.clear()

    def __exit__(self, *_: object) -> None:
        self._publisher._calls -= 1
        if not self._publisher._calls:
            self._publisher._quiet.set()


def _flights(parcels: list[Parcel]) -> Iterator[list[Parcel]]:
    """Split a call into runs that may be sent together: no topic of a blocking queue twice in one run."""
    flight: list[Parcel] = []
    topics: set[str] = set()
    for parcel in parcels:
        if parcel.alone and parcel.routing_key in topics:
            yield flight
            flight, topics = [], set()
        flight.append(parcel)
        topics.add(parcel.routing_key)
    if flight:
        yield flight
