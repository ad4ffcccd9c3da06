"""The metrics of signals: how often each strategy failed, and the regimes. Read out of the cores when Prometheus asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.signals.overview import SignalsOverview
from services.signals.regimes.memory import RegimeReading
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
        readings: dict[str, RegimeReading] = {}
        for read in self._lanes.values():
            for part in read().values():
                if isinstance(part, SignalsOverview):
                    readings |= part.regimes
                    for strategy, reasons in part.faults.items():
                        counts.update({(strategy, reason): times for reason, times in reasons.items()})
        family = CounterMetricFamily(
            "ict_strategy_faults", "Judgements that a strategy failed to give, by reason", labels=["strategy", "reason"]
        )
        for labels, times in sorted(counts.items()):
            family.add_metric(list(labels), times)
        yield family
        yield from _regimes(readings)


def _regimes(readings: Mapping[str, RegimeReading]) -> Iterable[Metric]:
    confirmed = GaugeMetricFamily(
        "ict_regime", "1 for the regime that a symbol is in, after the whipsaw filter; none while it is not known",
        labels=["symbol", "regime"],
    )  # fmt: skip
    probability = GaugeMetricFamily(
        "ict_regime_probability", "Filtered probability of each regime, 0 to 1", labels=["symbol", "regime"]
    )
    deviation = GaugeMetricFamily(
        "ict_volatility_forecast_ratio",
        "Expected standard deviation of the return of the next candle of the model's timeframe (0.01 = 1 %), by GARCH(1,1)",
        labels=["symbol"],
    )
    for symbol, reading in sorted(readings.items()):
        for name, value in reading.probabilities.items():
            confirmed.add_metric([symbol, name], float(name == reading.regime))
            probability.add_metric([symbol, name], value)
        deviation.add_metric([symbol], reading.deviation)
    yield from (confirmed, probability, deviation)


FIGURES: Final = StrategyFigures()
REGISTRY.register(FIGURES)
