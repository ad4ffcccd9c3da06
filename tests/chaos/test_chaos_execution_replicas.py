"""Two replicas of execution on one account, at a real exchange server: the leader killed, frozen and thawed.

The takeover is measured from SIGKILL until the standby has reconciled and would send; pytest's ``-s`` shows it.

While the leader is frozen its trade reaches ``close_by``. The standby closes it and opens another, which a late closing
order of the old leader would take off.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import pytest
from test_chaos_execution import RECOVERY, START, Floor

from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import build
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(240)]

#: Market time for which the leader stands still, ms; the broker, too, must see in it that its consumer is gone.
FROZEN_MS = 20_000
#: Seconds after SIGKILL or SIGSTOP until the standby trades; the broker, too, must see that the other is gone.
TAKEOVER = 30.0
#: Seconds from SIGKILL until the standby has reconciled: the lease of a dead leader ends after two.
TAKEN_OVER = 3.0
#: The same on a machine with more to do than twice its processors: what is over the lease is waiting for one.
TAKEN_OVER_BUSY = 10.0


@pytest.fixture
async def floor(tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str) -> AsyncIterator[Floor]:
    async with AsyncExitStack() as stack:
        simulator = stack.enter_context(SimulatorProcess(tmp_path / "simulator.log", "--now", speed="1"))
        config = write_config(
            tmp_path / "testnet.yaml",
            {
                "mode": "testnet",
                "namespace": namespace,
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "execution": {"driver": {"outbox_directory": str(tmp_path / "outbox")}},
                "exchange": simulator.exchange,
                "log": {"level": "INFO", "format": "json"},
            },
        )
        bus = RabbitBus(build(mode="testnet", namespace=namespace), rabbitmq_url, name="test")
        stack.push_async_callback(bus.close)
        await bus.start()
        fleet = stack.enter_context(Fleet(config, tmp_path / "logs", ()))
        floor = Floor(simulator, bus, fleet, namespace)
        fleet.start("execution", label=".a", env={"ICT_REPLICA": "a"})
        await bus.subscribe("notifier", floor.hear)
        await floor.until(lambda: floor.statements > 0, START, "the first statement of the account")
        await floor.rearm()
        fleet.start("execution", label=".b", env={"ICT_REPLICA": "b"})
        await said(floor, tmp_path, "b", "service_started")
        yield floor


def logged_at(directory: Path, replica: str, words: str) -> float:
    """Time at which a replica logged this last, UTC seconds."""
    lines = (directory / "logs" / f"execution.{replica}.log").read_text().splitlines()
    return datetime.fromisoformat(json.loads([line for line in lines if words in line][-1])["timestamp"]).timestamp()


async def said(floor: Floor, directory: Path, replica: str, words: str, times: int = 1) -> None:
    """Wait for a replica's start, takeover or end as leader, which is nowhere but in its log."""
    log = directory / "logs" / f"execution.{replica}.log"
    await floor.until(lambda: log.exists() and log.read_text().count(words) >= times, START, f"{words} in {log.name}")


def sent(floor: Floor) -> tuple[set[int], set[int]]:
    """Numbers of all orders that reached the exchange, of both books."""
    truth = floor.truth()
    return {each["orderId"] for each in truth["orders"]}, {each["algoId"] for each in truth["algo_orders"]}


async def test_the_standby_leads_when_the_leader_dies_with_an_open_position(floor: Floor, tmp_path: Path) -> None:
    """EXEC-2, EXEC-3, OPS-1: it takes the trade over as it is, keeps it protected, finishes it, and trades again."""
    wanted = await floor.decide("before the kill")
    await floor.until(floor.protected, RECOVERY, "protection")
    floor.fleet.kill("execution.a")
    killed_at = time.time()
    await said(floor, tmp_path, "b", "execution_leads")
    took = logged_at(tmp_path, "b", "execution_leads") - killed_at
    print(f"\ntakeover after SIGKILL, reconciled: {took:.2f} s")
    assert took < (TAKEN_OVER if os.getloadavg()[0] < 2 * (os.cpu_count() or 1) else TAKEN_OVER_BUSY)
    assert await asyncio.to_thread(floor.protected)
    floor.one_entry(wanted)
    await floor.finish(wanted, TAKEOVER)
    later = await floor.decide("after the kill")
    await floor.until(floor.protected, RECOVERY, "protection by the new leader")
    floor.one_entry(later)


async def test_a_leader_that_thaws_is_fenced_and_sends_nothing(floor: Floor, tmp_path: Path) -> None:
    """EXEC-2, invariant 3: what it would close, another has closed; the trade of its successor is left alone."""
    await floor.decide("before the freeze", close_by=floor.now() + 8_000)
    await floor.until(floor.protected, RECOVERY, "protection")
    floor.fleet.send("execution.a", signal.SIGSTOP)
    thaws_at = floor.now() + FROZEN_MS
    await said(floor, tmp_path, "b", "source_started")
    await floor.until(floor.flat, TAKEOVER, "the end of the trade at close_by, by the standby")
    later = await trades(floor)
    await asyncio.to_thread(floor.simulator.pass_time, max(0, thaws_at - floor.now()))
    before = sent(floor)
    floor.fleet.send("execution.a", signal.SIGCONT)
    await said(floor, tmp_path, "a", "source_fenced")
    await said(floor, tmp_path, "a", "source_waits")  # it stands by now: the lease stays where it is
    await asyncio.to_thread(floor.simulator.pass_time, 3_000)
    assert sent(floor) == before
    assert await asyncio.to_thread(floor.protected)
    floor.one_entry(later)


async def trades(floor: Floor) -> object:
    """Decide until an entry is held and protected: the broker lets the standby read once it sees that the other is gone."""
    deadline, number = asyncio.get_running_loop().time() + TAKEOVER, 0
    while True:
        wanted = await floor.decide(f"while frozen {number}")
        try:
            await floor.until(floor.protected, 5.0, "protection by the standby")
        except AssertionError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            number += 1
        else:
            return wanted
