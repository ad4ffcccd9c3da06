"""The metric of signals: how often each strategy failed. It is read out of the cores when Prometheus asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from services.signals.overview import SignalsOverview
from shared.core import Overview


class StrategyFigures(Collector):
    """The figures of the signals cores that work in this process, one a partition; without one there are none."""

    def __init__(self) -> None:
        self._lanes: dict[str, Callable[[], Overview]] = {}

    def show(self, lane: str, read: Callable[[], Overview]) -> None:
        """Read the figures of a lane by ``read`` from now on."""
        self._lanes[lane] = read

    def collect(self) -> Iterable[Metric]:
        counts: Counter[tuple[str, str]] = Counter()
        for read in self._lanes.values():
            for part in read().values():
                if isinstance(part, SignalsOverview):
                    for strategy, reasons in part.faults.items():
                        counts.update({(strategy, reason): times for reason, times in reasons.items()})
        family = CounterMetricFamily(
            "ict_strategy_faults", "Judgements that a strategy failed to give, by reason", labels=["strategy", "reason"]
        )
        for labels, times in sorted(counts.items()):
            family.add_metric(list(labels), times)
        yield family


FIGURES: Final = StrategyFigures()
REGISTRY.register(FIGURES)
