"""A driver of execution as its contract suite sees it: a core that only notes what it hears, and a market that can be moved.

Whoever adds a driver writes one desk for it (``DriverDesk``) and adds it to ``tests/contract/services/execution``.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from services.execution.inputs import Answer, Input, News
from services.execution.plans.admission import EntryRefusal, Quote
from services.execution.requests import Effects, Request
from services.execution.state import ExecutionState
from shared.domain.control import Control
from shared.domain.intents import OrderIntent
from shared.domain.market_step import MarketStep
from shared.domain.message import Message
from shared.domain.timeframes import MINUTE
from shared.exchange.model.user_events import AlgoUpdate, OrderUpdate
from simulator.execution_lane import ExecutionLane
from simulator.matching_driver import MatchingDriver
from tests.support.simulator.simulated_trader import BTC, FREE, INSTRUMENTS, candle


class DriverDesk(Protocol):
    """One driver at a flat account in one-way mode; the market stands at 100, and fees are paid in USDT.

    inputs: what the driver fed to the core, in order, each with its stamp. quotes: what it knew of the price whenever it
    asked whether an entry may leave. withholds: the answer to that; None = it may. rests: the intent whose entry the core
    says to rest; None = none.
    """

    inputs: list[tuple[Input, int]]
    quotes: list[Quote | None]
    withholds: EntryRefusal | None
    rests: OrderIntent | None

    async def ask(self, *requests: Request) -> None:
        """Make the core ask for these, in one input."""
        ...

    async def until(self, heard: Callable[[list[Input]], bool]) -> None:
        """Wait until what was heard so far fulfils the condition; fails when it does not in time."""
        ...

    async def trade(self, price: int) -> None:
        """Move the market to a price, so that what it passes triggers and fills."""
        ...


class NotingCore:
    """Asks for what it was told to ask, and notes every input."""

    def __init__(self) -> None:
        self.asks: list[Request] = []
        self.inputs: list[tuple[Input, int]] = []
        self.quotes: list[Quote | None] = []
        self.withholds: EntryRefusal | None = None
        self.rests: OrderIntent | None = None
        self.state = ExecutionState()  # a driver reads it, and finds that nothing is known

    def handle(self, taken: Message | Input, now: int) -> Effects:
        effects = Effects()
        if isinstance(taken, Message):
            for request in self.asks:
                effects.ask(request)
            self.asks.clear()
        else:
            self.inputs.append((taken, now))
        return effects

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[EntryRefusal, str] | None:
        self.quotes.append(quote)
        return (self.withholds, "a sentence") if self.withholds is not None else None

    def watched(self, symbol: str) -> OrderIntent | None:
        return self.rests if self.rests is not None and self.rests.symbol == symbol else None

    def snapshot(self) -> bytes:
        return b""

    def restore(self, data: bytes) -> None:
        raise NotImplementedError("no test of the contract starts a second process")


class MatchingDesk(NotingCore):
    """The driver ``matching`` in its lane: everything is heard at once."""

    def __init__(self) -> None:
        super().__init__()
        self._lane = ExecutionLane(self, MatchingDriver(FREE, INSTRUMENTS))
        self._minute = 0
        self._price = 100.0
        self._asked = 0
        self._step(100.0)
        self.inputs.clear()

    async def ask(self, *requests: Request) -> None:
        self._asked += 1
        self.asks += requests
        self._lane.handle(
            Control(id=f"c{self._asked}", command="halt", by="a test", reason="ask", signature="good"),
            self._minute * MINUTE + self._asked,
        )

    async def until(self, heard: Callable[[list[Input]], bool]) -> None:
        assert heard([each for each, _ in self.inputs]), self.inputs

    async def trade(self, price: int) -> None:
        self._step(float(price))

    def _step(self, price: float) -> None:
        self._minute += 1
        row = (self._price, max(self._price, price), min(self._price, price), price)
        step = MarketStep(close_time=self._minute * MINUTE, candles=(candle(row, self._minute - 1, symbol=BTC),))
        self._price = price
        self._lane.handle(step, self._minute * MINUTE)


def answers(inputs: list[Input]) -> dict[str, Answer]:
    """The last answer under each client id."""
    return {each.client_id: each for each in inputs if isinstance(each, Answer)}


def updates(inputs: list[Input]) -> list[OrderUpdate | AlgoUpdate]:
    """News of orders, in order."""
    events = (each.event for each in inputs if isinstance(each, News))
    return [event for event in events if isinstance(event, OrderUpdate | AlgoUpdate)]


def filled(inputs: list[Input], client_id: str) -> Decimal:
    """The quantity that fills of this client id add up to, each trade once."""
    fills = {
        each.fill.trade_id: each.fill.quantity
        for each in updates(inputs)
        if isinstance(each, OrderUpdate) and each.fill is not None and each.order.client_id == client_id
    }
    return sum(fills.values(), Decimal(0))
