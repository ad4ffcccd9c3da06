"""Real service processes under test: started, killed, restarted; their logs kept for the report of a failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Self

import yaml

SERVICES = ("ingest", "analysis", "signals", "risk", "execution", "journal", "notifier")
ICT = (sys.executable, "-m", "cli")


def write_config(path: Path, settings: Mapping[str, object]) -> Path:
    """A configuration file for the fleet and for the replay that drives it.

    In mode testnet the account is named like the namespace: on a store that tests share, an account has one leader.
    """
    shared = settings.get("mode") == "testnet" and "namespace" in settings
    named = {"account": {"name": settings["namespace"]}} if shared else {}
    path.write_text(yaml.safe_dump({**named, **settings}, sort_keys=False))
    return path


class Fleet:
    """Processes ``ict run <service>`` with one configuration; used as a context."""

    def __init__(self, config: Path, logs: Path, services: Sequence[str] = SERVICES) -> None:
        self._config = config
        self._logs = logs
        self._services = tuple(services)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._files: list[IO[bytes]] = []
        self.kills = 0

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        for name in self._services:
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self._processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for file in self._files:
            file.close()

    def start(self, name: str, *, label: str = "", env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start (or start again) one service. ``label`` tells replicas of one service apart."""
        log = (self._logs / f"{name}{label}.log").open("ab")
        self._files.append(log)
        process = subprocess.Popen(
            [*ICT, "run", name, "--config", str(self._config)], stdout=log, stderr=log, env={**os.environ, **(env or {})}
        )
        self._processes[name + label] = process
        return process

    def kill(self, name: str) -> None:
        """SIGKILL: no goodbye."""
        process = self._processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.kills += 1

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal and look no further: a process that is to be frozen, thawed, or drained under observation."""
        self._processes[name].send_signal(number)

    def terminate(self, name: str) -> int:
        """SIGTERM, and the exit code after the drain."""
        self.send(name, signal.SIGTERM)
        return self.ended(name)

    def ended(self, name: str) -> int:
        """The exit code of a process that is on its way out."""
        return self._processes[name].wait(30)

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def alive(self) -> dict[str, bool]:
        return {name: process.poll() is None for name, process in self._processes.items()}

    def tail(self, lines: int = 15) -> str:
        """The last log lines of every process, for the message of a failing test."""
        parts = []
        for path in sorted(self._logs.glob("*.log")):
            text = path.read_text(errors="replace").splitlines()[-lines:]
            parts.append(f"--- {path.name}\n" + "\n".join(text))
        return "\n".join(parts)


def ict(*arguments: str, timeout: float = 300, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; the caller looks at the exit code."""
    return subprocess.run(
        [*ICT, *arguments], capture_output=True, text=True, timeout=timeout, check=False, env={**os.environ, **(env or {})}
    )


def same_bytes(one: Path, other: Path, names: Sequence[str]) -> list[str]:
    """The names of the files that differ, each with its first differing line."""
    differences = []
    for name in names:
        left, right = (one / name).read_bytes(), (other / name).read_bytes()
        if left != right:
            pairs = zip(left.splitlines(), right.splitlines(), strict=False)
            line = next((f"{a!r} != {b!r}" for a, b in pairs if a != b), "one is longer")
            differences.append(f"{name} ({left.count(10)} and {right.count(10)} lines): {line}")
    return differences
