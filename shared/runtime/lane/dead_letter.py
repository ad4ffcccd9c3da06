"""Moves a message that cannot be read or handled to its dead-letter queue, and alerts.

Lanes, sinks and the replay driver use it.
"""

from __future__ import annotations

import structlog

from shared.bus.port import Bus, Delivery
from shared.domain.bounds import KEY_LENGTH, TEXT_LENGTH, shorten
from shared.domain.control import Alert

log = structlog.get_logger(__name__)


async def dead_letter_and_alert(bus: Bus, delivery: Delivery, source: str, reason: str, now: int | None = None) -> None:
    """Dead-letter ``delivery`` and publish a critical alert from ``source``; returns when both are safe.

    ``now``: the reader's time, UTC ms; None = it has none.
    """
    queue, message_id = delivery.queue, delivery.message_id
    log.warning("dead_lettered", source=source, queue=queue, message_id=message_id, topic=delivery.topic, reason=reason)
    await delivery.dead_letter(reason)
    alert = Alert(
        severity="critical",
        source=source,
        key=shorten(
            f"dead-letter:{message_id or reason}", KEY_LENGTH
        ),  # a foreign message has no id: then its fault tells it from others
        text=shorten(f"A message on queue {queue} was moved to its dead-letter queue: {reason}", TEXT_LENGTH),
    )
    await bus.publish([alert], now=now)
