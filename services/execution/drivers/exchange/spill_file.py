"""A bounded file of messages that wait for the broker, first in, first out; it survives the process.

Two segments: one is written, one is read. When both are full the oldest segment is dropped whole, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import structlog

from services.execution.drivers.exchange.log_entries import Packed

log = structlog.get_logger(__name__)

_LENGTH: Final = 4
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_PACKED: Final = msgspec.msgpack.Decoder(Packed)


class SpillFile:
    """``name``: of the deployment; most_bytes: largest size of both segments together."""

    def __init__(self, directory: Path, name: str, most_bytes: int) -> None:
        self._directory = directory
        self._old = directory / f"{name}.1.msgs"
        self._new = directory / f"{name}.2.msgs"
        self._most = most_bytes // 2
        self._writing: BinaryIO | None = None
        self._read_to = 0
        self.dropped = 0

    @property
    def size(self) -> int:
        """Bytes that wait in it."""
        return sum(each.stat().st_size for each in (self._old, self._new) if each.exists()) - self._read_to

    def write(self, messages: tuple[Packed, ...]) -> None:
        """Append messages. Raises OSError if the disk does not take them."""
        if self._writing is None:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._writing = self._new.open("ab")
        for message in messages:
            body = _ENCODE(message)
            self._writing.write(len(body).to_bytes(_LENGTH, "big") + body)
        self._writing.flush()
        if self._writing.tell() >= self._most:
            self._turn()

    def read(self, most: int) -> tuple[Packed, ...]:
        """Take the oldest messages out, at most ``most``; empty if there is none. Raises OSError."""
        if not self._old.exists():
            if not self._new.exists():
                return ()
            self._turn()
        found: list[Packed] = []
        with self._old.open("rb") as file:
            file.seek(self._read_to)
            for body in _bodies(file):
                found.append(_PACKED.decode(body))
                self._read_to += _LENGTH + len(body)
                if len(found) >= most:
                    return tuple(found)
        self._old.unlink()
        self._read_to = 0
        return tuple(found) or self.read(most)

    def close(self) -> None:
        """Close the file; what waits in it stays."""
        if self._writing is not None:
            self._writing.close()
            self._writing = None

    def _turn(self) -> None:
        """Begin a new segment; the one that was written becomes the one to read."""
        self.close()
        if self._old.exists():
            with self._old.open("rb") as file:
                file.seek(self._read_to)
                lost = sum(1 for _ in _bodies(file))
            self.dropped += lost
            log.error("outbox_dropped_oldest", messages=lost)
        self._new.replace(self._old)
        self._read_to = 0


def _bodies(file: BinaryIO) -> Iterator[bytes]:
    """Whole records; one that was cut off by the end of a process is left out."""
    while True:
        length = int.from_bytes(file.read(_LENGTH), "big")
        body = file.read(length)
        if not length or len(body) < length:
            return
        yield body
