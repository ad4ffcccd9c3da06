"""Two deployments of execution on one account, in real processes: with one store, with two, with a store that is emptied.

Whatever happens, exactly one sends: the exchange is ``ict simulator``, and what reached it is counted there.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from redis.asyncio import Redis
from test_chaos_execution import RECOVERY, START, Floor, held

from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.topology import build
from shared.domain.client_ids import presence_kind
from shared.domain.intents import ExitRung, OrderIntent
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.exchange_driver.scene import signed_bundle
from tests.support.processes.clearing import delete_from_broker, delete_from_redis, run_apart
from tests.support.processes.fleet import Fleet, write_config
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.timeout(300)]

#: The error of the exchange for too many conditional orders.
TOO_MANY_STOPS = -4045


class Side:
    """One deployment: its processes, its store, and the test as its risk."""

    def __init__(self, floor: Floor, logs: Path, store: str) -> None:
        self.floor = floor
        self.store = store
        self._logs = logs

    def start(self, replica: str = "a") -> None:
        self.floor.fleet.start("execution", label=f".{replica}", env={"ICT_REPLICA": replica})

    async def said(self, words: str, replica: str = "a", seconds: float = START, times: int = 1) -> None:
        """Wait for what is nowhere but in a replica's log."""
        log = self._logs / f"execution.{replica}.log"
        await self.floor.until(lambda: log.exists() and log.read_text().count(words) >= times, seconds, f"{words} in {log}")

    async def leads(self, replica: str = "a", seconds: float = START, times: int = 1) -> None:
        await self.said("execution_leads", replica, seconds, times)

    def orders(self) -> list[str]:
        """Client ids of all orders of this deployment that reached the exchange."""
        truth = self.floor.truth()
        names = [each["clientOrderId"] for each in truth["orders"]] + [each["clientAlgoId"] for each in truth["algo_orders"]]
        return [name for name in names if name.startswith(f"icte{self.floor.lineage}")]

    def alerted(self, start: str) -> bool:
        return any(alert.key.startswith(start) for alert in self.floor.alerts)


@pytest.fixture
def names(namespace: str, rabbitmq_url: str, redis_url: str) -> Iterator[tuple[str, str]]:
    """Namespaces of two deployments."""
    second = f"t{uuid.uuid4().hex[:10]}"
    yield namespace, second
    run_apart(delete_from_broker(rabbitmq_url, second))
    run_apart(delete_from_redis(redis_url, second))


class Stage:
    """An account, and what is needed to deploy on it."""

    def __init__(self, stack: AsyncExitStack, home: Path, simulator: SimulatorProcess, broker: str) -> None:
        self._stack = stack
        self._home = home
        self._simulator = simulator
        self._broker = broker

    async def deploy(self, name: str, namespace: str, store: str, account: str = "main") -> Side:
        """A deployment that is not started."""
        home = self._home / name
        home.mkdir()
        config = write_config(
            home / "testnet.yaml",
            {
                "mode": "testnet",
                "namespace": namespace,
                "account": {"name": account},
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "bus": {"url": self._broker},
                "store": {"url": store},
                "execution": {"driver": {"outbox_directory": str(home / "outbox")}},
                "exchange": self._simulator.exchange,
                "log": {"level": "INFO", "format": "json"},
            },
        )
        bus = RabbitBus(build(mode="testnet", namespace=namespace), self._broker, name="test")
        self._stack.push_async_callback(bus.close)
        await bus.start()
        fleet = self._stack.enter_context(Fleet(config, home / "logs", ()))
        floor = Floor(self._simulator, bus, fleet, namespace, account)
        await bus.subscribe("notifier", floor.hear)
        return Side(floor, home / "logs", store)


@pytest.fixture
async def stage(tmp_path: Path, names: tuple[str, str], rabbitmq_url: str) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        simulator = stack.enter_context(SimulatorProcess(tmp_path / "simulator.log", "--now", speed="1"))
        yield Stage(stack, tmp_path, simulator, rabbitmq_url)


