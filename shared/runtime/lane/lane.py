"""Runs one core on one queue: handle, publish, commit, ack. The package tells why so, and who may have the state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from shared.bus.codec import encode
from shared.bus.direct import DirectBus
from shared.bus.port import Bus, Delivery, InvalidMessage, Unpublishable
from shared.domain.control import ClockTick
from shared.domain.message import Message
from shared.runtime.clock import ProcessClock
from shared.runtime.lane import alerts, metrics
from shared.runtime.lane import log as lane_log
from shared.runtime.lane.commit_log import Commit, CommitLog
from shared.runtime.lane.core import LaneCore
from shared.runtime.lane.direct import Direct
from shared.runtime.lane.inbox import Inbox
from shared.runtime.lane.letters import Letters
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.runtime.lane.ticks import TickTimer
from shared.runtime.supervision import end_all, first_end
from shared.runtime.waiting import wait_at_most
from shared.store.port import StateStore

log = structlog.get_logger(__name__)

#: A lane that never has a lull writes its snapshot between batches, after this many times ``snapshot_every`` entries.
_BUSY_FACTOR: Final = 4


class Lane:
    """Runs one core on one queue.

    ``store`` None: the state is lost with the process (a demo, a backtest). ``clock``: the process's, where the policy says
    "own"; None = one of this lane's own.
    """

    def __init__(
        self, spec: LaneSpec, bus: Bus, store: StateStore | None, policy: LanePolicy, clock: ProcessClock | None = None
    ) -> None:
        self.spec = spec
        self.after_batch: Callable[[], None] | None = None
        self._bus = bus
        self._policy = policy
        self._commit_log = CommitLog(spec.name, store, policy.commit_linger, self._on_fenced) if store is not None else None
        self.core = LaneCore(spec.name, spec.build, policy.dedupe_window, spec.commands, allow_reset=policy.allow_reset)
        self._since_snapshot = 0
        self._loaded = store is None
        self._fenced = self._leaving = False
        self._generation: int | None = None
        self._inbox = Inbox(bus, spec.queues)
        self._letters = Letters(bus, spec.name, spec.commands)
        self._clock = (clock or ProcessClock()) if policy.clock == "own" else None
        self._timer = TickTimer(spec.tick_ms, self._inbox.arrived)
        self._tasks: list[asyncio.Task[None]] = []
        self._metrics = metrics.of(spec.stage, spec.name)
        self._direct: Direct | None = None
        if store is None and isinstance(bus, DirectBus):
            self._direct = Direct(spec.name, bus, self.core, self._inbox, self._timer, self._clock, self._metrics)

    async def start(self) -> None:
        """Subscribe, and start to handle messages."""
        self._tasks = [asyncio.create_task(self._run(), name=f"lane {self.spec.name}")]
        if self._commit_log is not None:
            self._tasks.append(asyncio.create_task(self._commit_log.run(), name=f"commit log {self.spec.name}"))
        if self.spec.tick_ms and self._clock is not None:
            self._tasks.append(asyncio.create_task(self._timer.run(), name=f"ticks {self.spec.name}"))
        await self._inbox.subscribe()

    async def drain(self, deadline: float = 10.0) -> None:
        """Stop taking messages; finish, commit and ack those taken. After ``deadline`` seconds requeue the rest."""
        self._leaving = True
        await self._leave(deadline)
        await end_all(self._tasks)

    async def hand_over(self) -> None:
        """Drain, and subscribe again behind the next consumer, which becomes active."""
        if self._leaving:
            return
        self._leaving = True
        try:
            await self._leave(deadline=10.0)
            self._loaded = False
            await self._inbox.subscribe()
            self._metrics.handovers += 1
        finally:
            self._leaving = False

    async def wait_failed(self) -> BaseException:
        """Wait until one of the lane's tasks has ended; return why. Never returns for a healthy lane."""
        return await first_end(self._tasks)

    @property
    def failed(self) -> bool:
        """Return True once one of the lane's tasks has ended by itself: it handles nothing any more."""
        return any(task.done() for task in self._tasks)

    @property
    def active(self) -> bool:
        """Return True while the lane's state is loaded here: it has handled a message since it subscribed."""
        return self._loaded

    # -- handling -----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._inbox.arrived.wait()
            self._inbox.arrived.clear()
            if self._direct is not None and (owed := self._direct.leave()) is not None:
                await self._settle(*owed)
            while self._inbox.waiting or self._timer.due or self._fenced:
                if self._fenced:
                    await self._yield_to_successor()
                if self._timer.due:  # first: a backlog must not hold it up
                    await self._tick()
                if self._inbox.waiting:
                    await self._handle(await self._next_batch())
            self._inbox.rest()
            if self.after_batch is not None:
                self.after_batch()
            await self._snapshot_in_a_lull()

    async def _next_batch(self) -> list[Delivery]:
        """Return what has arrived, up to the point where the connection was lost; after a loss, unload the state first."""
        generation = self._inbox.waiting[0].generation
        if generation != self._generation:
            if self._loaded and self._commit_log is not None and self._generation is not None:
                await self._commit_log.flush()
                self._commit_log.surrender()  # void: the broker has taken those deliveries back
                self._fenced = self._loaded = False
            self._generation = generation
        return self._inbox.take()

    async def _handle(self, batch: list[Delivery]) -> None:
        if not self._loaded:
            await self._load()
        began, timings = time.perf_counter(), self._metrics.timings
        outputs: list[Message] = []
        commit, origin_ns = Commit(), 0
        for delivery in batch:
            now = self._clock.now() if self._clock is not None else delivery.now
            try:
                message = self.core.read(delivery, now)
            except InvalidMessage as error:
                await self._refuse(delivery, str(error), unread=True)
                continue
            commit.deliveries.append(delivery)
            if self.core.has_seen(identity := message.message_id):
                self._metrics.duplicates += 1
                continue
            timings.hop.observe((time.time_ns() - delivery.sent_ns) / 1e9)
            try:
                outputs += self.core.apply(message, now, identity)
            except Exception as error:  # noqa: BLE001  a core's bug must cost one message, never the lane
                commit.deliveries.pop()
                await self._rebuild(message, error, outputs, commit, origin_ns)
                await self._refuse(delivery, f"handler failed: {type(error).__name__}: {error}")
                outputs, commit = [], Commit()
                continue
            origin_ns = delivery.origin_ns
            if self._commit_log is not None:
                commit.entries.append(lane_log.entry(message, delivery.encoded(), self.core.now))
        self._metrics.handled += len(batch)
        timings.handle.observe(time.perf_counter() - began)
        await self._settle(outputs, commit, origin_ns)

    async def _tick(self) -> None:
        """Give the core a clock tick, as an input like any other, while the lane's state is here."""
        self._timer.due = False
        here = self._loaded and not self._fenced and not self._leaving
        if self._clock is None or not here or not self._inbox.subscribed(self._generation):
            return  # not subscribed: the connection was lost, and another process may have the lane
        self._inbox.busy = True
        now = max(self._clock.now(), self.core.now)
        tick, commit = ClockTick(time=now), Commit()
        try:
            outputs = self.core.apply(tick, now)
        except Exception as error:  # noqa: BLE001  as for a message
            await self._rebuild(tick, error, [], commit, 0)
            await self._publish([alerts.failed_tick(self.spec.name, error, now)])
            return
        if self._commit_log is not None:
            commit.entries.append(lane_log.entry(tick, encode(tick), now))
        await self._settle(outputs, commit, 0)

    async def _settle(self, outputs: Sequence[Message], commit: Commit, origin_ns: int) -> None:
        """Publish, then pass the commit to the commit log (without a store: ack)."""
        if outputs:
            try:
                await self._publish(outputs, origin_ns)
            except Unpublishable as error:
                await self._unpublishable(commit, error)
                return
        if outputs and origin_ns:
            self._metrics.timings.since_candle.observe((time.time_ns() - origin_ns) / 1e9)
        if self._commit_log is None:
            for delivery in commit.deliveries:
                await delivery.ack()
        elif commit.deliveries or commit.entries:
            self._since_snapshot += len(commit.entries)
            if self._since_snapshot >= self._policy.snapshot_every * _BUSY_FACTOR:
                commit.snapshot, self._since_snapshot = self.core.snapshot(), 0
            self._commit_log.add(commit)

    async def _publish(self, messages: Sequence[Message], origin_ns: int = 0) -> None:
        if messages:
            await self._bus.publish(messages, origin_ns=origin_ns, now=self.core.now or None)

    async def _snapshot_in_a_lull(self) -> None:
        """Write a snapshot in a lull: encoding a big state takes milliseconds, which should not delay a close."""
        if self._commit_log is None or not self._loaded or self._since_snapshot < self._policy.snapshot_every:
            return
        disturbed = await wait_at_most(self._inbox.arrived, self._policy.lull)
        if not disturbed and self._loaded and not self._fenced and self._inbox.subscribed():
            self._commit_log.add(Commit(snapshot=self.core.snapshot()))
            self._since_snapshot = 0

    async def _load(self) -> None:
        assert self._commit_log is not None
        began = time.perf_counter()
        state = await self._commit_log.open()
        stale = self.core.load(state)
        self._metrics.stale_snapshots += stale is not None
        await self._publish(alerts.loaded(self.spec.name, stale, len(state.log), self.core.now, self._clock))
        self._since_snapshot = len(state.log)
        self._loaded = True
        self._metrics.replayed, self._metrics.load_seconds = len(state.log), time.perf_counter() - began
        log.info("lane_loaded", lane=self.spec.name, epoch=state.epoch, replayed=len(state.log))

    # -- leaving and trouble ------------------------------------------------------------------------------------------

    async def _leave(self, deadline: float) -> None:
        """Cancel the subscription, finish and commit what was delivered; a successor waits until this is done."""
        if self._commit_log is not None:
            await self._commit_log.announce_leaving(deadline + 1.0)
        await self._inbox.unsubscribe()
        if self.failed:
            deadline = 0.0  # nobody is left to finish what waits
        try:
            async with asyncio.timeout(deadline):
                await self._inbox.at_rest()
                if self._commit_log is not None:
                    await self._commit_log.flush()
        except TimeoutError:
            log.warning("drain_timeout", lane=self.spec.name)
            await self._inbox.give_back()
        if self._commit_log is not None:
            await self._commit_log.left()

    async def _refuse(self, delivery: Delivery, reason: str, *, unread: bool = False) -> None:
        """Dead-letter a message with its reason, count it and alert; the lane goes on. See ``Letters.refuse``."""
        self._metrics.dead_lettered += 1
        await self._letters.refuse(delivery, reason, self.core.now or None, unread=unread)

    async def _rebuild(self, message: Message, error: Exception, made: list[Message], commit: Commit, origin: int) -> None:
        """Handle a core that raised, which is a bug: publish what came before, and rebuild the half-changed core."""
        log.error("core_failed", lane=self.spec.name, message_id=message.message_id, exc_info=error)
        if self._commit_log is not None:
            await self._settle(made, commit, origin)
        await self._reload(error)

    async def _reload(self, error: Exception) -> None:
        """Build the core again from snapshot and log. Raises ``error`` without a log: a demo or a backtest stops there."""
        if self._commit_log is None:
            raise error
        await self._commit_log.flush()
        await self._load()

    async def _unpublishable(self, commit: Commit, error: Unpublishable) -> None:
        """Rebuild the core; handle each message by itself, and dead-letter the one whose outputs the bus cannot carry."""
        await self._reload(error)
        alone = len(commit.deliveries) == 1
        for delivery in commit.deliveries:
            await (self._refuse(delivery, f"cannot be published: {error}") if alone else self._handle([delivery]))
        if not commit.deliveries:
            await self._publish([alerts.failed_tick(self.spec.name, error, self.core.now)])

    def _on_fenced(self) -> None:
        self._fenced = True  # ``_run`` then yields, between two batches
        self._inbox.arrived.set()

    async def _yield_to_successor(self) -> None:
        """Stand by after being fenced: another process owns the state. Requeue every unsettled delivery."""
        assert self._commit_log is not None
        log.warning("lane_fenced", lane=self.spec.name)
        self._metrics.fenced += 1
        self._loaded = False
        await self._inbox.unsubscribe()
        await self._inbox.give_back(self._commit_log.surrender())
        self._fenced = False
        if not self._leaving:  # drain does not subscribe again; hand_over does so itself
            await self._inbox.subscribe()
