"""Finds the queues of a topic by pattern, and what a refusal by one of them means to the publisher.

Both buses use it, so that a topology means the same in one process and on a broker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.bus.port import BusError, Unroutable
from shared.bus.topology import EXCHANGES, OPTIONAL_TOPICS, UNORDERED_TOPICS, Overflow, QueueSpec, Topology, exchange_of

_ONE: Final = "*"
_ANY: Final = "#"


def matches(pattern: str, topic: str) -> bool:
    """Return True if ``topic`` fits ``pattern``: ``*`` stands for one word, ``#`` for any number of words, none included."""
    return _fits(pattern.split("."), topic.split("."))


def _fits(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    head, rest = pattern[0], pattern[1:]
    if head == _ANY:
        return any(_fits(rest, words[skip:]) for skip in range(len(words) + 1))
    return bool(words) and head in (_ONE, words[0]) and _fits(rest, words[1:])


@dataclass(frozen=True, slots=True)
class Route:
    """Where one topic goes: its AMQP exchange, its queues, and what a refusal by one of them means.

    blocks: at least one queue may lose nothing, so a refusal is retried. drops_newest: the refusing queue keeps its older
    messages, so a refusal is a counted drop. optional: having no queue is no error. ordered: a message must not overtake the
    one before it.
    """

    topic: str
    topic_class: str
    exchange: str
    queues: tuple[QueueSpec, ...]
    optional: bool
    blocks: bool
    drops_newest: bool
    ordered: bool


class Routes:
    """The routes of a topology; each is computed once per topic."""

    def __init__(self, topology: Topology) -> None:
        self._queues = topology.queues
        self._known: dict[str, Route] = {}
        for queue in topology.queues:
            for pattern in queue.bindings:
                if pattern.partition(".")[0] not in EXCHANGES:
                    raise ValueError(
                        f"queue {queue.name}: binding {pattern!r} must begin with a topic class: {', '.join(EXCHANGES)}"
                    )

    def of(self, topic: str) -> Route:
        """Return the route of a topic.

        Raises Unroutable when no queue is bound to it, ValueError for an unknown topic class.
        """
        route = self._known.get(topic)
        if route is None:
            route = self._known[topic] = self._make(topic)
        return route

    def _make(self, topic: str) -> Route:
        exchange = exchange_of(topic)
        topic_class = topic.partition(".")[0]
        queues = tuple(queue for queue in self._queues if any(matches(pattern, topic) for pattern in queue.bindings))
        optional = topic_class in OPTIONAL_TOPICS
        if not queues and not optional:
            raise Unroutable(f"no queue is bound to topic {topic!r}: bind one in the topology, or it is lost")
        policies = {queue.overflow for queue in queues}
        if {Overflow.BLOCK, Overflow.DROP_NEWEST} <= policies:
            names = ", ".join(queue.name for queue in queues if queue.overflow is not Overflow.DROP_OLDEST)
            raise BusError(
                f"topic {topic!r} reaches queues that block and queues that drop the newest ({names}): a broker does not "
                f"say which of them refused a message; give them different topics"
            )
        return Route(
            topic=topic,
            topic_class=topic_class,
            exchange=exchange,
            queues=queues,
            optional=optional,
            blocks=Overflow.BLOCK in policies,
            drops_newest=Overflow.DROP_NEWEST in policies,
            ordered=topic_class not in UNORDERED_TOPICS,
        )
