"""The test harness itself: a service that is missing is never mistaken for a test that passed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import answering, containers, on_demand, own_servers

ROOT = Path(__file__).resolve().parents[3]


def run_one_test_without_a_broker(**environment: str) -> subprocess.CompletedProcess[str]:
    port = answering.free_port()
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "tests/integration/shared/bus/test_bus_rabbitmq_wire.py", "-k", "properties"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "ICT_TEST_RABBITMQ_URL": f"amqp://guest:guest@127.0.0.1:{port}/", **environment},
    )  # fmt: skip


def test_a_missing_service_is_skipped_loudly() -> None:
    """The last lines of a run say how many tests proved nothing, and why."""
    run = run_one_test_without_a_broker(ICT_REQUIRE_SERVICES="")
    assert run.returncode == 0, run.stdout
    assert "!!! 1 TESTS WERE SKIPPED AND PROVE NOTHING: 1 for want of RabbitMQ: ICT_TEST_RABBITMQ_URL is set" in run.stdout


def test_a_missing_service_fails_where_services_are_required() -> None:
    """ICT_REQUIRE_SERVICES=1: continuous integration cannot go green on skips."""
    run = run_one_test_without_a_broker(ICT_REQUIRE_SERVICES="1")
    assert run.returncode == 1
    assert "RabbitMQ is required (ICT_REQUIRE_SERVICES=1)" in run.stdout


def test_port_without_the_protocol_is_not_taken_for_the_service() -> None:
    """A port that is open proves nothing; the protocol does."""
    port = answering.free_port()
    for speaks in (answering.speaks_amqp, answering.speaks_redis, answering.speaks_postgres):
        assert not speaks("127.0.0.1", port)


def test_an_own_redis_answers_and_ends() -> None:
    """Started on a private port, gone afterwards."""
    try:
        with own_servers.own_redis() as url:
            port = int(url.rsplit(":", 1)[1].strip("/"))
            assert answering.speaks_redis("127.0.0.1", port)
            assert not answering.speaks_amqp("127.0.0.1", port)
            assert not answering.speaks_postgres("127.0.0.1", port)
    except answering.Missing as error:
        answering.unavailable("redis-server", str(error))
    answering.wait_until(lambda: not answering.speaks_redis("127.0.0.1", port), 10, "own redis is gone")


def test_a_word_that_means_nothing_is_refused_instead_of_taking_this_machine_s_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(containers.VARIABLE, "container")
    with pytest.raises(answering.Missing, match="ICT_TEST_SERVICES=container means nothing"), on_demand.redis():
        pass
