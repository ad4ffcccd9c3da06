"""``ict bench backtest``: one-minute candles a second of a backtest, beside a bare loop on the same candles in the same run.

The bare loop is what a backtest could cost at best in Python: two moving averages, one position, a stop and a target, in
floats, without an account, orders or costs. Reading the candles is measured apart from playing them. With a cache the
market is played three times: to fill it, with another setting of the strategy, and with other risk and costs.
"""

from __future__ import annotations

import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import typer

from cli.bench.peer import peer_seconds
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from research.backtest import fast, stepwise
from research.backtest.cache.cache import Cache
from research.backtest.cache.store import Store
from research.backtest.sections import Sections, sections_of
from research.backtest.tape import CLOSE, HIGH, LOW, Tape, tape_of
from shared.runtime.native import engine as which
from shared.runtime.process.exits import Exit
from simulator.market.funding import ConstantFunding
from simulator.market.generator import DEFAULT_START, GeneratedMarket
from simulator.recorder import Recorder, Summary

#: The slow path is measured on the beginning of the market.
_STEPPED_DAYS: Final = 3.0
_FAST, _SLOW = 20, 50
_STOP, _TARGET, _FEE = 0.005, 0.01, 0.0005
_ROOM: Final = 1 << 40


def main(days: float, strategy: str, runs: int, symbols: str | None, peer: Path | None, *, as_json: bool) -> None:
    """Measure and print the figures. peer: a Python that has backtesting.py."""
    names = tuple(each.strip() for each in symbols.split(",")) if symbols else None
    try:
        result = measure(days, strategy, runs, names, peer)
    except (OSError, ValueError) as error:
        refuse(f"ict bench backtest: {error}", Exit.USAGE)
    typer.echo(json.dumps(result) if as_json else json.dumps(result, indent=2))


def measure(
    days: float,
    strategy: str = "top_down",
    runs: int = 3,
    symbols: tuple[str, ...] | None = None,
    peer: Path | None = None,
) -> dict[str, Any]:
    """Return the figures; rates are 1m candles of all symbols a second, medians of ``runs``. Raises OSError, ValueError."""
    settings = _settings(strategy, symbols)
    tape, reading = _market(settings, days)
    beginning, _ = _market(settings, min(days, _STEPPED_DAYS))
    bars = len(tape) * len(tape.symbols)
    played = [_play(fast.run, settings, tape) for _ in range(runs)]
    with tempfile.TemporaryDirectory() as directory:
        data = {symbol: tape.digest(symbol) for symbol in tape.symbols}

        def again(other: Settings) -> tuple[float, list[str]]:
            cache = Cache(Store(Path(directory), _ROOM, typer.echo), data)
            return _play(partial(fast.run, cache=cache), other, tape)[0], cache.read

        filling, _ = again(settings)
        judged = [again(_settings(strategy, symbols, stop=0.0011 + 0.0001 * run)) for run in range(runs)]
        poorer = [again(_settings(strategy, symbols, risk=0.004 + 0.001 * run)) for run in range(runs)]
        kept = sum(path.stat().st_size for path in Path(directory).iterdir())
    stepped, _, _ = _play(stepwise.run, settings, beginning)
    loops = [_timed(lambda: [bare_loop(tape, symbol) for symbol in tape.symbols]) for _ in range(runs)]
    seconds = statistics.median(each[0] for each in played)
    _, passed, summary = played[0]
    return {
        "engine": which(),
        "strategy": strategy,
        "bars": bars,
        "bars_per_s": round(bars / seconds),
        "cached_analysis_bars_per_s": _rate(bars, judged, "analyses"),
        "cached_decisions_bars_per_s": _rate(bars, poorer, "decisions"),
        "filling_bars_per_s": round(bars / filling),
        "stepwise_bars_per_s": round(len(beginning) * len(tape.symbols) / stepped),
        "reading_bars_per_s": round(bars / reading),
        "bare_loop_bars_per_s": round(bars / statistics.median(loops)),
        "backtesting_py_bars_per_s": round(len(tape) / peer_seconds(peer, tape, tape.symbols[0])) if peer else None,
        "minutes_passed_over": round(1 - passed / len(tape), 4),
        "signals": summary.signals,
        "trades": len(summary.trades),
        "cache_mb": round(kept / 1e6, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _settings(
    strategy: str, symbols: tuple[str, ...] | None, stop: float | None = None, risk: float | None = None
) -> Settings:
    """Settings that trade ``strategy``; with another nearest stop, or with other risk and slippage."""
    tree: dict[str, Any] = {"signals": {"strategies": [strategy]}, "risk": {"max_costs": 10}}
    if symbols is not None:
        tree["symbols"] = list(symbols)
    if stop is not None:
        tree["signals"][strategy] = {"min_stop_distance": stop}
    if risk is not None:
        tree["risk"]["risk_per_trade"] = risk
        tree["simulator"] = {"slippage_bps": 3}
    return load_settings(None, tree)


def _rate(bars: int, played: list[tuple[float, list[str]]], wanted: str) -> int | None:
    """Candles a second of runs that read ``wanted`` of the cache; None if one did not: nothing was kept."""
    if any(read != [wanted] for _, read in played):
        return None
    return round(bars / statistics.median(seconds for seconds, _ in played))


def _market(settings: Settings, days: float) -> tuple[Tape, float]:
    source = GeneratedMarket(settings.symbols, DEFAULT_START, days, settings.market.seed)
    began = time.process_time()
    tape = tape_of(source)
    return tape, time.process_time() - began


def _play(
    path: Callable[[Sections, Tape, ConstantFunding, Recorder], int], settings: Settings, tape: Tape
) -> tuple[float, int, Summary]:
    """Play once: seconds, minutes that passed the account, summary."""
    funding = ConstantFunding(settings.symbols, settings.market.funding_rate)
    sections = sections_of(settings, settings)
    with tempfile.TemporaryDirectory() as directory, Recorder(Path(directory)) as recorder:
        began = time.process_time()
        passed = path(sections, tape, funding, recorder)
        return time.process_time() - began, passed, recorder.summary


def _timed(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began


def bare_loop(tape: Tape, symbol: str) -> tuple[int, float]:
    """EMA 20/50 cross, entry at the close when flat, stop 0.5 %, target 1 %, 5 bp a side; return trades and result."""
    closes, highs, lows = (tape.columns[symbol][column].tolist() for column in (CLOSE, HIGH, LOW))
    quick, slow = 2 / (_FAST + 1), 2 / (_SLOW + 1)
    near = far = closes[0]
    above, side, entry, trades, result = False, 0, 0.0, 0, 0.0
    for close, high, low in zip(closes, highs, lows, strict=True):
        if side:
            stop, target = entry * (1 - side * _STOP), entry * (1 + side * _TARGET)
            stopped = low <= stop if side > 0 else high >= stop
            if stopped or (high >= target if side > 0 else low <= target):
                leave = stop if stopped else target
                result += side * (leave - entry) - _FEE * (leave + entry)
                trades, side = trades + 1, 0
        near += quick * (close - near)
        far += slow * (close - far)
        if (near > far) is not above:
            above = not above
            if not side:
                side, entry = (1 if above else -1), close
    return trades, result
