"""Execution's driver with the real adapter at a simulator's server, at shipped settings, and a test's hands around it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from services.execution.core import ExecutionCore
from services.execution.drivers.exchange.driver import ExchangeDriver
from services.execution.drivers.exchange.receiving import COMMANDS
from services.execution.service import make_core
from services.execution.settings import ExecutionSettings
from shared.approval.signing import Signer
from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery, InvalidMessage
from shared.bus.topology import Overflow, QueueKind, QueueSpec, Topology
from shared.config.settings import CommonSettings
from shared.domain.account import AccountStatement
from shared.domain.client_ids import client_order_id, lineage
from shared.domain.control import Alert, Control
from shared.domain.intents import ExitRung, OrderIntent, Verdict, VerdictBundle
from shared.domain.listing import InstrumentList, closed
from shared.domain.message import Message
from shared.domain.orders import OrderEvent, StepReport
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.port import Exchange
from shared.runtime.source import Lease
from shared.store.memory import MemoryStore
from shared.store.port import StateStore
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.approval.commands import command
from tests.support.approval.pairs import OPERATOR_KEYS, OWN_KEYS
from tests.support.exchange_driver.cut_bus import CutBus
from tests.support.simulator.protocol_server import Hand, a_hand, a_server

BTC, ETH = "BTCUSDT", "ETHUSDT"
LOT = Decimal("0.010")
SECONDS = 15.0
MINUTE = 60_000
TOPOLOGY = Topology(
    tuple(
        QueueSpec(name, consumer, bindings, QueueKind.CLASSIC, Overflow.BLOCK, 20_000, prefetch=32)
        for name, consumer, bindings in (
            ("execution", "execution", ("order.intent",)),
            (COMMANDS, "execution", ("control.#", "order.risk")),
            ("ears", "journal", ("report.#", "account.#", "alert.#", "control.#", "exchange.#", "order.#")),
        )
    )
)


class Behind:
    """An exchange that a test may change: what it does not define is done by ``real``."""

    def __init__(self, real: Exchange) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Ears:
    """What execution told, in order."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.heard = asyncio.Condition()

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def events(self) -> list[OrderEvent]:
        return self.of(OrderEvent)

    @property
    def statements(self) -> list[AccountStatement]:
        return self.of(AccountStatement)

    @property
    def alerts(self) -> list[Alert]:
        return self.of(Alert)

    @property
    def controls(self) -> list[Control]:
        return self.of(Control)

    @property
    def lists(self) -> list[InstrumentList]:
        return self.of(InstrumentList)

    @property
    def reports(self) -> list[StepReport]:
        return self.of(StepReport)

    def alerted(self, start: str) -> list[Alert]:
        """Alerts whose key begins so."""
        return [alert for alert in self.alerts if alert.key.startswith(start)]

    def closed(self, symbol: str = BTC) -> str:
        """Why the symbol takes no entries by the last list; empty if it takes them."""
        closure = closed(self.lists[-1].closures, symbol, self.lists[-1].time) if self.lists else None
        return closure.reason if closure is not None else ""

    async def until(self, condition: Callable[[], bool], seconds: float = SECONDS) -> None:
        async with asyncio.timeout(seconds), self.heard:
            await self.heard.wait_for(condition)

    async def take(self, delivery: Delivery) -> None:
        with suppress(InvalidMessage):  # a test's junk
            self.messages.append(delivery.decode())
        await delivery.ack()
        async with self.heard:
            self.heard.notify_all()


@asynccontextmanager
async def memory_ears() -> AsyncIterator[tuple[Ears, MemoryBus]]:
    """A bus, and everything that is told on it."""
    bus, ears, tasks = cast(MemoryBus, CutBus(MemoryBus(TOPOLOGY, codec=True))), Ears(), set[asyncio.Task[None]]()
    await bus.start()

    def receive(delivery: Delivery) -> None:
        task = asyncio.create_task(ears.take(delivery))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await bus.subscribe("ears", receive)
    try:
        yield ears, bus
    finally:
        await bus.close()


class Process:
    """One run of the driver."""

    def __init__(self, driver: ExchangeDriver, task: asyncio.Task[None]) -> None:
        self.driver = driver
        self.task = task

    @property
    def core(self) -> ExecutionCore:
        return self.driver._loop.core

    async def stop(self) -> None:
        """As SIGTERM does."""
        self.task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await self.task

    async def kill(self) -> None:
        """As near to SIGKILL as one process allows: nothing is cancelled, told or written any more."""
        loop_ = self.driver._loop
        loop_.feed = _dead  # type: ignore[method-assign, assignment]  # a process that is dead hears nothing
        for task in (*self.driver._tasks, *self.driver._dispatcher.running):
            task.cancel()
        self.driver._settings = self.driver._settings.model_copy(
            update={"driver": self.driver._driver.model_copy(update={"leave_s": 0.01, "flush_s": 0.01})}
        )
        await self.stop()


