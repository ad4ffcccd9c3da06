"""Brokers and databases for tests: those named in the environment, else those of this machine, else own processes, else
containers. What cannot be had is a Missing with the reason; the fixtures in ``conftest.py`` skip, loudly, or fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NoReturn, get_args
from urllib.parse import urlsplit

import aio_pika
import pytest

from shared.bus.rabbitmq import objects
from shared.bus.topology import Layout, Mode, Topology, build

#: Container images, used only where neither a server nor its binary is at hand.
RABBITMQ_IMAGE, REDIS_IMAGE, POSTGRES_IMAGE = "rabbitmq:4.1", "redis:7.4", "postgres:16"
_AMQP_HEADER = b"AMQP\x00\x00\x09\x01"


MISSING = "MISSING: "  # how the reason of such a skip begins; the summary of the run counts them


class Missing(Exception):
    """A service that no test can have here; the text says what was tried."""


def unavailable(what: str, why: str) -> NoReturn:
    """Skip the test that needs ``what``; fail it when services are required (``ICT_REQUIRE_SERVICES=1``)."""
    if os.environ.get("ICT_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is required (ICT_REQUIRE_SERVICES=1): {why}", pytrace=False)
    pytest.skip(f"{MISSING}{what}: {why}")


# -- is it there? -----------------------------------------------------------------------------------------------------


def _conversation(host: str, port: int, say: bytes, expect: bytes) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(say)
            return connection.recv(64).startswith(expect)
    except OSError:
        return False


def speaks_amqp(host: str, port: int) -> bool:
    """A broker answers the protocol header with a method frame on channel 0; one that is still booting does not."""
    return _conversation(host, port, _AMQP_HEADER, b"\x01\x00\x00")


def speaks_redis(host: str, port: int) -> bool:
    return _conversation(host, port, b"PING\r\n", b"+PONG")


def speaks_postgres(host: str, port: int) -> bool:
    """PostgreSQL answers a request for TLS with one letter."""
    return _conversation(host, port, b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"S") or _conversation(
        host, port, b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"N"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll a condition of another process. Raises Missing when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Missing(f"{what} did not come true within {seconds:g} s")
        time.sleep(0.05)


# -- own processes ----------------------------------------------------------------------------------------------------


def _binary(*candidates: str) -> str | None:
    return next((found for name in candidates if (found := shutil.which(name))), None)


class OwnRabbitmq:
    """A broker of our own on private ports, for tests that kill it. Data survive ``kill`` and ``stop``, as on a real one."""

    SERVER = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")
    CONTROL = ("/usr/lib/rabbitmq/bin/rabbitmqctl", "rabbitmqctl")

    def __init__(self, home: Path) -> None:
        server, control = _binary(*self.SERVER), _binary(*self.CONTROL)
        if server is None or control is None:
            raise Missing("no rabbitmq-server and rabbitmqctl on this machine")
        self._server, self._control = server, control
        self._home = home
        self._port = free_port()
        self._node = f"ict-test-{uuid.uuid4().hex[:8]}@localhost"
        self._process: subprocess.Popen[bytes] | None = None
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)
        cookie = home / ".erlang.cookie"
        cookie.write_text(uuid.uuid4().hex)
        cookie.chmod(0o400)
        (home / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self._port}\n")
        (home / "plugins").write_text("[].\n")
        self._environment = {
            **os.environ,
            "HOME": str(home),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "broker.pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        }

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}/"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, and wait until it accepts clients. Raises Missing with the end of its log."""
        with (self._home / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [self._server], env=self._environment, stdout=console, stderr=console, start_new_session=True, cwd=self._home
            )
        try:
            wait_until(lambda: not self.running or speaks_amqp("127.0.0.1", self._port), 60, "own broker accepts clients")
            if not self.running:
                raise Missing("own broker ended while it started")
        except Missing as error:
            tail = (self._home / "console.log").read_text(errors="replace")[-1500:]
            self.kill()
            raise Missing(f"{error}; its console ends with:\n{tail}") from error

    def kill(self) -> None:
        """SIGKILL the broker and everything that it started."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: the broker closes in good order."""
        self._signal(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: the sockets stay open and nothing answers."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGCONT)

    def ready_messages(self) -> int:
        """Undelivered messages in all queues."""
        lines = self.control("-q", "list_queues", "name", "messages_ready", "--no-table-headers").splitlines()
        return sum(int(line.split("\t")[1]) for line in lines if "\t" in line)

    def remembers(self, quorum_queue: str) -> bool:
        """The broker has written down that this quorum queue exists. It does so half a second late (seen on 3.10.8): killed
        before, it comes back with a queue of this name that never elects a leader."""
        return any(quorum_queue.encode() in path.read_bytes() for path in (self._home / "data").rglob("names.dets"))

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl on this broker."""
        command = [self._control, "-n", self._node, *arguments]
        return subprocess.run(
            command, env=self._environment, check=True, capture_output=True, text=True, timeout=60, cwd=self._home
        ).stdout

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        self._process.wait(60)
        wait_until(lambda: not speaks_amqp("127.0.0.1", self._port), 30, "own broker is gone")
        self._process = None


@contextlib.contextmanager
def own_rabbitmq() -> Iterator[OwnRabbitmq]:
    """A started broker, ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ict-rabbitmq-", ignore_cleanup_errors=True) as home:
        broker = OwnRabbitmq(Path(home))
        broker.start()
        try:
            yield broker
        finally:
            broker.kill()


@contextlib.contextmanager
def own_redis() -> Iterator[str]:
    """The URL of a redis-server of our own, ended and removed afterwards."""
    server = _binary("redis-server")
    if server is None:
        raise Missing("no redis-server on this machine")
    with tempfile.TemporaryDirectory(prefix="ict-redis-", ignore_cleanup_errors=True) as home:
        port = free_port()
        command = [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", home, "--save", ""]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: speaks_redis("127.0.0.1", port), 15, "own redis answers")
                yield f"redis://127.0.0.1:{port}/"
            finally:
                process.terminate()


@contextlib.contextmanager
def container(image: str, port: int, speaks: Callable[[str, int], bool], **environment: str) -> Iterator[tuple[str, int]]:
    """Host and port of a container. Raises Missing when docker does not answer."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True, timeout=20).returncode:
        raise Missing("docker does not answer")
    from testcontainers.core.container import DockerContainer

    with DockerContainer(image).with_exposed_ports(port).with_envs(**environment) as started:
        host, mapped = started.get_container_host_ip(), int(started.get_exposed_port(port))
        wait_until(lambda: speaks(host, mapped), 90, f"{image} answers")
        yield host, mapped


# -- the three services ----------------------------------------------------------------------------------------------


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
    if url := _named("ICT_TEST_RABBITMQ_URL", 5672, speaks_amqp):
        yield url
    elif speaks_amqp("127.0.0.1", 5672):
        yield "amqp://guest:guest@127.0.0.1:5672/"
    elif _binary(*OwnRabbitmq.SERVER):
        with own_rabbitmq() as broker:
            yield broker.url
    else:
        with container(RABBITMQ_IMAGE, 5672, speaks_amqp) as (host, port):
            yield f"amqp://guest:guest@{host}:{port}/"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis."""
    if url := _named("ICT_TEST_REDIS_URL", 6379, speaks_redis):
        yield url
    elif speaks_redis("127.0.0.1", 6379):
        yield "redis://127.0.0.1:6379/"
    elif _binary("redis-server"):
        with own_redis() as url:
            yield url
    else:
        with container(REDIS_IMAGE, 6379, speaks_redis) as (host, port):
            yield f"redis://{host}:{port}/"


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL database that tests may fill."""
    if url := _named("ICT_TEST_POSTGRES_URL", 5432, speaks_postgres):
        yield url
    elif speaks_postgres("127.0.0.1", 5432):
        yield "postgresql+asyncpg://postgres@127.0.0.1:5432/test"
    else:
        with container(POSTGRES_IMAGE, 5432, speaks_postgres, POSTGRES_HOST_AUTH_METHOD="trust", POSTGRES_DB="test") as (
            host,
            port,
        ):
            yield f"postgresql+asyncpg://postgres@{host}:{port}/test"


# -- cleaning up -----------------------------------------------------------------------------------------------------


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
