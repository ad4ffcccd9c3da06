"""Ten positions are closed in real processes: over full queues, with the broker dead, with execution dead (RISK-7).

Every request at the exchange takes LATENCY_MS, so that closes that left one after the other would lie seconds apart.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from pydantic import SecretStr
from test_chaos_execution import START, Floor

from shared.bus.port import Delivery
from shared.bus.rabbitmq.bus import RabbitBus
from shared.bus.rabbitmq.objects import queue_name
from shared.bus.topology import build
from shared.domain.control import Control
from shared.domain.timeframes import Timeframe
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Accepted
from shared.exchange.settings import ExchangeSettings
from shared.runtime.process.exits import Exit
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.processes.fleet import Fleet, ict, write_config
from tests.support.processes.own_servers import OwnRabbitmq
from tests.support.simulator.process import SimulatorProcess

pytestmark = [pytest.mark.chaos, pytest.mark.e2e, pytest.mark.rabbitmq, pytest.mark.redis, pytest.mark.timeout(400)]

OTHERS = tuple(f"{base}USDT" for base in ("ETH", "SOL", "XRP", "BNB", "ADA", "DOGE", "LINK", "AVAX", "LTC"))
TEN = ("BTCUSDT", *OTHERS)
TIMEFRAMES: tuple[Timeframe, ...] = ("1m", "15m")
LATENCY_MS = 200
#: From the signing of the command, its connection to the broker included. Behind the junk it would be minutes.
SLOW_MACHINE_MS = 10_000
#: Ten closes one after the other would take this long at least.
IN_A_ROW_MS = (len(TEN) - 1) * LATENCY_MS


class Ground(Floor):
    """A floor with ten positions: one of ours, protected, and nine of a person."""

    config: Path
    commands: list[Control]

    def hear_all(self, delivery: Delivery) -> None:
        """Note commands, as the journal's queue has them."""
        message = delivery.decode()
        if isinstance(message, Control):
            self.commands.append(message)
        task = asyncio.create_task(delivery.ack())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def occupy(self) -> None:
        wanted = await self.decide(f"ours-{uuid.uuid4().hex[:6]}")
        await self.until(self.protected, START, f"protection of {wanted.id}")
        address = {**self.simulator.exchange, "key": SecretStr("simulator-key"), "secret": SecretStr("simulator-secret")}
        person = BinanceExchange("demo", ExchangeSettings.model_validate(address), None)
        await person.start()
        try:
            rules = (await person.exchange_info()).symbols
            marks = {each.symbol: each.mark for each in await person.mark_prices()}
            for symbol in OTHERS:
                step = rules[symbol].step_size
                quantity = max((Decimal(200) / marks[symbol] / step).to_integral_value(), Decimal(1)) * step
                name = f"web_{uuid.uuid4().hex[:20]}"
                order = NewOrder(client_id=name, symbol=symbol, side="SELL", type="MARKET", quantity=quantity)
                assert isinstance(await person.place(order), Accepted)
        finally:
            await person.close()
        assert len(self.positions()) == len(TEN)

    def positions(self) -> list[str]:
        return [each["symbol"] for each in self.truth()["positions"] if Decimal(each["positionAmt"])]

    def empty(self) -> bool:
        """Nothing is held, and nothing rests in any symbol."""
        truth = self.truth()
        plain = [each for each in truth["orders"] if each["status"] in ("NEW", "PARTIALLY_FILLED")]
        algos = [each for each in truth["algo_orders"] if each["algoStatus"] == "NEW"]
        return not self.positions() and not plain and not algos

    async def command(self, *words: str) -> Any:
        return await asyncio.to_thread(ict, *words, "--config", str(self.config))

    async def closed_together(self, since: int, how: str) -> None:
        """The closes since then lie close together; says how close, by the exchange's own times."""
        await self.until(self.empty, START, "an empty account")
        trades = [each for each in self.truth()["trades"] if each["time"] >= since]
        assert {each["symbol"] for each in trades} == set(TEN)
        times = [each["time"] for each in trades]
        span = max(times) - min(times)
        print(f"{how}: ten closes within {span} ms of each other, {span / LATENCY_MS:.1f} round trips")
        assert span < IN_A_ROW_MS / 2, "they left one after the other"
        assert span < 1_000


@asynccontextmanager
async def a_ground(tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str) -> AsyncIterator[Ground]:
    async with AsyncExitStack() as stack:
        symbols = write_config(tmp_path / "symbols.yaml", {"symbols": list(TEN)})
        simulator = stack.enter_context(
            SimulatorProcess(tmp_path / "simulator.log", "--now", "--config", str(symbols), speed="1")
        )
        config = write_config(
            tmp_path / "testnet.yaml",
            {
                "mode": "testnet",
                "namespace": namespace,
                "timeframes": list(TIMEFRAMES),
                "approval": OWN_KEYS,
                "operator": OPERATOR_KEYS,
                "bus": {"url": rabbitmq_url},
                "store": {"url": redis_url},
                "execution": {"driver": {"outbox_directory": str(tmp_path / "outbox")}},
                "exchange": simulator.exchange,
            },
        )
        bus = RabbitBus(build(mode="testnet", timeframes=TIMEFRAMES, namespace=namespace), rabbitmq_url, name="test")
        stack.push_async_callback(bus.close)
        await bus.start()
        fleet = stack.enter_context(Fleet(config, tmp_path / "logs", ("risk", "execution")))
        ground = Ground(simulator, bus, fleet, namespace)
        ground.config, ground.commands = config, []
        await bus.subscribe("journal", ground.hear_all)
        await bus.subscribe("notifier", ground.hear)
        await ground.until(lambda: ground.statements > 0, START, "the first statement of the account")
        await ground.rearm()
        await ground.occupy()
        yield ground


