"""The state store port: where a lane's state survives its process, and where replicas see each other.

A lane is one core with its queues. Its state is kept as a snapshot and the log of the messages handled since: appending a
message costs a few hundred bytes, a snapshot is written now and then. Contract (``tests/contract/shared/store``):

* ``append`` is atomic: all entries and the snapshot, or nothing. A snapshot empties the log, then the entries follow it.
* ``open`` takes the lane over: it raises the lane's epoch, and every later ``append`` under an older epoch raises
  Fenced, so that a process that was only frozen cannot write over its successor.
* A cell is a small value that processes share (a rate limiter's counts): ``swap`` writes it only if nobody wrote since it
  was read, so a pure function of the old value decides the new one and no update is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class StoreError(Exception):
    """The store could not do it; the text says what to do next."""


class Fenced(StoreError):
    """Another process has taken this lane over; whoever sees this stops handling it."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """What ``open`` found. ``epoch`` goes with every append; ``log`` holds what was handled after ``snapshot``."""

    epoch: int
    snapshot: bytes | None
    log: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A shared value. ``version`` 0 and no value: never written."""

    version: int
    value: bytes | None


class StateStore(Protocol):
    """See the module's contract."""

    async def start(self) -> None:
        """Connect; waits for the server as long as it takes."""
        ...

    async def open(self, lane: str) -> LaneState:
        """Take the lane over and return its state."""
        ...

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        """Add entries to the log; with a snapshot, first replace snapshot and log. Raises Fenced."""
        ...

    async def beat(self, group: str, member: str, ttl_seconds: float) -> None:
        """Say that ``member`` of ``group`` is alive for the next ``ttl_seconds``."""
        ...

    async def leave(self, group: str, member: str) -> None:
        """Take the member out at once (a graceful stop)."""
        ...

    async def members(self, group: str) -> tuple[str, ...]:
        """The members alive now, sorted."""
        ...

    async def read(self, cell: str) -> Cell:
        """The shared value as it is now."""
        ...

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        """Write ``value`` if the cell still has ``version``, and raise the version.

        False: somebody was faster, or an earlier try of this very swap was applied and its answer lost; read again.
        """
        ...

    async def clear(self) -> None:
        """Forget everything under this store's namespace (replay starts from nothing)."""
        ...

    def healthy(self) -> bool: ...

    async def close(self) -> None: ...
