"""What a lane counts and times. Children are made once per lane: a labelled look-up costs more than the count."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_LATENCY: Final = (
    0.00001,
    0.00002,
    0.00005,
    0.0001,
    0.0002,
    0.0005,
    0.001,
    0.002,
    0.003,
    0.005,
    0.0075,
    0.01,
    0.015,
    0.025,
    0.05,
    0.1,
    0.25,
    1.0,
    5.0,
)

_HOP = Histogram("ict_hop_seconds", "Sent by the publisher until handled by this stage", ["stage"], buckets=_LATENCY)
_ORIGIN = Histogram(
    "ict_since_candle_seconds", "Candle entered the system until this stage's output was safe", ["stage"], buckets=_LATENCY
)
_HANDLE = Histogram("ict_handle_seconds", "Time in the pure core for one batch of deliveries", ["stage"], buckets=_LATENCY)
_HANDLED = Counter("ict_lane_handled_total", "Messages handled", ["stage", "lane"])
_DUPLICATES = Counter("ict_lane_duplicates_total", "Messages dropped because their id was handled before", ["stage", "lane"])
_DEAD = Counter(
    "ict_lane_dead_lettered_total", "Messages parked because they could not be read or handled", ["stage", "lane"]
)
_FENCED = Counter(
    "ict_lane_fenced_total", "Times this process found that another had taken the lane over", ["stage", "lane"]
)
_HANDOVERS = Counter("ict_lane_handovers_total", "Times the lane was handed to another replica", ["stage", "lane"])
_REPLAYED = Gauge("ict_lane_replayed_entries", "Log entries replayed at the last load", ["stage", "lane"])
_LOAD = Gauge("ict_lane_load_seconds", "Duration of the last load of the lane's state", ["stage", "lane"])


class LaneMetrics:
    """The cached children of one lane."""

    def __init__(self, stage: str, lane: str) -> None:
        self._hop = _HOP.labels(stage)
        self._handle = _HANDLE.labels(stage)
        self.since_origin: Final = _ORIGIN.labels(stage)
        self._handled = _HANDLED.labels(stage, lane)
        self.duplicates: Final = _DUPLICATES.labels(stage, lane)
        self.dead_lettered: Final = _DEAD.labels(stage, lane)
        self.fenced: Final = _FENCED.labels(stage, lane)
        self.handovers: Final = _HANDOVERS.labels(stage, lane)
        self._replayed = _REPLAYED.labels(stage, lane)
        self._load = _LOAD.labels(stage, lane)

    def observe_hop(self, sent_ns: int, now_ns: int) -> None:
        self._hop.observe(max(0, now_ns - sent_ns) / 1e9)

    def handled(self, count: int, seconds: float) -> None:
        self._handled.inc(count)
        self._handle.observe(seconds)

    def loaded(self, replayed: int, seconds: float) -> None:
        self._replayed.set(replayed)
        self._load.set(seconds)


def of(stage: str, lane: str) -> LaneMetrics:
    """The metrics of one lane."""
    return LaneMetrics(stage, lane)
