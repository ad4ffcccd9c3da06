"""What a sink is: a consumer that writes messages out of the system (database, webhook) and publishes none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from shared.domain.message import Message


class Received(msgspec.Struct, frozen=True):
    """A message as a sink gets it.

    now: the sink's time, UTC ms, never backwards; a reset begins it anew. stamped_at: the time of the lane that published
    it, UTC ms; None if that named none.
    """

    message: Message
    now: int
    stamped_at: int | None = None


class Sink(Protocol):
    """Writes messages to a destination. ``write`` is idempotent, and writes all or, if it raises, nothing."""

    async def start(self) -> None: ...
    async def write(self, received: Sequence[Received]) -> None: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SinkSpec:
    """One sink of a service: its name, its queue, and how to make it.

    max_batch: most messages of one write. linger: seconds to wait for a fuller batch. pace: seconds between a write and its
    acks; the broker delivers at most a prefetch window in that time, so that a flood of droppable messages costs little
    here.
    """

    name: str
    queue: str
    build: Callable[[], Sink]
    max_batch: int = 500
    linger: float = 0.05
    pace: float = 0.0
    complete: bool = False
