"""A model driver: carries the core's requests to the model exchange and hands back what comes of them, through a weather.

The weather loses, delays, repeats and reorders; it never changes what was said. Time goes on in steps; in each the core
hears what is due, and a tick.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from services.execution.core import ExecutionCore
from services.execution.inputs import Answer, Connected, Executions, Input, News, Sent, Statement, Withheld
from services.execution.plans.admission import Quote
from services.execution.requests import CancelOrder, PlaceOrder, QueryAccount, QueryExecutions, QueryOrder, Request
from shared.domain.control import ClockTick
from shared.domain.message import Message
from shared.exchange.error_codes import ErrorCode
from shared.exchange.errors import RULES
from shared.exchange.model.orders import NewOrder
from tests.support.execution.exchange import ModelExchange

#: How long the exchange takes a signed request, ms.
VALIDITY_MS = 1_500
STATEMENT_MS = 2_000
#: After so long the driver gives an answer up, ms.
PATIENCE_MS = 1_000


@dataclass
class Weather:
    """Chances from 0 to 1; delays in ms, drawn up to them. lag: age of what a statement shows, ms."""

    draw: random.Random = field(default_factory=lambda: random.Random(0))
    lose_request: float = 0.0
    lose_answer: float = 0.0
    unsent: float = 0.0
    lose_news: float = 0.0
    repeat: float = 0.0
    reorder: float = 0.0
    absent: float = 0.0  # a query of an order younger than two seconds finds nothing
    slow: int = 0
    slow_news: int = 0
    lag: int = 0
    unreadable: float = 0.0  # a query is answered by something that nobody can read
    reads: bool = True  # statements, queries and executions are answered
    writes: bool = True  # requests to place and cancel arrive
    conditional: bool = True  # those to the conditional book do

    def happens(self, chance: float) -> bool:
        return chance > 0 and self.draw.random() < chance

    def delay(self, most: int) -> int:
        return self.draw.randint(0, most) if most else 0

    @property
    def fair(self) -> bool:
        """Nothing is lost."""
        chances = (self.lose_request, self.lose_answer, self.unsent, self.lose_news, self.absent, self.unreadable)
        return not any(chances) and self.reads and self.writes and self.conditional


@dataclass
class ModelDriver:
    """``leaving`` hears of every entry that is about to leave, ``lost`` of the symbol of a protective order that never
    arrives, ``looked`` is called after every step. Answers that are ``mute`` never come."""

    make: Callable[[], ExecutionCore]
    exchange: ModelExchange = field(default_factory=ModelExchange)
    weather: Weather = field(default_factory=Weather)
    now: int = 0
    statement_ms: int = STATEMENT_MS
    messages: list[Message] = field(default_factory=list)
    trail: list[tuple[int, str, Any]] = field(default_factory=list)
    leaving: Callable[[NewOrder, int], None] = lambda order, now: None
    lost: Callable[[str], None] = lambda symbol: None
    looked: Callable[[], None] = lambda: None
    mute: Callable[[Answer], bool] = lambda answer: False

    def __post_init__(self) -> None:
        self.core = self.make()
        self._number = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._statement_at = 0
        self._shown: list[tuple[int, Any]] = []
        self._news_at = 0
        self._look()

    # -- time ---------------------------------------------------------------------------------------------------------

    def run(self, ms: int, step: int = 100) -> None:
        """Let so much time pass."""
        until = self.now + ms
        while self.now < until:
            self.now += step
            self.exchange.time = self.now
            self._look()
            self._work()
            self._tell_prices()
            self.give(ClockTick(time=self.now))
            if self.now >= self._statement_at:
                self.state_account()
                self._work()
            self.looked()

    def give(self, taken: Message | Input) -> None:
        """Hand the core one input, carry out what it asks, and hand it what is due."""
        self._handle(taken)
        self._work()

    def happen(self, action: Callable[[], object]) -> None:
        """Something happens at the exchange."""
        self.exchange.time = self.now
        action()
        self._look()
        self._work()
        self._tell_prices()
        self._work()

    def state_account(self) -> None:
        """Ask for a statement."""
        self._statement_at = self.now + self.statement_ms
        if not self.weather.reads:
            return
        asked_at, seen = self.now, self.now - self.weather.lag
        shown = next((view for time, view in reversed(self._shown) if time <= seen), self._shown[0][1])
        wallet, legs, orders = shown
        told = Statement(time=max(0, seen), asked_at=asked_at, wallet=wallet, equity=wallet, legs=legs, orders=orders)
        self._later(self.weather.delay(self.weather.slow), lambda: self._handle(told))

    def restart(self, snapshot: bytes | None) -> None:
        """The process dies, with what it was sending, and another begins from this snapshot; None = from nothing."""
        self._due.clear()
        self.core = self.make()
        if snapshot is not None:
            self.core.restore(snapshot)
        self.give(Connected(open=True, started=True))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _handle(self, taken: Message | Input) -> None:
        effects = self.core.handle(taken, self.now)
        self.messages += effects.messages
        for request in effects.urgent_first():
            self._carry(request)

    def _later(self, ms: int, what: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (self.now + ms, self._number, what))

    def _work(self) -> None:
        for _ in range(10_000):
            self._hear_exchange()
            if not self._due or self._due[0][0] > self.now:
                return
            heapq.heappop(self._due)[2]()
        raise AssertionError("requests and answers never come to rest")

    def _tell_prices(self) -> None:
        """Tell best bid and ask where an entry rests that they may void."""
        for symbol in self.exchange.price:
            if self.core.watched(symbol) is not None:
                self._handle(self._quote(symbol).traded(symbol))

    def _look(self) -> None:
        view = (self.exchange.wallet, self.exchange.legs(), tuple(self.exchange.living()))
        if not self._shown or self._shown[-1][1] != view:
            self._shown.append((self.now, view))
            del self._shown[:-200]

    def _hear_exchange(self) -> None:
        events, self.exchange.said = self.exchange.said, []
        weather = self.weather
        if events:
            self._look()
        for event in events:
            if weather.happens(weather.lose_news):
                continue
            due = self.now + weather.delay(weather.slow_news)
            if not weather.happens(weather.reorder):
                due = self._news_at = max(due, self._news_at)
            for _ in range(2 if weather.happens(weather.repeat) else 1):
                self._later(due - self.now, partial(self._handle, News(event=event)))

    def _carry(self, request: Request) -> None:
        weather, signed_at = self.weather, self.now
        word = type(request).__name__
        self.trail.append((self.now, word, request))
        if isinstance(request, PlaceOrder) and not request.order.protects:
            refused = self.core.confirm(request.order.client_id, self._quote(request.order.symbol), self.now)
            if refused is not None:
                self._handle(Withheld(client_id=request.order.client_id, why=refused[0], text=refused[1]))
                return
            self.leaving(request.order, self.now)
            self._handle(Sent(client_id=request.order.client_id))
        if isinstance(request, QueryAccount):
            self.state_account()
            return
        if isinstance(request, QueryExecutions):
            if weather.reads:
                self._later(weather.delay(weather.slow), lambda: self._executions(request))
            return
        kind: Any = {PlaceOrder: "place", CancelOrder: "cancel", QueryOrder: "query"}[type(request)]
        client_id = request.order.client_id if isinstance(request, PlaceOrder) else request.client_id
        book = request.order.book if isinstance(request, PlaceOrder) else request.ref.book
        reaches = weather.reads if kind == "query" else weather.writes
        reaches = reaches and (weather.conditional or book == "plain")
        if weather.happens(weather.unsent):
            if isinstance(request, PlaceOrder) and request.order.protects:
                self.lost(request.order.symbol)
            self._answer(Answer(kind=kind, client_id=client_id, result="unsent", asked_at=signed_at))
        elif not reaches or weather.happens(weather.lose_request):
            if isinstance(request, PlaceOrder) and request.order.protects:
                self.lost(request.order.symbol)
            unknown = Answer(kind=kind, client_id=client_id, result="unknown", asked_at=signed_at)
            self._later(PATIENCE_MS, lambda: self._handle(unknown))
        elif kind == "query" and weather.happens(weather.unreadable):
            self._answer(Answer(kind=kind, client_id=client_id, result="unknown", asked_at=signed_at))
        else:
            self._later(weather.delay(weather.slow), lambda: self._arrive(request, kind, client_id, signed_at))

    def _arrive(self, request: PlaceOrder | CancelOrder | QueryOrder, kind: Any, client_id: str, signed_at: int) -> None:
        answer = self._done(request, kind, client_id, signed_at)
        self._look()
        if self.weather.happens(self.weather.lose_answer):
            unknown = Answer(kind=kind, client_id=client_id, result="unknown", asked_at=signed_at)
            self._later(PATIENCE_MS, lambda: self._handle(unknown))
            return
        self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        weather = self.weather
        if self.mute(answer):
            return
        for _ in range(2 if weather.happens(weather.repeat) else 1):
            self._later(weather.delay(weather.slow), lambda: self._handle(answer))

    def _done(self, request: PlaceOrder | CancelOrder | QueryOrder, kind: Any, client_id: str, signed_at: int) -> Answer:
        exchange = self.exchange
        if self.now - signed_at > VALIDITY_MS:
            code = int(ErrorCode.INVALID_TIMESTAMP)
            result: Any = "unknown" if kind == "query" else "refused"
            return Answer(kind=kind, client_id=client_id, result=result, asked_at=signed_at, code=code, action="retry")
        if isinstance(request, PlaceOrder):
            taken = exchange.place(request.order)
            if taken == ErrorCode.CLOSE_POSITION_ORDER_EXISTS:
                standing = exchange.standing(request.order.symbol, request.order.side)
                return Answer(
                    kind=kind, client_id=client_id, result="stands", asked_at=signed_at, order=standing, code=int(taken)
                )
        elif isinstance(request, CancelOrder):
            taken = exchange.cancel(request.ref)
        else:
            found = exchange.find(request.ref)
            young = found is not None and self.now - found.updated_at < 2_000
            if found is None or (young and self.weather.happens(self.weather.absent)):
                return Answer(kind=kind, client_id=client_id, result="absent", asked_at=signed_at)
            child = exchange.child_of(found)
            return Answer(kind=kind, client_id=client_id, result="done", asked_at=signed_at, order=found, child=child)
        if isinstance(taken, int):
            rule = RULES.get(taken)
            return Answer(
                kind=kind, client_id=client_id, result="refused", asked_at=signed_at, code=taken, message=f"{taken}",
                action=rule.action if rule is not None and rule.action in ("retry", "halt") else "refuse",
            )  # fmt: skip
        return Answer(kind=kind, client_id=client_id, result="done", asked_at=signed_at, order=taken)

    def _executions(self, request: QueryExecutions) -> None:
        exchange = self.exchange
        trades = tuple(each for each in exchange.trades if each.symbol == request.symbol and each.time >= request.since)
        orders = tuple(exchange.orders[number] for number in dict.fromkeys(each.order_id for each in trades))
        told = Executions(symbol=request.symbol, asked_at=self.now, trades=trades, orders=orders)
        self._later(self.weather.delay(self.weather.slow), lambda: self._handle(told))

    def _quote(self, symbol: str) -> Quote:
        price, half = self.exchange.price[symbol], self.exchange.spread / 2
        return Quote(time=self.now, bid=price - half, ask=price + half)
