"""The guardian's core before an account, in steps of time; a watchman notes whatever must not be."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from services.guardian.allowance import weight
from services.guardian.core import GuardianCore
from services.guardian.messages import (
    Alarm,
    Answer,
    Book,
    Cancel,
    Close,
    Filters,
    HaltEntries,
    Heard,
    Place,
    Positions,
    ReadBook,
    ReadPositions,
    Request,
    SymbolFilters,
    Tick,
    Unread,
)
from services.guardian.settings import GuardianSettings
from shared.domain.client_ids import client_order_id, lineage
from shared.exchange.model.orders import ExchangeOrder, NewOrder
from shared.exchange.model.user_events import UserEvent
from tests.support.guardian.account import LIQUIDATION, MARK, Account

D = Decimal
STEP = 50
LATENCY = 100
LINEAGE = lineage("testnet", "t")
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
#: The longest time without a stop while the exchange takes stops, its readings are true, and nothing was wrong before.
NAKED_MS = 3_000


class World:
    """One run. ``make``: builds the core; violations: what the watchman saw."""

    def __init__(self, make: Callable[..., GuardianCore] = GuardianCore, **settings: Any) -> None:
        self.settings = GuardianSettings(**settings)
        self.account = Account(self._tell)
        self._make = make
        self.core = make(self.settings, LINEAGE, 1)
        self.deaf = False
        self.unreadable = False
        self.alarms: list[Alarm] = []
        self.halts: list[str] = []
        self.placed: list[NewOrder] = []
        self.closed: list[NewOrder] = []
        self.violations: list[str] = []
        self.longest_naked = 0
        self._inbox: list[tuple[int, Any]] = []
        self._wire: list[tuple[int, Request, int]] = []
        self._weights: deque[tuple[int, int]] = deque()
        self._naked: dict[str, int] = {}
        self._long: dict[str, bool] = {}
        self._clean_since = self.now
        self._covered_at: dict[str, int] = {}
        self._others = 0
        self.feed(Filters({symbol: SymbolFilters(tick=D("0.01")) for symbol in SYMBOLS}))

    @property
    def now(self) -> int:
        return self.account.now

    # -- time ---------------------------------------------------------------------------------------------------------

    def run(self, ms: int) -> None:
        """Let time pass."""
        for _ in range(ms // STEP):
            self.account.now += STEP
            self.account.remember()
            self._serve()
            for taken in self._due_inputs():
                self.feed(taken)
            self.feed(Tick())
            self._watch()

    def feed(self, taken: Any) -> None:
        for request in self.core.handle(taken, self.now):
            self._weigh(0 if isinstance(request, Place) else weight(request))
            if isinstance(request, Alarm):
                self.alarms.append(request)
            elif isinstance(request, HaltEntries):
                self.halts.append(request.why)
            else:
                self._wire.append((self.now + LATENCY, request, self.now))

    def restart(self) -> None:
        """The guardian dies and is started again: it knows nothing."""
        self._wire.clear()
        self._inbox.clear()
        self._weights.clear()
        self.core = self._make(self.settings, LINEAGE, self.now)
        self._clean_since = max(self._clean_since, self.now)
        self.feed(Filters({symbol: SymbolFilters(tick=D("0.01")) for symbol in SYMBOLS}))

    def ill(self) -> None:
        """Something is wrong from now on, or just was: the time without a stop is not judged."""
        self._clean_since = self.now + 12_000

    # -- others -------------------------------------------------------------------------------------------------------

    def others_stop(
        self, symbol: str, *, price: Decimal | None = None, quantity: Decimal | None = None, role: Any = "e"
    ) -> None:
        """Execution (or a person) places a stop, if the exchange takes it."""
        held = self.account.held.get(symbol)
        if held is None or self.account.refusing is not None:
            return
        long = held.quantity > 0
        self._others += 1
        trigger = price or (MARK - 10 if long else MARK + 10)
        order = NewOrder(
            client_id=client_order_id(role, LINEAGE, self._others), symbol=symbol, side="SELL" if long else "BUY",
            type="STOP_MARKET", trigger=trigger, close_position=quantity is None, quantity=quantity,
            reduce_only=quantity is not None,
        )  # fmt: skip
        self.account.place(order)

    def far_stop(self, symbol: str) -> None:
        """A person's stop beyond the liquidation price: it protects nothing."""
        held = self.account.held.get(symbol)
        if held is not None:
            self.others_stop(symbol, price=LIQUIDATION - 5 if held.quantity > 0 else 2 * MARK - LIQUIDATION + 5)

    def cancel_stops(self, symbol: str) -> None:
        """Somebody cancels every conditional order of a symbol."""
        for order in [each for each in self.account.orders.values() if each.symbol == symbol]:
            self.account.end(order.client_id)

    def own(self, symbol: str | None = None) -> list[ExchangeOrder]:
        """The guardian's orders at the exchange."""
        return [
            each
            for each in self.account.orders.values()
            if each.client_id.startswith("ictg") and symbol in (None, each.symbol)
        ]

    def judge_the_end(self) -> list[str]:
        """When all is well again for a while: everything is covered, once, and nothing is left in flat symbols."""
        found = list(self.violations)
        for symbol in self.account.held:
            if not self.account.covered(symbol):
                found.append(f"{symbol} is held without a stop in the end")
            if self.own(symbol) and self.account.covered(symbol, without="ictg"):
                found.append(f"{symbol}: two stops are left")
        found += [f"{each.symbol}: an orphan is left" for each in self.own() if each.symbol not in self.account.held]
        return found

    # -- inside -------------------------------------------------------------------------------------------------------

    def _tell(self, event: UserEvent) -> None:
        if not self.deaf:
            self._inbox.append((self.now + LATENCY, Heard(event)))

    def _due_inputs(self) -> list[Any]:
        due = [taken for at, taken in self._inbox if at <= self.now]
        self._inbox = [each for each in self._inbox if each[0] > self.now]
        return due

    def _serve(self) -> None:
        """Carry out what has arrived at the exchange."""
        due = [each for each in self._wire if each[0] <= self.now]
        self._wire = [each for each in self._wire if each[0] > self.now]
        for _, request, asked_at in due:
            self._inbox.append((self.now + LATENCY, self._answer(request, asked_at)))

    def _answer(self, request: Request, asked_at: int) -> Any:
        match request:
            case ReadPositions():
                return Unread(request) if self.unreadable else Positions(asked_at=asked_at, rows=self.account.positions())
            case ReadBook(symbol=symbol):
                if self.unreadable:
                    return Unread(request)
                return Book(symbol=symbol, asked_at=asked_at, orders=self.account.book(symbol))
            case Place(order=order):
                result, shown = self.account.place(order)
                if result == "accepted":
                    self.placed.append(order)
                elif result == "proved":
                    self._weigh(weight(request))  # the adapter looks which one stands
                return Answer(request=request, result=result, text="as set", standing=shown)
            case Close(order=order):
                self._judge_close(order)
                return Answer(request=request, result=self.account.close(order), text="as set")
            case Cancel(ref=ref):
                return Answer(request=request, result=self.account.cancel(ref))
        raise AssertionError(f"no request: {request}")

    def _judge_close(self, order: NewOrder) -> None:
        self.closed.append(order)
        since = self._covered_at.get(order.symbol)
        if since is not None and self.now - since > 3 * LATENCY and order.symbol in self.account.held:
            self.violations.append(f"{order.symbol} was closed while a stop stood")

    def _watch(self) -> None:
        healthy = self.account.refusing is None and not self.account.lag and not self.unreadable
        if not healthy:
            self.ill()
        for symbol in SYMBOLS:
            held = symbol in self.account.held
            if held and self.account.covered(symbol):
                self._covered_at.setdefault(symbol, self.now)
            else:
                self._covered_at.pop(symbol, None)
            if not held or symbol in self._covered_at:
                self._naked.pop(symbol, None)
                continue
            long = self.account.held[symbol].quantity > 0
            if self._long.get(symbol) != long:  # turned round, it is another position
                self._naked.pop(symbol, None)
                self._long[symbol] = long
            since = self._naked.setdefault(symbol, self.now)
            lasted = self.now - max(since, self._clean_since)
            self.longest_naked = max(self.longest_naked, lasted)
            if lasted > NAKED_MS:
                self.violations.append(f"{symbol} has had no stop for {lasted} ms")
                self._naked[symbol] = self.now

    def _weigh(self, units: int) -> None:
        self._weights.append((self.now, units))
        while self._weights[0][0] <= self.now - 60_000:
            self._weights.popleft()
        total = sum(each for _, each in self._weights)
        if total > 300 - 25:  # beside which clock, listen key and filters are asked for
            self.violations.append(f"request weight {total} in a minute")
