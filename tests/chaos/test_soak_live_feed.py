"""The soak: a day of the market, two symbols, random faults; memory bounded, candles right.

``make soak``; ``SOAK_HOURS`` and ``SOAK_SPEED`` change the length (24 hours) and the speed (144 times real time).
"""

from __future__ import annotations

import os
import random
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
from test_chaos_live_feed import LIVE, REST, STREAMS, Scene, differences, tap_as_soon_as_possible

from shared.domain.timeframes import MINUTE
from tests.support.processes import clearing
from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.soak, pytest.mark.chaos, pytest.mark.timeout(7_200)]

SYMBOLS = ("BTCUSDT", "ETHUSDT")
HOURS = float(os.environ.get("SOAK_HOURS", "24"))
SPEED = float(os.environ.get("SOAK_SPEED", "144"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
PORT = 19_180
#: A price spike or a skewed clock changes what the market is, not whether it can be heard; they stay in.
FAULTS = {**REST, **STREAMS, "disconnect": {}}
GROWTH = 60 * 1024 * 1024  # bytes that the process may grow by after its first hour


def metric(name: str) -> float:
    """The value of a metric of ingest, summed over its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))


def test_a_day_of_random_faults(tmp_path: Path, rabbitmq_url: str, namespace: str) -> None:
    """OPS-9, DATA-8: accuracy at least 99.9 %, memory bounded, and the feed is alive at the end."""
    chance = random.Random(SEED)
    with SimulatorProcess(tmp_path / "simulator.log", speed=str(SPEED)) as simulator:
        config = write_config(
            tmp_path / "paper.yaml",
            {
                "mode": "paper",
                "namespace": namespace,
                "timeframes": ["1m", "5m", "1h"],
                "signals": {"ob_fvg": {"timeframe": "5m"}},
                "bus": {"url": rabbitmq_url},
                "store": {"url": f"sqlite:///{tmp_path}/state.sqlite"},
                "exchange": simulator.exchange,
                "ingest": {"live": {**LIVE, "depth": False, "audit_every_minutes": 1}},
                "http": {"port": PORT},
                "log": {"level": "INFO", "format": "json"},
            },
        )
        with Fleet(config, tmp_path / "logs", ("ingest",)) as fleet:
            scene = Scene(simulator, fleet, tap_as_soon_as_possible(rabbitmq_url, namespace))
            process = psutil.Process(fleet.pid("ingest"))
            began, first_hour, struck = simulator.time, 0, 0
            end = began + int(HOURS * 60) * MINUTE
            while simulator.time < end:
                kind = chance.choice(list(FAULTS))
                simulator.fault(kind, **FAULTS[kind])
                struck += 1
                time.sleep(chance.uniform(0.2, 3.0))
                simulator.lift_all()
                time.sleep(chance.uniform(0.5, 6.0))
                scene.listen()
                if not first_hour and simulator.time > began + 60 * MINUTE:
                    first_hour = process.memory_info().rss
            scene.caught_up(within=30.0)
            grown = process.memory_info().rss - first_hour
            accuracy = metric("ict_ingest_accuracy_ratio")
            assert fleet.alive()["ingest"], fleet.tail()
        wrong = []
        for symbol in SYMBOLS:
            ours = scene.published[symbol]
            wrong += differences(ours, simulator.history(symbol, min(ours), max(ours)))
    total = sum(len(each) for each in scene.published.values())
    told = f"{struck} faults, {total} candles, {len(wrong)} wrong, accuracy {accuracy}, grown by {grown / 2**20:.1f} MiB"
    print(told)
    assert total > 2 * HOURS * 60 * 0.95, told
    assert 1.0 - len(wrong) / total >= 0.999, f"{told}: {wrong[:20]}"
    assert accuracy >= 0.999, told
    assert grown < GROWTH, told
    clearing.run_apart(clearing.delete_from_broker(rabbitmq_url, namespace))
