"""The message bus port: what every implementation guarantees to services.

Contract (one suite runs on every implementation, ``tests/contract/shared/bus``):

* ``publish`` returns when every queue bound to each topic has the message and, for durable queues, the broker has confirmed
  it. At-least-once: a message may arrive twice, but is never lost. Order per topic is kept.
* Queues are bounded by the topology's table. Full and BLOCK: ``publish`` waits and retries. Full and DROP_OLDEST: the
  oldest ready message is dropped. Full and DROP_NEWEST: the new one is dropped. Drops are counted.
* A delivery stays with its consumer until acked, requeued or dead-lettered; when a consumer dies, its deliveries return
  to the queue, in order.
* A queue with a single active consumer delivers to one subscriber at a time, to the next one when that leaves or dies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from shared.domain.message import Message


class BusError(Exception):
    """An operation of the bus failed; the text says what to do next."""


class Unroutable(BusError):
    """No queue is bound to the topic: a bug of the topology, so it is not retried."""


class Unpublishable(BusError):
    """A message that the bus cannot carry: too large, or a topic or property that does not fit. It is never sent."""


class BusClosed(BusError):
    """Publish or subscribe after close."""


class InvalidMessage(BusError):
    """A delivery that cannot be decoded: malformed, oversized, unknown type or version, out of range."""


class Delivery(Protocol):
    """One message delivered to a consumer. The consumer must settle it once: ack, requeue or dead_letter."""

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
        """Return the wall clock (ns) at which the publisher sent it; for latency only, never for decisions."""
        ...

    @property
    def generation(self) -> int:
        """Return the number of the connection that delivered it.

        When it differs from the previous delivery's, the connection was lost in between: unsettled deliveries from before
        are void, and another consumer may have read the queue meanwhile.
        """
        ...

    @property
    def origin_ns(self) -> int:
        """Return the wall clock (ns) at which the candle that caused this message entered the system."""
        ...

    @property
    def now(self) -> int | None:
        """Return the publisher's time, UTC ms; None if it named none."""
        ...

    def decode(self) -> Message:
        """Return the message. Raises InvalidMessage with the reason."""
        ...

    def encoded(self) -> bytes:
        """Return the message as bytes of ``shared.bus.codec.encode`` (for the lane's log)."""
        ...

    async def ack(self) -> None:
        """Remove the message from its queue: it is handled."""
        ...

    async def requeue(self) -> None:
        """Return the message to the head of its queue; counts against the queue's delivery limit."""
        ...

    async def dead_letter(self, reason: str) -> None:
        """Move it to ``dead.<queue>`` with the reason; returns when it is safe there and gone from here."""
        ...


class Subscription(Protocol):
    """A consumer of one queue."""

    @property
    def queue(self) -> str: ...

    @property
    def generation(self) -> int:
        """Return the number of the connection that it consumes on (see ``Delivery.generation``); -1 while that is down."""
        ...

    async def cancel(self) -> None:
        """Stop deliveries. Unsettled deliveries stay with the consumer and can still be acked."""
        ...


class Bus(Protocol):
    """A connection to the message bus, built with one topology. The contract is in the module's docstring."""

    async def start(self) -> None:
        """Connect, waiting for the broker without a time limit, and declare the topology."""
        ...

    async def publish(self, messages: Sequence[Message], *, origin_ns: int = 0, now: int | None = None) -> None:
        """Publish in order; return when all are confirmed.

        origin_ns: wall clock (ns) at which the causing candle entered the system; 0 = this moment.
        now: the publisher's time, UTC ms, which travels beside the messages; None = it has none.
        """
        ...

    async def subscribe(
        self, queue: str, handler: Callable[[Delivery], None], *, prefetch: int | None = None
    ) -> Subscription:
        """Deliver to ``handler``, a plain function that only stores the delivery; at most ``prefetch`` unsettled at once.

        ``prefetch`` None = the value in the topology.
        """
        ...

    async def depth(self, queue: str) -> int:
        """Return the number of ready (undelivered) messages of a queue."""
        ...

    def healthy(self) -> bool:
        """Return True if the bus is connected and can publish and consume now."""
        ...

    async def close(self) -> None:
        """Wait for outstanding confirms, then disconnect; unsettled deliveries return to their queues."""
        ...
