"""The close barrier: a close is decided once, in order of time, when the analyses of all its timeframes are in.

A close is known once any bundle of it has arrived. The topics of the timeframes reach us in any interleaving, but each in
its own order; a complete close has its 1m bundle, so every earlier 1m close is known by then and goes first. What arrives
ahead is held back unread: nothing after T can colour the decision at T.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.barrier import Arrival, Barrier, BarrierState, Ruling
from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import DURATION, FINEST, Timeframe, closing_at

CloseState = BarrierState[Timeframe, AnalysisBundle]
CloseRuling = Ruling[Timeframe, AnalysisBundle]


class CloseBarrier(Barrier[Timeframe, AnalysisBundle]):
    """Gathers the bundles of each close.

    deadline_ms: how long a close waits. patience_closes: how many 1m closes may be seen ahead of it.
    """

    def __init__(
        self, timeframes: tuple[Timeframe, ...], *, deadline_ms: int, patience_closes: int, max_pending_closes: int
    ) -> None:
        super().__init__(deadline_ms=deadline_ms, max_pending_closes=max_pending_closes)
        self._timeframes = timeframes
        self._patience_ms = patience_closes * DURATION[FINEST]

    def expected(self, close_time: int) -> Sequence[Timeframe]:
        return closing_at(close_time, self._timeframes)

    def can_still_come(self, close_time: int, absent: Sequence[Timeframe]) -> bool:
        return self.state.newest.get(FINEST, -1) < close_time + self._patience_ms

    def arrive(self, bundle: AnalysisBundle, now: int) -> Arrival:
        """Take a bundle in that came at ``now`` (UTC ms); call ``due`` next."""
        return self.hold(bundle.close_time, bundle.timeframe, bundle, now)
