"""The partition barrier: one verdict bundle a close, once the decisions of all partitions are in."""

from __future__ import annotations

from collections.abc import Sequence

from shared.barrier import Barrier, BarrierState, Ruling
from shared.domain.decisions import DecisionBundle

PartitionState = BarrierState[int, DecisionBundle]
PartitionRuling = Ruling[int, DecisionBundle]


class PartitionBarrier(Barrier[int, DecisionBundle]):
    """Gathers the decision bundles of each close. A partition that has spoken of a later close is not waited for."""

    def __init__(self, partitions: int, *, deadline_ms: int, max_pending_closes: int) -> None:
        super().__init__(deadline_ms=deadline_ms, max_pending_closes=max_pending_closes)
        self._partitions = range(partitions)

    def expected(self, close_time: int) -> Sequence[int]:
        return self._partitions

    def can_still_come(self, close_time: int, absent: Sequence[int]) -> bool:
        return any(self.state.newest.get(partition, -1) < close_time for partition in absent)

    def arrive(self, bundle: DecisionBundle, now: int) -> None:
        """Take a bundle in that came at ``now`` (UTC ms).

        One of a decided close, a repeat, or one of a partition that does not exist is dropped.
        """
        if bundle.partition in self._partitions:
            self.hold(bundle.close_time, bundle.partition, bundle, now)
