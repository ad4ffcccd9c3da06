"""The guardian beside execution, real processes: execution and its standby are gone, or come back at the same moment.

What is proved: the guardian protects within 2 s of the last reading, one stop is left, nothing protected is closed,
execution halts, by the guardian's ids and over HTTP (EXEC-3).
"""

from __future__ import annotations

import asyncio
import signal
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr
from test_chaos_execution import LOT, START, SYMBOL, Floor, held

from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import build
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.settings import ExchangeSettings
from shared.runtime.process.halt_request import HEADER, PATH, signed
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.guardian.ground import HALT_SECRET, KEYS
from tests.support.processes.answering import free_port
from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [
    pytest.mark.chaos, pytest.mark.e2e, pytest.mark.rabbitmq, pytest.mark.redis, pytest.mark.timeout(240),
]  # fmt: skip

#: The guardian's limit, and what a busy machine may add.
ACTS_S = 2.0
SLACK_S = 1.5


class Guarded(Floor):
    """A floor with a guardian beside execution, and a person who cancels."""

    person: BinanceExchange
    ports: tuple[int, int]

    def ask_to_halt(self, port: int, proof: str) -> int:
        """The status with which a process of execution answers ``POST /halt``; 0 = it does not."""
        request = urllib.request.Request(f"http://127.0.0.1:{port}{PATH}", b"a test", {HEADER: proof}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except urllib.error.URLError:  # it does not listen yet
            return 0

    def stops(self, begin: str = "") -> list[str]:
        """The client ids of stops that stand."""
        rows = [
            each for each in self.truth()["algo_orders"] if (each["algoStatus"], each["orderType"]) == ("NEW", "STOP_MARKET")
        ]
        return [each["clientAlgoId"] for each in rows if each["clientAlgoId"].startswith(begin)]

    def guardian_closed(self) -> bool:
        """The guardian has sent a market order."""
        return any(each["clientOrderId"].startswith("ictg") and each["type"] == "MARKET" for each in self.truth()["orders"])

    async def pass_time(self, ms: int) -> None:
        """Wait until so much of the market's time has passed, which is the real one."""
        await asyncio.to_thread(self.simulator.pass_time, ms)

    async def guarded(self) -> float:
        """Every order of the symbol is cancelled; returns the seconds until a stop of the guardian stands."""
        await self.person.cancel_all(SYMBOL)
        began = time.monotonic()
        await self.until(lambda: bool(self.stops("ictg")), 20, "a stop of the guardian")
        return time.monotonic() - began


@pytest.fixture
async def guarded(tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str) -> AsyncIterator[Guarded]:
    async with AsyncExitStack() as stack:
        server = write_config(tmp_path / "server.yaml", {"server": {"api_keys": KEYS}})
        simulator = stack.enter_context(
            SimulatorProcess(tmp_path / "simulator.log", "--now", "--config", str(server), speed="1")
        )
        ports = free_port(), free_port()
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
                "guardian": {
                    "key": "guardian-key", "secret": "guardian-secret", "halt_secret": HALT_SECRET,
                    "halt_urls": [f"http://127.0.0.1:{port}" for port in ports],
                },
            },
        )  # fmt: skip
        bus = RabbitBus(build(mode="testnet", namespace=namespace), rabbitmq_url, name="test")
        stack.push_async_callback(bus.close)
        await bus.start()
        fleet = stack.enter_context(Fleet(config, tmp_path / "logs", ()))
        floor = Guarded(simulator, bus, fleet, namespace)
        floor.ports = ports
        address = {**simulator.exchange, "key": SecretStr("simulator-key"), "secret": SecretStr("simulator-secret")}
        floor.person = BinanceExchange("demo", ExchangeSettings.model_validate(address), None)
        await floor.person.start()
        stack.push_async_callback(floor.person.close)
        fleet.start("guardian")
        fleet.start("execution", env={"ICT_HTTP__PORT": str(ports[0])})
        await bus.subscribe("notifier", floor.hear)
        await floor.until(lambda: floor.statements > 0, START, "the first statement of the account")
        fleet.start("execution", label="-standby", env={"ICT_HTTP__PORT": str(ports[1])})
        await floor.rearm()
        yield floor


async def test_without_execution_and_standby_the_guardian_protects_and_execution_takes_over_again(guarded: Guarded) -> None:
    """EXEC-3, invariant 4: both are killed, the stops cancelled; later execution follows, halted, and nothing is left."""
    wanted = await guarded.decide("alone")
    await guarded.until(guarded.protected, START, "protection of the entry")
    await guarded.pass_time(1_000)
    assert guarded.stops("ictg") == []
    guarded.fleet.kill("execution-standby")
    guarded.fleet.kill("execution")
    took = await guarded.guarded()
    print(f"execution and standby dead, stops cancelled: protected after {took:.2f} s")
    assert took < ACTS_S + SLACK_S
    guarded.fleet.start("execution")
    await guarded.until(lambda: any(each.key.startswith("halt.ictg") for each in guarded.alerts), START, "the halt")
    await guarded.until(lambda: len(guarded.stops()) == 1, 30, "one stop")
    assert held(guarded.truth()) == LOT
    assert not guarded.guardian_closed()
    guarded.simulator.ask("price", "POST", {"symbol": SYMBOL, "price": str(wanted.target + 50)})
    await guarded.until(guarded.flat, 40, "flat without an orphan order")


async def test_guardian_and_execution_at_once_leave_one_stop_and_close_nothing(guarded: Guarded) -> None:
    """EXEC-3, invariant 4: execution is frozen while the stops go, and thaws when the guardian has placed its own."""
    await guarded.decide("both")
    await guarded.until(guarded.protected, START, "protection of the entry")
    guarded.fleet.send("execution-standby", signal.SIGSTOP)
    guarded.fleet.send("execution", signal.SIGSTOP)
    took = await guarded.guarded()
    assert took < ACTS_S + SLACK_S
    guarded.fleet.send("execution", signal.SIGCONT)
    guarded.fleet.send("execution-standby", signal.SIGCONT)
    await guarded.pass_time(4_000)
    await guarded.person.cancel_all(SYMBOL)  # at the third time execution itself would close what nobody lets it protect
    await guarded.pass_time(10_000)
    await guarded.until(lambda: len(guarded.stops()) == 1, 30, "one stop")
    assert held(guarded.truth()) == LOT
    assert not guarded.guardian_closed()
    assert any(each.key.startswith("halt.") for each in guarded.alerts)


async def test_only_who_has_the_secret_halts_execution_over_http_and_only_whoever_trades(guarded: Guarded) -> None:
    """EXEC-3: 401 without it, 409 at the standby, 200 at the leader, whose entries are halted then."""
    leader, standby = guarded.ports
    proof = signed(HALT_SECRET, time.time_ns() // 1_000_000, b"a test")
    assert await asyncio.to_thread(guarded.ask_to_halt, leader, "") == 401
    assert await asyncio.to_thread(guarded.ask_to_halt, leader, signed("another", 1, b"a test")) == 401
    await guarded.until(lambda: guarded.ask_to_halt(standby, proof) == 409, START, "the standby's answer")
    assert await asyncio.to_thread(guarded.ask_to_halt, leader, proof) == 200
    await guarded.until(lambda: any("asked over HTTP" in each.text for each in guarded.alerts), 20, "the halt")
