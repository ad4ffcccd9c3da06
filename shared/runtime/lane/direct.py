"""Handles messages in the turn of a bus inside the process: no task is woken, because nothing has to be waited for.

What must wait (a full queue), what cannot be read and what raises is left to the lane's task, and all that comes behind it
until the task has nothing left to do. Only for lanes without a store: a commit is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

import structlog

from shared.bus.direct import DirectBus, DirectDelivery
from shared.bus.port import InvalidMessage
from shared.domain.message import Message
from shared.runtime.clock import ProcessClock
from shared.runtime.lane.commit_log import Commit
from shared.runtime.lane.core import LaneCore
from shared.runtime.lane.inbox import Inbox
from shared.runtime.lane.metrics import LaneMetrics
from shared.runtime.lane.ticks import TickTimer

log = structlog.get_logger(__name__)


class Direct:
    """The way past the task of one lane.

    owed: outputs that the task must publish first, with the delivery to ack and its ``origin_ns``. error: what the core
    raised; it ends the task.
    """

    def __init__(
        self,
        lane: str,
        bus: DirectBus,
        core: LaneCore,
        inbox: Inbox,
        timer: TickTimer,
        clock: ProcessClock | None,
        metrics: LaneMetrics,
    ) -> None:
        self.owed: tuple[Sequence[Message], Commit, int] | None = None
        self.error: Exception | None = None
        self._lane = lane
        self._bus = bus
        self._core = core
        self._inbox = inbox
        self._timer = timer
        self._clock = clock
        self._metrics = metrics
        inbox.work = self.work

    def leave(self) -> tuple[Sequence[Message], Commit, int] | None:
        """Leave everything to the task; return what it must settle first, if anything. Raises what the core raised."""
        self._inbox.left = True
        if self.error is not None:
            raise self.error
        owed, self.owed = self.owed, None
        return owed

    def work(self) -> None:
        """Handle what waits, or leave it to the task."""
        inbox = self._inbox
        while inbox.waiting and not inbox.left:
            if self._timer.due:  # first: a backlog must not hold it up
                inbox.left = True
                break
            self._handle(cast(DirectDelivery, inbox.waiting[0]))
        if inbox.left:
            inbox.arrived.set()
        else:
            inbox.rest()

    def _handle(self, delivery: DirectDelivery) -> None:
        core, metrics = self._core, self._metrics
        began = time.perf_counter()
        now = self._clock.now() if self._clock is not None else delivery.now
        try:
            message = core.read(delivery, now)
        except InvalidMessage:
            self._inbox.left = True  # the task reads it again, and refuses it
            return
        self._inbox.waiting.popleft()
        metrics.handled += 1
        identity = message.message_id
        if core.has_seen(identity):
            metrics.duplicates += 1
            delivery.ack_now()
            return
        sent, origin = delivery.sent_ns, delivery.origin_ns
        metrics.timings.hop.observe((time.time_ns() - sent) / 1e9)
        try:
            outputs = core.apply(message, now, identity)
        except Exception as error:
            log.exception("core_failed", lane=self._lane, message_id=identity)
            self.error, self._inbox.left = error, True
            return
        metrics.timings.handle.observe(time.perf_counter() - began)
        if outputs:
            if not self._bus.publish_now(outputs, origin_ns=origin, now=core.now or None):
                self.owed, self._inbox.left = (outputs, Commit(deliveries=[delivery]), origin), True
                return
            if origin:
                metrics.timings.since_candle.observe((time.time_ns() - origin) / 1e9)
        delivery.ack_now()
