"""Servers of our own on private ports, for tests that kill them and for machines where none runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from tests.support.processes.answering import Missing, free_port, speaks_amqp, speaks_redis, wait_until


def binary(*candidates: str) -> str | None:
    return next((found for name in candidates if (found := shutil.which(name))), None)


class OwnRabbitmq:
    """A broker of our own on private ports, for tests that kill it. Data survive ``kill`` and ``stop``, as on a real one."""

    SERVER = ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")
    CONTROL = ("/usr/lib/rabbitmq/bin/rabbitmqctl", "rabbitmqctl")

    def __init__(self, home: Path) -> None:
        server, control = binary(*self.SERVER), binary(*self.CONTROL)
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
    server = binary("redis-server")
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
