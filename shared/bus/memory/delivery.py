"""A message of the in-memory bus, from its queue to its subscription."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from shared.bus import codec
from shared.bus.port import BusError
from shared.domain.message import Message

if TYPE_CHECKING:
    from shared.bus.memory.queue import MemoryQueue

log = structlog.get_logger(__name__)


class Wire(NamedTuple):
    """An encoded message: id, type name and schema version beside the body."""

    message_id: str
    type_name: str
    version: int
    body: bytes


class MemoryDelivery:
    """A message in its queue or delivered to a consumer: the message itself, or its encoded form."""

    generation: Final = 0  # there is no connection that could be lost
    __slots__ = (
        "_home",
        "content",
        "deliveries",
        "expires_at",
        "holder",
        "now",
        "origin_ns",
        "position",
        "redelivered",
        "sent_ns",
        "settled",
        "topic",
    )  # fmt: skip

    def __init__(
        self, home: MemoryQueue, topic: str, content: Message | Wire, sent_ns: int, origin_ns: int, now: int | None
    ) -> None:
        self._home = home
        self.content = content
        self.position = 0
        self.expires_at = 0.0
        self.topic = topic
        self.sent_ns = sent_ns
        self.origin_ns = origin_ns
        self.now = now
        self.redelivered = False
        self.deliveries = 0
        self.holder: MemorySubscription | None = None
        self.settled = False

    @property
    def queue(self) -> str:
        return self._home.spec.name

    @property
    def message_id(self) -> str:
        return self.content.message_id

    def decode(self) -> Message:
        content = self.content
        if isinstance(content, Wire):
            return codec.decode(content.type_name, content.version, content.body)
        return content

    def encoded(self) -> bytes:
        content = self.content
        return content.body if isinstance(content, Wire) else codec.encode(content)

    async def ack(self) -> None:
        self.ack_now()

    def ack_now(self) -> None:
        """Remove it from its queue."""
        if self._settle("ack"):
            self._home.release(self)

    async def requeue(self) -> None:
        if self._settle("requeue"):
            self._home.release(self)
            self._home.give_back(self)

    async def dead_letter(self, reason: str) -> None:
        if self._settle("dead_letter"):
            self._home.release(self)
            self._home.dead_letter(self, reason)

    def _settle(self, how: str) -> bool:
        """Mark as settled. False when the queue has taken the delivery back, because the bus was closed."""
        if self.settled:
            if self.holder is None:
                log.warning("stale_settle", action=how, queue=self.queue, message_id=self.message_id)
                return False
            raise BusError(f"{how} of {self.message_id} from {self.queue}: it was settled before; settle each delivery once")
        self.settled = True
        return True


class MemorySubscription:
    """One consumer of a queue. ``then``: called after one or more of its deliveries; None = nothing is."""

    __slots__ = ("_home", "cancelled", "handler", "held", "prefetch", "then")

    def __init__(
        self,
        home: MemoryQueue,
        handler: Callable[[MemoryDelivery], None],
        prefetch: int,
        then: Callable[[], None] | None = None,
    ) -> None:
        self._home = home
        self.handler = handler
        self.prefetch = prefetch
        self.then = then
        self.cancelled = False
        self.held: dict[MemoryDelivery, None] = {}

    @property
    def queue(self) -> str:
        return self._home.spec.name

    @property
    def generation(self) -> int:
        """As of its deliveries; -1 once the bus is closed or the subscription cancelled."""
        return -1 if self.cancelled else 0

    async def cancel(self) -> None:
        if not self.cancelled:
            self.cancelled = True
            self._home.leave(self)
