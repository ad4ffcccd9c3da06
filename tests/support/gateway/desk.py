"""A gateway on an in-memory bus in front of a simulated exchange, and what a test asks and hears there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from services.gateway.flow import GatewayFlow
from services.gateway.settings import GatewaySettings
from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery
from shared.bus.topology import build
from shared.config.settings import CommonSettings
from shared.domain.control import Alert, Control
from shared.domain.exchange import CancelOrder, ExchangeEvents, ExchangeRequest, ExchangeRequests, PlaceOrder
from shared.domain.listing import InstrumentList, closed
from shared.domain.orders import Order
from shared.exchange.port import TradingExchange
from shared.runtime.source import Lease
from shared.store.memory import MemoryStore
from tests.support.exchange.moved_port import MovedPort

ENTRY = Order(client_id="ict-entry", symbol="BTCUSDT", side="BUY", type="MARKET", quantity=Decimal("0.010"))
STOP = Order(
    client_id="ict-stop", symbol="BTCUSDT", side="SELL", type="STOP_MARKET", quantity=Decimal(0), trigger=Decimal(99_000),
    close_position=True,
)  # fmt: skip
TARGET = Order(
    client_id="ict-target", symbol="BTCUSDT", side="SELL", type="TAKE_PROFIT_MARKET", quantity=Decimal(0),
    trigger=Decimal(102_000), close_position=True,
)  # fmt: skip


def common() -> CommonSettings:
    """Mode testnet, with patience cut down to what a test can wait for."""
    return CommonSettings.model_validate(
        {
            "mode": "testnet",
            "approval_key": SecretStr("a-key-of-my-own"),
            "exchange": {
                "resolve_pause_s": 0.01,
                "resolve_longest_s": 0.02,
                "resolve_give_up_s": 1.0,
                "recv_window_ms": 500,
                "resolve_margin_ms": 0,
                "retry_longest_s": 0.02,
                "stream": {"backoff_first_s": 0.01, "backoff_longest_s": 0.05},
            },
        }
    )


class Desk:
    """``ask`` puts requests on the bus; ``news`` and ``answers`` are what came back, in order."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._numbers = 0
        self.events: list[ExchangeEvents] = []
        self.alerts: list[Alert] = []
        self.controls: list[Control] = []
        self.lists: list[InstrumentList] = []
        self.heard = asyncio.Condition()

    @property
    def news(self) -> list[ExchangeEvents]:
        return [event for event in self.events if not event.reply_to]

    def answer(self, request_id: str) -> ExchangeEvents | None:
        return next((event for event in self.events if event.reply_to == request_id), None)

    async def send(self, *requests: ExchangeRequest, identity: str = "") -> str:
        self._numbers += 1
        identity = identity or f"request-{self._numbers}"
        await self._bus.publish([ExchangeRequests(id=identity, time=1, requests=requests)])
        return identity

    async def ask(self, *requests: ExchangeRequest, identity: str = "") -> ExchangeEvents:
        """Send, and wait for the answer."""
        sent = await self.send(*requests, identity=identity)
        await self.until(lambda: self.answer(sent) is not None)
        answer = self.answer(sent)
        assert answer is not None
        return answer

    async def place(self, *orders: Order, identity: str = "") -> ExchangeEvents:
        return await self.ask(*(PlaceOrder(order=order) for order in orders), identity=identity)

    async def command(self, control: Control) -> None:
        """As ``ict halt`` and ``ict rearm`` do; returns once it was heard where execution listens."""
        await self._bus.publish([control])
        await self.until(lambda: control in self.controls)

    async def cancel(self, order: Order) -> ExchangeEvents:
        return await self.ask(CancelOrder(symbol=order.symbol, client_id=order.client_id))

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        async with asyncio.timeout(seconds), self.heard:
            await self.heard.wait_for(condition)

    def told(self, client_id: str) -> list[Order]:
        """Every word on an order, in the order in which it was published."""
        return [order for event in self.events for order in event.orders if order.client_id == client_id]

    def position(self, symbol: str = "BTCUSDT") -> Decimal:
        """As the last news had it."""
        held = {each.symbol: each.quantity for each in self.news[-1].account.positions} if self.news else {}
        return held.get(symbol, Decimal(0))

    def closed(self, symbol: str = "BTCUSDT") -> str:
        """Why the symbol takes no entries by the last list; empty if it takes them."""
        closure = closed(self.lists[-1].closures, symbol, self.lists[-1].time) if self.lists else None
        return closure.reason if closure is not None else ""

    async def take(self, delivery: Delivery) -> None:
        message: Any = delivery.decode()
        if isinstance(message, ExchangeEvents):
            self.events.append(message)
        elif isinstance(message, Alert):
            self.alerts.append(message)
        elif isinstance(message, Control):
            self.controls.append(message)
        elif isinstance(message, InstrumentList):
            self.lists.append(message)
        await delivery.ack()
        async with self.heard:
            self.heard.notify_all()


@asynccontextmanager
async def memory_desk() -> AsyncIterator[tuple[Desk, MemoryBus]]:
    """A bus with the queues of mode testnet, read where execution and the notifier would."""
    bus = MemoryBus(build(mode="testnet"))
    await bus.start()
    desk = Desk(bus)
    tasks: set[asyncio.Task[None]] = set()

    def receive(delivery: Delivery) -> None:
        task = asyncio.create_task(desk.take(delivery))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await bus.subscribe("execution", receive)
    await bus.subscribe("notifier", receive)
    try:
        yield desk, bus
    finally:
        await bus.close()


@asynccontextmanager
async def gateway(
    bus: MemoryBus, store: MemoryStore, exchange: TradingExchange, **settings: Any
) -> AsyncIterator[asyncio.Task[None]]:
    """A gateway process: it takes the source over, runs, and is cancelled at the end (killed, if ``kill`` is its name)."""
    opened = await store.open("gateway")
    lease = Lease("gateway", store, opened.epoch, opened.snapshot)
    quick = {"hold_ms": 40, "account_every_s": 30, "drain_s": 1, **settings}
    flow = GatewayFlow(bus, lambda: exchange, common(), GatewaySettings.model_validate(quick))
    task = asyncio.create_task(flow.run(lease), name="gateway under test")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def trading(
    exchange: MovedPort | None = None, store: MemoryStore | None = None, **settings: Any
) -> AsyncIterator[tuple[Desk, MovedPort]]:
    """All of it, with the first statement of the account already told."""
    exchange = exchange or MovedPort()
    store = store or MemoryStore()
    await store.start()
    async with memory_desk() as (desk, bus), gateway(bus, store, exchange, **settings):
        await desk.until(lambda: bool(desk.news))
        yield desk, exchange


def quantities(orders: Sequence[Order]) -> list[tuple[str, str]]:
    """(status, filled) of each word."""
    return [(order.status, f"{order.filled:f}") for order in orders]
