"""A gateway with the real adapter at a simulator's server, and the desk that asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import msgspec
from pydantic import SecretStr

from services.gateway.flow import GatewayFlow
from services.gateway.settings import GatewaySettings
from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.orders import NewOrder
from shared.exchange.outcome.outcomes import Accepted
from shared.exchange.settings import ExchangeSettings
from shared.runtime.source import Lease
from shared.store.memory import MemoryStore
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.gateway.desk import STOP, Desk, common, memory_desk
from tests.support.simulator.protocol_server import Hand, a_hand, a_server


class SimulatorScene:
    """``desk`` asks the gateway, ``hand`` acts behind its back; ``trouble``: as ``/readyz`` shows it.

    ``stop``: one that closes a long position, below price. ``exchange``: the gateway's adapter; ``make`` makes further ones.
    """

    def __init__(
        self,
        desk: Desk,
        hand: Hand,
        trouble: Callable[[], str],
        stop: Decimal,
        exchange: BinanceExchange,
        make: Callable[[], BinanceExchange],
    ) -> None:
        self.desk = desk
        self.hand = hand
        self.trouble = trouble
        self.stop = msgspec.structs.replace(STOP, trigger=stop)
        self.exchange = exchange
        self._make = make

    async def sent(self) -> set[str]:
        """Client ids of the orders that reached the exchange, in both books."""
        told = await self.hand.ask("GET", "account")
        return {each["clientOrderId"] for each in told["orders"]} | {each["clientAlgoId"] for each in told["algo_orders"]}

    async def halted(self, code: int) -> None:
        """Wait until the halt is out: alert, and command."""
        await self.desk.until(lambda: any(alert.key == f"halt.{code}" for alert in self.desk.alerts))
        await self.desk.until(lambda: any(control.command == "halt" for control in self.desk.controls))

    async def by_hand(self, order: NewOrder) -> None:
        """Place an order as another program of the same account does."""
        exchange = self._make()
        try:
            await exchange.start()
            assert isinstance(await exchange.place(order), Accepted)
        finally:
            await exchange.close()

    async def requests(self, call: str) -> int:
        """How often the exchange was asked this, such as ``GET /fapi/v1/openOrders``."""
        counts: dict[str, int] = (await self.hand.ask("GET", "state"))["requests"]
        return counts.get(call, 0)


@asynccontextmanager
async def gateway_at_the_simulator(
    *, stream: dict[str, Any] | None = None, server: dict[str, Any] | None = None, **gateway: Any
) -> AsyncIterator[SimulatorScene]:
    """All of it, ready. ``stream``: settings of the adapter's streams; ``server``: the simulator's; the rest: gateway's."""
    async with AsyncExitStack() as stack:
        serving = await stack.enter_async_context(a_server(**(server or {})))
        hand = await stack.enter_async_context(a_hand(serving))
        settings = ExchangeSettings.model_validate(
            {
                "key": SecretStr(TEST_KEY),
                "secret": SecretStr(TEST_SECRET),
                "rest_url": serving.url,
                "stream_url": serving.sockets_url,
                "stream": stream or {},
            }
        )

        def make() -> BinanceExchange:
            return BinanceExchange("demo", settings, None)

        store = MemoryStore()
        await store.start()
        opened = await store.open("gateway")
        desk, bus = await stack.enter_async_context(memory_desk())
        quick = GatewaySettings.model_validate({"hold_ms": 40, "account_every_s": 1, "drain_s": 1, **gateway})
        exchange = make()
        flow = GatewayFlow(bus, lambda: exchange, common(), quick)
        lease = Lease("gateway", store, opened.epoch, opened.snapshot)
        task = asyncio.create_task(flow.run(lease), name="gateway under test")
        stack.push_async_callback(_cancelled, task)
        async with asyncio.timeout(30):
            while not desk.news or flow.trouble():  # noqa: ASYNC110  readiness is asked for
                await asyncio.sleep(0.01)
        price = Decimal((await hand.ask("GET", "state"))["symbols"]["BTCUSDT"]["mark"])
        yield SimulatorScene(desk, hand, flow.trouble, (price * Decimal("0.9")).quantize(Decimal(1)), exchange, make)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
