"""Latency per stage, read from this process's own metrics (the same that Prometheus scrapes)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from prometheus_client import REGISTRY


@dataclass(frozen=True, slots=True)
class StageLatency:
    """Of one stage, in milliseconds: waiting in the bus, working in the core, and since the candle came in."""

    stage: str
    count: int
    hop_p50: float
    hop_p99: float
    handle_p50: float
    handle_p99: float
    since_candle_p50: float
    since_candle_p99: float


def quantile(buckets: list[tuple[float, float]], q: float) -> float:
    """The q-quantile of cumulative (upper bound, count) buckets, linear inside each, in their unit; 0 if empty."""
    total = buckets[-1][1] if buckets else 0.0
    if total == 0:
        return 0.0
    rank, lower, below = q * total, 0.0, 0.0
    for upper, count in buckets:
        if count >= rank and count > below:
            if upper == float("inf"):
                return lower
            return lower + (upper - lower) * (rank - below) / (count - below)
        lower, below = upper, count
    return lower


def _histograms(name: str) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for metric in REGISTRY.collect():
        if metric.name == name:
            for sample in metric.samples:
                if sample.name == f"{name}_bucket":
                    found[sample.labels["stage"]].append((float(sample.labels["le"]), sample.value))
    return found


def by_stage(stages: tuple[str, ...]) -> list[StageLatency]:
    """The latencies of the stages that handled something, in the given order."""
    hop, handle, since = (_histograms(f"ict_{name}_seconds") for name in ("hop", "handle", "since_candle"))
    rows = []
    for stage in stages:
        if stage not in hop:
            continue
        figures = [quantile(table.get(stage, []), q) * 1000 for table in (hop, handle, since) for q in (0.5, 0.99)]
        rows.append(StageLatency(stage, int(hop[stage][-1][1]), *figures))
    return rows
