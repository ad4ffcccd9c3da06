"""One trade from intent to flat: its life as a table, and its books.

entering → protecting → open → closing → closed, or failed when nothing was bought or sold. A trade is ``protecting``
whenever it holds a position without an accepted stop, also when a stop is lost later; ``closing`` whenever what remains
is to be flat. A late fill of its entry brings a trade back that was over: what is held is protected (EXEC-3).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final, Literal

import msgspec

from services.execution.oms.order import LiveOrder
from shared.domain.account import Trade, TradeState
from shared.domain.intents import OrderIntent
from shared.domain.order_words import Side
from shared.domain.orders import Fill, OrderPurpose, Origin
from shared.domain.transitions import next_state

PlanEvent = Literal[
    "entry_filled",  # wholly or in part
    "entry_failed",  # the entry is over and nothing was filled
    "stop_accepted",
    "stop_lost",  # the accepted stop is gone and the position is not
    "close_wanted",  # it is to be closed at the market; ``exit_wanted`` says why
    "flat",  # nothing is held any more
    "settled",  # flat, accounted, and no order of the trade rests
]

#: State → event → next state.
TRANSITIONS: Final[dict[TradeState, dict[PlanEvent, TradeState]]] = {
    "entering": {"entry_filled": "protecting", "entry_failed": "failed"},
    "protecting": {"stop_accepted": "open", "close_wanted": "closing", "flat": "closing"},
    "open": {"stop_lost": "protecting", "close_wanted": "closing", "flat": "closing"},
    "closing": {"settled": "closed"},
    "closed": {"entry_filled": "protecting"},
    "failed": {"entry_filled": "protecting"},
}

#: Why a trade ended.
ExitReason = Literal[
    "",  # it has not ended, or nothing was entered
    "stop",
    "target",
    "flatten",  # closed by us at the market: no stop could be placed, or something remained
    "time",  # its time was over
    "command",  # closed by an intent or an operator
    "liquidation",  # closed by the exchange
    "guardian",  # closed by the guardian
    "external",  # closed by somebody else, or gone without a fill that reached us
]
_REASON_OF: Final[dict[OrderPurpose, ExitReason]] = {"stop": "stop", "bridge": "stop", "target": "target"}
_REASON_FOR: Final[dict[Origin, ExitReason]] = {
    "exchange": "liquidation",
    "guardian": "guardian",
    "operator": "command",
    "foreign": "external",
}

#: Sums of money are exact: no sum of products of price, quantity and rate needs more digits.
_EXACT: Final = Context(prec=60)
_AVERAGE: Final = Context(prec=28)
_ZERO: Final = Decimal(0)
_ENTRY: Final[tuple[OrderPurpose, ...]] = ("entry",)
_EXITS: Final[tuple[OrderPurpose, ...]] = ("stop", "bridge", "target", "close")


class Plan(msgspec.Struct, kw_only=True):
    """A trade that is not over, or may come back. Money in USDT, quantities in base currency, times in ms.

    stop: price at which it is wanted now; moved_to: price to which a person moved it, None = nobody did. unwanted: its
    entry is to be ended; voided: price was at ``void_at`` while the entry rested, so that it is to be ended too.
    exit_wanted: why it is to be closed at the market; empty = it is not. cut: quantity that is to be taken off at the
    market although the trade goes on. taken: quantity that others took off; written: the part of it that no fill explains;
    taken_before: the part that was traded before it opened, and perhaps not against it. orders: client ids of its orders,
    by purpose, oldest first. numbers: orders named so far, by purpose. naked_since: since when it holds something without
    an accepted stop, ms of ``now``; 0 = it does not; renewed_at: to where a standstill has moved that, so that it does so
    once. accepted_at: when the last stop was accepted; taken_away: stops in a row that were gone within ``naked_ms`` of
    that, the first of them at first_gone_at. refusals: in a row, by purpose; retry_at: nothing of that purpose is tried
    again before. given_up: rungs that are not placed any more; passed: those of them that the price had passed. rebuilt_at:
    what was filled before that is in it already (exchange). unaccounted: fills never arrived. kept: stops that others had
    placed, farther away, before one of the trade stood: they are left alone, and its own stands beside them. counted: it is
    in ``ExecutionState.trades_opened``.
    """

    intent: OrderIntent
    stop: Decimal
    moved_to: Decimal | None = None
    state: TradeState = "entering"
    unwanted: bool = False
    voided: bool = False
    exit_wanted: ExitReason = ""
    cut: Decimal = _ZERO
    judged: bool = False
    taken: Decimal = _ZERO
    written: Decimal = _ZERO
    taken_before: Decimal = _ZERO
    orders: dict[OrderPurpose, list[str]] = msgspec.field(default_factory=dict)
    numbers: dict[OrderPurpose, int] = msgspec.field(default_factory=dict)
    realized: Decimal = _ZERO
    fees: Decimal = _ZERO
    funding: Decimal = _ZERO
    entry_value: Decimal = _ZERO
    entry_executed: Decimal = _ZERO
    exit_value: Decimal = _ZERO
    exit_executed: Decimal = _ZERO
    naked_since: int = 0
    renewed_at: int = 0
    accepted_at: int = 0
    taken_away: int = 0
    first_gone_at: int = 0
    refusals: dict[OrderPurpose, int] = msgspec.field(default_factory=dict)
    retry_at: dict[OrderPurpose, int] = msgspec.field(default_factory=dict)
    given_up: set[int] = msgspec.field(default_factory=set)
    passed: set[int] = msgspec.field(default_factory=set)
    rebuilt_at: int = 0
    unaccounted: bool = False
    kept: list[str] = msgspec.field(default_factory=list)
    counted: bool = False
    opened_at: int = 0
    closed_at: int = 0
    exit_reason: ExitReason = ""

    @property
    def id(self) -> str:
        return self.intent.id

    @property
    def symbol(self) -> str:
        return self.intent.symbol

    @property
    def exit_side(self) -> Side:
        """The side that reduces the position."""
        return "SELL" if self.intent.side == "BUY" else "BUY"

    @property
    def sign(self) -> int:
        """1 for a long, -1 for a short."""
        return 1 if self.intent.side == "BUY" else -1

    @property
    def live(self) -> bool:
        """It is not over."""
        return self.state not in ("closed", "failed")

    def move(self, event: PlanEvent) -> None:
        """Apply ``event``. Raises IllegalTransition if the current state does not allow it: a bug."""
        self.state = next_state(TRANSITIONS, f"trade {self.id}", self.state, event)

    def next_number(self, purpose: OrderPurpose) -> int:
        """Count another order of this purpose, from 1."""
        self.numbers[purpose] = self.numbers.get(purpose, 0) + 1
        return self.numbers[purpose]

    def note(self, order: LiveOrder) -> None:
        """Take an order as one of this trade."""
        order.intent_id = self.id
        mine = self.orders.setdefault(order.purpose, [])
        if order.client_id not in mine:
            mine.append(order.client_id)

    def of(self, orders: Mapping[str, LiveOrder], *purposes: OrderPurpose) -> list[LiveOrder]:
        """Its remembered orders of these purposes, oldest first of each; of every purpose without one."""
        mine = self.orders
        found = []
        for purpose in purposes or mine:
            if purpose in mine:
                for client_id in mine[purpose]:
                    order = orders.get(client_id)
                    if order is not None:
                        found.append(order)
        return found

    def entered(self, orders: Mapping[str, LiveOrder]) -> Decimal:
        """The quantity that its entry has traded."""
        return self._traded(orders, _ENTRY)

    def net(self, orders: Mapping[str, LiveOrder]) -> Decimal:
        """What it holds, unsigned; below 0 when its exits closed something of others beside it."""
        return self._traded(orders, _ENTRY) - self._traded(orders, _EXITS) - self.taken

    def remaining(self, orders: Mapping[str, LiveOrder]) -> Decimal:
        """The quantity that it still holds, unsigned."""
        net = self.net(orders)
        return net if net > 0 else _ZERO

    def _traded(self, orders: Mapping[str, LiveOrder], purposes: tuple[OrderPurpose, ...]) -> Decimal:
        """What its remembered orders of these purposes have traded."""
        total, mine = _ZERO, self.orders
        for purpose in purposes:
            for client_id in mine.get(purpose, ()):
                order = orders.get(client_id)
                if order is not None:
                    total += order.done
        return total

    def missing_fills(self, orders: Mapping[str, LiveOrder]) -> list[LiveOrder]:
        """Its orders of which the exchange says that they traded more than the fills that arrived."""
        return [order for order in self.of(orders) if order.executed < order.filled]

    def move_stop(self, price: Decimal) -> None:
        """Move the stop to ``price`` if that is nearer to the price than where it is; it never moves away."""
        if self.sign * (price - self.wanted_stop) > 0:
            self.stop, self.moved_to = price, None

    @property
    def wanted_stop(self) -> Decimal:
        """Where the stop should stand: where a person moved it, else where the plan has it."""
        return self.stop if self.moved_to is None else self.moved_to

    def book(self, fill: Fill, purpose: OrderPurpose, origin: Origin) -> None:
        """Book one execution: of its own order (``purpose``), or of somebody else who reduced its position."""
        self.realized = _EXACT.add(self.realized, fill.realized)
        self.fees = _EXACT.add(self.fees, fill.fee)
        value = _EXACT.multiply(fill.price, fill.quantity)
        if purpose == "entry":
            self.opened_at = self.opened_at or fill.time
            self.entry_value = _EXACT.add(self.entry_value, value)
            self.entry_executed += fill.quantity
            return
        explained = min(fill.quantity, self.written)  # what had been written off has a fill after all
        self.taken, self.written = self.taken - explained, self.written - explained
        self.exit_value = _EXACT.add(self.exit_value, value)
        self.exit_executed += fill.quantity
        self.closed_at = max(self.closed_at, fill.time)
        if origin == "ours":
            self.exit_reason = _REASON_OF.get(purpose) or self.exit_wanted or "flatten"
        else:
            self.exit_reason = _REASON_FOR[origin]

    def fund(self, amount: Decimal) -> None:
        """Add a funding payment, USDT; negative = paid."""
        self.funding = _EXACT.add(self.funding, amount)

    def write_off(self, quantity: Decimal, time: int) -> None:
        """Believe the exchange that this much is gone, although no fill says who took it."""
        self.taken += quantity
        self.written += quantity
        self.exit_reason = "external"
        self.unaccounted = True
        self.closed_at = max(self.closed_at, time)

    def unwrite(self, quantity: Decimal) -> None:
        """The exchange shows what had been written off: it is held."""
        self.taken, self.written = self.taken - quantity, self.written - quantity

    def give_back(self) -> None:
        """The exchange shows that what others traded before it opened was not against it."""
        self.taken, self.taken_before = self.taken - self.taken_before, _ZERO

    @property
    def entry_price(self) -> Decimal:
        """Average price of the entry, USDT; 0 before its first fill."""
        return _average(self.entry_value, self.entry_executed)

    def report(self, orders: Mapping[str, LiveOrder]) -> Trade:
        """The trade as readers see it; ``result`` = realised PnL - fees + funding, so far."""
        return Trade(
            intent_id=self.id,
            symbol=self.symbol,
            side=self.intent.side,
            leg=self.intent.leg,
            state=self.state,
            quantity=self.entered(orders),
            entry_price=self.entry_price,
            exit_price=_average(self.exit_value, self.exit_executed),
            result=_EXACT.add(_EXACT.subtract(self.realized, self.fees), self.funding),
            fees=self.fees,
            funding=self.funding,
            risk_amount=self.intent.risk_amount,
            opened_at=self.opened_at or self.intent.close_time,
            closed_at=self.closed_at if self.state == "closed" else 0,
            exit_reason=self.exit_reason,
        )


def _average(value: Decimal, quantity: Decimal) -> Decimal:
    return _AVERAGE.divide(value, quantity) if quantity else _ZERO
