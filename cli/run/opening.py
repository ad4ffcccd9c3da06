"""Opens what a process needs, bus and store, for as long as nobody stops the process meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.bus.port import Bus, BusError
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.process.run import Stop
from shared.store.port import StateStore, StoreError


@asynccontextmanager
async def until_stopped(stop: Stop) -> AsyncIterator[None]:
    """Cancel the block when the stop is requested before its end; that is no error, and ``stop`` tells that it was so.

    For what waits without a time limit: a broker, a store or a database that is not there yet.
    """
    try:
        async with asyncio.timeout(None) as limit:
            watching = asyncio.create_task(_end_at(stop, limit), name="stop while starting")
            try:
                yield
            finally:
                watching.cancel()
    except TimeoutError:
        if not limit.expired():
            raise


async def open_bus(bus: Bus) -> None:
    """Open the bus. Raises Leave when the broker answers and refuses us; one that does not answer yet is waited for."""
    try:
        await bus.start()
    except BusError as error:
        raise Leave(Exit.UNREACHABLE, f"bus.url: {error}") from error


async def open_store(store: StateStore) -> None:
    """Open the store. Raises Leave when it answers and refuses us; one that does not answer yet is waited for."""
    try:
        await store.start()
    except StoreError as error:
        raise Leave(Exit.UNREACHABLE, f"store.url: {error}") from error


async def _end_at(stop: Stop, limit: asyncio.Timeout) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time())
