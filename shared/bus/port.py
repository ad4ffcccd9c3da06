"""The bus port: what services may expect of a message bus, whichever stands behind it.

Contract (one suite runs on every implementation, ``tests/contract/shared/bus``):

* ``publish`` returns when every queue bound to each topic has the message and, for durable ones, the broker says that it is
  safe. At-least-once: a repeat is possible, a loss is not. Order per topic is kept.
* Queues are bounded by the topology's table. Full and BLOCK: ``publish`` waits and retries. Full and DROP_OLDEST: the
  oldest ready message goes. Full and DROP_NEWEST: the new one goes. Drops are counted.
* A delivery stays with its consumer until acked, requeued or dead-lettered; a consumer that dies gives it back, in order.
* A queue with a single active consumer delivers to one subscriber at a time, to the next one when that leaves or dies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from shared.domain.message import Message


class BusError(Exception):
    """Something the bus could not do; the text says what to do next."""


class Unroutable(BusError):
    """No queue is bound to the topic: a topology bug, never to be retried in silence."""


class BusClosed(BusError):
    """Publish or subscribe after close."""


class InvalidMessage(BusError):
    """A delivery that cannot be decoded: malformed, oversized, unknown type or version, out of range."""


class Delivery(Protocol):
    """One message in a consumer's hands."""

    @property
    def queue(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def redelivered(self) -> bool: ...
    @property
    def sent_ns(self) -> int:
        """Wall clock (ns) at which the publisher sent it; for latency only, never for decisions."""
        ...

    @property
    def generation(self) -> int:
        """Another number than the delivery before it has: the connection was lost in between, what was delivered before and
        is not settled is void, and the queue may have been another consumer's meanwhile."""
        ...

    @property
    def origin_ns(self) -> int:
        """Wall clock (ns) at which the candle that began this chain entered the system."""
        ...

    def decode(self) -> Message:
        """The message. Raises InvalidMessage with the reason."""
        ...

    def encoded(self) -> bytes:
        """The message as ``shared.bus.codec.encode`` gave it (for the lane's log)."""
        ...

    async def ack(self) -> None: ...
    async def requeue(self) -> None:
        """Give it back to the head of its queue; counts against the queue's delivery limit."""
        ...

    async def dead_letter(self, reason: str) -> None:
        """Move it to ``dead.<queue>`` with the reason; returns when it is safe there and gone from here."""
        ...


class Subscription(Protocol):
    """A consumer of one queue."""

    @property
    def queue(self) -> str: ...

    async def cancel(self) -> None:
        """Stop deliveries. What was delivered and not settled stays with the holder and can still be acked."""
        ...


class Bus(Protocol):
    """See the module's contract."""

    async def start(self) -> None:
        """Connect (waiting for the broker as long as it takes) and declare the topology that this bus was built with."""
        ...

    async def publish(self, messages: Sequence[Message], *, origin_ns: int = 0) -> None:
        """Publish in order; return when all are safe. ``origin_ns`` 0 = this is the origin (now)."""
        ...

    async def subscribe(
        self, queue: str, handler: Callable[[Delivery], None], *, prefetch: int | None = None
    ) -> Subscription:
        """Deliver to ``handler`` (synchronous: it only takes the delivery over), at most ``prefetch`` unsettled at once.

        ``prefetch`` None = what the topology's row says.
        """
        ...

    async def depth(self, queue: str) -> int:
        """Ready (undelivered) messages of a queue now."""
        ...

    def healthy(self) -> bool:
        """Connected and able to publish and consume at this moment."""
        ...

    async def close(self) -> None:
        """Wait for outstanding confirms, then disconnect; unsettled deliveries go back to their queues."""
        ...
