"""The metrics of the bus.

Every message is counted several times, and prometheus_client's counters take a lock each time. A bus runs in one event loop,
so plain numbers suffice; a collector copies them when Prometheus scrapes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final, Literal

from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

#: Why a message was published again: the queue was full, the connection went, no confirm came in time.
RetryCause = Literal["full", "connection", "timeout"]


class Tally:
    """A counter without a lock."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def inc(self, amount: int = 1) -> None:
        self.value += amount


class _Family(Collector):
    """The tallies of one metric, by label values."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...]) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._tallies: dict[tuple[str, ...], Tally] = {}
        REGISTRY.register(self)

    def of(self, *labels: str) -> Tally:
        return self._tallies.setdefault(labels, Tally())

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for labels, tally in self._tallies.items():
            family.add_metric(list(labels), tally.value)
        yield family


_PUBLISHED: Final = _Family("ict_bus_published", "Messages published: safe, or dropped by policy", ("topic_class",))
_CONSUMED: Final = _Family("ict_bus_consumed", "Messages delivered to a consumer here", ("queue",))
_REDELIVERED: Final = _Family("ict_bus_redelivered", "Deliveries that had been delivered before", ("queue",))
_DEAD_LETTERED: Final = _Family("ict_bus_dead_lettered", "Messages dead-lettered from here", ("queue",))
_DROPPED: Final = _Family("ict_bus_dropped", "Messages dropped by the queue's overflow policy or age", ("queue",))
_RETRIES: Final = _Family("ict_bus_publish_retries", "Messages published again", ("topic_class", "cause"))
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
        self.consumed = _CONSUMED.of(queue)
        self.redelivered = _REDELIVERED.of(queue)
        self.dead_lettered = _DEAD_LETTERED.of(queue)
        self.dropped = _DROPPED.of(queue)


@cache
def of_queue(queue: str) -> QueueMetrics:
    """Return the counters of the queue of this name; deployments in one process share them."""
    return QueueMetrics(queue)


def published(topic_class: str) -> Tally:
    """Return the counter of messages published with a topic class."""
    return _PUBLISHED.of(topic_class)


def retried(topic_class: str, cause: RetryCause) -> Tally:
    """Return the counter of repeated publishes with a topic class, for one cause."""
    return _RETRIES.of(topic_class, cause)
