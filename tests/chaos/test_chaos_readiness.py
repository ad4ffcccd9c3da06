"""``/readyz`` of the processes that touch the exchange says how they stand towards it (OPS-2): real processes and faults."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.runtime.process.exits import Exit
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.processes import clearing
from tests.support.processes.fleet import Fleet, ict, write_config
from tests.support.processes.watch import Watch, until
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(300)]

START = 90.0  # a process needs seconds to start, many on a busy machine
SEEN = 20.0  # an outage is seen at the next question, every two seconds here; retries and a busy machine on top


@dataclass
class Scene:
    simulator: SimulatorProcess
    fleet: Fleet
    execution: Watch
    ingest: Watch
    config: Path

    def shows(self, watch: Watch, *words: str) -> None:
        """Not ready, and the check says so in these words."""

        def told() -> bool:
            status, checks = watch.readiness()
            return status == 503 and all(word in str(checks.get("exchange")) for word in words)

        until(told, SEEN, lambda: f"{words} in {watch.readiness()}\n{self.fleet.tail()}")

    def rearm(self) -> None:
        """As a person does after the first start. There is no risk here, and that is said."""
        done = ict("rearm", "--yes", "--reason", "looked at the account", "--config", str(self.config))
        assert "execution: rearm by" in done.stdout, done.stderr
        assert done.returncode == Exit.UNREACHABLE
        assert "No answer from risk" in done.stderr

    def ready(self, watch: Watch, seconds: float = SEEN) -> None:
        until(lambda: watch.readiness()[0] == 200, seconds, lambda: f"{watch.readiness()}\n{self.fleet.tail()}")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, rabbitmq_url: str, redis_url: str) -> Iterator[Scene]:
    path: Path = tmp_path_factory.mktemp("ready")
    namespace = f"rdy-{uuid.uuid4().hex[:8]}"
    with SimulatorProcess(path / "simulator.log", "--now", speed="1") as simulator:
        simulator.fault("rest_outage", path="/fapi/v*/balance")  # partial, from before the start
        config = write_config(
            path / "testnet.yaml",
            {
                "mode": "testnet",
                "namespace": namespace,
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "timeframes": ["1m", "5m"],
                "signals": {"ob_fvg": {"timeframe": "5m"}},
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "execution": {"driver": {"statement_every_s": 2, "outbox_directory": str(path / "outbox")}},
                "ingest": {"live": {"warm_up": {"candles": 10}}},
                "exchange": {**simulator.exchange, "request_timeout_s": 1.0, "retry_longest_s": 0.5}
                | {"stream": {"backoff_longest_s": 0.5}},
            },
        )
        with Fleet(config, path / "logs", ()) as fleet:
            execution, ingest = Watch(), Watch()
            fleet.start("execution", env=execution.env)
            fleet.start("ingest", env=ingest.env)
            yield Scene(simulator, fleet, execution, ingest, config)
    clearing.run_apart(clearing.delete_from_broker(rabbitmq_url, namespace))


def test_execution_is_not_ready_before_it_knows_the_account(scene: Scene) -> None:
    """OPS-2: the reason stands in the answer; the feed, which needs no account, is ready meanwhile."""
    until(lambda: scene.execution.readiness()[0] == 503, START, scene.fleet.tail)
    scene.shows(scene.execution, "the account is not known yet", "the exchange does not answer")
    scene.ready(scene.ingest, START)
    scene.simulator.lift_all()
    scene.shows(scene.execution, "ict rearm")
    scene.rearm()
    scene.ready(scene.execution)


def test_an_exchange_that_does_not_answer_shows(scene: Scene) -> None:
    """OPS-2: a partial outage of REST; streams go on."""
    scene.ready(scene.execution)
    scene.simulator.fault("rest_outage")
    scene.shows(scene.execution, "the exchange does not answer")
    scene.simulator.lift_all()
    scene.ready(scene.execution)


def test_streams_that_are_down_show_at_execution_and_at_the_feed(scene: Scene) -> None:
    """OPS-2: refused streams, while REST answers."""
    scene.ready(scene.execution)
    scene.ready(scene.ingest)
    scene.simulator.fault("refuse_streams", stream="*")
    scene.simulator.fault("disconnect", stream="*")
    scene.shows(scene.execution, "the user stream is down")
    scene.shows(scene.ingest, "feed.p0", "streams p0.")
    began = time.monotonic()
    scene.simulator.lift_all()
    scene.ready(scene.execution)
    scene.ready(scene.ingest)
    assert time.monotonic() - began < SEEN
