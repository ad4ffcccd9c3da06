"""Runs one relay of the raw chain with aio-pika alone: consume, decode, encode, publish with confirm, ack.

Usage: ``python -m cli.bench.raw_relay URL SOURCE_QUEUE TARGET_QUEUE FAN MERGE``; the queues exist. Forwards each message
``FAN`` times, and only every ``MERGE``-th: the shape of an hour, when one feed becomes five candles and five analyses become
one decision. Prints ``ready`` when consuming.
"""

from __future__ import annotations

import asyncio
import sys

import aio_pika
import msgspec
import uvloop
from aio_pika.abc import AbstractIncomingMessage


async def relay(url: str, source: str, target: str, fan: int, merge: int) -> None:
    """Relay until the process is terminated."""
    consuming, publishing = await aio_pika.connect_robust(url), await aio_pika.connect_robust(url)
    channel, out = await consuming.channel(), await publishing.channel(on_return_raises=True)
    await channel.set_qos(prefetch_count=32)
    queue = await channel.get_queue(source, ensure=False)

    arrived = 0

    async def on_message(message: AbstractIncomingMessage) -> None:
        nonlocal arrived
        arrived += 1
        content = msgspec.msgpack.decode(message.body)
        if arrived % merge == 0:
            body = msgspec.msgpack.encode(content)
            sent = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id=message.message_id)
            await asyncio.gather(*(out.default_exchange.publish(sent, routing_key=target) for _ in range(fan)))
        await message.ack()

    await queue.consume(on_message)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    url, source, target, fan, merge = sys.argv[1:6]
    uvloop.run(relay(url, source, target, int(fan), int(merge)))
