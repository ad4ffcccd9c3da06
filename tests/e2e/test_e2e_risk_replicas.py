"""Two replicas of risk over a real broker: one has the account, and reads decisions, commands and mark prices."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.processes.fleet import Fleet, ict, write_config
from tests.support.risk.drill import DRILL_RISK
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.e2e, pytest.mark.rabbitmq, pytest.mark.redis, pytest.mark.timeout(480)]

OTHERS = ("execution", "ingest", "analysis", "signals", "journal")
PATIENCE = 120.0


@dataclass
class Scene:
    """The fleet with risk as ``risk-a`` and ``risk-b``; ``where``: replica → the port at which it shows its state."""

    fleet: Fleet
    config: Path
    journal: Path

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(ict("status", "--json", "--config", str(self.config), timeout=60).stdout)
        return found

    def until(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait for a report of which ``condition`` holds."""
        began = time.monotonic()
        while not condition(found := self.report()):
            assert time.monotonic() - began < PATIENCE, f"{found}\n{self.fleet.tail()}"
        return found

    def intents(self) -> list[str]:
        """The ids of all intents that risk approved."""
        with sqlite3.connect(self.journal) as database:
            return [found for (found,) in database.execute("select id from intents")]


def marked(found: dict[str, Any]) -> object:
    """Risk holds the account at a mark price that is newer than its statement."""
    return found["risk"] is not None and found["risk"]["marked_at"] is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def trading(path: Path, rabbitmq_url: str, redis_url: str, namespace: str) -> Iterator[Scene]:
    """Everything runs, a person has re-armed, and a position stands."""
    ports = {name: free_port() for name in ("execution", "risk-a", "risk-b")}
    journal = path / "journal.sqlite"
    with SimulatorProcess(path / "simulator.log", "--now", speed="1") as simulator:
        config = write_config(
            path / "testnet.yaml",
            {
                "mode": "testnet",
                "namespace": namespace,
                "timeframes": ["1m"],
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "journal": {"url": f"sqlite+aiosqlite:///{journal}"},
                "exchange": simulator.exchange,
                "ingest": {"live": {"depth": False, "warm_up": {"candles": 20}}},
                "signals": {
                    "strategies": ["every_close"],
                    "drill": True,
                    "every_close": {"stop_distance": 0.05, "target_distance": 0.05},
                },
                "risk": DRILL_RISK,
                "status": {"addresses": {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}},
                "log": {"level": "INFO", "format": "json"},
            },
        )
        assert ict("topology", "--apply", "--config", str(config)).returncode == 0
        with Fleet(config, path / "logs", ()) as fleet:
            for name in OTHERS:
                fleet.start(name, env={"ICT_HTTP__PORT": str(ports.get(name, 0))})
            for label in ("-a", "-b"):
                fleet.start("risk", label=label, env={"ICT_HTTP__PORT": str(ports[f"risk{label}"])})
            scene = Scene(fleet, config, journal)
            scene.until(lambda found: found["risk"] is not None and found["risk"]["stated_at"] is not None)
            rearmed = ict("rearm", "--yes", "--reason", "a first start: nothing to look at", "--config", str(config))
            assert rearmed.returncode == 0, rearmed.stderr
            scene.until(lambda found: marked(found) and found["execution"] and found["execution"]["positions"])
            yield scene


def here(found: dict[str, Any]) -> str:
    """The replica that has the account's risk."""
    (name,) = [each["name"] for each in found["services"] if each["parts"].get("risk") == "here"]
    return str(name)


@pytest.mark.parametrize(
    "blow", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.soak)], ids=["killed", "frozen"]
)
def test_one_replica_has_the_account_and_the_other_goes_on_where_it_was(
    blow: signal.Signals, tmp_path: Path, rabbitmq_url: str, redis_url: str, namespace: str
) -> None:
    """RISK-3, RISK-5, OPS-1: the state is that of the store (not HALTED as without one), all three queues are read, and no
    signal is approved twice."""
    with trading(tmp_path, rabbitmq_url, redis_url, namespace) as scene:
        before = scene.until(lambda found: marked(found) and here(found))
        first = here(before)
        other = {"risk-a": "risk-b", "risk-b": "risk-a"}[first]
        scene.fleet.send(first, blow)
        after = scene.until(lambda found: marked(found) and here(found) == other)
        assert after["risk"]["marked_at"] > before["risk"]["marked_at"]
        assert after["risk"]["kill_switch"] == before["risk"]["kill_switch"]
        assert after["risk"]["trades_today"] >= before["risk"]["trades_today"] >= 1
        paused = ict("pause", "--reason", "a test", "--config", str(scene.config))
        assert paused.returncode == 0, paused.stderr
        halted = scene.until(lambda found: found["risk"] and found["risk"]["kill_switch"] == "HALTED")
        assert here(halted) == other
        if blow is signal.SIGSTOP:
            scene.fleet.send(first, signal.SIGCONT)
            thawed = scene.until(lambda found: marked(found) and len(found["services"]) == 3 and found["ok"])
            assert thawed["risk"]["kill_switch"] == "HALTED", "nobody speaks from the time before"
        intents = scene.intents()
        assert len(intents) == len(set(intents))
