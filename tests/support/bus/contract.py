"""What the bus tests share: small topologies, a consumer that collects, and each bus behind one face."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import aio_pika
from prometheus_client import REGISTRY

from shared.bus.dead_letters import DeadLetter
from shared.bus.memory.bus import MemoryBus
from shared.bus.memory.delivery import MemoryDelivery, Wire
from shared.bus.port import Bus, Delivery
from shared.bus.rabbitmq import objects
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.settings import BrokerSettings
from shared.bus.topology import MIB, Overflow, QueueKind, QueueSpec, Topology, exchange_of
from shared.domain.candles import FeedStep

PATIENCE = 40.0


class FullBus(Bus, Protocol):
    """The port and the operators' view."""

    async def dead_letters(self, queue: str, limit: int) -> list[DeadLetter]: ...
    async def destroy(self) -> None: ...


def queue(
    name: str,
    *bindings: str,
    kind: QueueKind = QueueKind.CLASSIC,
    overflow: Overflow = Overflow.BLOCK,
    max_length: int = 1_000,
    prefetch: int = 50,
    single_active: bool = True,
    ttl_ms: int | None = None,
    delivery_limit: int | None = None,
    max_bytes: int = 64 * MIB,
) -> QueueSpec:
    return QueueSpec(
        name, "test", bindings, kind, overflow, max_length, prefetch, single_active, ttl_ms, delivery_limit, max_bytes
    )


def feed(time: int, partition: int = 0) -> FeedStep:
    """A message told apart by its time; topic ``feed.p<partition>``."""
    return FeedStep(partition=partition, close_time=time, candles=())


def feeds(count: int, partition: int = 0, first: int = 0) -> list[FeedStep]:
    return [feed(first + index, partition) for index in range(count)]


def times(deliveries: Sequence[Delivery]) -> list[int]:
    found = []
    for delivery in deliveries:
        message = delivery.decode()
        assert isinstance(message, FeedStep)
        found.append(message.close_time)
    return found


def first_seen(numbers: Sequence[int]) -> list[int]:
    """Without the repeats that at-least-once allows."""
    return list(dict.fromkeys(numbers))


class Collector:
    """A handler that keeps what it is given, acking at once if told to."""

    def __init__(self, *, ack: bool = False) -> None:
        self.deliveries: list[Delivery] = []
        self._ack = ack
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Future[None]] = set()

    def __call__(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        if self._ack:
            self._tasks.add(asyncio.ensure_future(delivery.ack()))
        self._news.set()

    @property
    def times(self) -> list[int]:
        return times(self.deliveries)

    async def until(self, condition: Callable[[Collector], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition(self):
                self._news.clear()
                await self._news.wait()

    async def until_count(self, count: int) -> None:
        await self.until(lambda self: len(self.deliveries) >= count)

    async def acks_sent(self) -> None:
        """Every ack so far has been handed over; one that failed raises here."""
        await asyncio.gather(*self._tasks)


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask a broker until it says yes. Fails when it never does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while not await condition():
        assert loop.time() < deadline, f"never came true: {what}"
        await asyncio.sleep(0.01)  # a broker tells its depth only when asked


async def until_depth(bus: Bus, name: str, depth: int) -> None:
    async def reached() -> bool:
        return await bus.depth(name) == depth

    await eventually(reached, f"depth of {name} is {depth}")


def counted(metric: str, **labels: str) -> float:
    """The value of a counter now."""
    return REGISTRY.get_sample_value(f"ict_bus_{metric}_total", labels) or 0.0


class Memory:
    """The in-memory bus as a deployment: every bus of it is the same one."""

    def __init__(self, namespace: str, *, codec: bool) -> None:
        self._namespace = namespace
        self.encodes = codec
        self._bus: MemoryBus | None = None

    async def bus(self, *queues: QueueSpec) -> FullBus:
        """A started bus on these queues; the same again while one is there."""
        if self._bus is None:
            self._bus = MemoryBus(Topology(queues, self._namespace), codec=self.encodes)
        await self._bus.start()
        return self._bus

    async def inject(self, name: str, topic: str, message_id: str, type_name: str, version: int, body: bytes) -> None:
        """A body that no publisher of ours would make, into the queue."""
        assert self._bus is not None
        target = self._bus._queues[name]
        target.put(MemoryDelivery(target, topic, Wire(message_id, type_name, version, body), 1, 1, None))

    async def end(self) -> None:
        if self._bus is not None:
            await self._bus.destroy()


class Rabbit:
    """RabbitMQ as a deployment: each bus is a process's."""

    encodes = True

    def __init__(self, namespace: str, url: str) -> None:
        self._namespace = namespace
        self._url = url
        self._buses: list[RabbitBus] = []

    async def bus(self, *queues: QueueSpec) -> FullBus:
        settings = BrokerSettings(close_grace=0.3)  # some tests close on purpose while a publisher waits
        bus = RabbitBus(Topology(queues, self._namespace), self._url, name=f"test {len(self._buses)}", settings=settings)
        self._buses.append(bus)
        await bus.start()
        return bus

    async def inject(self, name: str, topic: str, message_id: str, type_name: str, version: int, body: bytes) -> None:
        async with await aio_pika.connect(self._url) as connection, connection.channel() as channel:
            exchange = await channel.get_exchange(objects.exchange_name(self._namespace, exchange_of(topic)), ensure=False)
            message = aio_pika.Message(
                body, message_id=message_id, type=type_name, headers={"schema_version": version}, delivery_mode=2
            )
            await exchange.publish(message, routing_key=topic)

    async def end(self) -> None:
        for bus in self._buses:
            await bus.close()
        if self._buses:
            await self._buses[0].destroy()


Deployment = Memory | Rabbit
