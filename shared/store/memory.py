"""A state store in this process's memory, for tests, the demo and backtests."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.store.metrics import StoreMetrics
from shared.store.port import Cell, Claim, Fenced, LaneState

_NEVER: Final = Cell(0, None)


@dataclass(slots=True)
class _Lane:
    epoch: int = 0
    snapshot: bytes | None = None
    log: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class HeldLease:
    """A lease and who had it last; ``until``: seconds of the store's clock."""

    holder: str = ""
    epoch: int = 0
    until: float = 0.0


class MemoryStore:
    """Implements ``StateStore`` in memory. ``clock``: returns seconds, for the time to live of members and leases.

    ``leases``: what stores of several namespaces share, as those of one server do.

    ``close`` keeps the content: a lane that is opened afterwards finds its state, as with a server.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, leases: dict[str, HeldLease] | None = None) -> None:
        self._clock = clock
        self._leases = leases if leases is not None else {}
        self._lanes: dict[str, _Lane] = {}
        self._groups: dict[str, dict[str, float]] = {}
        self._cells: dict[str, Cell] = {}
        self._epochs = 0
        self._metrics = StoreMetrics("memory")
        self._started = False

    async def start(self) -> None:
        self._started = True

    async def open(self, lane: str, at_least: int = 0) -> LaneState:
        state = self._lanes.setdefault(lane, _Lane())
        self._epochs = max(self._epochs + 1, at_least)
        state.epoch = self._epochs
        return LaneState(state.epoch, state.snapshot, tuple(state.log))

    async def append(self, lane: str, epoch: int, entries: Sequence[bytes], snapshot: bytes | None = None) -> None:
        with self._metrics.append.time():
            state = self._lanes.get(lane)
            if state is None or state.epoch != epoch:
                self._metrics.fenced.inc()
                raise Fenced(f"lane {lane}: epoch {epoch} is over; stop handling it and open it again")
            if snapshot is not None:
                state.snapshot = snapshot
                state.log.clear()
            state.log.extend(entries)

    async def beat(self, group: str, member: str, ttl_seconds: float) -> None:
        self._groups.setdefault(group, {})[member] = self._clock() + ttl_seconds

    async def leave(self, group: str, member: str) -> None:
        self._groups.get(group, {}).pop(member, None)

    async def members(self, group: str) -> tuple[str, ...]:
        now = self._clock()
        alive = {member: until for member, until in self._groups.get(group, {}).items() if until > now}
        self._groups[group] = alive
        return tuple(sorted(alive))

    async def claim(self, lease: str, holder: str, ttl_seconds: float, at_least: int = 0) -> Claim:
        held, now = self._leases.setdefault(lease, HeldLease()), self._clock()
        if held.holder != holder and held.until > now:
            return Claim(held.holder, held.epoch)
        if held.holder != holder:
            held.holder, held.epoch = holder, max(held.epoch + 1, at_least)
        held.until = now + ttl_seconds
        return Claim(holder, held.epoch)

    async def release(self, lease: str, holder: str) -> None:
        held = self._leases.get(lease)
        if held is not None and held.holder == holder:
            held.holder, held.until = "", 0.0

    async def read(self, cell: str) -> Cell:
        return self._cells.get(cell, _NEVER)

    async def swap(self, cell: str, version: int, value: bytes) -> bool:
        if self._cells.get(cell, _NEVER).version != version:
            return False
        self._cells[cell] = Cell(version + 1, value)
        return True

    async def clear(self) -> None:
        self._lanes.clear()
        self._groups.clear()
        self._cells.clear()

    def healthy(self) -> bool:
        return self._started

    async def close(self) -> None:
        self._started = False
