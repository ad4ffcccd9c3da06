"""Shares the lanes of a service among its replicas; when one dies, another takes its lanes over at once.

Every replica consumes every queue; the broker lets one at a time be active. Which one *should* be follows from the live
members: lane i belongs to member i modulo n, members in name order, lanes by the last part of their name, so that the lanes
of one timeframe (which have the same work) spread over the members. A replica that is active on another's lane hands it over
(drains, unsubscribes, subscribes again), and the broker passes it on until the owner has it. This works on every RabbitMQ
version, and needs no time-out when a process dies, because the standby is already subscribed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import Gauge

from shared.runtime.lane.lane import Lane
from shared.runtime.waiting import wait_at_most
from shared.store.port import StateStore

log = structlog.get_logger(__name__)

_MEMBERS: Final = Gauge("ict_replicas", "Replicas of this service alive", ["group"])
_OWNED: Final = Gauge("ict_lane_owned", "1 while this replica is the lane's rightful owner", ["lane"])


@dataclass(frozen=True, slots=True)
class ReplicaPolicy:
    """``beat``: seconds between heartbeats; ``ttl``: seconds without one after which a member counts as dead."""

    beat: float = 1.0
    ttl: float = 3.0


def owners(lanes: Sequence[str], members: Sequence[str]) -> dict[str, str]:
    """Return the member that should be active on each lane, by lane name. Pure: every replica computes the same."""
    ordered = sorted(members)
    alike_together = sorted(lanes, key=lambda lane: lane.split(".")[::-1])
    return {lane: ordered[index % len(ordered)] for index, lane in enumerate(alike_together)} if ordered else {}


class Replicas:
    """Sends this replica's heartbeat, and hands over lanes that belong to other replicas."""

    def __init__(self, group: str, member: str, lanes: Sequence[Lane], store: StateStore, policy: ReplicaPolicy) -> None:
        self._group = group
        self._member = member
        self._lanes = lanes
        self._store = store
        self._policy = policy
        self._owners: dict[str, str] = {}
        self._members: tuple[str, ...] = ()
        self._wake = asyncio.Event()
        for lane in lanes:
            lane.after_batch = self._wake.set

    async def run(self) -> None:
        """Send heartbeats and hand lanes over, until cancelled.

        Call it after the lanes are subscribed: a member must be able to take over.
        """
        loop = asyncio.get_running_loop()
        next_beat = loop.time()
        while True:
            if loop.time() >= next_beat:
                await self._store.beat(self._group, self._member, self._policy.ttl)
                self._see(await self._store.members(self._group))
                next_beat = loop.time() + self._policy.beat
            for lane in self._lanes:
                if lane.active and self._owners.get(lane.spec.name, self._member) != self._member:
                    log.info("lane_handed_over", lane=lane.spec.name, to=self._owners[lane.spec.name])
                    await lane.hand_over()
            self._wake.clear()
            await wait_at_most(self._wake, max(0.01, next_beat - loop.time()))

    async def leave(self) -> None:
        """Leave the group at once, so that the others need not wait for the ttl."""
        await self._store.leave(self._group, self._member)

    def _see(self, members: tuple[str, ...]) -> None:
        if members == self._members:
            return
        log.info("replicas_changed", group=self._group, members=list(members))
        self._members = members
        self._owners = owners([lane.spec.name for lane in self._lanes], members)
        _MEMBERS.labels(self._group).set(len(members))
        for lane, owner in self._owners.items():
            _OWNED.labels(lane).set(owner == self._member)
