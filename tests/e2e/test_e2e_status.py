"""`ict status` beside real processes that trade."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.runtime.process.exits import Exit
from tests.support.processes.fleet import Fleet, ict, write_config
from tests.support.risk.drill import DRILL_RISK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PATIENCE = 120.0
#: It enters at every close of a flat symbol, with a stop that is not reached at once.
SIGNALS = {
    "strategies": ["every_close"],
    "drill": True,
    "every_close": {"stop_distance": 0.02, "target_distance": 0.04},
}
#: Three hours of market a minute of the test's, so that a position stands while it is looked at.
SPEED = 180


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings(path: Path, **more: object) -> dict[str, object]:
    return {
        "timeframes": ["1m", "5m"],
        "journal": {"url": f"sqlite+aiosqlite:///{path}/journal.sqlite"},
        "signals": SIGNALS,
        "risk": DRILL_RISK,
        "market": {"days": 5, "speed": SPEED},
        **more,
    }


def report(config: Path) -> dict[str, Any]:
    answer = ict("status", "--json", "--config", str(config), timeout=60)
    found: dict[str, Any] = json.loads(answer.stdout)
    assert answer.returncode == (Exit.OK if found["ok"] else Exit.NEGATIVE), answer.stderr
    return found


def until(config: Path, fleet: Fleet, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    began = time.monotonic()
    while not condition(found := report(config)):
        assert time.monotonic() - began < PATIENCE, f"{found}\n{fleet.tail()}"
    return found


def trading(found: dict[str, Any]) -> object:
    return found["ok"] and found["execution"]["positions"]


def whole(found: dict[str, Any]) -> object:
    """A position with its stop, in R, counted by risk. A report between two statements has less."""
    if not trading(found) or found["risk"] is None or not found["risk"]["kpis"]["since"]:
        return False
    trade = found["execution"]["positions"][0]["trade"]
    exits = {order["purpose"] for order in found["execution"]["orders"]}
    counted = next(each for each in found["risk"]["limits"] if each["name"] == "max_positions")
    return (
        trade
        and trade["protected"]
        and trade["unrealized_r"] is not None
        and exits >= {"stop", "target"}
        and (int(counted["used"] or 0) >= 1)
    )


def test_everything_in_one_process_is_seen_while_it_trades_and_missed_when_it_is_gone(tmp_path: Path) -> None:
    """OPS-3, RISK-8: no broker and no store; position, stop, limits and KPIs of the running system."""
    config = write_config(tmp_path / "all.yaml", settings(tmp_path, layout="embedded", http={"port": free_port()}))
    with Fleet(config, tmp_path / "logs", ("all",)) as fleet:
        found = until(config, fleet, whole)
        assert found["risk"]["kill_switch"] in ("NORMAL", "CAUTION")
        assert fleet.terminate("all") == 0, fleet.tail()
        gone = report(config)
    assert not gone["ok"]
    assert "see whether the service runs" in gone["missing"][0]


@pytest.mark.rabbitmq
@pytest.mark.redis
def test_separate_processes_are_seen_while_they_trade_and_one_that_is_killed_is_named(
    tmp_path: Path, rabbitmq_url: str, redis_url: str, namespace: str
) -> None:
    """OPS-3, OPS-10: nobody else's messages are taken; what is left is shown when one is gone."""
    names = ("ingest", "analysis", "signals", "risk", "execution", "journal", "notifier", "market")
    ports = {name: free_port() for name in names}
    config = write_config(
        tmp_path / "split.yaml",
        settings(
            tmp_path,
            namespace=namespace,
            bus={"url": rabbitmq_url},
            store={"url": redis_url},
            status={"addresses": {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}},
        ),
    )
    assert ict("topology", "--apply", "--config", str(config)).returncode == Exit.OK
    with Fleet(config, tmp_path / "logs", ()) as fleet:
        for name, port in ports.items():
            fleet.start(name, env={"ICT_HTTP__PORT": str(port)})
        found = until(config, fleet, trading)
        assert [each["ready"] for each in found["services"]] == [True] * len(names)
        assert set(found["led_by"]) == {"risk", "execution"}
        fleet.kill("execution")
        left = until(config, fleet, lambda report: not report["ok"])
        assert left["execution"] is None
        assert left["risk"]["equity"] is not None
        assert "execution at 127.0.0.1" in left["missing"][0]
