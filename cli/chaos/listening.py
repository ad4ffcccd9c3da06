"""The drill's own connection to the broker; when it ends, what the deployment left at broker and store goes with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiormq.exceptions import AMQPError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cli.chaos import configuration
from cli.chaos.servers import Servers
from cli.run.configuration import load_settings
from cli.wiring import make_bus

if TYPE_CHECKING:
    from shared.bus.rabbitmq.bus import RabbitBus


@asynccontextmanager
async def listening(servers: Servers, places: configuration.Places, say: Callable[[str], None]) -> AsyncIterator[RabbitBus]:
    """A bus of this deployment, which no proxy stands before. say: is told what could not be cleared."""
    given = {**configuration.deployment_settings(places), "bus": {"url": servers.urls["rabbitmq"]}}
    bus = make_bus(load_settings(None, given), "chaos")
    await bus.start()

    async def forget() -> None:
        async with Redis.from_url(servers.urls["redis"]) as store:
            async for key in store.scan_iter(match=f"*{places.namespace}*", count=1000):
                await store.delete(key)

    try:
        yield bus
    finally:
        # A server that the last strike took away cannot be cleared, and the verdict is worth more than its tidiness.
        for what, clear in (("broker", bus.destroy), ("store", forget)):
            try:
                await clear()
            except (OSError, AMQPError, RedisError) as error:
                say(f"left at the {what}, namespace {places.namespace}: {error or type(error).__name__}")
        await bus.close()
