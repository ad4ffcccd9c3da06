"""What a check of the contract works with: the trader at an exchange, and what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Protocol

from shared.exchange.model.orders import ExchangeOrder, NewOrder
from shared.exchange.model.streams import StreamLost
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, OrderUpdate, UserEvent
from shared.exchange.outcome.outcomes import Accepted, Outcome, Refused
from shared.exchange.port import TradingExchange

SYMBOL = "BTCUSDT"
LOT = Decimal("0.010")
D = Decimal


class Trader(Protocol):
    """A flat account with money, and a market that may be moved."""

    exchange: TradingExchange
    #: False: nobody can move this market; checks that need it are left out.
    moves: bool

    async def price(self) -> Decimal:
        """The mark price, on the tick grid."""
        ...

    async def move(self, price: Decimal) -> None:
        """The market trades at ``price``."""
        ...

    async def offered(self) -> tuple[Decimal, Decimal]:
        """The best ask and what is had there, on the grids; it stays so until the market is moved."""
        ...

    async def restart(self) -> TradingExchange:
        """Another client of the same exchange, as after a restart."""
        ...

    def name(self, leg: str) -> str:
        """A client id that was never used."""
        ...


class Ears:
    """What the user stream said so far."""

    def __init__(self) -> None:
        self.events: list[UserEvent] = []
        self.heard = asyncio.Event()

    async def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self.heard.clear()
                await self.heard.wait()

    def orders(self, client_id: str) -> list[OrderUpdate]:
        return [each for each in self.events if isinstance(each, OrderUpdate) and each.order.client_id == client_id]

    def algos(self, client_id: str) -> list[AlgoUpdate]:
        return [each for each in self.events if isinstance(each, AlgoUpdate) and each.order.client_id == client_id]

    def positions(self) -> list[Decimal]:
        return [
            position.quantity
            for each in self.events
            if isinstance(each, AccountUpdate)
            for position in each.positions
            if position.symbol == SYMBOL
        ]


@asynccontextmanager
async def listening(exchange: TradingExchange) -> AsyncIterator[Ears]:
    """The user stream, open before anything happens."""
    ears = Ears()
    async with exchange.user_stream() as stream:

        async def listen() -> None:
            try:
                async for event in stream:
                    ears.events.append(event)
                    ears.heard.set()
            except StreamLost:
                return

        task = asyncio.create_task(listen())
        try:
            yield ears
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def order(trader: Trader, leg: str, side: str, kind: str, quantity: Decimal | None = LOT, **rest: object) -> NewOrder:
    return NewOrder(
        client_id=trader.name(leg), symbol=SYMBOL, side=side, type=kind, quantity=quantity, **rest  # type: ignore[arg-type]  # by tests
    )  # fmt: skip


def accepted(outcome: Outcome) -> ExchangeOrder:
    assert isinstance(outcome, Accepted), outcome
    assert outcome.order is not None
    return outcome.order


def code(outcome: Outcome) -> int:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


async def position(exchange: TradingExchange) -> Decimal:
    return sum((each.quantity for each in await exchange.positions(SYMBOL)), D(0))
