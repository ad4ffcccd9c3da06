"""Servers in containers, of the images that docker-compose.yml names, by testcontainers."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Final

from tests.support.processes.answering import Missing, speaks_amqp, speaks_postgres, speaks_redis, wait_until

#: The images of docker-compose.yml; PostgreSQL is no part of it.
RABBITMQ, STORE, POSTGRES = "rabbitmq:4.1-management", "valkey/valkey:8.1-alpine", "postgres:16"
#: ``ICT_TEST_SERVICES=containers`` takes containers although the machine has servers: to test against what users run.
VARIABLE: Final = "ICT_TEST_SERVICES"


def wanted() -> bool:
    """True if containers are asked for. Raises Missing for a value that means nothing."""
    value = os.environ.get(VARIABLE, "")
    if value not in ("", "containers"):
        raise Missing(f"{VARIABLE}={value} means nothing; leave it out, or write containers")
    return value == "containers"


@contextlib.contextmanager
def container(
    image: str, port: int, speaks: Callable[[str, int], bool], command: str = "", **environment: str
) -> Iterator[tuple[str, int]]:
    """Host and port of a container, removed afterwards. Raises Missing when docker does not answer."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True, timeout=20).returncode:
        raise Missing("docker does not answer")
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer

    # Its reaper is one more image from a registry; the context manager removes what it made.
    testcontainers_config.ryuk_disabled = True
    made = DockerContainer(image).with_exposed_ports(port).with_envs(**environment)
    with made.with_command(command) if command else made as started:
        host, mapped = started.get_container_host_ip(), int(started.get_exposed_port(port))
        wait_until(lambda: speaks(host, mapped), 90, f"{image} answers")
        yield host, mapped


@contextlib.contextmanager
def rabbitmq() -> Iterator[str]:
    """The URL of a broker."""
    with container(RABBITMQ, 5672, speaks_amqp) as (host, port):
        yield f"amqp://guest:guest@{host}:{port}/"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The URL of a store that speaks Redis' protocol."""
    with container(STORE, 6379, speaks_redis, "valkey-server --protected-mode no") as (host, port):
        yield f"redis://{host}:{port}/"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The SQLAlchemy URL of a database that tests may fill."""
    environment = {"POSTGRES_HOST_AUTH_METHOD": "trust", "POSTGRES_DB": "test"}
    with container(POSTGRES, 5432, speaks_postgres, **environment) as (host, port):
        yield f"postgresql+asyncpg://postgres@{host}:{port}/test"
