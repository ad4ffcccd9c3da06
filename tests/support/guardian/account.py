"""An account as the exchange has it: positions, conditional orders, and readings that may lag. Times in ms."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from services.guardian.messages import LegKey, Result
from services.guardian.orders import standing
from services.guardian.state import Leg
from services.guardian.stops import exit_side, uncovered
from shared.exchange.model.account import PositionRisk
from shared.exchange.model.orders import ExchangeOrder, NewOrder, OrderRef
from shared.exchange.model.user_events import AccountUpdate, AlgoUpdate, PositionChange, UserEvent

D = Decimal
ZERO = D(0)
MARK = D(100)
#: Long positions are liquidated here, short ones as far on the other side.
LIQUIDATION = D(80)


@dataclass
class Held:
    """A position: signed quantity, and when it last changed."""

    quantity: Decimal
    updated_at: int


@dataclass
class Account:
    """The truth. refusing: what POST answers; None = orders are taken. lag: of readings, ms."""

    tell: Callable[[UserEvent], None]
    now: int = 1_000_000
    held: dict[str, Held] = field(default_factory=dict)
    orders: dict[str, ExchangeOrder] = field(default_factory=dict)
    refusing: Result | None = None
    lag: int = 0
    marks: dict[str, Decimal] = field(default_factory=dict)
    past: deque[tuple[int, dict[str, Held], dict[str, ExchangeOrder]]] = field(default_factory=deque)

    # -- what others do -----------------------------------------------------------------------------------------------

    def hold(self, symbol: str, quantity: Decimal) -> None:
        """Somebody opens, changes, turns or closes (0) a position."""
        if quantity:
            self.held[symbol] = Held(quantity, self.now)
        else:
            self.held.pop(symbol, None)
        change = PositionChange(
            symbol=symbol, side="BOTH", quantity=quantity, entry=MARK, break_even=MARK, unrealized=ZERO, isolated_wallet=ZERO
        )
        self.tell(AccountUpdate(time=self.now, reason="ORDER", wallets=(), positions=(change,)))

    def end(self, client_id: str) -> bool:
        """An order is cancelled; False if there is none."""
        order = self.orders.pop(client_id, None)
        if order is not None:
            self.tell(AlgoUpdate(time=self.now, order=msgspec.structs.replace(order, status="CANCELED")))
        return order is not None

    def accept(self, order: NewOrder) -> ExchangeOrder:
        """A conditional order stands from now on."""
        taken = self.orders[order.client_id] = msgspec.structs.replace(standing(order), updated_at=self.now)
        self.tell(AlgoUpdate(time=self.now, order=taken))
        return taken

    # -- what is asked of it ------------------------------------------------------------------------------------------

    def place(self, order: NewOrder) -> tuple[Result, ExchangeOrder | None]:
        """POST of a stop: refused while that is so, where it would close the position twice, else accepted."""
        if self.refusing == "unknown":
            if not self._twin(order):
                self.accept(order)
            return "unknown", None
        if self.refusing is not None:
            return self.refusing, None
        if order.client_id in self.orders:
            return "accepted", None
        mark = self.mark(order.symbol)
        assert order.trigger is not None
        if (order.trigger >= mark) if order.side == "SELL" else (order.trigger <= mark):
            return "beyond", None
        twin = self._twin(order)
        if twin is not None:
            listed = self.view()[1]
            return "proved", twin if twin.client_id in listed else None
        self.accept(order)
        return "accepted", None

    def close(self, order: NewOrder) -> Result:
        """POST of a market order that only reduces."""
        if self.refusing is not None:
            return self.refusing
        held = self.held.get(order.symbol)
        if held is None or exit_side(held.quantity) != order.side:
            return "refused"
        assert order.quantity is not None
        taken = min(order.quantity, abs(held.quantity))
        self.hold(order.symbol, held.quantity - (taken if held.quantity > 0 else -taken))
        return "accepted"

    def cancel(self, ref: OrderRef) -> Result:
        """DELETE of a conditional order."""
        return "accepted" if self.end(ref.client_id) else "gone"

    def positions(self) -> tuple[PositionRisk, ...]:
        """The positions, as a reading shows them."""
        rows = []
        for symbol, held in self.view()[0].items():
            rows.append(
                PositionRisk(
                    symbol=symbol, side="BOTH", quantity=held.quantity, entry=MARK, break_even=MARK,
                    mark=self.mark(symbol), unrealized=ZERO, liquidation=self.liquidation(held.quantity),
                    notional=ZERO, isolated_wallet=ZERO, initial_margin=ZERO, maintenance_margin=ZERO,
                    updated_at=held.updated_at,
                )
            )  # fmt: skip
        return tuple(rows)

    def book(self, symbol: str | None) -> tuple[ExchangeOrder, ...]:
        """The conditional orders, as a reading shows them."""
        return tuple(each for each in self.view()[1].values() if symbol in (None, each.symbol))

    # -- the truth ----------------------------------------------------------------------------------------------------

    def covered(self, symbol: str, *, without: str = "-") -> bool:
        """True if stops cover what is held. without: beginning of the client ids that do not count."""
        held = self.held[symbol]
        leg = Leg(key=LegKey(symbol, "BOTH"), quantity=held.quantity, opened_at=0, changed_at=0)
        leg.liquidation = self.liquidation(held.quantity)
        orders = [each for each in self.orders.values() if not each.client_id.startswith(without)]
        return not uncovered([each for each in orders if each.symbol == symbol], leg)

    def mark(self, symbol: str) -> Decimal:
        return self.marks.get(symbol, MARK)

    @staticmethod
    def liquidation(quantity: Decimal) -> Decimal:
        return LIQUIDATION if quantity > 0 else 2 * MARK - LIQUIDATION

    def remember(self) -> None:
        """Keep the present for readings that lag."""
        self.past.append((self.now, dict(self.held), dict(self.orders)))
        while self.past and self.past[0][0] < self.now - 10_000:
            self.past.popleft()

    def view(self) -> tuple[dict[str, Held], dict[str, ExchangeOrder]]:
        """What readings show."""
        if self.lag:
            for at, held, orders in reversed(self.past):
                if at <= self.now - self.lag:
                    return held, orders
        return self.held, self.orders

    def _twin(self, order: NewOrder) -> ExchangeOrder | None:
        return next(
            (
                each
                for each in self.orders.values()
                if order.close_position and each.close_position and (each.symbol, each.side) == (order.symbol, order.side)
            ),
            None,
        )
