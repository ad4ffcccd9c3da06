"""The metrics of signals: failures of strategies, pauses, how long each takes, regimes, records of kill zones.

They are read out of the cores, and out of the stopwatch beside them, when Prometheus asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from services.signals.overview import PausedStrategy, SignalsOverview
from services.signals.regimes.memory import RegimeReading
from shared.core import Overview
from shared.domain.zone_counts import ZoneCount
from shared.runtime.lane.metrics import Timing


class StrategyFigures(Collector):
    """The figures of the signals cores that work in this process, one a partition; without one there are none."""

    def __init__(self) -> None:
        self._lanes: dict[str, Callable[[], Overview]] = {}
        self._timings: dict[str, Timing] = {}

    def show(self, lane: str, read: Callable[[], Overview]) -> None:
        """Read the figures of a lane by ``read`` from now on."""
        self._lanes[lane] = read

    def timing(self, strategy: str) -> Timing:
        """Return the histogram of a strategy's judgements; the same object for the same name."""
        return self._timings.setdefault(strategy, Timing())

    def collect(self) -> Iterable[Metric]:
        counts: Counter[tuple[str, str]] = Counter()
        readings: dict[str, RegimeReading] = {}
        zones: dict[str, dict[str, ZoneCount]] = {}
        paused: set[PausedStrategy] = set()
        for read in self._lanes.values():
            for part in read().values():
                if isinstance(part, SignalsOverview):
                    readings |= part.regimes
                    zones |= part.zones
                    paused.update(part.paused)
                    for strategy, reasons in part.faults.items():
                        counts.update({(strategy, reason): times for reason, times in reasons.items()})
        family = CounterMetricFamily(
            "ict_strategy_faults", "Judgements that a strategy failed to give, by reason", labels=["strategy", "reason"]
        )
        for labels, times in sorted(counts.items()):
            family.add_metric(list(labels), times)
        yield family
        yield _paused(paused)
        seconds = HistogramMetricFamily(
            "ict_signals_judge_seconds", "Time that a strategy took to judge one symbol at one close", labels=["strategy"]
        )
        for strategy, timing in sorted(self._timings.items()):
            timing.add_to(seconds, [strategy])
        yield seconds
        yield from _regimes(readings)
        yield from _zones(zones)


def _paused(paused: Iterable[PausedStrategy]) -> Metric:
    family = GaugeMetricFamily(
        "ict_strategy_paused", "1 while a strategy judges and may not signal; without a symbol: in every one",
        labels=["strategy", "symbol", "by"],
    )  # fmt: skip
    for each in sorted(paused, key=msgspec.structs.astuple):
        family.add_metric([each.strategy, each.symbol, each.by], 1.0)
    return family


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


def _zones(records: Mapping[str, Mapping[str, ZoneCount]]) -> Iterable[Metric]:
    counts = GaugeMetricFamily(
        "ict_zone_hypothetical_trades",
        "Hypothetical trades counted in a kill zone, older ones with less weight; none while nothing is learnt",
        labels=["symbol", "zone"],
    )
    rates = GaugeMetricFamily(
        "ict_zone_win_ratio", "Share of the hypothetical trades of a kill zone that won, 0 to 1", labels=["symbol", "zone"]
    )
    for symbol, zones in sorted(records.items()):
        for zone, count in sorted(zones.items()):
            counts.add_metric([symbol, zone], count.trades)
            rates.add_metric([symbol, zone], count.win_rate)
    yield from (counts, rates)


FIGURES: Final = StrategyFigures()
REGISTRY.register(FIGURES)