def _dead(_: object) -> Any:
    raise asyncio.CancelledError


class Scene:
    """``hand`` acts behind the back of everybody; ``ears`` hear what is told. ``stamp``: close time of the next intent.

    limits_store: where execution shares the count of the rate limits; None = it counts alone.
    """

    limits_store: StateStore | None = None

    def __init__(
        self, hand: Hand, ears: Ears, bus: MemoryBus, store: StateStore, common: CommonSettings, spill: Path
    ) -> None:
        self.hand = hand
        self.ears = ears
        self.bus = bus
        self.store = store
        self.common = common
        self._spill = spill
        self._sent = 0
        self.lineage = lineage(common.mode, common.namespace)

    def adapter(self) -> BinanceExchange:
        """A client of the account, not started."""
        return BinanceExchange("demo", self.common.exchange, self.limits_store, "execution")

    @asynccontextmanager
    async def running(
        self,
        wrap: Callable[[Exchange], Any] = lambda real: real,
        *,
        core: Callable[[], Any] | None = None,
        rearm: bool = True,
        ready: bool = True,
        **settings: Any,
    ) -> AsyncIterator[Process]:
        """A process of execution that has taken the lease over; stopped at the end. ``core``: makes another core."""
        opened = await self.store.open("execution")
        driver_settings = {"outbox_directory": self._spill, **settings.pop("driver", {})}
        whole = ExecutionSettings.model_validate({**settings, "driver": driver_settings})
        driver = ExchangeDriver(
            self.bus,
            lambda: cast(Exchange, wrap(self.adapter())),
            core or partial(make_core, self.common, whole),
            self.common,
            whole,
        )
        lease = Lease("execution", self.store, opened.epoch, opened.snapshot, opened.log)
        process = Process(driver, asyncio.create_task(driver.run(lease), name="execution under test"))
        try:
            if ready:
                await self.ready(process, rearm=rearm)
            yield process
        finally:
            await process.stop()

    async def ready(self, process: Process, *, rearm: bool = True) -> None:
        """Wait until it takes intents, re-armed by hand."""
        await self.until(lambda: not _but_halted(process.driver.trouble()) or process.task.done())
        if process.task.done():
            process.task.result()
        await self.until(lambda: process.driver._dispatcher.caught_up)
        if rearm and process.core.state.halted is not None:
            await self.command("rearm")
            await self.until(lambda: process.core.state.halted is None)

    async def command(self, name: Any, reason: str = "by the test", symbol: str | None = None) -> None:
        self._sent += 1
        identity, signer = f"{name}-{self._sent}", self.common.command_signer()
        await self.bus.publish([command(name, identity, signer, reason=reason, symbol=symbol)])

    async def until(self, condition: Callable[[], object], seconds: float = SECONDS) -> None:
        """Wait for something that nobody tells; a coroutine may ask a page."""
        async with asyncio.timeout(seconds):
            while not await _told(condition()):  # noqa: ASYNC110  a page to ask, or a state; no event
                await asyncio.sleep(0.02)

    async def price(self, symbol: str = BTC) -> Decimal:
        return Decimal((await self.hand.ask("GET", "state"))["symbols"][symbol]["mark"]).quantize(Decimal(1))

    async def truth(self) -> dict[str, Any]:
        """The account as the exchange has it."""
        found: dict[str, Any] = await self.hand.ask("GET", "account")
        return found

    async def held(self, symbol: str = BTC) -> Decimal:
        """Quantity of the position, signed."""
        positions = (await self.truth())["positions"]
        return sum((Decimal(each["positionAmt"]) for each in positions if each["symbol"] == symbol), Decimal(0))

    async def waiting(self, kind: str, symbol: str = BTC) -> list[dict[str, Any]]:
        """Conditional orders of a type that stand."""
        return [
            each
            for each in (await self.truth())["algo_orders"]
            if each["algoStatus"] == "NEW" and each["orderType"] == kind and each["symbol"] == symbol
        ]

    async def protected(self, symbol: str = BTC) -> bool:
        """Held, with one stop and one target."""
        stops, targets = await self.waiting("STOP_MARKET", symbol), await self.waiting("TAKE_PROFIT_MARKET", symbol)
        return await self.held(symbol) != 0 and len(stops) == 1 and len(targets) == 1

    async def flat(self, symbol: str = BTC) -> bool:
        """Nothing held, nothing rests."""
        truth = await self.truth()
        plain = [each for each in truth["orders"] if each["symbol"] == symbol and each["status"] == "NEW"]
        algos = [each for each in truth["algo_orders"] if each["symbol"] == symbol and each["algoStatus"] == "NEW"]
        return await self.held(symbol) == 0 and not plain and not algos

    async def sent(self, purpose: str = "entry") -> list[str]:
        """Client ids of plain orders that reached the exchange and do not only reduce."""
        return [each["clientOrderId"] for each in (await self.truth())["orders"] if not each["reduceOnly"]]

    def entry_id(self, intent: OrderIntent) -> str:
        return client_order_id("e", self.lineage, intent.id, "entry")

    async def intent(self, name: str, symbol: str = BTC, **changes: Any) -> OrderIntent:
        """A long at the market price of now, stop and target a percent away."""
        price = await self.price(symbol)
        self._sent += 1
        now = int(time.time() * 1000)
        fields: dict[str, Any] = {
            "side": "BUY",
            "quantity": LOT if symbol == BTC else Decimal("0.500"),
            "price": price,
            "bound": price + (price * Decimal("0.003")).quantize(Decimal(1)),
            "stop": price - (price * Decimal("0.01")).quantize(Decimal(1)),
            "exits": (ExitRung(price=price + (price * Decimal("0.01")).quantize(Decimal(1))),),
            "close_time": now + self._sent,
            "decided_at": now,
            "valid_until": now + 30_000,
            "risk_amount": Decimal(10),
            "risk_budget": Decimal(1_000),
        }
        return OrderIntent(id=name, signal_id=f"s-{name}", symbol=symbol, **{**fields, **changes})

    async def approve(self, *intents: OrderIntent, signer: Signer | None = None) -> None:
        """Publish as risk would."""
        await self.bus.publish([signed_bundle(*intents, signer=signer or self.common.signer())])

    async def enter(self, name: str, symbol: str = BTC, **changes: Any) -> OrderIntent:
        wanted = await self.intent(name, symbol, **changes)
        await self.approve(wanted)
        return wanted

    async def open(self, name: str = "one", symbol: str = BTC, **changes: Any) -> OrderIntent:
        """A trade that is held and protected."""
        wanted = await self.enter(name, symbol, **changes)
        await self.until(lambda: self.protected(symbol))
        return wanted

    async def requests(self, call: str) -> int:
        """How often the exchange was asked this, such as ``GET /fapi/v1/openOrders``."""
        counts: dict[str, int] = (await self.hand.ask("GET", "state"))["requests"]
        return counts.get(call, 0)