async def test_of_two_deployments_with_one_store_one_leads_and_the_other_when_it_is_gone(
    stage: Stage, names: tuple[str, str], redis_url: str
) -> None:
    """EXEC-2: the lease is the account's. While the leader's orders show on the account the other does not take it over."""
    account = names[0]
    one = await stage.deploy("one", names[0], redis_url, account)
    two = await stage.deploy("two", names[1], redis_url, account)
    one.start()
    await one.leads()
    two.start()
    await two.said("source_waits")
    await one.floor.rearm()
    one.floor.fleet.kill("execution.a")
    await two.leads()
    await two.floor.rearm()
    wanted = await two.floor.decide("by the second")
    await two.floor.until(two.floor.protected, RECOVERY, "protection by the second")
    one.start()
    await one.said("source_waits")
    await one.floor.decide("by the first, which waits")
    two.floor.fleet.kill("execution.a")
    await one.said("source_stands_by")  # it could have the lease; the position and its stop are the second one's
    assert one.orders() == []
    two.start()
    await two.leads(times=2)
    two.floor.one_entry(wanted)
    assert await asyncio.to_thread(two.floor.protected)
    assert one.orders() == []


async def test_two_names_of_one_account_do_not_lead_beside_each_other(
    stage: Stage, names: tuple[str, str], redis_url: str
) -> None:
    """EXEC-2: the exchange's own name of the account is a lease, too."""
    one = await stage.deploy("one", names[0], redis_url, names[0])
    two = await stage.deploy("two", names[1], redis_url, names[1])
    one.start()
    await one.leads()
    two.start()
    await two.said("under another account.name")
    assert one.orders() == two.orders() == []


async def test_a_deployment_with_another_store_stands_by_and_says_whose_order_it_saw(
    stage: Stage, names: tuple[str, str], redis_url: str, tmp_path: Path
) -> None:
    """EXEC-4: an open order of another deployment forbids leading; an alert names it."""
    one = await stage.deploy("one", names[0], redis_url, names[0])
    two = await stage.deploy("two", names[1], f"sqlite:///{tmp_path}/two.db", names[0])
    one.start()
    await one.leads()
    await one.floor.rearm()
    wanted = await one.floor.decide("by the first")
    await one.floor.until(one.floor.protected, RECOVERY, "protection")
    two.start()
    await two.said("source_stands_by")
    await two.floor.until(lambda: two.alerted("stands_by.icte"), RECOVERY, "an alert that names the order")
    named = next(alert for alert in two.floor.alerts if alert.key.startswith("stands_by."))
    assert named.key.removeprefix("stands_by.") in one.orders()
    await two.floor.decide("by the second")
    await one.floor.finish(wanted)
    assert two.orders() == []


@pytest.mark.parametrize("same_ids", [False, True])
async def test_a_second_store_does_not_lead_on_an_account_on_which_nothing_shows(
    stage: Stage, names: tuple[str, str], redis_url: str, tmp_path: Path, same_ids: bool
) -> None:
    """EXEC-4: whoever leads answers. With one namespace, as of a copied configuration, ids do not tell the two apart."""
    namespaces = (names[0], names[0] if same_ids else names[1])
    one = await stage.deploy("one", namespaces[0], redis_url, names[0])
    two = await stage.deploy("two", namespaces[1], f"sqlite:///{tmp_path}/two.db", names[0])
    one.start()
    await one.leads()
    two.start()
    await two.said("by which the leader shows itself")
    await one.floor.rearm()
    wanted = await one.floor.decide("by the first")
    await one.floor.until(one.floor.protected, RECOVERY, "protection")
    one.floor.one_entry(wanted)
    assert not one.alerted("rival")
    shown = [each for each in one.floor.truth()["algo_orders"] if presence_kind(each["clientAlgoId"])]
    assert {each["orderType"] for each in shown} == {"STOP_MARKET"}
    assert all(each["reduceOnly"] for each in shown)


async def test_of_two_stores_that_begin_at_the_same_moment_one_leads(
    stage: Stage, names: tuple[str, str], redis_url: str, tmp_path: Path
) -> None:
    """EXEC-4: on an empty account; at most one entry reaches the exchange."""
    one = await stage.deploy("one", names[0], redis_url, names[0])
    two = await stage.deploy("two", names[1], f"sqlite:///{tmp_path}/two.db", names[0])
    sides = (one, two)
    for side in sides:
        side.start()
    await asyncio.gather(*(side.said("source_started") for side in sides))
    done, waiting = await asyncio.wait(
        {asyncio.create_task(side.leads(), name=str(number)) for number, side in enumerate(sides)},
        timeout=START,
        return_when=asyncio.FIRST_COMPLETED,
    )
    leader = sides[int(done.pop().get_name())]
    other = two if leader is one else one
    for task in waiting:
        task.cancel()
    await other.said("source_stands_by")
    await leader.floor.rearm()
    wanted, _ = await asyncio.gather(leader.floor.decide("by the leader"), other.floor.decide("by the other"))
    await leader.floor.until(leader.floor.protected, RECOVERY, "protection")
    leader.floor.one_entry(wanted)
    assert other.orders() == []


