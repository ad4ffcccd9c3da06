"""Measures the reference of the pipeline benchmark: aio-pika relays with as many hops and the same kinds of queue."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence

import aio_pika
import msgspec
from aio_pika.abc import AbstractIncomingMessage

from shared.bus.topology import QueueKind

#: The size of one candle's message, as the pipeline's first hop carries it.
_BODY = {
    "symbol": "BTCUSDT",
    "time": 1_746_316_800_000,
    "candle": [95_000.1, 95_010.2, 94_990.3, 95_005.4, 12.345] * 6,
    "pad": "x" * 80,
}


async def measure(
    url: str, kinds: Sequence[QueueKind], samples: int, pause: float, *, burst: int = 1, merge_at: int = 0
) -> list[float]:
    """Return latencies in ms of ``samples`` messages, ``pause`` seconds apart, through ``len(kinds)`` processes.

    ``burst``: how often the first relay forwards every message; relay ``merge_at`` makes one of them again.
    """
    prefix = f"ict-raw-{uuid.uuid4().hex[:8]}"
    names = [f"{prefix}.{index}" for index in range(len(kinds))]
    connection = await aio_pika.connect_robust(url)
    channel = await connection.channel(on_return_raises=True)
    consumer = await (await aio_pika.connect_robust(url)).channel()
    relays: list[subprocess.Popen[bytes]] = []
    arrived: asyncio.Queue[tuple[str | None, int]] = asyncio.Queue()

    async def on_message(message: AbstractIncomingMessage) -> None:
        arrived.put_nowait((message.message_id, time.monotonic_ns()))
        await message.ack()

    try:
        for name, kind in zip(names, kinds, strict=True):
            await channel.declare_queue(name, durable=True, arguments={"x-queue-type": str(kind)})
        for index, (source, target) in enumerate(itertools.pairwise(names)):
            fan, merge = (burst if index == 0 else 1), (burst if index == merge_at else 1)
            command = [sys.executable, "-m", "cli.bench.raw_relay", url, source, target, str(fan), str(merge)]
            relays.append(subprocess.Popen(command, stdout=subprocess.PIPE))  # noqa: ASYNC220, S603  our own module
        for relay in relays:
            assert relay.stdout is not None
            await asyncio.to_thread(relay.stdout.readline)
        last = await consumer.get_queue(names[-1], ensure=False)
        await last.consume(on_message)
        latencies = []
        for index in range(samples + 20):
            body = msgspec.msgpack.encode(_BODY)
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id=str(index))
            sent = time.monotonic_ns()
            await channel.default_exchange.publish(message, routing_key=names[0])
            _, at = await arrived.get()
            if index >= 20:  # the first ones warm caches and connections up
                latencies.append((at - sent) / 1e6)
            await asyncio.sleep(pause)
        return latencies
    finally:
        for relay in relays:
            relay.terminate()
        for relay in relays:
            await asyncio.to_thread(relay.wait)
        for name in names:
            await channel.queue_delete(name)
        await connection.close()
