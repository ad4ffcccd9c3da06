"""What stands in a dead-letter queue: messages that nobody could read or handle, with the reason (OPS-1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: The reason under which the bus itself parks a message: it was given back more often than its queue allows.
DELIVERY_LIMIT: Final = "delivery_limit"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One parked message. ``topic`` is where it was published; ``body`` is as it was received, readable or not."""

    message_id: str
    topic: str
    reason: str
    body: bytes
