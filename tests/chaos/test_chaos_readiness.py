"""``/readyz`` of the processes that touch the exchange says how they stand towards it (OPS-2): real processes and faults."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import clearing
from tests.support.processes.fleet import Fleet, write_config
from tests.support.processes.watch import Watch, until
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(300)]

START = 90.0  # a process needs seconds to start, many on a busy machine
SEEN = 20.0  # an outage is seen at the next question, every two seconds here; retries and a busy machine on top


@dataclass
class Scene:
    simulator: SimulatorProcess
    fleet: Fleet
    gateway: Watch
    ingest: Watch

    def shows(self, watch: Watch, *words: str) -> None:
        """Not ready, and the check says so in these words."""

        def told() -> bool:
            status, checks = watch.readiness()
            return status == 503 and all(word in str(checks.get("exchange")) for word in words)

        until(told, SEEN, lambda: f"{words} in {watch.readiness()}\n{self.fleet.tail()}")

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
                "approval_key": "an approval key of the test's own",
                "timeframes": ["1m", "5m"],
                "signals": {"ob_fvg": {"timeframe": "5m"}},
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "gateway": {"account_every_s": 2},
                "ingest": {"live": {"warm_up": {"candles": 10}}},
                "exchange": {**simulator.exchange, "request_timeout_s": 1.0, "retry_longest_s": 0.5}
                | {"stream": {"backoff_longest_s": 0.5}},
            },
        )
        with Fleet(config, path / "logs", ()) as fleet:
            gateway, ingest = Watch(), Watch()
            fleet.start("gateway", env=gateway.env)
            fleet.start("ingest", env=ingest.env)
            yield Scene(simulator, fleet, gateway, ingest)
    clearing.run_apart(clearing.delete_from_broker(rabbitmq_url, namespace))


def test_a_gateway_is_not_ready_before_it_knows_the_account(scene: Scene) -> None:
    """OPS-2: the reason stands in the answer; the feed, which needs no account, is ready meanwhile."""
    until(lambda: scene.gateway.readiness()[0] == 503, START, scene.fleet.tail)
    scene.shows(scene.gateway, "the account is not known yet", "the exchange does not answer")
    scene.ready(scene.ingest, START)
    scene.simulator.lift_all()
    scene.ready(scene.gateway)


def test_an_exchange_that_does_not_answer_shows(scene: Scene) -> None:
    """OPS-2: a partial outage of REST; streams go on."""
    scene.ready(scene.gateway)
    scene.simulator.fault("rest_outage")
    scene.shows(scene.gateway, "the exchange does not answer")
    scene.simulator.lift_all()
    scene.ready(scene.gateway)


def test_streams_that_are_down_show_at_the_gateway_and_at_the_feed(scene: Scene) -> None:
    """OPS-2: refused streams, while REST answers."""
    scene.ready(scene.gateway)
    scene.ready(scene.ingest)
    scene.simulator.fault("refuse_streams", stream="*")
    scene.simulator.fault("disconnect", stream="*")
    scene.shows(scene.gateway, "the user stream is down")
    scene.shows(scene.ingest, "feed.p0", "streams p0.")
    began = time.monotonic()
    scene.simulator.lift_all()
    scene.ready(scene.gateway)
    scene.ready(scene.ingest)
    assert time.monotonic() - began < SEEN
