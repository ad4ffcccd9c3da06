"""Applies messages to a lane's core once each; saves its state, and loads it from snapshot and log."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from shared.bus.port import Delivery, InvalidMessage
from shared.core import Core, Overview, Overviewed, StaleSnapshot
from shared.domain.control import ClockTick, Control, MarkPrices
from shared.domain.message import Message
from shared.runtime.clock import FUTURE_MS, claims_to_come
from shared.runtime.lane import log as lane_log
from shared.runtime.lane.letters import require_command
from shared.store.port import LaneState

log = structlog.get_logger(__name__)

#: Messages whose ids are not remembered, which would push those of others out: a tick is made here and never redelivered,
#: mark prices change nothing the second time.
_REPEATABLE: Final = (ClockTick, MarkPrices)


class LaneCore:
    """A core, its time, and the ids of the messages that it has handled.

    build: makes a fresh core. window: message ids remembered. allow_reset: obey ``control.reset``. commands: the queue that
    brings nothing but commands; empty = there is none.
    """

    def __init__(self, lane: str, build: Callable[[], Core], window: int, commands: str = "", *, allow_reset: bool) -> None:
        self._lane = lane
        self._build = build
        self._window = window
        self._allow_reset = allow_reset
        self._commands = commands
        self._core = build()
        self._now = 0
        self._seen: OrderedDict[str, None] = OrderedDict()

    def has_seen(self, message_id: str) -> bool:
        """Return True if the message was handled before and its id is still in the window."""
        return message_id in self._seen

    @property
    def now(self) -> int:
        """Return the stamp of the last message, UTC ms; 0 before the first that had one."""
        return self._now

    def overview(self) -> Overview:
        """Return what the core shows of its state; nothing for one that shows none."""
        return self._core.overview() if isinstance(self._core, Overviewed) else {}

    def read(self, delivery: Delivery, now: int | None) -> Message:
        """Return the message of a delivery that came at ``now``.

        Raises InvalidMessage for one that cannot be read, that claims a time to come, or that only the process itself makes.
        """
        message = delivery.decode()
        if type(message) is ClockTick:
            raise InvalidMessage("a clock tick from outside: ticks are the process's own")
        if self._commands and delivery.queue == self._commands:
            require_command(message)
        here = now if now is not None and now > self._now else self._now
        if here and message.at > here + FUTURE_MS:
            raise InvalidMessage(claims_to_come(message, here))
        return message

    def apply(self, message: Message, now: int | None, identity: str | None = None) -> Sequence[Message]:
        """Handle one message, live or from the log. Returns the messages to publish.

        ``now``: its time, UTC ms. None, or one before the last: it is handled at the last one. A reset begins time anew.
        identity: the message's id, where the caller has it.
        """
        if type(message) is Control and message.command == "reset":
            if not self._allow_reset:
                log.warning("reset_refused", lane=self._lane)
                return ()
            self._core = self._build()
            self._now = now or 0
            self._seen.clear()
            self._remember(message.message_id)
            return ()
        if now is not None and now > self._now:
            self._now = now
        outputs = self._core.handle(message, self._now)
        if not isinstance(message, _REPEATABLE):
            self._remember(identity or message.message_id)
        return outputs

    def snapshot(self) -> bytes:
        """Return core state, handled ids and time, as ``load`` takes them."""
        return lane_log.snapshot(self._seen, self._core.snapshot(), self._now)

    def load(self, state: LaneState) -> StaleSnapshot | None:
        """Restore the state from snapshot and log. Returns the error of a stale snapshot that was ignored, else None.

        Logged messages are handled at their logged times. Their outputs are dropped: they were published before the
        messages were logged.
        """
        self._core = self._build()
        self._now = 0
        self._seen.clear()
        left_aside = None
        if state.snapshot is not None:
            snapshot = lane_log.snapshot_of(state.snapshot)
            self._now = snapshot.stamp
            try:
                self._core.restore(snapshot.core)
            except StaleSnapshot as stale:
                left_aside = stale
                self._core = self._build()
            for message_id in snapshot.seen:
                self._remember(message_id)
        for raw in state.log:
            self.apply(*lane_log.logged(raw))
        return left_aside

    def _remember(self, message_id: str) -> None:
        seen = self._seen
        seen[message_id] = None
        while len(seen) > self._window:
            seen.popitem(last=False)