def signed_bundle(*intents: OrderIntent, signer: Signer) -> VerdictBundle:
    """Risk's verdicts on one close."""
    verdicts = tuple(
        Verdict(decision_id=f"d-{each.id}", symbol=each.symbol, intent=each, signature=signer.sign(each)) for each in intents
    )
    return VerdictBundle(close_time=max(each.close_time for each in intents), verdicts=verdicts)


async def _told(found: object) -> object:
    return await found if isinstance(found, Awaitable) else found


def _but_halted(trouble: str) -> str:
    return "; ".join(each for each in trouble.split("; ") if not each.startswith(("entries are halted", "Look", "look")))


@asynccontextmanager
async def scene(
    spill: Path,
    *,
    exchange: dict[str, Any] | None = None,
    server: dict[str, Any] | None = None,
    store: StateStore | None = None,
    symbols: tuple[str, ...] = (),
) -> AsyncIterator[Scene]:
    """A server at speed 1, a bus, a store: a process of execution is started by ``running``. symbols: others than two."""
    named = {"names": symbols} if symbols else {}
    filters = {"tick_size": "0.1", "step_size": "0.001", "min_quantity": "0.001", "min_notional": "5"}
    traded = {"symbols": list(symbols), "instruments": dict.fromkeys(symbols, filters)} if symbols else {}
    async with a_server(**named, **(server or {})) as serving, a_hand(serving) as hand, memory_ears() as (ears, bus):
        common = CommonSettings.model_validate(
            {
                "mode": "testnet",
                "approval": OWN_KEYS,
                **traded,
                "operator": OPERATOR_KEYS,
                "exchange": {
                    "key": SecretStr(TEST_KEY),
                    "secret": SecretStr(TEST_SECRET),
                    "rest_url": serving.url,
                    "stream_url": serving.sockets_url,
                    **(exchange or {}),
                },
            }
        )
        store = store or MemoryStore()
        await store.start()
        yield Scene(hand, ears, bus, store, common, spill)
