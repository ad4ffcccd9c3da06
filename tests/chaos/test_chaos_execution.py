"""Execution at a real exchange server, at shipped settings: every fault alone, SIGKILL and SIGSTOP at any moment.

``ict simulator`` is the exchange, ``ict run execution`` a real process of mode testnet on a real broker and store. After
each round: one entry at the exchange, protected while it is held, flat afterwards, no orphan order.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared.approval.signing import COMMAND, Realm, Signer
from shared.bus.port import Delivery
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import build
from shared.domain.account import AccountStatement, Trade
from shared.domain.client_ids import client_order_id, lineage
from shared.domain.control import Alert
from shared.domain.intents import ExitRung, OrderIntent
from tests.support.approval.commands import command
from tests.support.approval.pairs import OPERATOR, OPERATOR_KEYS, OWN, OWN_KEYS
from tests.support.exchange_driver.faults import FAULTS
from tests.support.exchange_driver.scene import signed_bundle
from tests.support.processes.fleet import Fleet, write_config
from tests.support.processes.watch import Watch
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(300)]

SYMBOL = "BTCUSDT"
LOT = Decimal("0.010")
RECOVERY = 12.0
START = 60.0  # a process needs seconds to start, many on a busy machine; what is measured begins after it
AGAIN = 45.0  # seconds after a fault in which an entry must trade again
HELD = 0.8  # seconds that a fault holds after the intent was sent


def held(truth: dict[str, Any]) -> Decimal:
    return sum((Decimal(each["positionAmt"]) for each in truth["positions"] if each["symbol"] == SYMBOL), Decimal(0))


class Floor:
    """The test's own hands: the exchange's admin pages, the broker as risk, and ears on what is told."""

    def __init__(self, simulator: SimulatorProcess, bus: RabbitBus, fleet: Fleet, namespace: str, account: str = "") -> None:
        self.simulator = simulator
        self.bus = bus
        self.fleet = fleet
        self.watch = Watch()
        realm = Realm("testnet", namespace, account or namespace)
        self.signer = Signer(OWN.private, realm)
        self.commander = Signer(OPERATOR.private, realm, COMMAND)
        self.closed: dict[str, Trade] = {}
        self.alerts: list[Alert] = []
        self.statements = 0
        self.lineage = lineage("testnet", namespace)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent = 0

    def hear(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._take(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, delivery: Delivery) -> None:
        message = delivery.decode()
        if isinstance(message, AccountStatement):
            self.statements += 1
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

    async def decide(self, name: str, close_by: int = 0) -> OrderIntent:
        """Risk approves a long; stop and target are a percent away. Published as risk would. ``close_by``: UTC ms."""
        price, now = self.price(), self.now()
        self._sent += 1
        wanted = OrderIntent(
            id=name, signal_id=f"s-{name}", symbol=SYMBOL, side="BUY", quantity=LOT, price=price, bound=price + 300,
            stop=price - 1_000, exits=(ExitRung(price=price + 1_000),), close_time=now + self._sent, decided_at=now,
            valid_until=now + 5_000, risk_amount=Decimal(10), risk_budget=Decimal(1_000), close_by=close_by,
        )  # fmt: skip
        await self.bus.publish([signed_bundle(wanted, signer=self.signer)])
        return wanted

    async def rearm(self) -> None:
        """As a person does after the first start."""
        self._sent += 1
        await self.bus.publish([command("rearm", f"rearm-{self._sent}", self.commander)])
        key = f"control.rearm-{self._sent}"
        await self.until(lambda: any(alert.key == key for alert in self.alerts), START, "word of the rearming")

    def entry_id(self, wanted: OrderIntent) -> str:
        return client_order_id("e", self.lineage, wanted.id, "entry")

    def entries(self, wanted: OrderIntent) -> list[dict[str, Any]]:
        """The orders at the exchange under the id of its entry."""
        return [each for each in self.truth()["orders"] if each["clientOrderId"] == self.entry_id(wanted)]

    def protected(self) -> bool:
        """Held in full, and both exits stand."""
        truth = self.truth()
        kinds = [each["orderType"] for each in truth["algo_orders"] if each["algoStatus"] == "NEW"]
        return held(truth) == LOT and sorted(kinds) == ["STOP_MARKET", "TAKE_PROFIT_MARKET"]

    def settled(self, wanted: OrderIntent) -> bool:
        """Held and protected, or nothing is held and the reader knows why: never entered, or closed again."""
        if self.protected():
            return True
        told = any(alert.key.startswith(("entry_failed", "refused")) and wanted.id in alert.key for alert in self.alerts)
        return (told or wanted.id in self.closed) and self.flat()

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
                depths = [f"{name} {await self.bus.depth(name)}" for name in ("execution", "notifier")]
                raise AssertionError(f"{what} did not happen within {seconds} s: {depths}\n{self.scene()}")
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
        entries, truth = self.entries(wanted), self.truth()
        assert len(entries) == 1
        trades = [each for each in truth["trades"] if each["orderId"] == entries[0]["orderId"]]
        assert sum(Decimal(each["qty"]) for each in trades) == LOT

    async def finish(self, wanted: OrderIntent, seconds: float = 30.0) -> None:
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
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "execution": {"driver": {"outbox_directory": str(tmp_path / "outbox")}},
                "exchange": simulator.exchange,
            },
        )
        bus = RabbitBus(build(mode="testnet", namespace=namespace), rabbitmq_url, name="test")
        stack.push_async_callback(bus.close)
        await bus.start()
        fleet = stack.enter_context(Fleet(config, tmp_path / "logs", ()))
        floor = Floor(simulator, bus, fleet, namespace)
        fleet.start("execution", env=floor.watch.env)
        await bus.subscribe("notifier", floor.hear)
        await floor.until(lambda: floor.statements > 0, START, "the first statement of the account")
        await floor.rearm()
        yield floor


async def test_every_fault_alone(floor: Floor) -> None:
    """EXEC-2, EXEC-3, OPS-9: no lost and no second order, protected soon after the fault has cleared.

    An entry that the fault kept away is not sent late; the next ones trade, without anybody who re-arms.
    """
    for number, (name, parameters) in enumerate(FAULTS.items()):
        kind = name.partition(",")[0]
        await floor.until(lambda: floor.watch.readiness()[0] == 200, START, f"readiness before {name}")
        floor.simulator.fault(kind, **parameters)
        wanted = await floor.decide(f"{number}-{kind}")
        await asyncio.sleep(HELD)
        floor.simulator.lift_all()
        await floor.until(lambda wanted=wanted: floor.settled(wanted), RECOVERY, f"an end of doubt after {name}")
        attempt, deadline = 0, asyncio.get_running_loop().time() + AGAIN
        while not await asyncio.to_thread(floor.protected):
            assert asyncio.get_running_loop().time() < deadline, f"no entry after {name}\n{floor.scene()}"
            await asyncio.sleep(1.0)
            attempt += 1
            wanted = await floor.decide(f"{number}-{kind}-again-{attempt}")
            await floor.until(lambda wanted=wanted: floor.settled(wanted), RECOVERY, f"an end of doubt after {name}, again")
        floor.one_entry(wanted)
        await floor.finish(wanted)
        await floor.until(floor.flat, RECOVERY, "nothing left")
    assert not [alert.text for alert in floor.alerts if alert.key.startswith(("halt", "unexplained"))][1:]
    assert not [alert.text for alert in floor.alerts if "re-arm by hand" in alert.text and "frozen" in alert.key]


async def test_an_entry_that_meets_a_ban_is_refused_aloud_and_the_next_one_trades(floor: Floor) -> None:
    """EXEC-8, OPS-9: after 418 nothing is sent until the ban is over; an entry is not sent late.

    The ban is aimed at the entry: execution reads its account all the time, and would run into it first.
    """
    floor.simulator.fault("banned_418", path="/fapi/v1/order", method="POST", retry_after_s=1, count=1)
    wanted = await floor.decide("banned")
    await floor.until(
        lambda: any(alert.key.startswith("entry_failed") for alert in floor.alerts), RECOVERY, "word of the refused entry"
    )
    floor.simulator.lift_all()
    assert not floor.entries(wanted)
    assert await asyncio.to_thread(floor.flat)
    await floor.until(
        lambda: any(alert.key.startswith("ban_over") for alert in floor.alerts), RECOVERY, "word that the ban is over"
    )
    assert [alert.severity for alert in floor.alerts if alert.key.startswith("ban.")] == ["critical"]
    later = await floor.decide("after the ban")
    await floor.until(floor.protected, RECOVERY, "protection of the next entry")
    floor.one_entry(later)


@pytest.mark.parametrize("seed", [1])
async def test_killed_at_any_moment_nothing_is_sent_twice(floor: Floor, seed: int) -> None:
    """EXEC-2, invariant 3: SIGKILL in the midst of an entry; the next process asks first, and goes on with what is held."""
    draw = random.Random(seed)
    for number in range(3):
        wanted = await floor.decide(f"kill-{number}")
        await asyncio.sleep(draw.uniform(0.0, 0.12))
        floor.fleet.kill("execution")
        statements = floor.statements
        floor.fleet.start("execution")
        await floor.until(lambda before=statements: floor.statements > before, START, "a statement of the next process")
        await floor.until(lambda wanted=wanted: floor.settled(wanted), START, "an end of doubt after SIGKILL")
        if floor.entries(wanted):
            floor.one_entry(wanted)
        if await asyncio.to_thread(floor.protected):
            await floor.finish(wanted, START)
        assert await asyncio.to_thread(floor.flat)


async def test_frozen_at_any_moment_nothing_leaves_late(floor: Floor) -> None:
    """EXEC-2, fault 7: SIGSTOP in the midst of an entry; what is sent after the awakening is refused or withheld."""
    draw = random.Random(7)
    for number in range(3):
        wanted = await floor.decide(f"freeze-{number}")
        await asyncio.sleep(draw.uniform(0.0, 0.05))
        floor.fleet.send("execution", signal.SIGSTOP)
        stopped = {each["clientOrderId"] for each in floor.truth()["orders"]}
        floor.simulator.pass_time(6_000)
        floor.fleet.send("execution", signal.SIGCONT)
        await floor.until(lambda wanted=wanted: floor.settled(wanted), RECOVERY * 2, "an end of doubt after SIGSTOP")
        if floor.entry_id(wanted) in stopped:
            floor.one_entry(wanted)
        else:
            assert not [each for each in floor.entries(wanted) if Decimal(each["executedQty"])]
        if await asyncio.to_thread(floor.protected):
            await floor.finish(wanted, START)
        assert await asyncio.to_thread(floor.flat)
