"""Measures the analysis engine with all detectors on: by columns, candle by candle, start-up; against smartmoneyconcepts.

One core, one process. Times are the best of several runs, in CPU time where other processes would disturb the
measurement. Each candle of the stream and each portion of the columns is timed in several passes and the best counts. The
later portions show the cost of a candle after a long history.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import psutil
import typer

from services.analysis.engine import Engine
from services.analysis.settings import AnalysisSettings, Concept
from shared.domain.candles import Candle
from shared.domain.timeframes import MINUTE
from shared.runtime.native import engine as which

_START: Final = 1_736_121_600_000
_PORTION: Final = 10_000
_SMALL, _LARGE = 100_000, 500_000
_RUNS: Final = 3
_STREAM, _PASSES = 20_000, 5
_SMC_CANDLES: Final = 20_000

#: Function of smartmoneyconcepts → the concepts of the engine that report at least as much.
SAME: Final[Mapping[str, tuple[str, ...]]] = {
    "swing_highs_lows": (),
    "bos_choch": ("structure",),
    "fvg": ("fvg",),
    "ob": ("structure", "order_block"),
    "liquidity": ("equal_levels",),
    "previous_high_low": ("previous_levels",),
    "sessions": ("timetable", "session_levels"),
    "retracements": ("dealing_range",),
}


Part = tuple[list[int], list[float], list[float], list[float], list[float], list[float]]


@dataclass(frozen=True, slots=True)
class Columns:
    """One-minute candles as plain lists, one per column."""

    open_times: list[int]
    opens: list[float]
    highs: list[float]
    lows: list[float]
    closes: list[float]
    volumes: list[float]

    def part(
        self, start: int, end: int
    ) -> tuple[list[int], list[float], list[float], list[float], list[float], list[float]]:
        """Return the columns from ``start`` to ``end``, in the engine's order."""
        return (
            self.open_times[start:end],
            self.opens[start:end],
            self.highs[start:end],
            self.lows[start:end],
            self.closes[start:end],
            self.volumes[start:end],
        )


