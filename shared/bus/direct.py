"""What a bus inside the process can do that a broker cannot: publish and settle without waiting.

A consumer that need not wait is then served in the bus's own turn, and no task is woken for it: half of what a hop costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from shared.bus.port import Delivery, Subscription
from shared.domain.message import Message


class DirectDelivery(Delivery, Protocol):
    """A delivery that can be acked without waiting."""

    def ack_now(self) -> None:
        """Do what ``ack`` does."""
        ...


@runtime_checkable
class DirectBus(Protocol):
    """A bus inside the process."""

    def publish_now(self, messages: Sequence[Message], *, origin_ns: int = 0, now: int | None = None) -> bool:
        """Publish as ``Bus.publish`` does, and return True.

        False: that would have to wait for room, or raise; nothing was published, and ``publish`` tells.
        """
        ...

    async def subscribe_direct(
        self, queue: str, handler: Callable[[DirectDelivery], None], then: Callable[[], None]
    ) -> Subscription:
        """Subscribe as ``Bus.subscribe`` does. ``then`` is called after one or more deliveries, from the event loop."""
        ...
