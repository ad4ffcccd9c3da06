"""``ict simulator`` as a process of the drill, and its admin pages."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import yaml

from simulator.ledger.record import Noted

_START_S: Final = 120.0


class ExchangeFailed(Exception):
    """The simulated exchange did not start, or refused what the drill asks of it; the text says why."""


class SimulatedExchange:
    """Started on entering. files: candles of each symbol. speed: market seconds a second; arguments: more of the command."""

    def __init__(
        self,
        directory: Path,
        name: str,
        settings: Mapping[str, Any],
        files: Mapping[str, Path],
        speed: float,
        *arguments: str,
    ) -> None:
        self._log = directory / f"{name}.log"
        config = directory / f"{name}.yaml"
        config.write_text(yaml.safe_dump(dict(settings), sort_keys=False))
        data = [part for symbol, file in files.items() for part in ("--data", f"{symbol}={file}")]
        self._command = [
            sys.executable, "-m", "cli", "simulator", "--config", str(config), "--port", "0", "--speed", f"{speed:g}",
            *data, *arguments,
        ]  # fmt: skip
        self._process: subprocess.Popen[str] | None = None
        self._http: aiohttp.ClientSession | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        log = self._log.open("ab")
        # Not asyncio's: its reader would have to be read until the end.
        self._process = subprocess.Popen(  # noqa: ASYNC220, S603  our own; it starts at once
            self._command, stdout=subprocess.PIPE, stderr=log, text=True
        )
        log.close()
        assert self._process.stdout is not None
        said = await self._first_line(self._process)
        found = re.search(r"listening on (https?://\S+)", said)
        if not found:
            self._process.kill()
            self._process.wait()
            raise ExchangeFailed(f"ict simulator did not start: {said!r} {self._log.read_text(errors='replace')[-2000:]}")
        self.url = found.group(1)
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()
        if self._process is not None:
            self._process.terminate()
            try:
                await asyncio.to_thread(self._process.wait, 20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)

    @staticmethod
    async def _first_line(process: subprocess.Popen[str]) -> str:
        """What it says first; empty if it says nothing in time."""
        assert process.stdout is not None
        reading = asyncio.create_task(asyncio.to_thread(process.stdout.readline))
        done, _ = await asyncio.wait({reading}, timeout=_START_S)
        if not done:
            process.kill()  # which ends the reading
        return await reading

    async def ask(self, page: str, method: str = "GET", body: object = None) -> Any:
        """Ask an admin page. Raises ExchangeFailed for what it refuses, and when it does not answer."""
        assert self._http is not None
        try:
            async with self._http.request(method, f"{self.url}/sim/{page}", json=body) as answer:
                found = await answer.json()
                if answer.status != 200:
                    raise ExchangeFailed(f"{method} /sim/{page}: {found}")
                return found
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ExchangeFailed(f"{method} /sim/{page}: {error or type(error).__name__}") from error

    async def note(self, what: Noted, who: str = "") -> None:
        """Write into the ledger what the drill has seen or done."""
        await self.ask("ledger", "POST", {"what": what, "who": who})

    async def time(self) -> int:
        """The market's clock, UTC ms."""
        return int((await self.ask("state"))["time"])
