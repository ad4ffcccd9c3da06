"""What the bus counts and times (OPS-3). Children are made once: a labelled look-up costs more than the count."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

from prometheus_client import Counter, Histogram

#: Why a message was published again: the queue was full, the connection went, no confirm came in time.
RetryCause = Literal["full", "connection", "timeout"]

_PUBLISHED: Final = Counter("ict_bus_published_total", "Messages published: safe, or dropped by policy", ["topic_class"])
_CONSUMED: Final = Counter("ict_bus_consumed_total", "Messages delivered to a consumer here", ["queue"])
_REDELIVERED: Final = Counter("ict_bus_redelivered_total", "Deliveries that had been delivered before", ["queue"])
_DEAD_LETTERED: Final = Counter("ict_bus_dead_lettered_total", "Messages parked as dead letters from here", ["queue"])
_DROPPED: Final = Counter("ict_bus_dropped_total", "Messages dropped by the queue's overflow policy or age", ["queue"])
_RETRIES: Final = Counter("ict_bus_publish_retries_total", "Messages published again", ["topic_class", "cause"])
PUBLISH_SECONDS: Final = Histogram(
    "ict_bus_publish_seconds",
    "One publish call, until the broker has confirmed all of it",
    buckets=(0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0),
)
RECONNECTS: Final = Counter("ict_bus_reconnects_total", "Connections to the broker that were lost and came back")


class QueueMetrics:
    """The counters of one queue."""

    __slots__ = ("consumed", "dead_lettered", "dropped", "redelivered")

    def __init__(self, queue: str) -> None:
        self.consumed = _CONSUMED.labels(queue)
        self.redelivered = _REDELIVERED.labels(queue)
        self.dead_lettered = _DEAD_LETTERED.labels(queue)
        self.dropped = _DROPPED.labels(queue)


@cache
def of_queue(queue: str) -> QueueMetrics:
    """The counters of the queue of this name, whatever its namespace."""
    return QueueMetrics(queue)


@cache
def published(topic_class: str) -> Counter:
    """The count of a topic class."""
    return _PUBLISHED.labels(topic_class)


@cache
def retried(topic_class: str, cause: RetryCause) -> Counter:
    """The count of repeats of a topic class for one cause."""
    return _RETRIES.labels(topic_class, cause)
