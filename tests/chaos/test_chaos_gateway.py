"""The order side against a real exchange server: every fault alone, and SIGKILL at any moment.

``ict simulator`` is the exchange, ``ict run gateway`` and ``ict run execution`` are real processes of mode testnet on a real
broker and store. After each round: one entry at the exchange, protected while it is held, flat afterwards, no orphan order.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.bus.port import Delivery
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import build
from shared.domain.account import AccountReport, Trade
from shared.domain.control import Alert, ClockTick
from shared.domain.ids import client_order_id
from shared.domain.orders import OrderIntent
from tests.support.execution.desk import bundle, intent
from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(300)]

KEY = "an approval key of the test's own"
SYMBOL = "BTCUSDT"
LOT = Decimal("0.010")
RECOVERY = 5.0
START = 60.0  # a process needs seconds to start, many on a busy machine; what is measured begins after it
HELD = 0.8  # seconds that a fault holds after the intent was sent

FAULTS: dict[str, dict[str, object]] = {
    "timeout_after_accept": {"path": "/fapi/v1/*rder", "method": "POST", "count": 2},
    "timeout_before_accept": {"path": "/fapi/v1/order", "method": "POST", "count": 1},
    "unknown_503": {"path": "/fapi/v1/order", "method": "POST", "executed": True, "count": 1},
    "unavailable_503": {},
    "internal_503": {},
    "throttled_503": {},
    "backend_timeout_408": {"path": "/fapi/v1/algoOrder", "method": "POST", "executed": True},
    "rest_outage": {},
    "rest_outage, of conditional orders only": {"path": "/fapi/v1/algo*"},
    "latency": {"ms": 400},
    "rate_limited_429": {"path": "/fapi/v1/order", "method": "POST", "retry_after_s": 1, "count": 1},
    "banned_418, when the stop is to be placed": {
        "path": "/fapi/v1/algoOrder",
        "method": "POST",
        "retry_after_s": 1,
        "count": 1,
    },
    "clock_skew": {"ms": 5_000},
    "price_spike": {"symbol": SYMBOL, "percent": 0.4},  # within stop and target, which are a percent away
    "silent_streams": {"stream": "*"},
    "disconnect": {"stream": "*"},
    "refuse_streams": {"stream": "*"},
    "expire_listen_key": {},
    "lost_user_events": {},
    "duplicate_user_events": {},
    "reorder_user_events": {"ms": 200},
    "late_user_events": {"ms": 500},
}


def held(truth: dict[str, Any]) -> Decimal:
    return sum((Decimal(each["positionAmt"]) for each in truth["positions"] if each["symbol"] == SYMBOL), Decimal(0))


class Floor:
    """The test's own hands: the exchange's admin pages, the broker as risk, and ears on what is told."""

    def __init__(self, simulator: SimulatorProcess, bus: RabbitBus, fleet: Fleet) -> None:
        self.simulator = simulator
        self.bus = bus
        self.fleet = fleet
        self.closed: dict[str, Trade] = {}
        self.alerts: list[Alert] = []
        self.reports = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent = 0

    def hear(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._take(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, delivery: Delivery) -> None:
        message = delivery.decode()
        if isinstance(message, AccountReport):
            self.reports += 1
            self.closed.update({trade.intent_id: trade for trade in message.closed_trades})
        elif isinstance(message, Alert):
            self.alerts.append(message)
        await delivery.ack()

    def price(self) -> Decimal:
        return Decimal(self.simulator.ask("state")["symbols"][SYMBOL]["last"]).quantize(Decimal(1))

    def truth(self) -> dict[str, Any]:
        """The account as the exchange has it, past all faults and limits."""
        account: dict[str, Any] = self.simulator.ask("account")
        return account

    async def decide(self, name: str) -> OrderIntent:
        """Risk approves a long; stop and target are a percent away. Published as risk would."""
        price = self.price()
        self._sent += 1
        wanted = intent(
            name, SYMBOL, self.now() + self._sent, quantity=LOT, entry=price, stop=price - 1_000, target=price + 1_000,
            expires_at=self.now() + 600_000,
        )  # fmt: skip
        await self.bus.publish([bundle(wanted, key=KEY)])
        return wanted

    def protected(self, wanted: OrderIntent) -> bool:
        """Held in full, and both exits stand."""
        truth = self.truth()
        waiting = [each for each in truth["algo_orders"] if each["algoStatus"] == "NEW"]
        stops = [each for each in waiting if each["orderType"] == "STOP_MARKET"]
        target = client_order_id(wanted.id, "target") in {each["clientAlgoId"] for each in waiting}
        return held(truth) == LOT and len(stops) == 1 and target

    def flat(self) -> bool:
        truth = self.truth()
        resting = [each for each in truth["orders"] if each["status"] in ("NEW", "PARTIALLY_FILLED")]
        waiting = [each for each in truth["algo_orders"] if each["algoStatus"] == "NEW"]
        return held(truth) == 0 and not resting and not waiting

    async def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not await asyncio.to_thread(condition):
            if loop.time() > deadline:
                depths = [f"{name} {await self.bus.depth(name)}" for name in ("execution", "exchange", "notifier")]
                raise AssertionError(f"{what} did not happen within {seconds} s: {depths}\n{self.scene()}")
            await self.bus.publish([ClockTick(time=self.now())])
            await asyncio.sleep(0.1)

    def now(self) -> int:
        return self.simulator.time

    def scene(self) -> str:
        """What a failure needs to be understood."""
        truth = self.truth()
        orders = [f"{o['clientOrderId']} {o['type']} {o['status']} {o['executedQty']}" for o in truth["orders"][-6:]]
        algos = [
            f"{o['clientAlgoId']} {o['orderType']} {o['algoStatus']} {o['triggerPrice']}" for o in truth["algo_orders"][-6:]
        ]
        alerts = [f"{alert.key}: {alert.text}" for alert in self.alerts[-8:]]
        return "\n".join([f"held {held(truth)} at {self.price()}", *orders, *algos, *alerts, self.fleet.tail(25)])

    def one_entry(self, wanted: OrderIntent) -> None:
        """Invariant 3: the exchange has exactly one entry of the intent, and it bought what was approved."""
        truth = self.truth()
        entries = [each for each in truth["orders"] if each["clientOrderId"] == client_order_id(wanted.id, "entry")]
        assert len(entries) == 1
        trades = [each for each in truth["trades"] if each["orderId"] == entries[0]["orderId"]]
        assert sum(Decimal(each["qty"]) for each in trades) == LOT

    async def finish(self, wanted: OrderIntent, seconds: float = 10.0) -> None:
        """The target is reached: flat, no orphan, and execution's books say so."""
        self.simulator.ask("price", "POST", {"symbol": SYMBOL, "price": str(wanted.target + 50)})
        await self.until(self.flat, seconds, "flat without an orphan order")

        await self.until(lambda: wanted.id in self.closed, seconds, f"the report of trade {wanted.id}")
        trade = self.closed[wanted.id]
        assert (trade.quantity, trade.exit_reason) == (LOT, "target")


