"""The processes of a drill: started, killed, frozen and thawed; each is told to the exchange's ledger as there or gone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import aiohttp
import psutil

from simulator.ledger.record import Noted

#: Tells the exchange's ledger that a process is there (``running``) or not (``gone``).
Tell = Callable[[Noted, str], Awaitable[None]]
_LOOK_S: Final = 0.25
_END_S: Final = 25.0


class NotStarted(Exception):
    """A process did not come up; the text has the end of its log."""


class Processes:
    """Processes of one deployment by name. commands: name → command line. environments: name → what it has beside ours.

    A process counts as there from its first answer of ``/readyz`` that says that it has started.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        environments: Mapping[str, Mapping[str, str]],
        ports: Mapping[str, int],
        logs: Path,
        tell: Tell,
    ) -> None:
        self._commands, self._environments, self._ports = commands, environments, ports
        self._logs = logs
        self._tell = tell
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._files: list[IO[bytes]] = []
        self._there: set[str] = set()
        self._frozen: set[str] = set()
        self._watching: dict[str, asyncio.Task[None]] = {}
        self._http: aiohttp.ClientSession | None = None
        self.fell: list[str] = []

    async def start_all(self) -> None:
        """Start every process."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        self._logs.mkdir(parents=True, exist_ok=True)
        for name in self._commands:
            self.start(name)

    def start(self, name: str) -> None:
        """Start a process, and look until it answers."""
        log = (self._logs / f"{name}.log").open("ab")
        self._files.append(log)
        environment = {**os.environ, **self._environments.get(name, {})}
        self._running[name] = subprocess.Popen(  # noqa: S603  our own
            list(self._commands[name]), stdout=log, stderr=log, env=environment
        )
        self._watch(name)

    async def kill(self, name: str) -> None:
        """SIGKILL, and start it again."""
        await self._leaves(name)
        process = self._running[name]
        process.kill()
        await asyncio.to_thread(process.wait)
        self.start(name)

    async def freeze(self, name: str) -> None:
        """SIGSTOP."""
        await self._leaves(name)
        self._frozen.add(name)
        self._running[name].send_signal(signal.SIGSTOP)

    async def thaw(self, name: str) -> None:
        """SIGCONT."""
        self._running[name].send_signal(signal.SIGCONT)
        self._frozen.discard(name)
        self._watch(name)

    async def there(self, name: str, seconds: float) -> bool:
        """Wait until a process answers; False if it does not within ``seconds``."""
        task = self._watching.get(name)
        if task is not None:
            await asyncio.wait({task}, timeout=seconds)
        return name in self._there

    async def all_there(self, seconds: float) -> None:
        """Wait until each answers. Raises NotStarted."""
        for name in self._commands:
            if not await self.there(name, seconds):
                raise NotStarted(f"{name} did not start:\n{self.tail(name)}")

    async def revive(self) -> list[str]:
        """Start again what has ended by itself, as a supervisor does; returns the names."""
        ended = [name for name, process in self._running.items() if name not in self._frozen and process.poll() is not None]
        for name in ended:
            self.fell.append(f"{name} ended with {self._running[name].returncode}")
            await self._leaves(name)
            self.start(name)
        return ended

    async def end(self) -> dict[str, int]:
        """SIGTERM to all; the exit code of each. What does not end in time is killed."""
        for task in self._watching.values():
            task.cancel()
        for name, process in self._running.items():
            if process.poll() is None:
                if name in self._frozen:
                    process.send_signal(signal.SIGCONT)
                process.terminate()
        codes = {}
        for name, process in self._running.items():
            try:
                codes[name] = await asyncio.to_thread(process.wait, _END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = await asyncio.to_thread(process.wait)
        for file in self._files:
            file.close()
        if self._http is not None:
            await self._http.close()
        self._running.clear()
        return codes

    def memory(self) -> list[tuple[str, int, float]]:
        """Return name, pid and resident memory (MB) of each process that is there."""
        found = []
        for name in sorted(self._there):
            try:
                pid = self._running[name].pid
                found.append((name, pid, psutil.Process(pid).memory_info().rss / 2**20))
            except psutil.NoSuchProcess:
                continue  # it has just ended; the supervisor starts it again
        return found

    def tail(self, name: str, lines: int = 12) -> str:
        """Return the last lines of a log."""
        path = self._logs / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    async def readiness(self, name: str) -> dict[str, Any]:
        """What ``/readyz`` says; empty if it does not answer."""
        assert self._http is not None
        try:
            async with self._http.get(f"http://127.0.0.1:{self._ports[name]}/readyz") as answer:
                found: dict[str, Any] = await answer.json()
                return found
        except (aiohttp.ClientError, TimeoutError, OSError):
            return {}

    async def _leaves(self, name: str) -> None:
        task = self._watching.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if name in self._there:
            self._there.discard(name)
            await self._tell("gone", name)

    def _watch(self, name: str) -> None:
        self._watching[name] = asyncio.create_task(self._until_there(name), name=f"watch {name}")

    async def _until_there(self, name: str) -> None:
        while not (await self.readiness(name)).get("started"):  # noqa: ASYNC110  another process has no event
            await asyncio.sleep(_LOOK_S)
        self._there.add(name)
        await self._tell("running", name)


def command(service: str, config: Path) -> list[str]:
    """Return the command line of one service of this product."""
    return [sys.executable, "-m", "cli", "run", service, "--config", str(config)]
