"""Removes what a test's deployment left on servers that others use too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from itertools import product
from typing import Any, get_args

import aio_pika

from shared.bus.rabbitmq import objects
from shared.bus.topology import Layout, Topology, build
from shared.domain.modes import Mode


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end in a thread of its own: the test's event loop is none of its business."""
    failure: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # noqa: BLE001  handed to the caller below
            failure.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]


async def delete_from_broker(url: str, namespace: str) -> None:
    """Delete every object that a deployment under ``namespace`` declares: any layout and mode, up to eight partitions."""
    layouts: tuple[Layout, ...] = ("split", "fused")
    ways = product(layouts, get_args(Mode))
    tables = [build(layout, partitions=8, namespace=namespace, mode=mode) for layout, mode in ways]
    queues = {spec.name: spec for table in tables for spec in table.queues}
    async with await aio_pika.connect(url) as connection, connection.channel(publisher_confirms=False) as channel:
        await objects.delete(channel, Topology(tuple(queues.values()), namespace))


async def delete_from_redis(url: str, namespace: str) -> None:
    """Delete every key that has ``namespace`` in its name."""
    from redis.asyncio import Redis

    client = Redis.from_url(url)
    try:
        async for key in client.scan_iter(match=f"*{namespace}*", count=1000):
            await client.delete(key)
    finally:
        await client.aclose()
