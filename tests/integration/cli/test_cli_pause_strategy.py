"""`ict pause --strategy` and `ict resume` at processes of signals: every partition answers, SIGKILL ends no pause (SIG-8).

Layout split has a lane a partition, layout fused one engine with all of them; both answer for each partition.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.settings import Settings
from shared.runtime.process.exits import Exit
from tests.support.approval.pairs import OPERATOR_KEYS
from tests.support.processes.answering import wait_until
from tests.support.processes.fleet import Fleet, ict, write_config

pytestmark = [pytest.mark.rabbitmq]


class Scene:
    """One process that has the lanes of signals, and an operator."""

    def __init__(self, fleet: Fleet, service: str, config: Path) -> None:
        self.fleet = fleet
        self.service = service
        self.config = config

    def ict(self, *words: str) -> subprocess.CompletedProcess[str]:
        return ict(*words, "--reason", "a test", "--config", str(self.config), timeout=60)

    def restart(self) -> None:
        """SIGKILL, and a successor that has subscribed."""
        self.fleet.kill(self.service)
        self.fleet.start(self.service)
        self.until_started(2)

    def until_started(self, times: int) -> None:
        log = self.config.parent / "logs" / f"{self.service}.log"
        wait_until(lambda: log.read_text().count('"service_started"') >= times, 120, f"{self.service} has started")


@pytest.fixture(params=["split", "fused"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, rabbitmq_url: str, namespace: str) -> Iterator[Scene]:
    layout = request.param
    with _scene(layout, tmp_path, rabbitmq_url, namespace) as scene:
        yield scene


@contextmanager
def _scene(layout: str, path: Path, url: str, namespace: str) -> Iterator[Scene]:
    service = "signals" if layout == "split" else "engine"
    settings = {
        "mode": "paper",
        "layout": layout,
        "namespace": namespace,
        "partitions": {"count": 2, "pinned": {"BTCUSDT": 0, "ETHUSDT": 1}},
        "signals": {"strategies": ["ob_fvg", "ote"], "paused": ["ote"]},
        "operator": dict(OPERATOR_KEYS),
        "bus": {"url": url},
        "log": {"format": "json"},
        "store": {"url": f"sqlite:///{path}/state.sqlite"},
    }
    config = write_config(path / "c.yaml", settings)
    assert Settings.model_validate(settings).layout == layout
    assert ict("topology", "--apply", "--config", str(config)).returncode == 0
    with Fleet(config, path / "logs", (service,)) as fleet:
        scene = Scene(fleet, service, config)
        scene.until_started(1)
        yield scene


def test_a_pause_reaches_every_partition_and_outlives_the_process(opened: Scene) -> None:
    """SIG-8, invariant 3: both lanes say so, and after SIGKILL they still know what is paused."""
    paused = opened.ict("pause", "--strategy", "ob_fvg")
    assert paused.returncode == Exit.OK, paused.stderr + opened.fleet.tail()
    assert [line.split(":")[0] for line in paused.stdout.splitlines()] == ["signals.p0", "signals.p1"]
    opened.restart()
    single = opened.ict("resume", "--strategy", "ob_fvg", "--symbol", "ETHUSDT")
    assert single.returncode == Exit.REFUSED, single.stdout + single.stderr
    assert "signals.p1" in single.stderr
    assert "paused in every symbol" in single.stderr
    assert "operator.private_key" not in single.stderr, "the key is not at fault"
    resumed = opened.ict("resume", "--strategy", "ob_fvg")
    assert resumed.returncode == Exit.OK, resumed.stderr + opened.fleet.tail()
    assert resumed.stdout.count("gives signals again in every symbol") == 2


def test_the_pause_of_a_symbol_is_answered_by_its_partition_alone(opened: Scene, tmp_path: Path) -> None:
    """SIG-8; and OPS-7: another operator's key is refused by every lane."""
    paused = opened.ict("pause", "--strategy", "ob_fvg", "--symbol", "ETHUSDT")
    assert paused.returncode == Exit.OK, paused.stderr + opened.fleet.tail()
    assert [line.split(":")[0] for line in paused.stdout.splitlines()] == ["signals.p1"]
    assert "gives no signal in ETHUSDT" in paused.stdout
    foreign = tmp_path / "foreign.yaml"
    foreign.write_text("operator: {private_key: null, public_key: null}\n")
    refused = ict("resume", "--strategy", "ob_fvg", "--config", str(opened.config), "--config", str(foreign), timeout=60)
    assert refused.returncode == Exit.REFUSED, refused.stdout + refused.stderr
    assert "operator.private_key" in refused.stderr
