"""The state store port: keeps the state of lanes beyond their process, and the list of live replicas.

A lane is one core with its queues. Its state is kept as a snapshot and the log of the messages handled since: appending a
message writes a few hundred bytes; snapshots are rarer. Contract (``tests/contract/shared/store``):

* ``append`` is atomic: all entries and the snapshot, or nothing. A snapshot empties the log, then the entries follow it.
* ``open`` takes the lane over: it raises the lane's epoch, and every later ``append`` under an older epoch raises
  Fenced, so that a process that was only frozen cannot write over its successor.
* A cell is a small value that processes share (a rate limiter's counts): ``swap`` writes it only if no other process wrote
  since it was read (compare-and-swap), so no update is lost.
* A lease names something outside this system, such as an account, of which there is one for all namespaces of a server. It
  is the only thing that namespaces share, and ``clear`` leaves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class StoreError(Exception):
    """An operation of the store failed; the text says what to do next."""


class Fenced(StoreError):
    """Another process has taken this lane over; the caller must stop handling it."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """The state of a lane when it is opened.

    epoch: pass it to every append. snapshot: None when none was written. log: entries appended after the snapshot, oldest
    first.
    """

    epoch: int
    snapshot: bytes | None
    log: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A shared value and its version. Version 0 and value None: never written."""

    version: int
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who has a lease, and its epoch, which rises whenever somebody else takes it."""

    holder: str
    epoch: int


class StateStore(Protocol):
    """A state store under one namespace. The contract is in the module's docstring."""

    async def start(self) -> None:
        """Connect; waits for the server without a time limit."""
        ...

    async def open(self, lane: str, at_least: int = 0) -> LaneState:
        """Take the lane over, and return its state with the new epoch, which is not below ``at_least``."""
        ...

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        """Add entries to the log; with a snapshot, first replace snapshot and log. Raises Fenced."""
        ...

    async def beat(self, group: str, member: str, ttl_seconds: float) -> None:
        """Record that ``member`` of ``group`` is alive for the next ``ttl_seconds``."""
        ...

    async def leave(self, group: str, member: str) -> None:
        """Remove the member at once (a graceful stop)."""
        ...

    async def members(self, group: str) -> tuple[str, ...]:
        """Return the members alive now, sorted."""
        ...

    async def claim(self, lease: str, holder: str, ttl_seconds: float, at_least: int = 0) -> Claim:
        """Take the lease for ``ttl_seconds`` if it is free or expired; renew it if ``holder`` had it last; say who has it.

        Who takes it from another gets the epoch max(last + 1, ``at_least``). Whoever renews keeps his, also after the end of
        his time: nobody had it in between.
        """
        ...

    async def release(self, lease: str, holder: str) -> None:
        """Give the lease back, so that the next one need not wait; nothing happens if another has it. Its epoch stays."""
        ...

    async def read(self, cell: str) -> Cell:
        """Return the shared value as it is now."""
        ...

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        """Write ``value`` if the cell still has ``version``, and raise the version.

        Returns False if another process was faster, or if an earlier try of this swap was applied and its answer lost; read
        again.
        """
        ...

    async def clear(self) -> None:
        """Delete everything under this store's namespace (a replay starts empty)."""
        ...

    def healthy(self) -> bool:
        """Return True if the store is started and no operation waits for the server."""
        ...

    async def close(self) -> None:
        """Disconnect; the state stays in the store."""
        ...
