"""One trade from intent to flat: its life as a table, and its books.

entering → protecting → open → closing → closed, or failed when nothing was bought or sold. A trade is ``protecting``
whenever it holds a position without an accepted stop, also when a stop is lost later; ``closing`` whenever what remains is
to be flat and to leave no exit order behind (invariant 4).
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final, Literal

import msgspec

from services.execution.oms import LiveOrder
from shared.domain.account import Trade, TradeState
from shared.domain.exchange import FundingPayment
from shared.domain.order_words import Side
from shared.domain.orders import Fill, Leg, OrderIntent
from shared.domain.transitions import next_state

TradeEvent = Literal[
    "entry_filled",  # wholly or in part
    "entry_failed",  # the entry is dead and nothing was filled
    "stop_accepted",
    "stop_lost",  # the accepted stop is gone and the position is not
    "stop_refused",  # also the last retry
    "exit_filled",  # the position is flat
    "settled",  # flat, accounted, and no order of the trade rests
]

#: State → event → next state.
TRANSITIONS: Final[dict[TradeState, dict[TradeEvent, TradeState]]] = {
    "entering": {"entry_filled": "protecting", "entry_failed": "failed"},
    "protecting": {"stop_accepted": "open", "stop_refused": "closing", "exit_filled": "closing"},
    "open": {"stop_lost": "protecting", "exit_filled": "closing"},
    "closing": {"settled": "closed"},
    "closed": {},
    "failed": {},
}

#: Why a trade ended.
ExitReason = Literal[
    "",  # it has not ended, or nothing was entered
    "stop",
    "target",
    "flatten",  # closed by us at the market: no stop could be placed, or something remained
    "liquidation",  # closed by the exchange
    "external",  # someone else closed the position, and no fill of it reached us
]
_REASON_OF: Final[dict[Leg, ExitReason]] = {"stop": "stop", "target": "target", "close": "flatten"}

#: Sums of money are exact: no sum of products of price, quantity and rate needs more digits.
_EXACT: Final = Context(prec=60)
_AVERAGE: Final = Context(prec=28)
_ZERO: Final = Decimal(0)


class LiveTrade(msgspec.Struct, kw_only=True):
    """A trade that is not over. Money in USDT, quantities in base currency, times in ms.

    ``decided_at``: the close whose verdict it came with.
    ``stop_attempts``: stops sent since one was last known to stand at the beginning of a market step. ``stops``, ``closes``:
    legs named so far. ``flat_steps``: market steps in a row in which the account showed no position although the fills say
    otherwise; ``written_off``: the quantity given up for that. ``unaccounted``: it ended with fills that never arrived.
    """

    intent: OrderIntent
    decided_at: int
    state: TradeState = "entering"
    orders: dict[str, LiveOrder] = msgspec.field(default_factory=dict)
    fills: dict[str, None] = msgspec.field(default_factory=dict)
    realized: Decimal = _ZERO
    fees: Decimal = _ZERO
    funding: Decimal = _ZERO
    funded_until: int = -1
    entry_value: Decimal = _ZERO
    entry_executed: Decimal = _ZERO
    exit_value: Decimal = _ZERO
    exit_executed: Decimal = _ZERO
    liquidated: Decimal = _ZERO
    written_off: Decimal = _ZERO
    flat_steps: int = 0
    unaccounted: bool = False
    opened_at: int = 0
    closed_at: int = 0
    exit_reason: ExitReason = ""
    stops: int = 0
    stop_attempts: int = 0
    closes: int = 0
    target_sent: bool = False
    target_mourned: bool = False
    stuck: bool = False

    @property
    def symbol(self) -> str:
        return self.intent.symbol

    @property
    def exit_side(self) -> Side:
        """The side that reduces the position."""
        return "SELL" if self.intent.side == "BUY" else "BUY"

    @property
    def entered(self) -> Decimal:
        """The quantity that the entry has traded."""
        return self._done(("entry",))

    @property
    def position(self) -> Decimal:
        """The quantity held, unsigned; never below zero, since every exit of ours only reduces."""
        return max(_ZERO, self.entered - self._done(("stop", "target", "close")) - self.liquidated - self.written_off)

    @property
    def signed_position(self) -> Decimal:
        """The quantity held, positive = long."""
        return self.position if self.intent.side == "BUY" else -self.position

    @property
    def in_flight(self) -> bool:
        """Some order's outcome is not known."""
        return any(order.in_flight for order in self.orders.values())

    @property
    def stop_accepted(self) -> bool:
        """The exchange holds a stop for this position."""
        return any(order.resting for order in self.of("stop"))

    def of(self, kind: Leg) -> Iterable[LiveOrder]:
        """The trade's orders of one kind, oldest first."""
        return (order for order in self.orders.values() if order.kind == kind)

    def move(self, event: TradeEvent) -> None:
        """Apply ``event``. Raises IllegalTransition if the current state does not allow it: a bug."""
        self.state = next_state(TRANSITIONS, f"trade {self.intent.id}", self.state, event)

    def fill(self, fill: Fill, remember: int) -> bool:
        """Book one execution of the trade's orders, or of the exchange's own closing; False when it was booked before."""
        if fill.id in self.fills:
            return False
        self.fills[fill.id] = None
        while len(self.fills) > remember:
            del self.fills[next(iter(self.fills))]
        self.realized = _EXACT.add(self.realized, fill.realized)
        self.fees = _EXACT.add(self.fees, fill.fee)
        order = self.orders.get(fill.client_id)
        value = _EXACT.multiply(fill.price, fill.quantity)
        if order is not None:
            order.executed += fill.quantity
        if order is not None and order.kind == "entry":
            self.opened_at = self.opened_at or fill.time
            self.entry_value = _EXACT.add(self.entry_value, value)
            self.entry_executed += fill.quantity
            return True
        self.exit_value = _EXACT.add(self.exit_value, value)
        self.exit_executed += fill.quantity
        self.closed_at = max(self.closed_at, fill.time)
        if order is None:
            self.liquidated += fill.quantity
        self.exit_reason = "liquidation" if order is None else _REASON_OF[order.kind]
        return True

    def fund(self, payment: FundingPayment) -> None:
        """Book a funding payment of the symbol, once; one while nothing has been held is not this trade's."""
        if payment.time > self.funded_until and self.entered > 0:
            self.funded_until = payment.time
            self.funding = _EXACT.add(self.funding, payment.amount)

    def write_off(self, time: int) -> None:
        """Believe the account that nothing is held: what the fills do not explain was closed by someone else."""
        if self.position > 0:
            self.written_off += self.position
            self.exit_reason = "external"
        elif not self.exit_reason:
            self.exit_reason = next(
                (_REASON_OF[o.kind] for o in self.orders.values() if o.kind != "entry" and o.done > 0), "external"
            )
        self.closed_at = self.closed_at or time
        self.unaccounted = True

    def report(self) -> Trade:
        """The trade as readers see it; ``result`` = realised PnL - fees + funding, so far."""
        return Trade(
            intent_id=self.intent.id,
            symbol=self.symbol,
            side=self.intent.side,
            state=self.state,
            quantity=self.entered,
            entry_price=_average(self.entry_value, self.entry_executed),
            exit_price=_average(self.exit_value, self.exit_executed),
            result=_EXACT.add(_EXACT.subtract(self.realized, self.fees), self.funding),
            fees=self.fees,
            risk_amount=self.intent.risk_amount,
            opened_at=self.opened_at or self.intent.close_time,
            closed_at=self.closed_at if self.state == "closed" else 0,
            exit_reason=self.exit_reason,
        )

    def _done(self, kinds: tuple[Leg, ...]) -> Decimal:
        return sum((order.done for order in self.orders.values() if order.kind in kinds), _ZERO)


