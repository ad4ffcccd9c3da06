"""Moves a message that cannot be read or handled to its dead-letter queue, and alerts.

Lanes, sinks and the replay driver use it.
"""

from __future__ import annotations

import structlog

from shared.bus.port import Bus, Delivery
from shared.domain.control import Alert

log = structlog.get_logger(__name__)


async def dead_letter_and_alert(bus: Bus, delivery: Delivery, source: str, reason: str) -> None:
    """Dead-letter ``delivery`` and publish a critical alert from ``source``; returns when both are safe."""
    queue, message_id = delivery.queue, delivery.message_id
    log.warning("dead_lettered", source=source, queue=queue, message_id=message_id, topic=delivery.topic, reason=reason)
    await delivery.dead_letter(reason)
    alert = Alert(
        severity="critical",
        source=source,
        key=f"dead-letter:{message_id or reason}",  # a foreign message has no id: then its fault tells it from others
        text=f"A message on queue {queue} was moved to its dead-letter queue: {reason}",
    )
    await bus.publish([alert])
