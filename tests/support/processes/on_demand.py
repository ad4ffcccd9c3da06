"""Broker, store and database for tests: those named in the environment, else those of this machine, else own processes, else
containers. What cannot be had is a Missing with the reason; the fixtures in ``conftest.py`` skip, loudly, or fail."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from tests.support.processes import containers
from tests.support.processes.answering import Missing, speaks_amqp, speaks_postgres, speaks_redis
from tests.support.processes.own_servers import OwnRabbitmq, binary, own_rabbitmq, own_redis


def _named(variable: str, port: int, speaks: Callable[[str, int], bool]) -> str | None:
    """The URL in the environment. Raises Missing when nothing answers there: what was named is not silently replaced."""
    url = os.environ.get(variable)
    if url:
        parts = urlsplit(url)
        if not speaks(parts.hostname or "127.0.0.1", parts.port or port):
            raise Missing(f"{variable} is set, but nothing answers there")
    return url


@contextlib.contextmanager
def rabbitmq() -> Iterator[str]:
    """The URL of a RabbitMQ."""
    if containers.wanted():
        with containers.rabbitmq() as url:
            yield url
    elif url := _named("ICT_TEST_RABBITMQ_URL", 5672, speaks_amqp):
        yield url
    elif speaks_amqp("127.0.0.1", 5672):
        yield "amqp://guest:guest@127.0.0.1:5672/"
    elif binary(*OwnRabbitmq.SERVER):
        with own_rabbitmq() as broker:
            yield broker.url
    else:
        with containers.rabbitmq() as url:
            yield url


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis."""
    if containers.wanted():
        with containers.redis() as url:
            yield url
    elif url := _named("ICT_TEST_REDIS_URL", 6379, speaks_redis):
        yield url
    elif speaks_redis("127.0.0.1", 6379):
        yield "redis://127.0.0.1:6379/"
    elif binary("redis-server"):
        with own_redis() as url:
            yield url
    else:
        with containers.redis() as url:
            yield url


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL database that tests may fill."""
    if url := _named("ICT_TEST_POSTGRES_URL", 5432, speaks_postgres):
        yield url
    elif speaks_postgres("127.0.0.1", 5432):
        yield "postgresql+asyncpg://postgres@127.0.0.1:5432/test"
    else:
        with containers.postgres() as url:
            yield url
