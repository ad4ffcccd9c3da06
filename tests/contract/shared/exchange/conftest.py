"""Desks at each exchange, flat at the beginning and at the end."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest
from pydantic import SecretStr

from shared.exchange.binance.exchange import BinanceExchange
from shared.exchange.model.orders import NewOrder
from shared.exchange.port import TradingExchange
from shared.exchange.settings import ExchangeSettings
from simulator.server.settings import TEST_KEY, TEST_SECRET
from tests.support.exchange.contract.trader import SYMBOL, Trader
from tests.support.exchange.moved_port import OFFERED, MovedPort
from tests.support.simulator.protocol_server import STEP, Hand, a_hand, a_server

_TICK = Decimal("0.1")


class _Named:
    def __init__(self) -> None:
        self._session = uuid.uuid4().hex[:8]

    def name(self, leg: str) -> str:
        return f"ict-{self._session}-{leg}"


class PortTrader(_Named):
    """(a) The matching core, in this process."""

    moves = True

    def __init__(self) -> None:
        super().__init__()
        self._port = MovedPort()
        self.exchange: TradingExchange = self._port

    async def price(self) -> Decimal:
        price = self._port.core.mark_price(SYMBOL)
        assert price is not None
        return price

    async def move(self, price: Decimal) -> None:
        self._port.move(SYMBOL, price)

    async def offered(self) -> tuple[Decimal, Decimal]:
        return self._port.offer(SYMBOL, OFFERED), OFFERED

    async def restart(self) -> TradingExchange:
        fresh = MovedPort()
        fresh.core.restore(self._port.core.snapshot())
        return fresh


class AdapterTrader(_Named):
    """(b) The simulator's protocol server, or (c) Binance's demo exchange, through the adapter."""

    def __init__(
        self, exchange: BinanceExchange, settings: ExchangeSettings, hand: Hand | None, stack: AsyncExitStack
    ) -> None:
        super().__init__()
        self.exchange: TradingExchange = exchange
        self.moves = hand is not None
        self._exchange = exchange
        self._settings = settings
        self._hand = hand
        self._stack = stack

    async def price(self) -> Decimal:
        (mark,) = await self._exchange.mark_prices(SYMBOL)
        return mark.mark.quantize(_TICK)

    async def move(self, price: Decimal) -> None:
        assert self._hand is not None
        await self._hand.price(SYMBOL, float(price))
        await self._hand.advance(1_000)

    async def offered(self) -> tuple[Decimal, Decimal]:
        ticker = await self._exchange.book_ticker(SYMBOL)
        return Decimal(repr(ticker.ask)), Decimal(repr(ticker.ask_quantity))

    async def restart(self) -> TradingExchange:
        return await opened(self._settings, self._stack)


async def opened(settings: ExchangeSettings, stack: AsyncExitStack) -> BinanceExchange:
    exchange = BinanceExchange("demo", settings, None, "execution")
    stack.push_async_callback(exchange.close)
    await exchange.start()
    return exchange


@pytest.fixture(params=["core", "simulator", "demo"])
async def trader(request: pytest.FixtureRequest) -> AsyncIterator[Trader]:
    """``demo`` runs when ICT_DEMO_KEY and ICT_DEMO_SECRET are set (docs/exchange.md); it trades a demo account."""
    async with AsyncExitStack() as stack:
        if request.param == "core":
            yield PortTrader()
            return
        hand: Hand | None = None
        if request.param == "simulator":
            server = await stack.enter_async_context(a_server(speed=STEP))
            hand = await stack.enter_async_context(a_hand(server))
            settings = ExchangeSettings(
                key=SecretStr(TEST_KEY), secret=SecretStr(TEST_SECRET), rest_url=server.url, stream_url=server.sockets_url
            )
        else:
            key, secret = os.environ.get("ICT_DEMO_KEY"), os.environ.get("ICT_DEMO_SECRET")
            if not key or not secret:
                pytest.skip("opt in with ICT_DEMO_KEY and ICT_DEMO_SECRET: keys of Binance's demo exchange")
            settings = ExchangeSettings(key=SecretStr(key), secret=SecretStr(secret))
        exchange = await opened(settings, stack)
        await flatten(exchange)
        trader = AdapterTrader(exchange, settings, hand, stack)
        yield trader
        await flatten(exchange)


async def flatten(exchange: BinanceExchange) -> None:
    """No orders, no position: what a check finds and what it leaves."""
    await exchange.cancel_all(SYMBOL)
    for position in await exchange.positions(SYMBOL):
        closing = NewOrder(
            client_id=f"ict-flat-{uuid.uuid4().hex[:12]}",
            symbol=SYMBOL,
            side="SELL" if position.quantity > 0 else "BUY",
            type="MARKET",
            quantity=abs(position.quantity),
            reduce_only=position.side == "BOTH",
            position_side=position.side,
        )
        await exchange.place(closing)
