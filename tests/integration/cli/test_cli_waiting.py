"""What a process needs is away or refuses: SIGTERM ends it at once, and who typed a command is told in a sentence."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from shared.runtime.process.exits import Exit
from tests.support.processes.fleet import ict, write_config
from tests.support.processes.terminal import end_of, line_with

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

#: Seconds from the signal to the end: nothing is drained; the rest is for a busy machine.
BOUND = 15.0
AWAY = {
    "broker": {"bus": {"url": "amqp://guest:guest@127.0.0.1:1/"}},
    "store": {"store": {"url": "redis://127.0.0.1:1/0"}},
    "journal": {"journal": {"url": "postgresql://ict@127.0.0.1:1/ict"}},
}


def stopped(
    start: Callable[..., subprocess.Popen[str]],
    at: Path,
    name: str,
    settings: Mapping[str, object],
    waiting: str,
) -> None:
    """Start a service, wait until it says that it waits, stop it."""
    common = {"http": {"port": 0}, "log": {"format": "json"}}
    process = start("run", name, "--config", str(write_config(at / "waits.yaml", {**common, **settings})))
    line_with(process, waiting)
    began = time.monotonic()
    code, output = end_of(process, signal.SIGTERM)
    assert time.monotonic() - began < BOUND
    assert code == Exit.OK, output
    assert '"reason":"SIGTERM"' in output.replace(" ", "")
    assert "Traceback" not in output
    assert "never retrieved" not in output


def test_service_that_waits_for_the_broker_ends_on_sigterm(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """OPS-1, OPS-2."""
    stopped(start, tmp_path, "risk", {**AWAY["broker"], "store": {"url": "memory:"}}, "broker_unreachable")


@pytest.mark.rabbitmq
@pytest.mark.parametrize(
    ("name", "away", "waiting"),
    [("risk", "store", "store_unreachable"), ("journal", "journal", "journal_database_away")],
)
def test_service_that_waits_for_store_or_database_ends_on_sigterm(
    name: str,
    away: str,
    waiting: str,
    start: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
    rabbitmq_url: str,
    namespace: str,
) -> None:
    """OPS-1, OPS-2."""
    common = {"namespace": namespace, "bus": {"url": rabbitmq_url}, "store": {"url": "memory:"}}
    stopped(start, tmp_path, name, {**common, **AWAY[away]}, waiting)


@pytest.mark.parametrize(("away", "waiting"), [("store", "store_unreachable"), ("journal", "journal_database_away")])
def test_one_process_that_waits_ends_on_sigterm(
    away: str, waiting: str, start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """OPS-1, OPS-2: `ict run all`, before it has asked the exchange anything."""
    common = {"mode": "paper", "layout": "embedded", "store": {"url": "memory:"}}
    stopped(start, tmp_path, "all", {**common, **AWAY[away]}, waiting)


@pytest.mark.rabbitmq
def test_broker_that_refuses_us_is_a_sentence(tmp_path: Path, rabbitmq_url: str) -> None:
    """OPS-10: as a store that refuses us. Exit 4: a dependency cannot be had."""
    wrong = rabbitmq_url.replace("guest:guest", "guest:wrong")
    config = write_config(tmp_path / "wrong.yaml", {"bus": {"url": wrong}, "http": {"port": 0}, "store": {"url": "memory:"}})
    for command in (["run", "risk"], ["run", "market"], ["replay"]):
        ended = ict(*command, "--config", str(config))
        assert ended.returncode == Exit.UNREACHABLE, ended.stdout + ended.stderr
        assert ended.stderr.strip().splitlines()[-1].startswith("bus.url: the broker refused the credentials")
        assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("command", [("replay",), ("bench", "pipeline"), ("bench", "flood")], ids=" ".join)
def test_command_without_a_broker_ends_with_4_and_a_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    """OPS-10: who types a command is told, and does not wait for ever."""
    config = write_config(tmp_path / "away.yaml", AWAY["broker"])
    ended = ict(*command, timeout=90, env={"ICT_CONFIG": str(config)})
    assert ended.returncode == Exit.UNREACHABLE, ended.stdout + ended.stderr
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("RabbitMQ at amqp://guest:***@127.0.0.1:1/ did not answer within 10 s")


@pytest.mark.parametrize("command", ["pipeline", "flood", "execution"])
def test_benchmark_refuses_a_wrong_configuration_with_3(command: str, tmp_path: Path) -> None:
    """OPS-10: what comes from the environment counts for benchmarks too."""
    ended = ict("bench", command, timeout=90, env={"ICT_CONFIG": str(tmp_path / "lost.yaml")})
    assert ended.returncode == Exit.CONFIG_INVALID, ended.stdout + ended.stderr
    assert "lost.yaml" in ended.stderr


@pytest.mark.rabbitmq
@pytest.mark.parametrize(
    ("password", "port", "words"), [("guest", 1, "cannot be reached: "), ("wrong", None, "does not let us in: ")]
)
def test_dead_letters_tell_a_broker_that_is_away_from_one_that_refuses(
    password: str, port: int | None, words: str, tmp_path: Path, rabbitmq_url: str
) -> None:
    """OPS-10."""
    url = f"amqp://guest:{password}@127.0.0.1:{port}/" if port else rabbitmq_url.replace("guest:guest", f"guest:{password}")
    ended = ict("dead-letters", "show", "--config", str(write_config(tmp_path / "bus.yaml", {"bus": {"url": url}})))
    assert ended.returncode == Exit.UNREACHABLE, ended.stdout + ended.stderr
    assert words in ended.stderr
