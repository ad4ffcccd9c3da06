"""A Redis and a RabbitMQ that the drill starts itself, on free ports, and may therefore restart and fill."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cli.chaos.plan import Server
from cli.chaos.ports import free_port
from cli.chaos.servers import OwnServer

_START_S: Final = 180.0
_AMQP: Final = b"AMQP\x00\x00\x09\x01"


class NoServer(Exception):
    """A server of our own could not be started; the text says what is missing."""


def _binary(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    raise NoServer(f"{names[-1]} was not found; install it, or leave out --own-servers")


async def _answers(port: int, say: bytes, expect: bytes) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(say)
        async with asyncio.timeout(2):
            return (await reader.read(64)).startswith(expect)
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()


async def _until(port: int, say: bytes, expect: bytes, what: str) -> None:
    try:
        async with asyncio.timeout(_START_S):
            while not await _answers(port, say, expect):  # noqa: ASYNC110  another process has no event
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise NoServer(f"{what} did not answer on port {port} within {_START_S:g} s") from None


class OwnRedis:
    """Writes every change down (appendonly), as a store must that is to survive a restart."""

    def __init__(self, home: Path) -> None:
        self._server, self._client = _binary("redis-server"), _binary("redis-cli")
        self._home, self._port = home, free_port()
        home.mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        """Start it, and wait until it answers. Raises NoServer."""
        command = [self._server, "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._home)]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        with (self._home / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603  the binary was found by its name
                command, stdout=log, stderr=log
            )
        await _until(self._port, b"PING\r\n", b"+PONG", "redis-server")

    async def restart(self) -> None:
        """SIGKILL, and start again."""
        assert self._process is not None
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        await self.start()

    async def fill(self) -> None:
        """Refuse every write (OOM)."""
        await self._set("maxmemory", "1")

    async def empty(self) -> None:
        """Take writes again."""
        await self._set("maxmemory", "0")

    async def end(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    async def _set(self, name: str, value: str) -> None:
        command = [self._client, "-p", str(self._port), "config", "set", name, value]
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, timeout=20)


class OwnRabbitmq:
    """A broker on private ports; its data survive a kill."""

    def __init__(self, home: Path) -> None:
        self._server = _binary("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")
        self._control = _binary("/usr/lib/rabbitmq/bin/rabbitmqctl", "rabbitmqctl")
        self._home, self._port = home, free_port()
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(0o755)
        cookie = home / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (home / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self._port}\n")
        (home / "plugins").write_text("[].\n")
        self._dist = free_port()
        self._node = f"ict-chaos-{secrets.token_hex(4)}@localhost"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}/"

    async def start(self) -> None:
        """Start it, and wait until it accepts clients. Raises NoServer."""
        with (self._home / "console.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603  the binary was found by its name
                [self._server], env=self._environment(), stdout=log, stderr=log, start_new_session=True, cwd=self._home
            )
        await _until(self._port, _AMQP, b"\x01\x00\x00", "rabbitmq-server")

    async def restart(self) -> None:
        """SIGKILL with all that it started, and start again."""
        await self.end()
        await self.start()

    async def fill(self) -> None:
        """Raise the memory alarm: it reads nothing more from whoever publishes."""
        await self._run("set_vm_memory_high_watermark", "absolute", "1")

    async def empty(self) -> None:
        """Let it read again."""
        await self._run("set_vm_memory_high_watermark", "0.6")

    async def end(self) -> None:
        """End it."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await asyncio.to_thread(self._process.wait)
        self._process = None

    async def _run(self, *arguments: str) -> None:
        command = [self._control, "-n", self._node, *arguments]
        await asyncio.to_thread(
            subprocess.run, command, env=self._environment(), check=True, capture_output=True, timeout=60, cwd=self._home
        )

    def _environment(self) -> Mapping[str, str]:
        home = self._home
        return {
            **os.environ,
            "HOME": str(home),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self._dist),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_PID_FILE": str(home / "broker.pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        }


async def own(directory: Path) -> dict[Server, OwnServer]:
    """Start both below ``directory``. Raises NoServer."""
    redis, rabbitmq = OwnRedis(directory / "redis"), OwnRabbitmq(directory / "rabbitmq")
    await redis.start()
    try:
        await rabbitmq.start()
    except NoServer:
        await redis.end()
        await rabbitmq.end()
        raise
    return {"redis": redis, "rabbitmq": rabbitmq}
