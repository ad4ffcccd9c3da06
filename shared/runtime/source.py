"""Runs sources, workers that reach outside (live feed, execution at an exchange), on one replica at a time.

Sources read no queue, so the broker cannot choose a replica for them. Instead the replicas of a service send heartbeats to
the store and compute who runs which source (as for lanes: ``shared.runtime.replicas.owners``). A replica that was only
frozen is fenced by the epoch: its successor opens the source's state, and its own next ``save`` raises Fenced. Until then
both may publish; ids are derived from content, so the second of two equal messages is dropped.

A source that trades for an account has a lease instead, which names the account (``shared.runtime.leadership``): it runs
where the lease is, whatever deployment that is, and stays there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import msgspec
import structlog
from prometheus_client import Counter, Gauge

from shared.bus.port import Bus
from shared.core import Overview, Overviewed
from shared.runtime.clock import ProcessClock
from shared.runtime.leadership import Leadership, LeasePolicy, MayNotLead
from shared.runtime.replicas import ReplicaPolicy, owners
from shared.runtime.supervision import end_all, first_end
from shared.store.port import Fenced, StateStore, StoreError

log = structlog.get_logger(__name__)

_RUNNING: Final = Gauge("ict_source_running", "1 while this replica runs the source", ["source"])
_TAKEOVERS: Final = Counter("ict_source_takeovers_total", "Times that this replica took the source over", ["source"])


class Lease:
    """The right of one replica to run a source.

    state: what was saved last, by any replica; None if nothing was. log: entries appended since then, oldest first, as they
    were when the source was taken over. epoch: number of this lease; 0 without a store. leadership: of the account, for a
    source that needs it; None = nobody else can run this one.
    """

    def __init__(
        self,
        name: str,
        store: StateStore | None,
        epoch: int,
        state: bytes | None,
        log: tuple[bytes, ...] = (),
        leadership: Leadership | None = None,
    ) -> None:
        self.state = state
        self.log = log
        self.epoch = epoch
        self.leadership = leadership
        self._name = name
        self._store = store

    async def save(self, state: bytes) -> None:
        """Save the state for a successor. Raises Fenced if another replica has taken over: stop at once."""
        await self.append((), state)
        self.state = state

    async def append(self, entries: Sequence[bytes], state: bytes | None = None) -> None:
        """Add entries to the log; with a state, first replace state and log. Raises Fenced like ``save``."""
        if self._store is not None:
            await self._store.append(self._name, self.epoch, entries, snapshot=state)


class Source(Protocol):
    """Brings data in. ``run`` runs until cancelled; it may then finish work, and must end within the drain deadline."""

    async def run(self, lease: Lease) -> None: ...

    def trouble(self) -> str:
        """Return what keeps it from working now, for ``/readyz``; empty if nothing does. Cheap, called at any time."""
        ...


@runtime_checkable
class Haltable(Protocol):
    """A source that trades, and stops entering on request."""

    def halt(self, why: str) -> bool:
        """Stop entries until a person starts them again. False: it does not trade yet, so that it has none to stop."""
        ...


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source of a service: its name in the store and in metrics, and how to make it from bus and store.

    lease: name of the account that it trades for; empty = none, and replicas share it like any other. deployment: whose
    process this is, for people: another one's may have the lease.
    """

    name: str
    build: Callable[[Bus, StateStore | None], Source]
    lease: str = ""
    deployment: str = ""


