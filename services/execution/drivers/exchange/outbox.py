"""Publishes execution's messages in order, without ever letting the money loop wait for the broker.

What the broker does not take yet waits in memory, then in a bounded file. Every message of the core has a number, and how
far they were published is written to the log, so that after a crash the next process publishes the rest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog

from services.execution.drivers.exchange.log_entries import Packed, pack, unpack
from services.execution.drivers.exchange.metrics import DROPPED, OUTBOX, SPILLED
from services.execution.drivers.exchange.spill_file import SpillFile
from shared.bus.port import Bus, BusError, InvalidMessage, Unpublishable, Unroutable
from shared.domain.message import Message

log = structlog.get_logger(__name__)

#: Most messages of one publish call.
_GROUP: Final = 100
_PAUSE_S: Final = 0.5


class Outbox:
    """``most``: messages in memory. published: called with the number of the last message that the broker has.

    ``published``, ``numbered``: numbers of the last message that the broker has, and of the last one made.
    """

    def __init__(self, bus: Bus, spill: SpillFile, most: int, published: Callable[[int], None]) -> None:
        self._bus = bus
        self._spill = spill
        self._most = most
        self._note_published = published
        self._waiting: deque[Packed] = deque()
        self._spilled = spill.size > 0
        self._group = _GROUP
        self.numbered = 0
        self.published = 0
        self._due = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        if self._spilled:
            self._arrived()

    def resume(self, published: int, numbered: int, unpublished: Iterable[Packed]) -> None:
        """Continue where an earlier process was."""
        self._waiting.extend(unpublished)
        self.published, self.numbered = published, numbered
        if self._waiting:
            self._arrived()

    def put(self, messages: Sequence[Message], *, of_core: bool = True) -> None:
        """Take messages to be published. of_core: False = not a message that a replay of the log makes again."""
        if not messages:
            return
        packed = []
        for message in messages:
            self.numbered += of_core
            packed.append(pack(message, self.numbered if of_core else 0))
        if self._spilled or len(self._waiting) + len(packed) > self._most:
            self._to_file(tuple(packed))
        else:
            self._waiting.extend(packed)
        self._arrived()

    def forget_published(self, number: int) -> None:
        """Forget what the broker has, up to a number read from the log."""
        self.published = max(self.published, number)
        while self._waiting and self._waiting[0].number <= number:
            self._waiting.popleft()

    @property
    def unpublished(self) -> tuple[Packed, ...]:
        """What is in memory, oldest first."""
        return tuple(self._waiting)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            while self._waiting or self._spilled:
                if not self._waiting:
                    self._from_file()
                await self._publish()
            self._group = _GROUP
            self._empty.set()

    async def flushed(self) -> None:
        """Wait until the broker has everything."""
        await self._empty.wait()

    def close(self) -> None:
        """Close the file. What is in memory and not published can be made again from the log."""
        self._spill.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _arrived(self) -> None:
        OUTBOX.set(len(self._waiting))
        self._empty.clear()
        self._due.set()

    async def _publish(self) -> None:
        group = [self._waiting[index] for index in range(min(self._group, len(self._waiting)))]
        messages = []
        for packed in group:
            try:
                messages.append(unpack(packed))
            except InvalidMessage as error:  # of an older version, read from the file
                DROPPED.inc()
                log.warning("outbox_message_unreadable", type=packed.type, error=str(error))
        try:
            await self._bus.publish(messages)
        except (Unroutable, Unpublishable) as error:
            if len(messages) > 1:
                self._group = 1  # until the one is found that is not taken
                return
            self._group = _GROUP
            DROPPED.inc()
            log.warning("outbox_message_dropped", error=str(error))
        except BusError as error:
            log.warning("outbox_waits", error=str(error))
            await asyncio.sleep(_PAUSE_S)
            return
        for each in group:
            if self._waiting and self._waiting[0] is each:
                self._waiting.popleft()
        number = max(each.number for each in group) if group else 0
        if number > self.published:
            self.published = number
            self._note_published(number)
        OUTBOX.set(len(self._waiting))

    def _to_file(self, packed: tuple[Packed, ...]) -> None:
        before = self._spill.dropped
        try:
            self._spill.write(packed)
            self._spilled = True
        except OSError as error:
            log.warning("outbox_file_failed", error=str(error))
            self._keep_newest(packed)
        DROPPED.inc(self._spill.dropped - before)
        SPILLED.set(self._spill.size)

    def _keep_newest(self, packed: tuple[Packed, ...]) -> None:
        """Without a file the oldest in memory make room."""
        self._waiting.extend(packed)
        while len(self._waiting) > self._most:
            self._waiting.popleft()
            DROPPED.inc()

    def _from_file(self) -> None:
        try:
            self._waiting.extend(self._spill.read(self._most))
        except (OSError, ValueError) as error:
            log.warning("outbox_file_failed", error=str(error))
            self._spilled = False
            return
        self._spilled = self._spill.size > 0
        SPILLED.set(self._spill.size)
