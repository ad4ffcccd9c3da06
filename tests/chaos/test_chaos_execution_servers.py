"""Redis and RabbitMQ away while a position is open, with real servers and a real process (invariant 4)."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import pytest
from test_chaos_execution import RECOVERY, START
from test_chaos_execution_storm import Storm, a_storm

from simulator.server.settings import TEST_KEY, TEST_SECRET
from simulator.server.signing import sign
from tests.support.processes.answering import speaks_redis, wait_until
from tests.support.processes.own_servers import OwnRabbitmq
from tests.support.store.redis_process import RedisProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.redis, pytest.mark.timeout(400)]

Away = Literal["redis", "rabbitmq", "both"]
SHORT_S, LONG_S = 12.0, 60.0


@pytest.mark.parametrize("away", ["redis", "rabbitmq", "both"])
async def test_positions_stay_protected_and_exits_fill_while_servers_are_away(
    tmp_path: Path, namespace: str, private_rabbitmq: OwnRabbitmq, away: Away
) -> None:
    """EXEC-3, invariant 4: a stop that vanishes meanwhile is placed anew; the books are told when they are back."""
    await _without(away, SHORT_S, tmp_path, namespace, private_rabbitmq)


@pytest.mark.soak
@pytest.mark.parametrize("away", ["redis", "rabbitmq", "both"])
async def test_a_minute_without_servers(tmp_path: Path, namespace: str, private_rabbitmq: OwnRabbitmq, away: Away) -> None:
    """EXEC-3, invariant 4: the same for a minute."""
    await _without(away, LONG_S, tmp_path, namespace, private_rabbitmq)


async def _without(away: Away, seconds: float, tmp_path: Path, namespace: str, broker: OwnRabbitmq) -> None:
    redis = RedisProcess(tmp_path)
    redis.start()
    try:
        wait_until(lambda: speaks_redis("127.0.0.1", redis.port), 15, "own redis answers")
        async with a_storm(tmp_path, namespace, broker.url, redis.url) as storm:
            await _trade_through(storm, away, seconds, redis, broker)
    finally:
        redis.kill()


async def _trade_through(storm: Storm, away: Away, seconds: float, redis: RedisProcess, broker: OwnRabbitmq) -> None:
    loop = asyncio.get_running_loop()
    pid = storm.fleet.pid("execution.a")
    wanted = await storm.decide("through")
    storm.wanted.append(wanted)
    await storm.until(storm.protected, START, "protection")
    began = loop.time()
    if away != "rabbitmq":
        redis.kill()
    if away != "redis":
        await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(_cancel_the_stop, storm)
    await storm.seen(storm.protected, 5.0, "a stop anew")
    await asyncio.sleep(max(0.0, began + seconds * 0.6 - loop.time()))  # the outage is the experiment
    storm.simulator.ask("price", "POST", {"symbol": "BTCUSDT", "price": str(wanted.target + 50)})
    await storm.seen(storm.flat, 5.0, "flat without an orphan order")
    await asyncio.sleep(max(0.0, began + seconds - loop.time()))
    if away != "rabbitmq":
        redis.start()
    if away != "redis":
        await asyncio.to_thread(broker.start)
    await storm.until(lambda: wanted.id in storm.closed, START, "the report of the trade")
    await storm.until(lambda: storm.statements > 0 and not storm.judged(), RECOVERY, "books that agree")
    later = await storm.decided_until_it_is_entered("later")
    await storm.finish(later, START)
    assert storm.fleet.pid("execution.a") == pid
    assert storm.fleet.alive()["execution.a"]


def _cancel_the_stop(storm: Storm) -> None:
    """Somebody cancels the one stop behind our back."""
    (stop,) = [o for o in storm.truth()["algo_orders"] if o["algoStatus"] == "NEW" and o["orderType"] == "STOP_MARKET"]
    query = urlencode({"clientAlgoId": stop["clientAlgoId"], "timestamp": storm.now(), "recvWindow": 5_000})
    query += f"&signature={sign(query, TEST_SECRET)}"
    request = urllib.request.Request(
        f"{storm.simulator.url}/fapi/v1/algoOrder?{query}", method="DELETE", headers={"X-MBX-APIKEY": TEST_KEY}
    )
    with urllib.request.urlopen(request, timeout=10):
        pass