@pytest.fixture
async def floor(tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str) -> AsyncIterator[Floor]:
    async with AsyncExitStack() as stack:
        simulator = stack.enter_context(SimulatorProcess(tmp_path / "simulator.log", "--now", speed="1"))
        config = write_config(
            tmp_path / "testnet.yaml",
            {
                "mode": "testnet",
                "namespace": namespace,
                "approval_key": KEY,
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "execution": {"unanswered_ms": 1_000, "queries_before_alarm": 20},
                "gateway": {"account_every_s": 2},
                "exchange": {
                    **simulator.exchange,
                    "recv_window_ms": 1_000,
                    "request_timeout_s": 1.0,
                    "resolve_margin_ms": 500,
                    "retry_longest_s": 0.5,
                    "stream": {"backoff_longest_s": 0.5},
                },
            },
        )
        bus = RabbitBus(build(mode="testnet", namespace=namespace), rabbitmq_url, name="test")
        stack.push_async_callback(bus.close)
        await bus.start()
        fleet = stack.enter_context(Fleet(config, tmp_path / "logs", ("execution", "gateway")))
        floor = Floor(simulator, bus, fleet)
        await bus.subscribe("notifier", floor.hear)
        await floor.until(lambda: floor.reports > 0, START, "the first statement of the account")
        yield floor


async def test_every_fault_alone(floor: Floor) -> None:
    """EXEC-2, EXEC-3, OPS-9: no lost and no second order, protected within five seconds after the fault has cleared."""
    for number, (name, parameters) in enumerate(FAULTS.items()):
        kind = name.partition(",")[0]
        floor.simulator.fault(kind, **parameters)
        wanted = await floor.decide(f"{number}-{kind}")
        await asyncio.sleep(HELD)
        floor.simulator.lift_all()
        await floor.until(lambda wanted=wanted: floor.protected(wanted), RECOVERY, f"protection after {name}")
        floor.one_entry(wanted)
        await floor.finish(wanted)
    frozen = [alert.text for alert in floor.alerts if alert.key.startswith(("frozen", "lost", "unaccounted"))]
    assert not frozen


async def test_an_entry_that_meets_a_ban_is_refused_aloud_and_the_next_one_trades(floor: Floor) -> None:
    """EXEC-8, OPS-9: after 418 nothing is sent until the ban is over; an entry is not sent late.

    The ban is aimed at the entry: the gateway reads its account all the time, and would run into it first.
    """
    floor.simulator.fault("banned_418", path="/fapi/v1/order", method="POST", retry_after_s=1, count=1)
    wanted = await floor.decide("banned")
    await floor.until(
        lambda: any(alert.key.startswith("entry_failed") for alert in floor.alerts), RECOVERY, "word of the refused entry"
    )
    floor.simulator.lift_all()
    assert client_order_id(wanted.id, "entry") not in {each["clientOrderId"] for each in floor.truth()["orders"]}
    assert await asyncio.to_thread(floor.flat)
    later = await floor.decide("after the ban")
    await floor.until(lambda: floor.protected(later), RECOVERY, "protection of the next entry")
    floor.one_entry(later)


@pytest.mark.parametrize("seed", [1])
async def test_killed_at_any_moment_nothing_is_sent_twice(floor: Floor, seed: int) -> None:
    """EXEC-2, invariant 3: SIGKILL of gateway or execution in the midst of an entry; the next one asks first."""
    draw = random.Random(seed)
    for number in range(2):
        victim = "gateway" if number % 2 == 0 else "execution"
        wanted = await floor.decide(f"kill-{number}")
        await asyncio.sleep(draw.uniform(0.0, 0.12))
        floor.fleet.kill(victim)
        floor.fleet.start(victim)
        await floor.until(lambda wanted=wanted: floor.protected(wanted), START, f"protection after SIGKILL of {victim}")
        floor.one_entry(wanted)
        await floor.finish(wanted, START)
    assert sorted(floor.closed) == ["kill-0", "kill-1"]