class Sources:
    """Runs those sources of a service that belong to this replica. ``store`` or ``member`` None: all of them."""

    def __init__(
        self,
        specs: Sequence[SourceSpec],
        group: str,
        member: str | None,
        bus: Bus,
        store: StateStore | None,
        policy: ReplicaPolicy | None = None,
        now: Callable[[], int] | None = None,
        lease: LeasePolicy | None = None,
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._group = f"{group}:sources"
        self._member = member
        self._bus = bus
        self._store = store
        self._policy = policy or ReplicaPolicy()
        self._now = now or ProcessClock().now
        self._lease = lease or LeasePolicy()
        self._kept_from: dict[str, str] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._here: dict[str, Source] = {}
        self._decided = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to send heartbeats, and to run the sources of this replica."""
        self._task = asyncio.create_task(self._run(), name=f"sources {self._group}")

    @property
    def running(self) -> tuple[str, ...]:
        """Return the names of the sources that run here now."""
        return tuple(name for name, task in self._running.items() if not task.done() and self._leads(name))

    def trouble(self) -> str:
        """Return what keeps the sources that run here from working; empty if nothing does, or on a standby."""
        if not self._decided:
            return "it is not decided yet which replica runs what"
        troubles = {name: self._here[name].trouble() if name in self._here else "is starting" for name in self.running}
        troubles |= self._kept_from
        return "; ".join(f"{name}: {trouble}" for name, trouble in troubles.items() if trouble)

    def halt(self, why: str) -> bool:
        """Stop the entries of the sources that trade here; False if none does, as on a standby."""
        halted = [source.halt(why) for source in self._here.values() if isinstance(source, Haltable)]
        return any(halted)

    def overview(self) -> Overview:
        """Return what the sources that run here show; None, by its name, for one that waits for its lease."""
        shown: dict[str, msgspec.Struct | None] = {name: None for name, spec in self._specs.items() if spec.lease}
        for source in self._here.values():
            if isinstance(source, Overviewed):
                shown |= source.overview()
        return shown

    @property
    def failed(self) -> bool:
        """Return True once the task that watches the sources has ended by itself."""
        return self._task is not None and self._task.done()

    async def wait_failed(self) -> BaseException:
        """Wait until a source, or the task that watches them, has ended by a bug; return the error."""
        assert self._task is not None
        return await first_end([self._task])

    async def drain(self, deadline: float = 10.0) -> None:
        """Stop the sources and leave the group at once, so that another replica need not wait for the ttl."""
        if self._task is not None:
            await end_all([self._task])
        await self._stop(tuple(self._running), deadline)
        if self._store is not None and self._member is not None:
            with contextlib.suppress(StoreError):  # if the store is down, the membership ends at the ttl
                await self._store.leave(self._group, self._member)

    async def _run(self) -> None:
        while True:
            mine = await self._mine()
            await self._stop(tuple(name for name in self._running if name not in mine), deadline=10.0)
            self._decided = True
            for name in mine:
                if name not in self._running:
                    self._running[name] = asyncio.create_task(self._run_one(self._specs[name]), name=f"source {name}")
            if self._running:
                done, _ = await asyncio.wait(self._running.values(), timeout=self._policy.beat)
            else:
                done = set()
                await asyncio.sleep(self._policy.beat)
            for task in done:
                self._ended(task)

    async def _mine(self) -> tuple[str, ...]:
        """Return the sources that belong to this replica, given the live members; those running now if the store fails."""
        if self._store is None or self._member is None:
            return tuple(self._specs)
        leased = tuple(name for name, spec in self._specs.items() if spec.lease)
        shared = tuple(name for name in self._specs if name not in leased)
        if not shared:
            return leased
        try:
            await self._store.beat(self._group, self._member, self._policy.ttl)
            members = await self._store.members(self._group)
        except StoreError as error:
            log.warning("source_owners_unknown", group=self._group, error=str(error))
            return tuple(self._running)
        owned = owners(shared, members or (self._member,))
        return (*leased, *(name for name, owner in owned.items() if owner == self._member))

    def _leads(self, name: str) -> bool:
        """Return True unless it only waits for its lease."""
        return not self._specs[name].lease or name in self._here or self._store is None or self._member is None

    async def _run_one(self, spec: SourceSpec) -> None:
        """Run a source: at once, or whenever this process has its lease."""
        if not spec.lease or self._store is None or self._member is None:
            await self._hold(spec, None)
            return
        while True:
            who = f"{spec.deployment}/{self._member}"
            leadership = Leadership(self._store, spec.lease, who, self._now, self._lease)
            try:
                await self._stand_by(spec, leadership)
                await self._hold(spec, leadership)
            except MayNotLead as why:
                self._kept_from[spec.name] = str(why)
                log.warning("source_stands_by", source=spec.name, why=str(why))
            else:
                return
            finally:
                await leadership.release()
            await asyncio.sleep(self._lease.again)

    async def _stand_by(self, spec: SourceSpec, leadership: Leadership) -> None:
        """Wait for the lease. A store that refuses leads nowhere; what passes, it waits for itself."""
        leader = ""
        while other := await leadership.take():
            self._kept_from.pop(spec.name, None)  # a standby of the leader's own deployment has no trouble
            if not other.startswith(f"{spec.deployment}/"):
                self._kept_from[spec.name] = f"stands by: {other}, of another deployment, leads account {spec.lease}"
            if other != leader:
                log.info("source_waits", source=spec.name, lease=spec.lease, leader=other)
            leader = other
            await asyncio.sleep(self._lease.look)

    async def _hold(self, spec: SourceSpec, leadership: Leadership | None) -> None:
        epoch, state, logged = 0, None, tuple[bytes, ...]()
        if self._store is not None:
            least = leadership.epoch if leadership is not None else 0
            opened = await self._store.open(spec.name, least)
            epoch, state, logged = opened.epoch, opened.snapshot, opened.log
        _TAKEOVERS.labels(spec.name).inc()
        log.info("source_started", source=spec.name, epoch=epoch)
        self._kept_from.pop(spec.name, None)
        source = self._here[spec.name] = spec.build(self._bus, self._store)
        _RUNNING.labels(spec.name).set(1)
        try:
            await source.run(Lease(spec.name, self._store, epoch, state, logged, leadership))
        finally:
            del self._here[spec.name]
            _RUNNING.labels(spec.name).set(0)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Handle the end of a source. Fenced: another replica has it now. Else it is a bug: raise, to end the process."""
        name = next(name for name, running in self._running.items() if running is task)
        del self._running[name]
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if isinstance(error, Fenced):
            log.warning("source_fenced", source=name)
            return
        raise error or RuntimeError(f"source {name} ended")

    async def _stop(self, names: Sequence[str], deadline: float) -> None:
        tasks = {name: self._running.pop(name) for name in names}
        for task in tasks.values():
            task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks.values(), timeout=deadline)
            for task in late:
                log.warning("source_end_timeout", source=task.get_name(), seconds=deadline)
            await asyncio.gather(*(task for task in tasks.values() if task.done()), return_exceptions=True)
