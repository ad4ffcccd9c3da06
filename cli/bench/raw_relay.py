"""One process of the raw chain: consume, decode, encode, publish with confirm, ack. Nothing of ours, only aio-pika.

Usage: ``python -m cli.bench.raw_relay URL SOURCE_QUEUE TARGET_QUEUE``; the queues exist. Prints ``ready`` when consuming.
"""

from __future__ import annotations

import asyncio
import sys

import aio_pika
import msgspec
import uvloop
from aio_pika.abc import AbstractIncomingMessage


async def relay(url: str, source: str, target: str) -> None:
    """Until the process is terminated."""
    consuming, publishing = await aio_pika.connect_robust(url), await aio_pika.connect_robust(url)
    channel, out = await consuming.channel(), await publishing.channel(on_return_raises=True)
    await channel.set_qos(prefetch_count=32)
    queue = await channel.get_queue(source, ensure=False)

    async def on_message(message: AbstractIncomingMessage) -> None:
        body = msgspec.msgpack.encode(msgspec.msgpack.decode(message.body))
        forwarded = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id=message.message_id)
        await out.default_exchange.publish(forwarded, routing_key=target)
        await message.ack()

    await queue.consume(on_message)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(relay(*sys.argv[1:4]))
