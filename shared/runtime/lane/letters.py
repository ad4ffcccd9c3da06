"""Discards what cannot be read on a queue of commands, so cheaply that a command behind two thousand of it is not late.

The first of a minute is moved to the dead-letter queue and alerted, as on any queue: it is the evidence. The others are
acknowledged and counted.
"""

from __future__ import annotations

import time
from typing import Final

import structlog
from prometheus_client import Counter

from shared.bus.port import Bus, Delivery, InvalidMessage
from shared.domain.control import Control
from shared.domain.intents import RiskOrder
from shared.domain.message import Message
from shared.runtime.lane.dead_letter import dead_letter_and_alert

log = structlog.get_logger(__name__)

_SAID_FOR_S: Final = 60.0
_DISCARDED: Final = Counter("ict_commands_discarded_total", "Deliveries on a queue of commands that are none", ["queue"])


class Letters:
    """Where refused deliveries go. ``source``: who reads, as alerts name it; ``commands``: its queue of commands."""

    def __init__(self, bus: Bus, source: str, commands: str) -> None:
        self._bus = bus
        self._source = source
        self._commands = commands
        self._said_at: float | None = None
        self._since = 0

    async def refuse(self, delivery: Delivery, reason: str, now: int | None = None, *, unread: bool = False) -> None:
        """Dead-letter a delivery and alert; of what cannot be read (``unread``) on the queue of commands, one a minute.

        ``now``: the reader's time, UTC ms.
        """
        if not unread or delivery.queue != self._commands:
            await dead_letter_and_alert(self._bus, delivery, self._source, reason, now)
            return
        _DISCARDED.labels(delivery.queue).inc()
        moment = time.monotonic()
        if self._said_at is not None and moment - self._said_at < _SAID_FOR_S:
            self._since += 1
            await delivery.ack()
            return
        said, self._said_at = self._since, moment
        self._since = 0
        more = f" ({said} more were discarded since the last alert)" if said else ""
        await dead_letter_and_alert(self._bus, delivery, self._source, f"no command: {reason}{more}", now)


def require_command(message: Message) -> None:
    """Raise InvalidMessage for a message that does not belong on a queue of commands."""
    obeyed = isinstance(message, RiskOrder) or (isinstance(message, Control) and message.command != "reset")
    if not obeyed:
        raise InvalidMessage(f"a {message.TYPE} on a queue of commands")
