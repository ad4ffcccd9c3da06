"""Execution behind the gateway while the exchange's filters change: what was approved on the old grid stands on the new."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec

from services.execution.core import ExecutionCore
from services.execution.protection import unprotected
from services.execution.settings import ExecutionSettings
from services.gateway.flow import GatewayFlow
from services.gateway.settings import GatewaySettings
from shared.bus.memory.bus import MemoryBus
from shared.bus.port import Delivery
from shared.bus.topology import build
from shared.domain.approval import sign
from shared.domain.orders import OrderIntent, Verdict, VerdictBundle
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Outcome, Refused
from shared.runtime.source import Lease
from shared.store.memory import MemoryStore
from tests.support.exchange.moved_port import MovedPort
from tests.support.gateway.desk import common

REFUSED = Refused(code=-4045, message="Reach max stop order limit.")
KEY = "a-key-of-my-own"
BTC = "BTCUSDT"


class Coarse(MovedPort):
    """Takes the ticks of its filters, which a test may change; knows one that the configuration does not."""

    def change(self, tick: str) -> None:
        book = self.core.state.books[BTC]
        book.filters = msgspec.structs.replace(book.filters, tick_size=Decimal(tick), min_price=Decimal(tick))


class Floor:
    """An execution core on the bus, in front of a gateway."""

    def __init__(self, bus: MemoryBus) -> None:
        self.core = ExecutionCore(common().instrument_table(), ExecutionSettings(), KEY)
        self._bus = bus
        self.heard = asyncio.Condition()
        self._turn = asyncio.Lock()

    async def take(self, delivery: Delivery) -> None:
        async with self._turn:  # one at a time, in the order of the queue
            await self._bus.publish(list(self.core.handle(delivery.decode())))
        await delivery.ack()
        async with self.heard:
            self.heard.notify_all()

    async def until_account(self) -> None:
        async with asyncio.timeout(10), self.heard:
            await self.heard.wait_for(lambda: self.core.state.account is not None)

    async def enter(self, number: int, stop: str, target: str) -> None:
        intent = OrderIntent(
            id=f"i{number}", signal_id=f"s{number}", symbol=BTC, side="BUY", quantity=Decimal("0.010"),
            entry=Decimal(100_000), stop=Decimal(stop), target=Decimal(target), close_time=number,
            expires_at=4_000_000_000_000, risk_amount=Decimal(10),
        )  # fmt: skip
        verdict = Verdict(decision_id=f"d{number}", symbol=BTC, intent=intent, signature=sign(intent, KEY))
        await self._bus.publish([VerdictBundle(close_time=number, verdicts=(verdict,))])

    async def until(self, number: int, state: str) -> None:
        """The verdict of this number was heard, and the trade is in this state; ``gone`` = there is none any more."""

        def reached() -> bool:
            trade = self.core.state.trades.get(BTC)
            if self.core.state.decided_until < number:
                return False
            return trade is None if state == "gone" else trade is not None and trade.state == state

        async with asyncio.timeout(10), self.heard:
            await self.heard.wait_for(reached)


@asynccontextmanager
async def floor(exchange: MovedPort) -> AsyncIterator[Floor]:
    bus, store = MemoryBus(build(mode="testnet")), MemoryStore()
    await bus.start()
    await store.start()
    opened = await store.open("gateway")
    at, tasks = Floor(bus), set[asyncio.Task[None]]()

    def receive(delivery: Delivery) -> None:
        task = asyncio.create_task(at.take(delivery))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await bus.subscribe("execution", receive)
    settings = GatewaySettings(hold_ms=40, account_every_s=30, drain_s=1)
    flow = GatewayFlow(bus, lambda: exchange, common(), settings)
    running = asyncio.create_task(flow.run(Lease("gateway", store, opened.epoch, opened.snapshot)))
    try:
        await at.until_account()
        yield at
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await bus.close()


async def test_a_stop_on_the_old_grid_is_placed_on_the_new_one_and_no_position_is_closed_for_it() -> None:
    """EXEC-3, RISK-1: the tick changed after the approval; one refused stop, then one that stands, farther away."""
    exchange = Coarse()
    async with floor(exchange) as at:
        exchange.change("50")
        await at.enter(1, stop="98990.0", target="102000.0")
        await at.until(1, "open")
        assert unprotected(at.core.state) == []
        (stop, target) = sorted(await exchange.open_orders(BTC), key=lambda order: order.trigger or Decimal(0))
        assert (stop.trigger, target.trigger) == (Decimal(98_950), Decimal(102_000))
        assert at.core.state.frozen == {}
        assert (await exchange.positions())[0].quantity == Decimal("0.010")


async def test_a_symbol_without_a_stop_is_left_once_and_not_entered_again() -> None:
    """EXEC-3: whatever the reason, a second entry would stand without a stop too; five signals buy once."""

    class NoStops(MovedPort):
        bought = 0

        async def place(self, order: NewOrder) -> Outcome:
            if order.type == "STOP_MARKET":
                return REFUSED
            self.bought += order.side == "BUY"
            return await super().place(order)

    exchange = NoStops()
    async with floor(exchange) as at:
        for number in range(1, 6):
            await at.enter(number, stop="98990.0", target="102000.0")
            await at.until(number, "gone")
        assert BTC in at.core.state.frozen
        assert exchange.bought == 1
        assert await exchange.positions() == ()
