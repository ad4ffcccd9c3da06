"""Invariant 3: services killed at random moments, the broker killed once; the orders are those of an undisturbed run."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from shared.bus.rabbitmq.objects import queue_name
from tests.support.processes.answering import wait_until
from tests.support.processes.fleet import ICT, Fleet, ict, same_bytes, write_config
from tests.support.processes.own_servers import OwnRabbitmq

FILES = ("decisions.jsonl", "orders.jsonl", "fills.jsonl", "equity.jsonl")
VICTIMS = ("ingest", "analysis", "signals", "risk", "execution", "journal", "notifier")
BEGIN = "2025-05-06"

pytestmark = [pytest.mark.chaos, pytest.mark.rabbitmq, pytest.mark.redis, pytest.mark.realdata, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("kills", "end"), [(10, "2025-05-06T12:00"), pytest.param(32, "2025-05-07T12:00", marks=pytest.mark.soak)]
)
def test_kills_and_a_broker_crash_change_no_order(
    tmp_path, market_data, namespace, private_rabbitmq, redis_url, kills, end
) -> None:
    """EXEC-2, OPS-1: same decisions, orders and fills, no duplicate, nothing missing; queues drain; the journal agrees."""
    data = []
    for symbol in ("BTCUSDT", "ETHUSDT"):
        data += ["--data", f"{symbol}={market_data}/market/{symbol}-um-1m-2025-05-04_2025-06-24.parquet"]
    played = ("--from", BEGIN, "--to", end)
    calm = ict("demo", *data, *played, "--out", str(tmp_path / "calm"), "--json")
    assert calm.returncode == 0, calm.stderr
    config = write_config(
        tmp_path / "config.yaml",
        {
            "namespace": namespace,
            "bus": {"url": private_rabbitmq.url},
            "store": {"url": redis_url},
            "journal": {"url": f"sqlite+aiosqlite:///{tmp_path}/journal.sqlite"},
            "log": {"level": "INFO", "format": "json"},
        },
    )
    seed = int(os.environ.get("ICT_TEST_SEED", "20250506"))
    chance = random.Random(seed)
    with Fleet(config, tmp_path / "logs", VICTIMS) as fleet:
        command = [*ICT, "replay", "--config", str(config), *data, *played, "--out", str(tmp_path / "stormy"), "--json"]
        with (tmp_path / "logs" / "replay.log").open("wb") as log:
            replay = subprocess.Popen(command, stdout=log, stderr=log)
            try:
                decided = tmp_path / "stormy" / "decisions.jsonl"  # a broker that is away refuses a replay that begins
                wait_until(lambda: replay.poll() is not None or has_begun(decided), 120, "the replay is under way")
                storm(fleet, replay, private_rabbitmq, queue_name(namespace, "execution"), chance, kills)
                assert ended(replay, 400) == 0, fleet.tail()
            finally:
                replay.kill()
        assert fleet.kills >= kills - 2, (
            f"only {fleet.kills} kills: the replay was over too soon for this test to prove anything"
        )
        for name in VICTIMS:
            assert fleet.terminate(name) == 0, fleet.tail()
    assert same_bytes(tmp_path / "calm", tmp_path / "stormy", FILES) == [], f"seed {seed}"
    assert private_rabbitmq.ready_messages() == 0, "queues did not drain"


def storm(
    fleet: Fleet, replay: subprocess.Popen[bytes], broker: OwnRabbitmq, quorum_queue: str, chance: random.Random, kills: int
) -> None:
    """Kill services in random order at random moments, each restarted at once; the broker in the middle."""
    order = list(VICTIMS) * (kills // len(VICTIMS) + 1)
    chance.shuffle(order)
    for index, victim in enumerate(order[:kills]):
        time.sleep(chance.uniform(0.3, 2.0))  # the moment is the experiment: nothing waits for it
        if replay.poll() is not None:
            return
        fleet.kill(victim)
        fleet.start(victim)
        if index == kills // 2:
            # What a broker does that dies before has a test of its own: test_bus_rabbitmq_faults.
            wait_until(lambda: broker.remembers(quorum_queue), 60, "the broker has written down execution's queue")
            broker.kill()
            broker.start()


def has_begun(record: Path) -> bool:
    """The first lines of a replay's record are on the disk."""
    return record.exists() and record.stat().st_size > 0


def ended(replay: subprocess.Popen[bytes], seconds: float) -> int | None:
    """The exit code of the replay; None if it does not end in time."""
    try:
        return replay.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