async def _fill(url: str, namespace: str) -> None:
    """Put junk into every queue but those of commands and chat, as much as it takes, past our own publisher's patience."""
    connection = await aio_pika.connect(url)
    async with connection, connection.channel(publisher_confirms=False) as channel:
        for spec in build(mode="testnet", timeframes=TIMEFRAMES, namespace=namespace).queues:
            if spec.name.endswith(".commands") or spec.name in ("notifier", "journal", "micro"):
                continue
            name = queue_name(namespace, spec.name)
            for _ in range(spec.max_length):
                await channel.default_exchange.publish(aio_pika.Message(b"junk", delivery_mode=1), routing_key=name)


async def test_flatten_over_the_broker_while_its_market_queues_are_full(
    tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str
) -> None:
    """RISK-7: commands have queues of their own, and ten positions are closed together."""
    async with a_ground(tmp_path, namespace, rabbitmq_url, redis_url) as ground:
        await _fill(rabbitmq_url, namespace)
        assert await ground.bus.depth("signals.p0") == 5_000
        ground.simulator.fault("latency", ms=LATENCY_MS)
        since, began = ground.simulator.time, time.monotonic()
        done = await ground.command("flatten", "--yes", "--reason", "a drill")
        seconds = time.monotonic() - began
        ground.simulator.lift_all()
        assert done.returncode == Exit.OK, done.stderr + done.stdout
        assert "execution: every position is closed" in done.stdout
        assert "risk: flatten by" in done.stdout
        obeyed = next(alert for alert in ground.alerts if "a drill" in alert.text and alert.source == "execution")
        sent_at = next(each.sent_at for each in ground.commands if each.command == "flatten")
        last = max(each["time"] for each in ground.truth()["trades"])
        print(f"sent, {obeyed.time - sent_at} ms later obeyed, {last - obeyed.time} ms later the last fill")
        print(f"`ict flatten` took {seconds:.1f} s, the start of its process and the wait for a flat account included")
        assert obeyed.time - sent_at < SLOW_MACHINE_MS
        await ground.closed_together(since, "queues full")


async def test_flatten_past_a_dead_broker(
    tmp_path: Path, namespace: str, private_rabbitmq: OwnRabbitmq, redis_url: str
) -> None:
    """RISK-7: the command over the broker says that it is away and what to type, and that works."""
    async with a_ground(tmp_path, namespace, private_rabbitmq.url, redis_url) as ground:
        await asyncio.to_thread(private_rabbitmq.kill)
        refused = await ground.command("flatten", "--yes")
        assert refused.returncode == Exit.UNREACHABLE, refused.stdout
        assert "ict flatten --direct" in refused.stderr
        ground.simulator.fault("latency", ms=LATENCY_MS)
        since = ground.simulator.time
        done = await ground.command("flatten", "--direct", "--yes")
        ground.simulator.lift_all()
        assert done.returncode == Exit.OK, done.stderr + done.stdout
        print(done.stdout)
        await ground.closed_together(since, "broker dead")
        await asyncio.to_thread(private_rabbitmq.start)
        await ground.until(lambda: any("of the operator was seen" in each.text for each in ground.alerts), START, "a halt")


async def test_flatten_while_execution_is_dead(tmp_path: Path, namespace: str, rabbitmq_url: str, redis_url: str) -> None:
    """RISK-7: nobody answers the command; the direct one needs nobody; the execution that comes after stays halted."""
    async with a_ground(tmp_path, namespace, rabbitmq_url, redis_url) as ground:
        ground.fleet.kill("execution")
        unanswered = await ground.command("pause")
        assert unanswered.returncode == Exit.UNREACHABLE, unanswered.stdout
        assert "No answer from execution" in unanswered.stderr
        ground.simulator.fault("latency", ms=LATENCY_MS)
        since = ground.simulator.time
        done = await ground.command("flatten", "--direct", "--yes")
        ground.simulator.lift_all()
        assert done.returncode == Exit.OK, done.stderr + done.stdout
        await ground.closed_together(since, "execution dead")
        ground.fleet.start("execution")
        await ground.until(lambda: any("of the operator was seen" in each.text for each in ground.alerts), START, "a halt")
        orders = [each for each in ground.truth()["orders"] if each["clientOrderId"].startswith("icte")]
        assert len(orders) == 1, "the entry of before, and nothing since"
