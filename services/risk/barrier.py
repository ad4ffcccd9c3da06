"""The partition barrier: one verdict bundle per close, once the decisions of all partitions are in.

Each partition speaks in order of time. One that has spoken of a later close will not speak of this one any more, so nobody
waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from shared.domain.decisions import DecisionBundle


@dataclass(frozen=True, slots=True)
class Ruling:
    """A close whose time has come. ``absent``: partitions whose decisions for it are not in."""

    close_time: int
    bundles: tuple[DecisionBundle, ...]
    absent: tuple[int, ...]


class BarrierState(msgspec.Struct, kw_only=True):
    """``newest``: partition -> its newest close. ``pending``: close time -> partition -> bundle. ``clock``: the newest tick;
    ``since``: what it said when the first bundle of a pending close arrived, or that close if it was behind."""

    decided_until: int = -1
    clock: int = -1
    since: dict[int, int] = msgspec.field(default_factory=dict)
    newest: dict[int, int] = msgspec.field(default_factory=dict)
    pending: dict[int, dict[int, DecisionBundle]] = msgspec.field(default_factory=dict)


class PartitionBarrier:
    """Gathers the decision bundles of each close; ``state`` is all that it knows.

    The deadline runs from the close; for a close that arrives late (after an outage, in a warm-up) from its arrival.
    """

    def __init__(self, partitions: int, *, deadline_ms: int, max_pending_closes: int) -> None:
        self._partitions = range(partitions)
        self._deadline_ms = deadline_ms
        self._max_pending = max_pending_closes
        self.state = BarrierState()

    def arrive(self, bundle: DecisionBundle) -> None:
        """Take a bundle in. One for a decided close, a repeat, or one of a partition that does not exist is dropped."""
        state = self.state
        at, partition = bundle.close_time, bundle.partition
        if at <= state.decided_until or partition not in self._partitions:
            return
        state.newest[partition] = max(at, state.newest.get(partition, -1))
        state.pending.setdefault(at, {}).setdefault(partition, bundle)
        state.since.setdefault(at, max(at, state.clock))

    def due(self, now: int = -1) -> list[Ruling]:
        """The closes to decide now, oldest first. ``now`` (ms) comes with a clock tick; -1 = the clock says nothing."""
        self.state.clock = max(self.state.clock, now)
        rulings = []
        while self.state.pending:
            ruling = self._oldest(now)
            if ruling is None:
                break
            rulings.append(ruling)
        return rulings

    def _oldest(self, now: int) -> Ruling | None:
        state = self.state
        at = min(state.pending)
        arrived = state.pending[at]
        absent = tuple(partition for partition in self._partitions if partition not in arrived)
        awaited = [partition for partition in absent if state.newest.get(partition, -1) < at]
        if awaited and now <= state.since[at] + self._deadline_ms and len(state.pending) <= self._max_pending:
            return None
        del state.pending[at]
        del state.since[at]
        state.decided_until = at
        return Ruling(at, tuple(arrived[partition] for partition in sorted(arrived)), absent)
