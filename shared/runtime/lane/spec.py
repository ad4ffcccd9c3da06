"""Describes one lane of a service, how often lanes write their state, and whose time they live in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.core import Core, Overview
from shared.runtime.clock import ClockKind


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """One lane of a service.

    name: unique in a deployment; the key of its state in the store, a label of its metrics.
    stage: the step of the pipeline, a label of its metrics ("analysis").
    queue: the queue that it consumes, by its name in the topology.
    commands: queue of commands, beside the other; empty = none. What cannot be read there is discarded (``letters``).
    marks: queue of mark prices, beside the other; empty = none.
    build: makes a fresh core; called at the start, at every load of state and after a core that raised.
    tick_ms: time between two clock ticks while the lane is loaded and its clock is the process's own; 0 = no ticks.
    show: takes what reads the core's overview, for metrics that are computed when they are asked for; None = nobody asks.
    """

    name: str
    stage: str
    queue: str
    build: Callable[[], Core]
    tick_ms: int = 0
    commands: str = ""
    marks: str = ""
    show: Callable[[Callable[[], Overview]], None] | None = None

    @property
    def queues(self) -> tuple[str, ...]:
        """Return every queue that it reads, commands first."""
        return tuple(filter(None, (self.commands, self.queue, self.marks)))


@dataclass(frozen=True, slots=True)
class LanePolicy:
    """How often a lane writes, how much it remembers, and whose time it lives in.

    snapshot_every: log entries after which a snapshot is written at the next lull.
    lull: seconds without a delivery that count as a lull.
    commit_linger: seconds to collect commits before one write to the store, so that orders do not wait for the store.
    dedupe_window: message ids remembered; a repeat that comes later than these is handled again.
    allow_reset: obey ``control.reset``, which deletes the state (mode sim only).
    clock: whose time the lane lives in.
    """

    snapshot_every: int = 500
    lull: float = 0.25
    commit_linger: float = 0.02
    dedupe_window: int = 1024
    allow_reset: bool = True
    clock: ClockKind = "own"
