"""SIGTERM to each service in the middle of a run: it says that it drains, finishes what it has, leaves with 0; its successor
goes on, and nothing is lost (OPS-2)."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.processes.fleet import ICT, SERVICES, Fleet, ict, same_bytes, write_config
from tests.support.processes.own_servers import OwnRabbitmq
from tests.support.processes.watch import Watch, until
from tests.support.risk.drill import DRILL_RISK

FILES = ("decisions.jsonl", "orders.jsonl", "fills.jsonl", "equity.jsonl")
STEPS = 360

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]


def readiness(watch: Watch) -> tuple[int, dict[str, object]]:
    """Status and answer of ``/readyz``. Raises URLError when nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{watch.port}/readyz", timeout=2) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_every_service_that_is_asked_to_go_drains_says_so_and_loses_nothing(
    tmp_path: Path, namespace: str, private_rabbitmq: OwnRabbitmq, redis_url: str
) -> None:
    """OPS-2: /readyz is 503 and says draining while the drain lasts (the broker is frozen meanwhile, so that it does last);
    exit code 0; the queues run empty; the bytes are those of an undisturbed run."""
    config = write_config(
        tmp_path / "config.yaml",
        {
            "namespace": namespace,
            "bus": {"url": private_rabbitmq.url},
            "store": {"url": redis_url},
            "journal": {"url": f"sqlite+aiosqlite:///{tmp_path}/journal.sqlite"},
            "signals": {"drill": True, "strategies": ["every_close"]},
            "risk": DRILL_RISK,
            "market": {"days": STEPS / 1440, "seed": 11},
            "log": {"level": "INFO", "format": "json"},
        },
    )
    calm = ict("demo", "--config", str(config), "--out", str(tmp_path / "calm"), "--json", timeout=100)
    assert calm.returncode == 0, calm.stderr
    watches = {service: Watch() for service in SERVICES}
    with Fleet(config, tmp_path / "logs", ()) as fleet:
        for service, watch in watches.items():
            fleet.start(service, env=watch.env)
        for watch in watches.values():
            until(lambda watch=watch: watch.readyz() == 200, 90, fleet.tail)
        command = [*ICT, "replay", "--config", str(config), "--out", str(tmp_path / "replay"), "--speed", "900"]
        with (tmp_path / "logs" / "replay.log").open("wb") as log:
            replay = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            for service in SERVICES:
                until(lambda service=service: has_worked(watches[service]), 60, fleet.tail)
                assert replay.poll() is None, f"the replay was over before {service} was asked to go"
                private_rabbitmq.freeze()
                try:
                    fleet.send(service, signal.SIGTERM)
                    until(lambda service=service: readiness(watches[service])[1]["draining"], 4, fleet.tail)
                    status, answer = readiness(watches[service])
                finally:
                    private_rabbitmq.thaw()
                assert (status, answer["ready"], answer["draining"]) == (503, False, True)
                assert fleet.ended(service) == 0, fleet.tail()
                fleet.start(service, env=watches[service].env)
            assert replay.wait(120) == 0, fleet.tail()
        finally:
            replay.kill()
            replay.wait()
        until(lambda: private_rabbitmq.ready_messages() == 0, 30, fleet.tail)
    assert same_bytes(tmp_path / "calm", tmp_path / "replay", FILES) == []
    assert (tmp_path / "calm" / "fills.jsonl").stat().st_size > 0


def has_worked(watch: Watch) -> bool:
    """The process has handled or written something since it started."""
    return bool(sum(watch.lanes("handled").values()) or sum(watch.figures("ict_sink_written_total", "sink").values()))
