"""Collects the bundles of each close, and releases each close once, in order of time. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Generic, Literal, NamedTuple, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)
B = TypeVar("B")

#: ``held``: waits for its turn. ``duplicate``: is already waiting. ``late``: its close was decided (or passed) before.
Arrival = Literal["held", "duplicate", "late"]


class Ruling(NamedTuple, Generic[K, B]):
    """A close to decide now. ``bundles``: in the order of ``expected``; ``absent``: the keys declared missing."""

    close_time: int
    expected: tuple[K, ...]
    bundles: tuple[B, ...]
    absent: tuple[K, ...]


class BarrierState(msgspec.Struct, Generic[K, B], kw_only=True):
    """The whole state of a barrier, for the snapshot. Times are UTC ms, -1 before the first.

    decided_until: the newest decided close. newest: key → its newest close, waiting or not. since: pending close → the time
    of its first arrival, or the close itself if that is later. pending: close → key → bundle.
    """

    decided_until: int = -1
    newest: dict[K, int] = msgspec.field(default_factory=dict)
    since: dict[int, int] = msgspec.field(default_factory=dict)
    pending: dict[int, dict[K, B]] = msgspec.field(default_factory=dict)


class Barrier(ABC, Generic[K, B]):
    """Collects the bundles of each close by key (a timeframe, a partition). ``state`` is its whole state.

    deadline_ms: how long a close waits for absent bundles; from the close, or from its arrival if it came
    late (after an outage, in a warm-up). max_pending_closes: with more closes waiting, the oldest is decided at once.
    """

    def __init__(self, *, deadline_ms: int, max_pending_closes: int) -> None:
        self._deadline_ms = deadline_ms
        self._max_pending = max_pending_closes
        self.state: BarrierState[K, B] = BarrierState()

    @abstractmethod
    def expected(self, close_time: int) -> Sequence[K]:
        """Return the keys whose bundles belong to this close, in the order of ``Ruling.bundles``."""

    @abstractmethod
    def can_still_come(self, close_time: int, absent: Sequence[K]) -> bool:
        """Return True if an absent bundle may still arrive. False once each absent key has sent a later close."""

    def hold(self, close_time: int, key: K, bundle: B, now: int) -> Arrival:
        """Store a bundle that came at ``now`` (UTC ms); call ``due`` next."""
        state = self.state
        if close_time > state.newest.get(key, -1):
            state.newest[key] = close_time
        if close_time <= state.decided_until:
            return "late"
        held = state.pending.setdefault(close_time, {})
        state.since.setdefault(close_time, max(close_time, now))
        if key in held:
            return "duplicate"
        held[key] = bundle
        return "held"

    def due(self, now: int) -> list[Ruling[K, B]]:
        """Return the closes to decide now, oldest first. ``now``: UTC ms."""
        rulings = []
        while self.state.pending:
            ruling = self._oldest(now)
            if ruling is None:
                break
            rulings.append(ruling)
        return rulings

    def _oldest(self, now: int) -> Ruling[K, B] | None:
        state = self.state
        at = min(state.pending)
        held = state.pending[at]
        expected = tuple(self.expected(at))
        absent = tuple(key for key in expected if key not in held)
        if absent and self._waits(at, absent, now):
            return None
        del state.pending[at]
        del state.since[at]
        state.decided_until = at
        return Ruling(at, expected, tuple(held[key] for key in expected if key in held), absent)

    def _waits(self, at: int, absent: Sequence[K], now: int) -> bool:
        return (
            now <= self.state.since[at] + self._deadline_ms
            and len(self.state.pending) <= self._max_pending
            and self.can_still_come(at, absent)
        )
