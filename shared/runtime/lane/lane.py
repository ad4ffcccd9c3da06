"""Runs one core on one queue, so that each message takes effect once although it may be delivered twice.

For each delivery, in this order:

1. ``handle``: the pure core turns the message into messages;
2. ``publish``: the broker has confirmed them;
3. ``commit``: the message joins the lane's log in the store (``commit_log``: in groups, off the hot path);
4. ``ack``.

Killed before 2, nothing has happened and the broker delivers again. Killed between 2 and 3, the message is handled again
from the same state, so the same ids are published again and the next lane drops them. Killed between 3 and 4, the log has
the message and the repeat is dropped. So every effect happens once, and no order waits for the store.

The state is loaded at the first delivery, not at the start: the broker passes a queue with a single active consumer to a
standby as soon as its owner dies, and the state must be the one that the owner left. An owner that drains announces it
first, because the broker activates the standby before the owner's last deliveries are settled; the standby waits for it. A
lane whose epoch was superseded (its process was frozen, not dead) is Fenced: it requeues its deliveries and stands by. A
lane whose connection was lost and came back loads again before it handles anything: another process may have had the lane
meanwhile, and a stale core would publish before the commit is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from shared.bus.port import Bus, Delivery, InvalidMessage, Subscription
from shared.core import StaleSnapshot
from shared.domain.control import Alert
from shared.domain.message import Message
from shared.runtime.lane import log as lane_log
from shared.runtime.lane import metrics
from shared.runtime.lane.commit_log import Commit, CommitLog
from shared.runtime.lane.core import LaneCore
from shared.runtime.lane.dead_letter import dead_letter_and_alert
from shared.runtime.lane.spec import LanePolicy, LaneSpec
from shared.runtime.supervision import end_all, first_end
from shared.runtime.waiting import wait_at_most
from shared.store.port import StateStore

log = structlog.get_logger(__name__)

#: A lane that never has a lull writes its snapshot between batches, after this many times ``snapshot_every`` entries.
_BUSY_FACTOR: Final = 4


class Lane:
    """Runs one core on one queue. ``store`` None: the state is lost with the process (a demo, a backtest)."""

    def __init__(self, spec: LaneSpec, bus: Bus, store: StateStore | None, policy: LanePolicy) -> None:
        self.spec = spec
        self.after_batch: Callable[[], None] | None = None
        self._bus = bus
        self._policy = policy
        self._commit_log = CommitLog(spec.name, store, policy.commit_linger, self._on_fenced) if store is not None else None
        self._core = LaneCore(spec.name, spec.build, policy.dedupe_window, allow_reset=policy.allow_reset)
        self._since_snapshot = 0
        self._loaded = store is None
        self._fenced = False
        self._leaving = False
        self._generation: int | None = None
        self._inbox: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._subscription: Subscription | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._metrics = metrics.of(spec.stage, spec.name)

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Subscribe, and start to handle messages."""
        self._tasks = [asyncio.create_task(self._run(), name=f"lane {self.spec.name}")]
        if self._commit_log is not None:
            self._tasks.append(asyncio.create_task(self._commit_log.run(), name=f"commit log {self.spec.name}"))
        self._subscription = await self._bus.subscribe(self.spec.queue, self._receive)

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
            self._subscription = await self._bus.subscribe(self.spec.queue, self._receive)
            self._metrics.handovers += 1
        finally:
            self._leaving = False

    async def wait_failed(self) -> BaseException:
        """Wait until one of the lane's tasks has ended; return why. Never returns for a healthy lane."""
        return await first_end(self._tasks)

    @property
    def active(self) -> bool:
        """Return True while the lane's state is loaded here: it has handled a message since it subscribed."""
        return self._loaded

    # -- handling -----------------------------------------------------------------------------------------------------

    def _receive(self, delivery: Delivery) -> None:
        self._inbox.append(delivery)
        self._idle.clear()
        self._arrived.set()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if self._fenced:
                await self._yield_to_successor()
            while self._inbox:
                await self._handle(await self._next_batch())
                if self._fenced:
                    await self._yield_to_successor()
            self._idle.set()
            if self.after_batch is not None:
                self.after_batch()
            await self._snapshot_in_a_lull()

    async def _next_batch(self) -> list[Delivery]:
        """Return what has arrived, up to the point where the connection was lost; after a loss, unload the state first."""
        generation = self._inbox[0].generation
        if generation != self._generation:
            if self._loaded and self._commit_log is not None and self._generation is not None:
                await self._commit_log.flush()
                self._commit_log.surrender()  # void: the broker has taken those deliveries back
                self._fenced = self._loaded = False
            self._generation = generation
        batch = []
        while self._inbox and self._inbox[0].generation == generation:
            batch.append(self._inbox.popleft())
        return batch

    async def _handle(self, batch: list[Delivery]) -> None:
        if not self._loaded:
            await self._load()
        began, timings = time.perf_counter(), self._metrics.timings
        outputs: list[Message] = []
        commit = Commit()
        origin_ns = 0
        for delivery in batch:
            try:
                message = delivery.decode()
            except InvalidMessage as error:
                await self._refuse(delivery, str(error))
                continue
            commit.deliveries.append(delivery)
            if self._core.has_seen(message.message_id):
                self._metrics.duplicates += 1
                continue
            timings.hop.observe((time.time_ns() - delivery.sent_ns) / 1e9)
            try:
                outputs += self._core.apply(message)
            except Exception as error:  # noqa: BLE001  a core's bug must cost one message, never the lane
                commit.deliveries.pop()
                await self._poisoned(delivery, message, error, outputs, commit, origin_ns)
                outputs, commit = [], Commit()
                continue
            origin_ns = delivery.origin_ns
            if self._commit_log is not None:
                commit.entries.append(lane_log.entry(message, delivery.encoded()))
        self._metrics.handled += len(batch)
        timings.handle.observe(time.perf_counter() - began)
        await self._settle(outputs, commit, origin_ns)

    async def _settle(self, outputs: Sequence[Message], commit: Commit, origin_ns: int) -> None:
        """Publish, then pass the commit to the commit log (without a store: ack)."""
        if outputs:
            await self._bus.publish(outputs, origin_ns=origin_ns)
            if origin_ns:
                self._metrics.timings.since_candle.observe((time.time_ns() - origin_ns) / 1e9)
        if self._commit_log is None:
            for delivery in commit.deliveries:
                await delivery.ack()
        elif commit.deliveries:
            self._since_snapshot += len(commit.entries)
            if self._since_snapshot >= self._policy.snapshot_every * _BUSY_FACTOR:
                commit.snapshot = self._snapshot()
            self._commit_log.add(commit)

    def _snapshot(self) -> bytes:
        self._since_snapshot = 0
        return self._core.snapshot()

    async def _snapshot_in_a_lull(self) -> None:
        """Write a snapshot in a lull: encoding a big state takes milliseconds, which should not delay a close."""
        if self._commit_log is None or not self._loaded or self._since_snapshot < self._policy.snapshot_every:
            return
        disturbed = await wait_at_most(self._arrived, self._policy.lull)
        if not disturbed and self._loaded and not self._fenced and self._subscription is not None:
            self._commit_log.add(Commit(snapshot=self._snapshot()))

    async def _load(self) -> None:
        assert self._commit_log is not None
        began = time.perf_counter()
        state = await self._commit_log.open()
        stale = self._core.load(state)
        if stale is not None:
            await self._tell_stale(stale, len(state.log))
        self._since_snapshot = len(state.log)
        self._loaded = True
        self._metrics.replayed, self._metrics.load_seconds = len(state.log), time.perf_counter() - began
        log.info("lane_loaded", lane=self.spec.name, epoch=state.epoch, replayed=len(state.log))

    async def _tell_stale(self, stale: StaleSnapshot, logged: int) -> None:
        """Count and alert that the core ignored a stale snapshot and started again."""
        self._metrics.stale_snapshots += 1
        log.warning("stale_snapshot_discarded", lane=self.spec.name, reason=str(stale), replayed=logged)
        text = f"Lane {self.spec.name} begins anew and warms up, first from {logged} logged messages: {stale}"
        alert = Alert(severity="warning", source=self.spec.name, key=f"stale-snapshot:{stale}", text=text)
        await self._bus.publish([alert])

    # -- leaving and trouble ------------------------------------------------------------------------------------------

    async def _leave(self, deadline: float) -> None:
        """Cancel the subscription, finish and commit what was delivered; a successor waits until this is done."""
        if self._commit_log is not None:
            await self._commit_log.announce_leaving(deadline + 1.0)
        if self._subscription is not None:
            await self._subscription.cancel()
            self._subscription = None
        try:
            async with asyncio.timeout(deadline):
                await self._idle.wait()
                if self._commit_log is not None:
                    await self._commit_log.flush()
        except TimeoutError:
            log.warning("drain_timeout", lane=self.spec.name)
            await self._give_back(list(self._inbox))
            self._inbox.clear()
        if self._commit_log is not None:
            await self._commit_log.left()

    async def _refuse(self, delivery: Delivery, reason: str) -> None:
        """Dead-letter a message with its reason, count it and alert; the lane goes on."""
        self._metrics.dead_lettered += 1
        await dead_letter_and_alert(self._bus, delivery, self.spec.name, reason)

    async def _poisoned(
        self, delivery: Delivery, message: Message, error: Exception, outputs: list[Message], commit: Commit, origin_ns: int
    ) -> None:
        """Handle a core that raised, which is a bug: publish what came before, rebuild the half-changed core, dead-letter
        the message."""
        log.error("core_failed", lane=self.spec.name, message_id=message.message_id, exc_info=error)
        if self._commit_log is None:
            raise error  # nothing to rebuild from: a demo or a backtest stops here and says where
        await self._settle(outputs, commit, origin_ns)
        await self._commit_log.flush()
        await self._load()
        await self._refuse(delivery, f"handler failed: {type(error).__name__}: {error}")

    def _on_fenced(self) -> None:
        self._fenced = True  # ``_run`` then yields, between two batches
        self._arrived.set()

    async def _yield_to_successor(self) -> None:
        """Stand by after being fenced: another process owns the state. Requeue every unsettled delivery."""
        assert self._commit_log is not None
        log.warning("lane_fenced", lane=self.spec.name)
        self._metrics.fenced += 1
        self._loaded = False
        if self._subscription is not None:
            await self._subscription.cancel()
        unsettled = self._commit_log.surrender() + list(self._inbox)
        self._inbox.clear()
        await self._give_back(unsettled)
        self._fenced = False
        if not self._leaving:  # drain does not subscribe again; hand_over does so itself
            self._subscription = await self._bus.subscribe(self.spec.queue, self._receive)

    @staticmethod
    async def _give_back(deliveries: list[Delivery]) -> None:
        for delivery in reversed(deliveries):  # each goes to the head of the queue: backwards keeps the order
            await delivery.requeue()
