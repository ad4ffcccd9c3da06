"""A short connection to RabbitMQ for commands that say one thing and leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NoReturn

import aio_pika
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AuthenticationError, ProbableAuthenticationError

from cli.run.configuration import refuse
from cli.run.opening import open_bus
from cli.settings import Settings
from cli.wiring import make_bus
from shared.bus.port import BusError
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.rabbitmq.link import LinkLost
from shared.runtime.process.exits import Exit, Leave

#: Seconds that an operator waits for the broker.
PATIENCE: Final = 10.0


@asynccontextmanager
async def connected(settings: Settings, name: str, advice: str = "") -> AsyncIterator[RabbitBus]:
    """Connect, and close at the end of the block.

    Ends the command with exit 4 when the broker does not answer within PATIENCE, or refuses: wrong password, no such
    virtual host, a queue that was declared with other arguments. ``advice``: what to do then, beside the usual.
    """
    bus = make_bus(settings, name)
    try:
        async with asyncio.timeout(PATIENCE):
            await bus.start()
    except TimeoutError:
        _no_answer(settings, advice)
    except BusError as error:
        refuse(f"RabbitMQ at {settings.bus.url}: {error}{advice}", Exit.UNREACHABLE)
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def plainly_connected(settings: Settings) -> AsyncIterator[AbstractConnection]:
    """Connect without declaring anything; ends the command with exit 4 where the broker is not there or is lost."""
    try:
        async with asyncio.timeout(PATIENCE):
            connection = await aio_pika.connect(settings.bus.url.get_secret_value())
    except TimeoutError:
        _no_answer(settings)
    except (AuthenticationError, ProbableAuthenticationError) as error:
        refuse(f"RabbitMQ at {settings.bus.url} does not let us in: {error}. Check user and password", Exit.UNREACHABLE)
    except CONNECTION_EXCEPTIONS as error:
        refuse(
            f"RabbitMQ at {settings.bus.url} cannot be reached: {error}. Start it, or set bus.url; `ict doctor` says more",
            Exit.UNREACHABLE,
        )
    try:
        async with connection:
            yield connection
    except LinkLost as error:
        refuse(f"RabbitMQ at {settings.bus.url} went away: {error}. Nothing is lost; run it again", Exit.UNREACHABLE)


async def open_within(bus: RabbitBus, settings: Settings, patience: float | None = PATIENCE) -> None:
    """Open the bus. Raises Leave when the broker refuses us, or does not answer in ``patience`` seconds (None: no limit)."""
    try:
        async with asyncio.timeout(patience):
            await open_bus(bus)
    except TimeoutError:
        raise Leave(Exit.UNREACHABLE, _silence(settings)) from None


def _silence(settings: Settings) -> str:
    return (
        f"RabbitMQ at {settings.bus.url} did not answer within {PATIENCE:g} s; nothing was done. "
        "Start it, or set bus.url; `ict doctor` says more"
    )


def _no_answer(settings: Settings, advice: str = "") -> NoReturn:
    refuse(f"{_silence(settings)}{advice and '.'}{advice}", Exit.UNREACHABLE)
