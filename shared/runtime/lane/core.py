"""Applies messages to a lane's core once each; saves its state, and loads it from snapshot and log."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog

from shared.core import Core, StaleSnapshot
from shared.domain.bounded import forget_oldest
from shared.domain.control import Control
from shared.domain.message import Message
from shared.runtime.lane import log as lane_log
from shared.store.port import LaneState

log = structlog.get_logger(__name__)


class LaneCore:
    """A core and the ids of the messages that it has handled.

    build: makes a fresh core. window: message ids remembered. allow_reset: obey ``control.reset``.
    """

    def __init__(self, lane: str, build: Callable[[], Core], window: int, *, allow_reset: bool) -> None:
        self._lane = lane
        self._build = build
        self._window = window
        self._allow_reset = allow_reset
        self._core = build()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def has_seen(self, message_id: str) -> bool:
        """Return True if the message was handled before and its id is still in the window."""
        return message_id in self._seen

    def apply(self, message: Message) -> Sequence[Message]:
        """Handle one message, live or from the log. Returns the messages to publish."""
        if isinstance(message, Control) and message.command == "reset":
            if not self._allow_reset:
                log.warning("reset_refused", lane=self._lane)
                return ()
            self._core = self._build()
            self._seen.clear()
            self._remember(message.message_id)
            return ()
        outputs = self._core.handle(message)
        self._remember(message.message_id)
        return outputs

    def snapshot(self) -> bytes:
        """Return core state and handled ids, as ``load`` takes them."""
        return lane_log.snapshot(self._seen, self._core.snapshot())

    def load(self, state: LaneState) -> StaleSnapshot | None:
        """Restore the state from snapshot and log. Returns the error of a stale snapshot that was ignored, else None.

        The outputs of replayed messages are dropped: they were published before the messages were logged.
        """
        self._core = self._build()
        self._seen.clear()
        left_aside = None
        if state.snapshot is not None:
            snapshot = lane_log.snapshot_of(state.snapshot)
            try:
                self._core.restore(snapshot.core)
            except StaleSnapshot as stale:
                left_aside = stale
                self._core = self._build()
            for message_id in snapshot.seen:
                self._remember(message_id)
        for raw in state.log:
            self.apply(lane_log.message_of(raw))
        return left_aside

    def _remember(self, message_id: str) -> None:
        self._seen[message_id] = None
        forget_oldest(self._seen, self._window)
