"""Execution with the matching core in one lane: every message is settled before the next one is taken. Pure.

A message goes to the core; what the core asks for is done at once, and what the driver answers and tells goes back to the
core, in the order in which it happened, until nothing is left. So after every message each order has its answer, and one
snapshot holds both sides of the account. Modes sim, backtest and paper; elsewhere the exchange is far away, and
``services.execution`` has a driver for it.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

import msgspec

from services.execution.inputs import Input, Sent, Withheld
from services.execution.plans.admission import EntryRefusal, Quote
from services.execution.requests import Effects, PlaceOrder, QueryAccount, Request
from shared.core import Overview
from shared.domain.control import ClockTick
from shared.domain.intents import OrderIntent
from shared.domain.market_step import MarketStep
from shared.domain.message import Message
from shared.domain.orders import StepReport
from simulator.matching_driver import MatchingDriver
from simulator.saved import LaneState

#: Most inputs that may follow from one message. A step in which every stop of the account triggers is far below.
_MOST: Final = 20_000
#: Longest time between two statements where the lane has ticks (mode paper), ms: risk approves nothing on an older one.
_STATEMENT_MS: Final = 5_000


class Execution(Protocol):
    """The execution core, as the lane uses it (``services.execution.core``)."""

    def handle(self, taken: Message | Input, now: int) -> Effects: ...

    def confirm(self, client_id: str, quote: Quote | None, now: int) -> tuple[EntryRefusal, str] | None: ...

    def watched(self, symbol: str) -> OrderIntent | None: ...

    def due_at(self, now: int) -> int: ...

    def snapshot(self) -> bytes: ...

    def overview(self) -> Overview: ...

    def restore(self, data: bytes) -> None: ...


class NotSettled(Exception):
    """One message led to more and more requests: a bug of the core."""


class ExecutionLane:
    """One account's execution and its simulated exchange, as one core."""

    def __init__(self, core: Execution, driver: MatchingDriver) -> None:
        self._core = core
        self._driver = driver
        self._now = 0
        self._stated_at = -1
        self._inputs: deque[Input] = deque()
        self._messages: list[Message] = []
        self._taken = 0
        self._owes_statement = self._asked = False

    def handle(self, message: Message, now: int) -> list[Message]:
        """Take a message and return what follows from it: what happened, then statements and reports.

        A new MarketStep moves the exchange first, and ends with a statement of the account; any other message goes to the
        core. Where there are ticks, a statement also follows when the last one grows old. Raises NotSettled.
        """
        self._now = max(self._now, now)
        self._taken, self._owes_statement, self._asked = 0, False, False
        self._messages = []
        if isinstance(message, MarketStep):
            happened = self._driver.step(message, self._now, lambda symbol: self._core.watched(symbol) is not None)
            if happened is None:
                return []
            self._inputs.extend(happened)
            self._owes_statement = True
        else:
            self._apply(message)
            self._owes_statement |= isinstance(message, ClockTick) and self._now - self._stated_at >= _STATEMENT_MS
        self._settle()
        messages, self._messages = self._messages, []
        return sorted(messages, key=_comes_last)

    @property
    def driver(self) -> MatchingDriver:
        """Return the simulated exchange, to be looked at; do not change it."""
        return self._driver

    def due_at(self, now: int) -> int:
        """Return when execution has something to do that only the clock brings about, ms; ``now`` = at every step."""
        return self._core.due_at(now)

    def overview(self) -> Overview:
        """Return what execution's core shows."""
        return self._core.overview()

    def snapshot(self) -> bytes:
        """Return the whole state as msgpack."""
        return msgspec.msgpack.encode(LaneState(self._core.snapshot(), self._driver.snapshot(), self._now, self._stated_at))

    def restore(self, data: bytes) -> None:
        """Replace the state by a snapshot's. Raises msgspec.ValidationError if ``data`` is no snapshot."""
        state = msgspec.msgpack.decode(data, type=LaneState)
        self._core.restore(state.core)
        self._driver.restore(state.exchange)
        self._now, self._stated_at = state.now, state.stated_at

    # -- inside -------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Feed what happened to the core until nothing more follows; a statement comes when all else is told."""
        while self._inputs or self._owes_statement:
            if self._inputs:
                self._apply(self._inputs.popleft())
            else:
                self._owes_statement = False
                self._state()

    def _state(self) -> None:
        """Feed a statement. No two are of one time, because a statement's time is its name: a later one is 1 ms later.

        The one that ends a step says nothing of orders: their news came before it.
        """
        if self._stated_at >= self._now:
            self._now = self._stated_at + 1
        self._stated_at = self._now
        orders, self._asked = self._asked, False
        self._apply(self._driver.statement(self._now, orders=orders))

    def _apply(self, taken: Message | Input) -> None:
        self._taken += 1
        if self._taken > _MOST:
            self._inputs.clear()
            raise NotSettled(f"{_MOST} inputs followed from one message; the last one is {type(taken).__name__}")
        effects = self._core.handle(taken, self._now)
        self._messages += effects.messages
        if effects.requests:
            for request in effects.urgent_first():
                self._carry_out(request)

    def _carry_out(self, request: Request) -> None:
        """Do a request now; its answer and its news wait until the news before them are told."""
        if isinstance(request, QueryAccount):
            self._owes_statement = self._asked = True
            return
        if isinstance(request, PlaceOrder) and not request.order.protects:
            order = request.order
            refused = self._core.confirm(order.client_id, self._driver.quote(order.symbol), self._now)
            if refused is not None:
                self._apply(Withheld(client_id=order.client_id, why=refused[0], text=refused[1]))
                return
            self._apply(Sent(client_id=order.client_id))
        self._inputs.extend(self._driver.carry_out(request, self._now))


def _comes_last(message: Message) -> bool:
    """The report that a close is settled comes after everything that happened for it."""
    return isinstance(message, StepReport)
