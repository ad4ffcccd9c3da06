"""Two replicas of ingest on one live market: killed, frozen and thawed; every minute leaves once, as the exchange has it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from test_chaos_live_feed import LIVE, SYMBOLS, Scene, differences, tap_as_soon_as_possible

from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(240)]

SPEED = 30
#: A replica that says nothing for three seconds is dead; then its successor fetches what has passed.
TAKEOVER = 12.0


def test_a_replica_that_dies_or_freezes_is_replaced_and_no_minute_is_lost(
    tmp_path: Path, rabbitmq_url: str, redis_url: str, namespace: str
) -> None:
    """OPS-1, invariant 3: only the active replica publishes; takeover by backfill; a frozen one is fenced when it thaws."""
    with SimulatorProcess(tmp_path / "simulator.log", speed=str(SPEED)) as simulator:
        config = write_config(
            tmp_path / "paper.yaml",
            {
                "mode": "paper",
                "namespace": namespace,
                "timeframes": ["1m", "5m", "1h"],
                "signals": {"ob_fvg": {"timeframe": "5m"}},
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "exchange": simulator.exchange,
                "ingest": {"live": {**LIVE, "depth": False}},
                "log": {"level": "INFO", "format": "json"},
            },
        )
        with Fleet(config, tmp_path / "logs", ()) as fleet:
            fleet.start("ingest", label=".a", env={"ICT_REPLICA": "a"})
            scene = Scene(simulator, fleet, tap_as_soon_as_possible(rabbitmq_url, namespace))
            scene.caught_up(within=60.0)
            fleet.start("ingest", label=".b", env={"ICT_REPLICA": "b"})
            _until_it_says(tmp_path / "logs" / "ingest.b.log", "service_started")
            fleet.kill("ingest.a")
            _until_it_says(tmp_path / "logs" / "ingest.b.log", "source_started")
            scene.caught_up(within=TAKEOVER)
            fleet.start("ingest", label=".a", env={"ICT_REPLICA": "a"})
            _until_it_says(tmp_path / "logs" / "ingest.a.log", "source_started", times=2)  # it comes first by name
            scene.caught_up(within=TAKEOVER)
            fleet.send("ingest.a", signal.SIGSTOP)
            _until_it_says(tmp_path / "logs" / "ingest.b.log", "source_started", times=2)  # the frozen one is taken for dead
            scene.caught_up(within=TAKEOVER + 10.0)  # the broker, too, must see that its consumer is frozen
            fleet.send("ingest.a", signal.SIGCONT)
            scene.caught_up(within=TAKEOVER)
            assert fleet.terminate("ingest.b") == 0, fleet.tail()
            scene.caught_up(within=TAKEOVER)
            assert fleet.terminate("ingest.a") == 0, fleet.tail()
        assert scene.missing == []
        assert scene.repeats == []
        for symbol in SYMBOLS:
            ours = scene.published[symbol]
            assert differences(ours, simulator.history(symbol, min(ours), max(ours))) == []


def _until_it_says(log: Path, words: str, times: int = 1) -> None:
    """A replica's start and its takeovers are nowhere but in its log."""
    began = time.monotonic()
    while not log.exists() or log.read_text().count(words) < times:
        assert time.monotonic() - began < 60.0, f"{log} does not say {words}"
        time.sleep(0.1)
