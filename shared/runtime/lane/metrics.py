"""The metrics of a lane.

A lane touches its figures several times per message, and prometheus_client's own children take a lock each time (a tenth of
the embedded system's time). A lane runs in one event loop, so plain numbers suffice; a collector copies them when Prometheus
scrapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

#: Upper bounds of the buckets, seconds: from an in-memory hop (tens of microseconds) to a stalled one.
BOUNDS: Final[tuple[float, ...]] = (
    0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1,
    0.25, 1.0, 5.0,
)  # fmt: skip
_LABELS: Final[list[str]] = [*map(str, BOUNDS), "+Inf"]


class Timing:
    """A histogram of seconds."""

    __slots__ = ("_counts", "_sum")

    def __init__(self) -> None:
        self._counts = [0] * len(_LABELS)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._sum += seconds

    def add_to(self, family: HistogramMetricFamily, labels: list[str]) -> None:
        """Add this timing to ``family`` as one child."""
        cumulative = accumulate(self._counts)
        family.add_metric(labels, buckets=list(zip(_LABELS, cumulative, strict=True)), sum_value=self._sum)


class StageTimings:
    """The timings that all lanes of one stage share."""

    __slots__ = ("handle", "hop", "since_candle")

    def __init__(self) -> None:
        self.hop = Timing()
        self.handle = Timing()
        self.since_candle = Timing()


class LaneMetrics:
    """The counters and timings of one lane, exported by ``_LaneCollector``."""

    __slots__ = (
        "dead_lettered",
        "duplicates",
        "fenced",
        "handled",
        "handovers",
        "load_seconds",
        "replayed",
        "stale_snapshots",
        "timings",
    )

    def __init__(self, timings: StageTimings) -> None:
        self.timings = timings
        self.handled = 0
        self.duplicates = 0
        self.dead_lettered = 0
        self.fenced = 0
        self.handovers = 0
        self.stale_snapshots = 0
        self.replayed = 0
        self.load_seconds = 0.0


_COUNTERS: Final = {
    "handled": "Messages handled",
    "duplicates": "Messages dropped because their id was handled before",
    "dead_lettered": "Messages dead-lettered: they could not be read or handled",
    "fenced": "Times this process found that another had taken the lane over",
    "handovers": "Times the lane was handed to another replica",
    "stale_snapshots": "Times a snapshot of another version was left aside and the lane began anew",
}
_HISTOGRAMS: Final = {
    "hop": ("ict_hop_seconds", "Sent by the publisher until handled by this stage"),
    "handle": ("ict_handle_seconds", "Time in the pure core for one batch of deliveries"),
    "since_candle": ("ict_since_candle_seconds", "Candle entered the system until this stage's output was safe"),
}


class _LaneCollector(Collector):
    """All lanes of this process."""

    def __init__(self) -> None:
        self._stages: dict[str, StageTimings] = {}
        self._lanes: dict[tuple[str, str], LaneMetrics] = {}

    def of(self, stage: str, lane: str) -> LaneMetrics:
        timings = self._stages.setdefault(stage, StageTimings())
        return self._lanes.setdefault((stage, lane), LaneMetrics(timings))

    def collect(self) -> Iterable[Metric]:
        for field, (name, text) in _HISTOGRAMS.items():
            histogram = HistogramMetricFamily(name, text, labels=["stage"])
            for stage, timings in self._stages.items():
                getattr(timings, field).add_to(histogram, [stage])
            yield histogram
        for field, text in _COUNTERS.items():
            counter = CounterMetricFamily(f"ict_lane_{field}", text, labels=["stage", "lane"])
            for labels, lane in self._lanes.items():
                counter.add_metric(list(labels), getattr(lane, field))
            yield counter
        replayed = GaugeMetricFamily("ict_lane_replayed_entries", "Log entries replayed at the last load", labels=["lane"])
        load = GaugeMetricFamily("ict_lane_load_seconds", "Duration of the last load of the lane's state", labels=["lane"])
        for (_, name), lane in self._lanes.items():
            replayed.add_metric([name], lane.replayed)
            load.add_metric([name], lane.load_seconds)
        yield replayed
        yield load


_COLLECTOR: Final = _LaneCollector()
REGISTRY.register(_COLLECTOR)


def of(stage: str, lane: str) -> LaneMetrics:
    """Return the metrics of one lane; the same object for the same names."""
    return _COLLECTOR.of(stage, lane)
