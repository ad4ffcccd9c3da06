"""Writes a wire log, line by line, with its secrets blanked."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from simulator.wire_log.blanking import Blanking
from simulator.wire_log.line_kinds import AnyLine

_encode: Final = msgspec.json.Encoder().encode


class WireLogBroken(Exception):
    """Raised if the file cannot be made or written; says which file and why."""


class WireLogWriter:
    """Writes the lines of one session to a new file. Use it as a context manager, inside the running event loop.

    broken: set when a line could not be written; the session must end then, because what follows would be missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._blanking = Blanking()
        self.broken: asyncio.Future[WireLogBroken] = asyncio.get_running_loop().create_future()
        self.lines = 0
        try:
            self._file = path.open("x", encoding="utf-8", buffering=1)
        except FileExistsError as error:
            raise WireLogBroken(f"{path} exists, and a recording is never written over; choose another name") from error
        except OSError as error:
            raise WireLogBroken(f"{path} cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._file.close()
        except OSError as trouble:
            self._break(trouble)

    @staticmethod
    def now() -> int:
        """Time of a line that is written now, UTC ms."""
        return time.time_ns() // 1_000_000

    def learn(self, api_key: str) -> None:
        """Blank this API key from here on."""
        self._blanking.learn(api_key, "api-key")

    def blank(self, text: str) -> str:
        """Return the text as it may be written; learn the secrets that it names."""
        return self._blanking.text(text)

    def write(self, line: AnyLine) -> None:
        """Append a line whose texts went through ``blank``. Never raises: see ``broken``."""
        if self.broken.done():
            return
        try:
            self._file.write(_encode(line).decode() + "\n")
            self.lines += 1
        except OSError as error:
            self._break(error)

    def _break(self, error: OSError) -> None:
        if not self.broken.done():
            why = f"{self._path} cannot be written any more after {self.lines} lines: {error.strerror}"
            self.broken.set_result(WireLogBroken(why))
