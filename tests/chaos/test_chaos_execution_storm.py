"""SIGKILL and SIGSTOP of real processes of execution around intents, a standby beside them; the simulator judges."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from test_chaos_execution import LOT, START, SYMBOL, Floor, held

from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import build
from shared.domain.intents import OrderIntent
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.exchange_driver.scene import signed_bundle
from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(600)]

SIGKILL, SHORT_STOP, LONG_STOP = "SIGKILL", "SIGSTOP beyond the receive window", "SIGSTOP beyond the lease"
#: How long each kind of stop lasts, ms: the receive window is 1.5 s, the lease 3 s.
STOPPED_MS = {SHORT_STOP: 1_900, LONG_STOP: 5_000}
#: ``naked_ms``, the lease, and the start of a process on a busy machine, seconds.
BARE = 3.0 + 3.0 + 20.0


class Storm(Floor):
    """Two replicas: ``a`` leads whenever it lives. ``bare``: longest time seen without a stop, seconds."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.bare = 0.0
        self.wanted: list[OrderIntent] = []

    async def measure_bare(self) -> None:
        """Measure how long a position stands without a stop, until cancelled."""
        since: float | None = None
        while True:
            truth = await asyncio.to_thread(self.truth)
            stops = [o for o in truth["algo_orders"] if o["algoStatus"] == "NEW" and o["orderType"] == "STOP_MARKET"]
            bare = held(truth) != 0 and not stops
            since = (since or time.monotonic()) if bare else None
            self.bare = max(self.bare, time.monotonic() - since if since else 0.0)
            await asyncio.sleep(0.2)

    async def strike(self, kind: str, chance: random.Random) -> None:
        """Strike the leader a random moment after what was just asked for."""
        await asyncio.sleep(chance.uniform(0.0, 0.15))
        if kind == SIGKILL:
            self.fleet.kill("execution.a")
            self.fleet.start("execution", label=".a", env={"ICT_REPLICA": "a"})
        else:
            self.fleet.send("execution.a", signal.SIGSTOP)
            await asyncio.to_thread(self.simulator.pass_time, STOPPED_MS[kind])
            self.fleet.send("execution.a", signal.SIGCONT)

    async def close(self, about: OrderIntent) -> None:
        """Risk wants it closed."""
        self._sent += 1
        now = self.now()
        intent = OrderIntent(
            id=f"close-{about.id}", signal_id="", symbol=SYMBOL, side=about.side, quantity=LOT, price=about.price,
            bound=about.bound, stop=about.stop, exits=about.exits, close_time=now + self._sent, decided_at=now,
            valid_until=now + 30_000, risk_amount=Decimal(0), risk_budget=Decimal(0), purpose="close", about=about.id,
        )  # fmt: skip
        await self.bus.publish([signed_bundle(intent, signer=self.signer)])

    async def seen(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a state of the exchange; asks nobody else, who may be away."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not await asyncio.to_thread(condition):
            assert loop.time() < deadline, f"{what} did not come within {seconds} s\n{self.scene()}"
            await asyncio.sleep(0.1)

    async def decided_until_it_is_entered(self, name: str) -> OrderIntent:
        """Decide until one entry is taken: those of the first moments after an outage may come too late."""
        for attempt in range(5):
            wanted = await self.decide(f"{name}-{attempt}")
            self.wanted.append(wanted)
            await self.until(lambda wanted=wanted: self.settled(wanted), START, "an end of doubt")  # type: ignore[misc]  # bound now
            if self.protected():
                return wanted
        raise AssertionError(f"nothing is entered any more\n{self.scene()}")

    def judged(self) -> list[str]:
        """What the exchange's own ledger says against execution."""
        truth, found = self.truth(), []
        children = {str(each.get("actualOrderId", "")) for each in truth["algo_orders"]}
        plain = Counter(o["clientOrderId"] for o in truth["orders"] if str(o["orderId"]) not in children)
        algos = Counter(o["clientAlgoId"] for o in truth["algo_orders"])
        found += [f"{name} stands {times} times in the ledger" for name, times in (plain + algos).items() if times > 1]
        approved = {self.entry_id(each) for each in self.wanted}
        entered = [o["clientOrderId"] for o in truth["orders"] if not o["reduceOnly"] and str(o["orderId"]) not in children]
        found += [f"{name}: nobody approved it" for name in entered if name not in approved]
        for each in self.wanted:
            filled = sum((Decimal(o["executedQty"]) for o in self.entries(each)), Decimal(0))
            booked = self.closed[each.id].quantity if each.id in self.closed else Decimal(0)
            if filled != booked:
                found.append(f"{each.id}: {filled} filled, {booked} in the books")
        return found


@asynccontextmanager
async def a_storm(tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str) -> AsyncIterator[Storm]:
    async with AsyncExitStack() as stack:
        simulator = stack.enter_context(SimulatorProcess(tmp_path / "simulator.log", "--now", speed="1"))
        settings = {
            "mode": "testnet",
            "namespace": namespace,
            "approval": OWN_KEYS,
            "operator": OPERATOR_KEYS,
            "bus": {"url": rabbitmq_url},
            "store": {"url": redis_url},
            "execution": {"driver": {"outbox_directory": str(tmp_path / "outbox")}},
            "exchange": simulator.exchange,
        }
        bus = RabbitBus(build(mode="testnet", namespace=namespace), rabbitmq_url, name="test")
        stack.push_async_callback(bus.close)
        await bus.start()
        fleet = stack.enter_context(Fleet(write_config(tmp_path / "testnet.yaml", settings), tmp_path / "logs", ()))
        fleet.start("execution", label=".a", env={"ICT_REPLICA": "a"})
        storm = Storm(simulator, bus, fleet, namespace)
        await bus.subscribe("notifier", storm.hear)
        await storm.until(lambda: storm.statements > 0, START, "the first statement of the account")
        await storm.rearm()
        yield storm


@pytest.mark.parametrize(
    ("kills", "short_stops", "long_stops"), [(5, 3, 2), pytest.param(14, 10, 6, marks=pytest.mark.soak)]
)
async def test_kills_and_stops_send_nothing_twice_and_leave_nothing_bare(
    tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str, kills: int, short_stops: int, long_stops: int
) -> None:
    """EXEC-2, EXEC-3, EXEC-8, invariants 3 and 4: around entries, targets and closings."""
    seed = int(os.environ.get("ICT_TEST_SEED", "20260112"))
    chance = random.Random(seed)
    strikes = [SIGKILL] * kills + [SHORT_STOP] * short_stops + [LONG_STOP] * long_stops
    chance.shuffle(strikes)
    entered = len(strikes) // 6
    async with a_storm(tmp_path, namespace, rabbitmq_url, redis_url) as storm:
        storm.fleet.start("execution", label=".b", env={"ICT_REPLICA": "b"})
        watching = asyncio.create_task(storm.measure_bare())
        while strikes:
            wanted = await storm.decide(f"storm-{len(storm.wanted)}")
            storm.wanted.append(wanted)
            await storm.strike(strikes.pop(), chance)
            await storm.until(lambda wanted=wanted: storm.settled(wanted), START, "an end of doubt")
            if strikes and storm.protected():
                if chance.random() < 0.5:
                    storm.simulator.ask("price", "POST", {"symbol": SYMBOL, "price": str(wanted.target + 50)})
                else:
                    await storm.close(wanted)
                await storm.strike(strikes.pop(), chance)
            elif storm.protected():
                await storm.close(wanted)
            await storm.until(storm.flat, START, "flat without an orphan order")
        await storm.until(lambda: not storm.judged(), START, f"books that agree (seed {seed}): {storm.judged()}")
        watching.cancel()
        assert storm.bare < BARE, f"seed {seed}"
        assert len([each for each in storm.wanted if storm.entries(each)]) >= entered, "too few entries reached the exchange"
