"""A run that reads the cache against one that works everything out: whatever was kept, the same bytes (BT-7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from research.backtest import fast, stepwise
from research.backtest.cache.cache import Cache
from research.backtest.cache.store import Store
from research.backtest.sections import sections_of
from research.backtest.tape import Tape
from simulator.market.funding import ConstantFunding
from simulator.recorder import Recorder
from tests.property.research.test_backtest_paths import BUSY_SCENE, RESTING_SCENE
from tests.support.research.backtests import LOOSE, Scene, left_by

ROOM = 1 << 30
#: A market with everything that analyses hold: zones, sweeps, pairs of symbols, windows of time, over a midnight.
ZONES: dict[str, Any] = {"strategies": ["top_down", "silver_bullet", "sweep_reversal"], "top_down": {"warmup_candles": 20}}
ZONES_SCENE = Scene(settings={"signals": ZONES, "risk": LOOSE}, seed=11, days=1.6, start=600, volatility=3.0)
HOLES_SCENE = dataclasses.replace(RESTING_SCENE, days=1.0, holes=((0, 100, 20), (1, 700, 90)))
#: What reads 1m candles passes ingest, minute by minute.
MINUTES_SCENE = Scene(settings={"signals": {"strategies": ["every_close"], "drill": True}, "risk": LOOSE}, days=0.15)


def cache_of(tape: Tape, directory: Path, tell: Callable[[str], None]) -> Cache:
    return Cache(Store(directory, ROOM, tell), {symbol: tape.digest(symbol) for symbol in tape.symbols})


def other(scene: Scene, **sections: Any) -> Scene:
    """The same market, traded otherwise."""
    return dataclasses.replace(scene, settings={**scene.settings, **sections})


@pytest.mark.parametrize(
    ("scene", "kept"),
    [
        (BUSY_SCENE, ["analyses", "decisions"]),
        (RESTING_SCENE, ["analyses", "decisions"]),
        (ZONES_SCENE, ["analyses", "decisions"]),
        (HOLES_SCENE, ["analyses", "decisions"]),
        (MINUTES_SCENE, ["decisions"]),
    ],
    ids=["busy", "resting", "zones", "holes", "minutes"],
)
def test_a_run_with_the_cache_leaves_what_one_without_leaves(tmp_path: Path, scene: Scene, kept: list[str]) -> None:
    """BT-7: the run that fills it, one that reads decisions, with other risk and costs, and one that reads analyses."""
    tape, told = scene.tape(), list[str]()

    def played(scene: Scene) -> tuple[dict[str, object], list[str]]:
        cache = cache_of(tape, tmp_path, told.append)
        return left_by(partial(fast.run, cache=cache), scene, tape), cache.read

    plain = left_by(fast.run, scene, tape)
    assert plain["summary.signals"], "else nothing is shown"
    assert played(scene) == (plain, [])
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == kept
    assert played(scene) == (plain, ["decisions"])

    poorer = other(scene, risk={**LOOSE, "risk_per_trade": 0.003}, simulator={"slippage_bps": 7})
    assert played(poorer) == (left_by(stepwise.run, poorer, tape), ["decisions"])

    if "analyses" in kept:
        signals = scene.settings["signals"]
        name = signals["strategies"][0]
        picky = {**signals, name: {**signals.get(name, {}), "min_stop_distance": 0.004}}
        judged = other(scene, signals=picky)
        assert played(judged) == (left_by(fast.run, judged, tape), ["analyses"])
    assert told == []


def test_decisions_without_zones_serve_no_run_that_wants_them(tmp_path: Path) -> None:
    """BT-7: a report would lack the zones of every signal."""
    tape, told = RESTING_SCENE.tape(), list[str]()
    whole = RESTING_SCENE.whole()

    with Recorder(tmp_path / "run") as recorder:
        cache = cache_of(tape, tmp_path / "cache", told.append)
        fast.run(sections_of(whole, whole), tape, ConstantFunding(whole.symbols), recorder, cache=cache)
    cache = cache_of(tape, tmp_path / "cache", told.append)
    left = left_by(partial(fast.run, cache=cache), RESTING_SCENE, tape)
    assert (cache.read, told) == (["analyses"], [])
    assert left["zones"]
