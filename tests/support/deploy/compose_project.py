"""A compose project on a real container engine: what a user types, and what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.support.processes import answering

ROOT = Path(__file__).resolve().parents[3]
ENGINE = "tests/containers/engine/engine"


def require_engine() -> None:
    """Skip the test, or fail it where services are required, when no engine with Compose answers here."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            why = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no answer"])[-1]
        except FileNotFoundError:
            why = "docker was not found"
        if why:
            how = f'as root on Debian: {ENGINE} up && eval "$({ENGINE} env)"'
            answering.unavailable("a container engine", f"`{' '.join(command)}`: {why}; {how}")


@dataclass(frozen=True, slots=True)
class Container:
    """How a service's container is, as the engine says."""

    status: str  # running, exited, …
    health: str  # healthy, unhealthy, starting; empty without a check
    exit_code: int
    said: str  # what its last health check printed


class Project:
    """``docker compose -f … -f …`` under a name of its own, on free ports. Leaving removes it with its volumes."""

    def __init__(self, files: Sequence[Path | str], environ: Mapping[str, str]) -> None:
        self._command = ["docker", "compose", "--progress", "plain", "--project-name", f"ict-test-{uuid.uuid4().hex[:8]}"]
        self._command += ["--project-directory", str(ROOT)]
        for file in files:
            self._command += ["--file", str(ROOT / file)]
        self.prometheus_port = answering.free_port()
        ports = {"PROMETHEUS_PORT": self.prometheus_port, "RABBITMQ_MANAGEMENT_PORT": answering.free_port()}
        self._environ = {**os.environ, **{name: str(port) for name, port in ports.items()}, **environ}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")

    def compose(self, *arguments: str, seconds: float = 120) -> str:
        """What the command printed to stdout. Raises AssertionError with all that it said when it fails."""
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds,
        )  # fmt: skip
        assert done.returncode == 0, f"docker compose {' '.join(arguments)}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def config(self) -> dict[str, Any]:
        """The project as the engine reads it."""
        read: dict[str, Any] = json.loads(self.compose("config", "--format", "json"))
        return read

    def up(self) -> None:
        """Start everything and wait until all of it is healthy. On a busy machine a service may be ill meanwhile."""
        self.start()
        self.until(lambda: not self.ill(), "every service is healthy", seconds=240)

    def start(self) -> None:
        """Start everything."""
        try:
            self.compose("up", "--detach", "--no-build", seconds=300)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def ill(self) -> dict[str, str]:
        """Service → what it said last, of those that are not healthy; one that has done its work and ended well is."""
        return {
            name: each.said
            for name, each in self.containers().items()
            if each.health != "healthy" and (each.status, each.exit_code) != ("exited", 0)
        }

    def logs(self, *services: str) -> str:
        """The end of every log."""
        return self.compose("logs", "--no-color", "--tail", "8", *services)

    def containers(self) -> dict[str, Container]:
        """Service → its container; every service has one."""
        ids = self.compose("ps", "--all", "--quiet").split()
        shown = subprocess.run(["docker", "inspect", *ids], capture_output=True, text=True, check=True).stdout
        found = {}
        for each in json.loads(shown):
            state = each["State"]
            health = state.get("Health", {})
            said = health["Log"][-1]["Output"] if health.get("Log") else ""
            name = each["Config"]["Labels"]["com.docker.compose.service"]
            found[name] = Container(state["Status"], health.get("Status", ""), state["ExitCode"], said)
        return found

    def exec(self, service: str, *command: str) -> str:
        """What a command in the service's container prints."""
        return self.compose("exec", "--no-TTY", service, *command)

    def python(self, service: str, program: str) -> str:
        """What a program in the service's container prints, in the image's own Python."""
        return self.exec(service, "/opt/ict/bin/python", "-c", program).strip()

    def journal(self, query: str) -> int:
        """One number from the journal's database; 0 while its tables are being made."""
        program = (
            "import sqlite3\n"
            "database = sqlite3.connect('file:/var/lib/ict/journal.sqlite?mode=ro', uri=True)\n"
            f"try: print(database.execute({query!r}).fetchone()[0])\n"
            "except sqlite3.OperationalError as error: print(0 if 'no such table' in str(error) else error)"
        )
        return int(self.python("journal", program))

    def prometheus(self, page: str, **parameters: str) -> Any:
        """``data`` of the answer of Prometheus' HTTP interface, through the port that is published."""
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/{page}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def until(self, true: Callable[[], bool], what: str, seconds: float = 90) -> None:
        """Wait for a condition. Raises AssertionError with the logs."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}; ill: {self.ill()}\n{self.logs()}"
            time.sleep(0.5)