def columns(count: int, seed: int = 1) -> Columns:
    """Generate one-minute candles: clustered volatility, fat tails, a path inside the minute, ticks of 0.1."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed])))
    ticks = 12
    shocks = rng.standard_normal(count) * 0.06
    heat = np.empty(count)
    level = 0.0
    for index, shock in enumerate(shocks.tolist()):
        level = 0.985 * level + shock
        heat[index] = level
    sigma = 0.0005 * np.exp(heat)
    moves = rng.standard_t(4, (count, ticks)) / np.sqrt(2.0 * ticks) * sigma[:, None]
    log_path = np.cumsum(moves.reshape(-1))
    path = np.round(60_000.0 * np.exp(log_path - np.linspace(0.0, log_path[-1], len(log_path))), 1).reshape(count, ticks)
    opens = np.concatenate(([60_000.0], path[:-1, -1]))
    volumes = np.round(rng.lognormal(2.0, 0.8, count), 3)
    return Columns(
        list(range(_START, _START + count * MINUTE, MINUTE)),
        opens.tolist(),
        np.maximum(path.max(axis=1), opens).tolist(),
        np.minimum(path.min(axis=1), opens).tolist(),
        path[:, -1].tolist(),
        volumes.tolist(),
    )


def only(concepts: tuple[str, ...]) -> AnalysisSettings:
    """Return the default settings with only these concepts on; swings are always on."""
    changes: dict[str, Any] = {}
    for name, field in AnalysisSettings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Concept):
            changes[name] = {"enabled": name in concepts}
    return AnalysisSettings.model_validate(changes)


def batch(market: Columns, count: int, settings: AnalysisSettings) -> None:
    """Analyse ``count`` candles by columns, in portions as research does."""
    engine = Engine("BTCUSDT", "1m", settings)
    for start in range(0, count, _PORTION):
        engine.run(*market.part(start, min(start + _PORTION, count)))


def portions(market: Columns, count: int, settings: AnalysisSettings) -> tuple[list[float], list[float], int]:
    """Return seconds and CPU seconds of each portion of a long run, best of several runs, and the findings of one run."""
    walls = [float("inf")] * (count // _PORTION)
    cpus = list(walls)
    found = 0
    for _ in range(_RUNS):
        engine = Engine("BTCUSDT", "1m", settings)
        found = 0
        for place in range(len(walls)):
            part = market.part(place * _PORTION, (place + 1) * _PORTION)
            began, cpu = time.perf_counter(), time.process_time()
            found += len(engine.run(*part))
            walls[place] = min(walls[place], time.perf_counter() - began)
            cpus[place] = min(cpus[place], time.process_time() - cpu)
    return walls, cpus, found


def stream(market: Columns, settings: AnalysisSettings) -> tuple[float, float]:
    """Return p50 and p99 in µs of ``update``: from a candle to an Analysis with all facts, ids and texts."""
    candles = [
        Candle(symbol="BTCUSDT", timeframe="1m", open_time=t, open=o, high=h, low=low, close=c, volume=v)
        for t, o, h, low, c, v in zip(*market.part(0, _STREAM), strict=True)
    ]
    best = [sys.maxsize] * len(candles)
    clock = time.perf_counter_ns
    gc.collect()
    gc.freeze()
    for _ in range(_PASSES):
        update = Engine("BTCUSDT", "1m", settings).update
        for index, candle in enumerate(candles):
            began = clock()
            update(candle)
            best[index] = min(best[index], clock() - began)
    gc.unfreeze()
    best.sort()
    return best[len(best) // 2] / 1e3, best[int(len(best) * 0.99)] / 1e3


def startup() -> float:
    """Return the seconds from the start of a new interpreter to the first analysis, best of three."""
    program = (
        "from services.analysis.engine import Engine\n"
        "from services.analysis.settings import AnalysisSettings\n"
        "engine = Engine('BTCUSDT', '1m', AnalysisSettings())\n"
        f"engine.run([{_START}], [1.0], [1.0], [1.0], [1.0], [1.0])\n"
    )
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603  # our own program
        best = min(best, time.perf_counter() - began)
    return best


def against_smc(market: Columns) -> dict[str, float] | str:
    """Return the speed-up of each function of both libraries and of all together (``overall``), or why there is none.

    A function measured alone bears the whole cost of the walk over the candles, which together they share."""
    os.environ.setdefault("SMC_CREDIT", "0")  # its banner would stand before the JSON
    try:
        pandas = importlib.import_module("pandas")
        smc = importlib.import_module("smartmoneyconcepts").smc
    except ImportError as error:
        return f"not measured: {error.name} is not installed (it is in the dev group)"
    part = market.part(0, _SMC_CANDLES)
    frame = pandas.DataFrame(
        dict(zip(("open", "high", "low", "close", "volume"), part[1:], strict=True)),
        index=pandas.to_datetime(part[0], unit="ms"),
    )
    length = AnalysisSettings().swing_length
    swings = smc.swing_highs_lows(frame, swing_length=length)
    theirs: dict[str, Callable[[], object]] = {
        "swing_highs_lows": lambda: smc.swing_highs_lows(frame, swing_length=length),
        "bos_choch": lambda: smc.bos_choch(frame, swings),
        "fvg": lambda: smc.fvg(frame),
        "ob": lambda: smc.ob(frame, swings),
        "liquidity": lambda: smc.liquidity(frame, swings),
        "previous_high_low": lambda: smc.previous_high_low(frame, time_frame="1D"),
        "sessions": lambda: smc.sessions(frame, session="London open kill zone"),
        "retracements": lambda: smc.retracements(frame, swings),
    }
    ratios = {}
    whole = 0.0
    for name, concepts in SAME.items():
        seconds = _best(theirs[name], 3)
        whole += seconds
        settings = only(concepts)
        ratios[name] = round(seconds / _best(partial(batch, market, _SMC_CANDLES, settings), 5), 1)
    every = only(tuple(sorted({concept for concepts in SAME.values() for concept in concepts})))
    ratios["overall"] = round(whole / _best(partial(batch, market, _SMC_CANDLES, every), 5), 1)
    return ratios


def _best(action: Callable[[], object], runs: int) -> float:
    """Return the CPU seconds of the best of ``runs``."""
    best = float("inf")
    for _ in range(runs):
        began = time.process_time()
        action()
        best = min(best, time.process_time() - began)
    return best


def measure() -> dict[str, Any]:
    """Return all figures; docs/benchmarks.md explains each."""
    settings = AnalysisSettings()
    market = columns(_LARGE)
    process = psutil.Process()
    batch(market, _SMALL, settings)
    before = process.memory_info().rss
    walls, cpus, found = portions(market, _LARGE, settings)
    grown = process.memory_info().rss - before
    p50, p99 = stream(market, settings)
    ratios = against_smc(market)
    return {
        "engine": which(),
        "batch_candles_per_s": round(_LARGE / sum(walls)),
        "batch_candles_per_cpu_s": round(_LARGE / sum(cpus)),
        "linear_ratio_500k_100k": round(sum(cpus) / sum(cpus[: _SMALL // _PORTION]), 2),
        "findings_per_candle": round(found / _LARGE, 2),
        "stream_p50_us": round(p50, 1),
        "stream_p99_us": round(p99, 1),
        "startup_s": round(startup(), 2),
        "rss_growth_mb": round(grown / 1e6, 1),
        "rss_mb": round(process.memory_info().rss / 1e6, 1),
        "vs_smartmoneyconcepts": ratios["overall"] if isinstance(ratios, dict) else ratios,
        "vs_smartmoneyconcepts_by_function": ratios if isinstance(ratios, dict) else {},
    }


def main(*, as_json: bool) -> None:
    """Measure and print the figures."""
    result = measure()
    if as_json:
        typer.echo(json.dumps(result))
        return
    for name, value in result.items():
        typer.echo(f"{name}: {value}")
