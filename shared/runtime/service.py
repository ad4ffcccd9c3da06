"""Runs the lanes, sinks and sources of one service, from start to drain."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from shared.bus.port import Bus
from shared.core import Overview
from shared.runtime.clock import ProcessClock, tell_jumps
from shared.runtime.lane.lane import Lane
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.runtime.process.exits import Leave
from shared.runtime.replicas import ReplicaPolicy, Replicas
from shared.runtime.sink import SinkSpec
from shared.runtime.sink_worker import SinkWorker
from shared.runtime.source import Sources, SourceSpec
from shared.runtime.supervision import end_all, first_end
from shared.store.port import StateStore

log = structlog.get_logger(__name__)

#: After a worker has ended by itself its process ends within this time, seconds, whether or not the rest can be finished:
#: what is not settled the broker delivers again.
_DEATH_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """The parts of one service.

    group: replicas of the same group share lanes: same service, same symbols and timeframes. watches: run beside the lanes
    of every process whose clock is its own, until they are cancelled.
    """

    name: str
    group: str
    lanes: tuple[LaneSpec, ...] = ()
    sinks: tuple[SinkSpec, ...] = ()
    sources: tuple[SourceSpec, ...] = ()
    watches: tuple[Callable[[Bus, ProcessClock], Coroutine[Any, Any, None]], ...] = ()


class ServiceDied(Exception):
    """A worker of the service ended by itself; the process must end too, so that a supervisor restarts it."""


class Service:
    """Runs a ServiceSpec on a started bus and store. ``store`` None = the state is lost with the process.

    ``clock``: the process's, where the policy says "own"; None = a clock of this service's own.
    """

    def __init__(
        self, spec: ServiceSpec, bus: Bus, store: StateStore | None, policy: LanePolicy, clock: ProcessClock | None = None
    ) -> None:
        self.spec = spec
        self._bus = bus
        self._store = store
        self._clock = (clock or ProcessClock()) if policy.clock == "own" else None
        self.lanes = [Lane(lane, bus, store, policy, self._clock) for lane in spec.lanes]
        for lane in self.lanes:
            if lane.spec.show is not None:
                lane.spec.show(partial(_shown_by, lane))
        self.sinks = [SinkWorker(sink, bus, policy.clock, self._clock) for sink in spec.sinks]
        self.sources: Sources | None = None
        self._replicas: Replicas | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, member: str | None = None, replicas: ReplicaPolicy | None = None) -> None:
        """Start sinks, lanes and sources. With ``member`` (this replica's name) share the lanes with the other replicas."""
        for sink in self.sinks:
            await sink.start()
        for lane in self.lanes:
            await lane.start()
        if member is not None and self._store is not None and self.lanes:
            self._replicas = Replicas(self.spec.group, member, self.lanes, self._store, replicas or ReplicaPolicy())
            self._tasks.append(asyncio.create_task(self._replicas.run(), name=f"replicas {self.spec.name}"))
        if self._clock is not None:
            watch = tell_jumps(self._clock, self._bus, self.spec.name)
            self._tasks.append(asyncio.create_task(watch, name=f"clock {self.spec.name}"))
            for each in self.spec.watches:
                self._tasks.append(asyncio.create_task(each(self._bus, self._clock), name=f"watch {self.spec.name}"))
        if self.spec.sources:
            now = self._clock.now if self._clock is not None else None
            self.sources = Sources(self.spec.sources, self.spec.group, member, self._bus, self._store, replicas, now)
            self.sources.start()
        log.info("service_started", service=self.spec.name, lanes=len(self.lanes), sinks=len(self.sinks))

    def sources_ready(self) -> bool | str:
        """Return True, or what keeps a source of this process from working: a check of ``/readyz``."""
        return self.sources is None or self.sources.trouble() or True

    def halt(self, why: str) -> bool:
        """Stop entries, where this process trades; False if it does not."""
        return self.sources is not None and self.sources.halt(why)

    def workers_alive(self) -> bool | str:
        """Return True, or which workers have ended by themselves: a check of ``/readyz``."""
        ended = [lane.spec.name for lane in self.lanes if lane.failed]
        ended += [sink.spec.name for sink in self.sinks if sink.failed]
        ended += [task.get_name() for task in self._tasks if task.done()]
        if self.sources is not None and self.sources.failed:
            ended.append("sources")
        return f"ended: {', '.join(ended)}" if ended else True

    def overview(self) -> Overview:
        """Return what lanes and sources show of their states, by part; None for a part that another process has."""
        shown: dict[str, msgspec.Struct | None] = {}
        for lane in self.lanes:
            shown |= _shown_by(lane)
        if self.sources is not None:
            shown |= self.sources.overview()
        return shown

    async def wait_failed(self) -> BaseException:
        """Wait until a worker has ended; return why. Never returns for a healthy service."""
        tasks = [asyncio.ensure_future(lane.wait_failed()) for lane in self.lanes]
        tasks += [asyncio.ensure_future(sink.wait_failed()) for sink in self.sinks]
        if self.sources is not None:
            tasks.append(asyncio.ensure_future(self.sources.wait_failed()))
        if self._tasks:
            tasks.append(asyncio.ensure_future(first_end(self._tasks)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in tasks:
                task.cancel()

    async def drain(self, *, bus_ends: bool = False) -> None:
        """Stop taking messages, finish and commit those taken, leave the group. ``bus_ends``: see ``running``."""
        if self.sources is not None:
            await self.sources.drain()
        await end_all(self._tasks)
        await asyncio.gather(*(lane.drain() for lane in self.lanes))
        await asyncio.gather(*(sink.drain(bus_ends=bus_ends) for sink in self.sinks))
        if self._replicas is not None:
            await self._replicas.leave()
        log.info("service_drained", service=self.spec.name)


@contextlib.asynccontextmanager
async def running(services: Sequence[Service], *, member: str | None = None, bus_ends: bool = False) -> AsyncIterator[None]:
    """Start the services, run the body, drain them, the last first. Raises ServiceDied if a worker ends meanwhile.

    bus_ends: their bus ends with this process, and with it what its queues still hold. Readers then stand before those who
    write to them, and sinks that must be complete write all of it.
    """
    for service in services:
        await service.start(member)
    body = asyncio.current_task()
    died: list[BaseException] = []

    async def watch(service: Service) -> None:
        died.append(await service.wait_failed())
        if body is not None:
            body.cancel()

    watchers = [asyncio.create_task(watch(service)) for service in services]
    try:
        yield
    except asyncio.CancelledError:
        if died and isinstance(died[0], Leave):
            raise died[0] from None  # a refusal with a sentence for the user, not a bug: no traceback
        if died:
            raise ServiceDied(f"a worker died: {type(died[0]).__name__}: {died[0]}") from died[0]
        raise
    finally:
        for watcher in watchers:
            watcher.cancel()
        draining = asyncio.create_task(_drain(services, bus_ends), name="drain")
        if not died:
            await draining
        elif not (await asyncio.wait({draining}, timeout=_DEATH_SECONDS))[0]:
            log.error("drain_abandoned", seconds=_DEATH_SECONDS)
            await end_all([draining])


def _shown_by(lane: Lane) -> Overview:
    """Return what the lane's core shows; its parts with None while the state is not loaded here."""
    shown = lane.core.overview()
    return shown if lane.active else dict.fromkeys(shown)


async def _drain(services: Sequence[Service], bus_ends: bool) -> None:
    for service in reversed(services):
        await service.drain(bus_ends=bus_ends)