def next_event(trade: LiveTrade, stop_retries: int, attempts: int) -> TradeEvent | None:
    """What has happened to the trade that its state does not show yet; None when it shows everything.

    ``stop_retries``: stops tried after the first. ``attempts``: queries after which an unknown stop counts as refused.
    """
    if trade.state == "entering":
        if trade.entered > 0:
            return "entry_filled"
        return "entry_failed" if all(order.dead for order in trade.of("entry")) else None
    if trade.state in ("protecting", "open") and trade.position == 0:
        return "exit_filled"
    if trade.state == "protecting":
        if trade.stop_accepted:
            return "stop_accepted"
        return "stop_refused" if trade.stop_attempts > stop_retries and not stop_pending(trade, attempts) else None
    if trade.state == "open":
        return None if trade.stop_accepted else "stop_lost"
    if trade.state == "closing" and trade.position == 0 and all(order.dead for order in trade.orders.values()):
        accounted = all(order.executed >= order.filled for order in trade.orders.values())
        return "settled" if accounted or trade.unaccounted else None
    return None


def stop_pending(trade: LiveTrade, attempts: int) -> bool:
    """A stop is on its way, or its outcome can still be asked for in this market step."""
    return any(order.status == "SENT" or (order.status == "UNKNOWN" and order.asks < attempts) for order in trade.of("stop"))


def _average(value: Decimal, quantity: Decimal) -> Decimal:
    return _AVERAGE.divide(value, quantity) if quantity else _ZERO