async def test_two_who_cannot_ask_send_one_entry_each_at_most_and_both_halt(
    stage: Stage, names: tuple[str, str], redis_url: str, tmp_path: Path
) -> None:
    """EXEC-4: the exchange takes no question, so both lead. The first entry leaves alone, and the other hears of it.

    User events come late, so that both send before they hear of each other; whoever hears first sends nothing.
    """
    one = await stage.deploy("one", names[0], redis_url, names[0])
    two = await stage.deploy("two", names[1], f"sqlite:///{tmp_path}/two.db", names[0])
    sides = (one, two)
    one.floor.simulator.fault("error_answer", path="/fapi/v1/algoOrder", method="POST", code=TOO_MANY_STOPS)
    for side in sides:
        side.start()
    await asyncio.gather(*(side.leads() for side in sides))
    one.floor.simulator.lift_all()
    await asyncio.gather(*(side.floor.rearm() for side in sides))
    one.floor.simulator.fault("late_user_events", ms=400)
    await asyncio.gather(*(decide_two(side.floor) for side in sides))
    await one.floor.until(lambda: any(side.alerted("rival.icte") for side in sides), RECOVERY, "word of the other")
    one.floor.simulator.lift_all()
    await asyncio.gather(*(decide_two(side.floor) for side in sides))
    for side in (each for each in sides if each.alerted("rival.icte")):
        await side.floor.until(lambda side=side: side.alerted("refused.halted"), RECOVERY, "a refusal")
        orders = [each["clientOrderId"] for each in one.floor.truth()["orders"] if each["type"] == "LIMIT"]
        assert len([each for each in orders if each.startswith(f"icte{side.floor.lineage}")]) <= 1


async def decide_two(floor: Floor) -> None:
    """Risk approves an entry in each of two symbols for the same close."""
    await floor.decide(f"btc-{floor.now()}")
    now = floor.now()
    price = Decimal(floor.simulator.ask("state")["symbols"]["ETHUSDT"]["last"]).quantize(Decimal(1))
    wanted = OrderIntent(
        id=f"eth-{now}", signal_id="s", symbol="ETHUSDT", side="BUY", quantity=Decimal("0.500"), price=price,
        bound=price + 10, stop=price - 50, exits=(ExitRung(price=price + 50),), close_time=now + 100, decided_at=now,
        valid_until=now + 5_000, risk_amount=Decimal(10), risk_budget=Decimal(1_000),
    )  # fmt: skip
    await floor.bus.publish([signed_bundle(wanted, signer=floor.signer)])


async def test_a_store_emptied_under_the_leader_leaves_one_leader_and_what_is_held_protected(
    stage: Stage, names: tuple[str, str], redis_url: str
) -> None:
    """EXEC-2, EXEC-3: lease, state and log are gone; nothing is sent twice, and a person re-arms."""
    one = await stage.deploy("one", names[0], redis_url, names[0])
    one.start("a")
    await one.leads("a")
    await one.floor.rearm()
    one.start("b")
    await one.said("source_waits", "b")
    wanted = await one.floor.decide("before the loss")
    await one.floor.until(one.floor.protected, RECOVERY, "protection")
    client = Redis.from_url(redis_url)
    try:
        gone = [key async for key in client.scan_iter(match=f"*{names[0]}*")]
        await client.delete(*gone)
    finally:
        await client.aclose()
    await one.said("source_fenced", "a")
    await one.floor.until(lambda: one.alerted("halt.0"), START, "word of the lost state")
    await one.floor.until(
        lambda: any("rebuilt" in alert.key for alert in one.floor.alerts), START, "the trade taken up again"
    )
    truth = one.floor.truth()
    stops = [o for o in truth["algo_orders"] if o["algoStatus"] == "NEW" and o["orderType"] == "STOP_MARKET"]
    assert (held(truth), len([each for each in stops if each["closePosition"]])) == (Decimal("0.010"), 1)
    one.floor.one_entry(wanted)
    entered = [each for each in truth["orders"] if not each["reduceOnly"]]
    assert len(entered) == 1
