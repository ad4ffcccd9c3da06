"""The close barrier: a close is decided once, in order of time, when all of its analyses are in (SIG-1).

A close is known once any bundle of it has arrived. The topics of the timeframes reach us in any interleaving, but each in
its own order; a complete close has its 1m bundle, so every earlier 1m close is known by then and goes first. What arrives
ahead is held back unread: nothing after T can colour the decision at T.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import DURATION, FINEST, Timeframe, closing_at

#: ``held``: waits for its turn. ``duplicate``: is already waiting. ``late``: its close was decided (or passed) before.
Arrival = Literal["held", "duplicate", "late"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """A close whose time has come: its bundles, finest first, and the timeframes that are declared missing."""

    close_time: int
    closing: tuple[Timeframe, ...]
    bundles: tuple[AnalysisBundle, ...]
    absent: tuple[Timeframe, ...]


class BarrierState(msgspec.Struct, kw_only=True):
    """``pending``: close time -> timeframe -> bundle. ``finest_seen``: the newest 1m close that has arrived. ``clock``: the
    newest tick; ``since``: what it said when the first bundle of a pending close arrived, or that close if it was behind."""

    decided_until: int = -1
    finest_seen: int = -1
    clock: int = -1
    since: dict[int, int] = msgspec.field(default_factory=dict)
    pending: dict[int, dict[Timeframe, AnalysisBundle]] = msgspec.field(default_factory=dict)


class CloseBarrier:
    """Gathers the bundles of each close. ``deadline_ms`` by the clock, ``patience_closes`` by the 1m stream itself.

    The deadline runs from the close; for a close that arrives late (after an outage, in a warm-up) from its arrival.
    """

    def __init__(
        self, timeframes: tuple[Timeframe, ...], *, deadline_ms: int, patience_closes: int, max_pending_closes: int
    ) -> None:
        self._timeframes = timeframes
        self._deadline_ms = deadline_ms
        self._patience_ms = patience_closes * DURATION[FINEST]
        self._max_pending = max_pending_closes
        self.state = BarrierState()

    def arrive(self, bundle: AnalysisBundle) -> Arrival:
        """Take a bundle in; ``due`` then says what can be decided."""
        state = self.state
        at, timeframe = bundle.close_time, bundle.timeframe
        if timeframe == FINEST and at > state.finest_seen:
            state.finest_seen = at
        if at <= state.decided_until:
            return "late"
        waiting = state.pending.setdefault(at, {})
        state.since.setdefault(at, max(at, state.clock))
        if timeframe in waiting:
            return "duplicate"
        waiting[timeframe] = bundle
        return "held"

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
        closing = closing_at(at, self._timeframes)
        absent = tuple(timeframe for timeframe in closing if timeframe not in arrived)
        if absent and not self._given_up(at, now):
            return None
        del state.pending[at]
        del state.since[at]
        state.decided_until = at
        return Ruling(at, closing, tuple(arrived[timeframe] for timeframe in closing if timeframe in arrived), absent)

    def _given_up(self, at: int, now: int) -> bool:
        return (
            now > self.state.since[at] + self._deadline_ms
            or self.state.finest_seen >= at + self._patience_ms
            or len(self.state.pending) > self._max_pending
        )
