"""``docker compose up`` on a real engine, from the image to the stop. The tests run in the order of a deployment's life."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.play.forecast import FIRST_TRADE_HOURS
from shared.domain.timeframes import MINUTE
from tests.support.deploy.compose_project import ROOT, Project

#: What the image may add to its base.
IMAGE_BYTES = 250_000_000
#: One `ict health`. Ten services ask every ten seconds.
HEALTH_CPU_SECONDS = 0.15


@pytest.fixture(scope="module")
def running(image: str, secrets: Path) -> Iterator[Project]:
    """The simulation, all of it healthy, at full speed."""
    environ = {"SECRETS_DIR": str(secrets), "ICT_MARKET__SPEED": "null"}
    with Project(["docker-compose.yml"], environ) as project:
        project.up()
        yield project


def size(image: str) -> int:
    shown = subprocess.run(["docker", "image", "inspect", image], capture_output=True, text=True, check=True).stdout
    return int(json.loads(shown)[0]["Size"])


def test_the_image_adds_little_to_its_base(image: str) -> None:
    base = next(
        line.removeprefix("ARG BASE=")
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("ARG BASE=")
    )
    assert size(image) - size(base) <= IMAGE_BYTES


def test_every_service_is_healthy(running: Project) -> None:
    """OPS-2"""
    containers = running.containers()
    topology = containers.pop("topology")
    assert (topology.status, topology.exit_code) == ("exited", 0)
    assert {name: each.health for name, each in containers.items() if each.health != "healthy"} == {}
    assert containers.keys() == running.config()["services"].keys() - {"topology"}


def test_candles_reach_the_journal_and_an_order_fills(running: Project) -> None:
    """OPS-1, OPS-2: every process has done its part."""
    running.until(lambda: running.journal("select count(*) from candles") > 1000, "a thousand candles in the journal")
    running.until(lambda: running.journal("select count(*) from fills") > 0, "a fill in the journal", seconds=180)


def test_the_first_trade_comes_when_the_simulation_said_it_would(running: Project) -> None:
    waited = running.journal("select (select min(time) from fills) - (select min(open_time) from candles)")
    early, late = FIRST_TRADE_HOURS
    assert early <= waited / (60 * MINUTE) <= late


def test_prometheus_scrapes_every_service(running: Project) -> None:
    """OPS-3"""

    def down() -> dict[str, str]:
        targets = running.prometheus("targets")["activeTargets"]
        return {each["scrapeUrl"]: each["lastError"] for each in targets if each["health"] != "up"}

    running.until(lambda: not down(), "every target of Prometheus is up", seconds=30)
    [handled] = running.prometheus("query", query='sum(ict_lane_handled_total{stage="execution"})')["result"]
    assert float(handled["value"][1]) > 0


def test_the_scrape_configuration_passes_prometheus_own_check(running: Project) -> None:
    running.exec("prometheus", "promtool", "check", "config", "/etc/prometheus/prometheus.yml")


def test_the_journals_volume_holds_the_journal_alone(running: Project) -> None:
    files = running.exec("journal", "ls", "-A", "/var/lib/ict").split()
    assert [name for name in files if not name.startswith("journal.sqlite")] == []


def test_a_health_check_costs_little(running: Project) -> None:
    program = (
        "import resource, subprocess\n"
        "subprocess.run(['ict', 'health'], check=True, stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)"
    )
    assert float(running.python("risk", program)) <= HEALTH_CPU_SECONDS


def test_the_store_is_ill_when_it_refuses_its_clients(running: Project) -> None:
    """The check goes the way that clients go: protected mode lets loopback in and nobody else."""
    check = running.config()["services"]["store"]["healthcheck"]["test"][1:]
    running.exec("store", *check)
    running.exec("store", "valkey-cli", "config", "set", "protected-mode", "yes")
    try:
        with pytest.raises(AssertionError, match="DENIED"):
            running.exec("store", *check)
    finally:
        running.exec("store", "valkey-cli", "config", "set", "protected-mode", "no")


def test_stop_ends_every_service_in_good_order(running: Project) -> None:
    """OPS-2: nothing is killed, the broker neither; a kill would be exit code 137, init's own end 1 or 143."""
    running.compose("stop")
    assert {
        name: each for name, each in running.containers().items() if (each.status, each.exit_code) != ("exited", 0)
    } == {}
