"""``ict bench signals``: measure what a decision costs with every strategy on, at a minute and at the full hour.

The generated market goes through the analysis of every timeframe first; only the signals core is timed, from the first
bundle of a close to its decision. The same core with the default strategy, and the close barrier alone, are measured on
the same bundles in the same run. The whole pipeline in one process is then played with both sets of strategies.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import typer

from cli.bench.embedded import candles_per_second
from cli.run.configuration import load_settings
from cli.settings import Settings
from services.analysis.core import AnalysisCore
from services.ingest.core import IngestCore
from services.signals.barrier import CloseBarrier
from services.signals.core import SignalsCore
from services.signals.strategies import STRATEGIES
from shared.bus.codec import MAX_BODY_BYTES, encode
from shared.domain.candles import CandleBundle, FeedStep
from shared.domain.decisions import DecisionBundle
from shared.domain.facts import AnalysisBundle
from shared.domain.message import Message
from shared.domain.timeframes import is_boundary
from shared.runtime.native import engine as which
from simulator.market.generator import GeneratedMarket

_SYMBOLS: Final = ("BTCUSDT", "ETHUSDT")
#: Symbols for which the size of a decision is reckoned.
_MANY: Final = 50
#: Closes at the beginning that are not counted: memories fill.
_WARM_UP: Final = 1_440
_PLAYED_DAYS: Final = 2.0
_RUNS: Final = 3

#: The analysis bundles of one close, and its time.
Close = tuple[int, tuple[AnalysisBundle, ...]]


def main(days: float, *, as_json: bool) -> None:
    """Measure and print the figures."""
    result = measure(days)
    typer.echo(json.dumps(result) if as_json else json.dumps(result, indent=2))


def measure(days: float, played_days: float = _PLAYED_DAYS, runs: int = _RUNS) -> dict[str, Any]:
    """Return the figures: milliseconds a close, bytes, and one-minute candles a second of the whole pipeline."""
    names = [name for name, strategy in STRATEGIES.items() if not strategy.drill]
    everything, default = _settings(names), _settings(None)
    closes = analysed(everything, days)
    every, largest = _timed(everything, closes)
    few, _ = _timed(default, closes)
    barrier = _barrier(everything, closes)
    return {
        "engine": which(),
        "strategies": len(names),
        "timeframes": len(everything.timeframes),
        "symbols": len(_SYMBOLS),
        "closes": len(closes),
        "decision_ms": {"every_strategy": every, "default": few, "barrier_alone": barrier},
        "largest_decision_bytes": largest,
        "bytes_of_fifty_symbols": largest * _MANY,
        "bundle_bound_bytes": MAX_BODY_BYTES,
        "embedded_candles_per_s": {
            "every_strategy": _played(names, played_days, runs),
            "default": _played(None, played_days, runs),
        },
    }


def analysed(settings: Settings, days: float) -> list[Close]:
    """Return the bundles of every close of the generated market, as analysis publishes them for these strategies."""
    frames, kinds = settings.timeframes, settings.signals.reads()
    ingest = IngestCore(0, _SYMBOLS, frames, settings.ingest)
    cores = {frame: AnalysisCore(0, frame, settings.analysis, kinds) for frame in frames}
    closes: list[Close] = []
    for close_time, candles in GeneratedMarket(_SYMBOLS, days=days).steps():
        found: list[AnalysisBundle] = []
        step = FeedStep(partition=0, close_time=close_time, candles=tuple(candles))
        for bundle in ingest.handle(step, close_time):
            if isinstance(bundle, CandleBundle):
                told = cores[bundle.timeframe].handle(bundle, close_time)
                found += [each for each in told if isinstance(each, AnalysisBundle)]
        closes.append((close_time, tuple(found)))
    return closes


def _settings(names: Sequence[str] | None) -> Settings:
    signals = {} if names is None else {"signals": {"strategies": list(names)}}
    return load_settings(None, {"symbols": list(_SYMBOLS), "partitions": {"count": 1}, **signals})


def _timed(settings: Settings, closes: Sequence[Close]) -> tuple[dict[str, Any], int]:
    """Figures of one core over all closes, and the bytes of its largest decision of one symbol."""
    core = SignalsCore(0, _SYMBOLS, settings.timeframes, settings.signals)
    largest = 0

    def decide(bundle: AnalysisBundle, now: int) -> Sequence[Message]:
        return core.handle(bundle, now)

    def weigh(messages: Sequence[Message]) -> None:
        nonlocal largest
        for each in messages:
            if isinstance(each, DecisionBundle):
                largest = max(largest, len(encode(each)) // len(each.decisions))

    return _quantiles(_walk(closes, decide, weigh)), largest


def _barrier(settings: Settings, closes: Sequence[Close]) -> dict[str, Any]:
    signals = settings.signals
    barrier = CloseBarrier(
        settings.timeframes,
        deadline_ms=signals.deadline_ms,
        patience_closes=signals.patience_closes,
        max_pending_closes=signals.max_pending_closes,
    )

    def gather(bundle: AnalysisBundle, now: int) -> Sequence[Message]:
        barrier.arrive(bundle, now)
        barrier.due(now)
        return ()

    return _quantiles(_walk(closes, gather, lambda messages: None))


def _walk(
    closes: Sequence[Close],
    handle: Callable[[AnalysisBundle, int], Sequence[Message]],
    look: Callable[[Sequence[Message]], None],
) -> list[tuple[int, float]]:
    """Hand every bundle over; return each close with the milliseconds that it took. Garbage is collected between closes."""
    taken: list[tuple[int, float]] = []
    gc.collect()
    gc.disable()
    try:
        for number, (close_time, bundles) in enumerate(closes):
            made: list[Message] = []
            began = time.perf_counter()
            for bundle in bundles:
                made += handle(bundle, close_time)
            taken.append((close_time, (time.perf_counter() - began) * 1_000))
            look(made)
            if number % 1_000 == 0:
                gc.collect()
    finally:
        gc.enable()
    return taken[_WARM_UP:] or taken


def _quantiles(taken: Sequence[tuple[int, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    hours = [spent for close_time, spent in taken if is_boundary(close_time, "1h")]
    for name, spent in (("all", [each for _, each in taken]), ("hour", hours)):
        ordered = sorted(spent)
        found[name] = {
            "p50": round(statistics.median(ordered), 4),
            "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 4),
            "n": len(ordered),
        }
    return found


def _played(names: Sequence[str] | None, days: float, runs: int) -> dict[str, Any]:
    signals = {} if names is None else {"signals": {"strategies": list(names)}}
    market: dict[str, object] = {"market": {"days": days}, "journal": {"url": "sqlite+aiosqlite:///:memory:"}}
    return candles_per_second(load_settings(None, {**market, **signals}), runs)
