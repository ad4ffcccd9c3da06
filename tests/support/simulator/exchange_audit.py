"""The auditor: watches an exchange from outside, keeps its own books from what is stated, and objects to what cannot be.

It knows nothing of the simulator's insides; whatever tells what a driver tells can be audited. Every message is sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, localcontext

import msgspec

from services.execution.inputs import Answer
from services.execution.requests import PlaceOrder
from shared.domain.account import FundingPayment
from shared.domain.candles import RawCandle
from shared.domain.market_step import MarketStep
from shared.domain.order_words import OrderStatus
from shared.domain.orders import Fill, Order
from shared.exchange.model.orders import ExchangeOrder
from tests.support.simulator.simulated_trader import Desk, Requests, Told, as_told

_WIDE = Context(prec=60)
_OPEN: tuple[OrderStatus, ...] = ("NEW", "PARTIALLY_FILLED")
#: Written down here a second time on purpose: the auditor does not believe the exchange's own table.
_FOLLOWS: Mapping[OrderStatus, tuple[OrderStatus, ...]] = {
    "NEW": ("NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"),
    "PARTIALLY_FILLED": ("PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED"),
    "FILLED": ("FILLED",),
    "CANCELED": ("CANCELED",),
    "REJECTED": ("REJECTED",),
    "EXPIRED": ("EXPIRED",),
}


class Objection(AssertionError):
    """What the exchange stated cannot be."""


def _require(holds: bool, text: object) -> None:
    if not holds:
        raise Objection(text)


class Audit:
    """Books of one account: ``send`` a message to ``exchange`` and check all that it answers. ``wallet`` at the start."""

    def __init__(self, exchange: Desk, wallet: Decimal) -> None:
        self.exchange = exchange
        self.paid_in = wallet
        self.orders: dict[str, Order] = {}
        self.fills: dict[str, Fill] = {}
        self.filled: dict[str, list[Fill]] = {}
        self.marks: dict[str, Decimal] = {}
        self.positions: dict[str, Decimal] = {}
        self.cash = Decimal(0)  # from trading at the stated prices, fees and funding included
        self.wallet = wallet

    def send(self, message: MarketStep | Requests) -> Told:
        """The exchange's answer, audited."""
        with localcontext(_WIDE):
            events = self.exchange.handle(message)
            if events is None:
                raise Objection(f"{message} was taken for a duplicate")
            asks = len(message.requests) if isinstance(message, Requests) else 0
            _require(len(events.answers) == asks, f"{message} got {len(events.answers)} answers")
            before = dict(self.positions)
            asked = dict(self.orders)
            self._orders_asked(message, events)
            self._fills(events)
            self._orders(events)
            if isinstance(message, MarketStep):
                self._stop_wins(message, events, before, asked)
                self.marks |= {candle.symbol: Decimal(repr(candle.close)) for candle in message.candles}
                for payment in events.funding:
                    _require(
                        any(_same(payment.amount, due) for due in self._due(payment, events)),
                        f"{payment} is not what the position pays",
                    )
                    self.cash += payment.amount
                    self.wallet += payment.amount
            self._account(events)
            self._again(message, events)
        return events

    def _again(self, message: MarketStep | Requests, events: Told) -> None:
        """The same message once more: a step is ignored, an order that stands is stated, and nothing happens.

        What was refused may be asked for again, and taken then; so may an id whose order is over.
        """
        if isinstance(message, MarketStep):
            _require(self.exchange.handle(message) is None, f"{message} came twice, and was taken twice")
            return
        before = self._standing()
        ids = {(order.book, order.client_id) for order in before}
        taken = tuple(each for each, _ in _placed(message, events) if (each.order.ref.book, each.order.client_id) in ids)
        again = self.exchange.handle(Requests(taken))
        assert again is not None, "requests are always answered"
        _require(self._standing() == before, f"{message} came twice, and was placed twice")
        _require(again.account == events.account, f"{message} came twice, and moved the account twice")
        _require(not again.fills, f"{message} came twice, and traded twice: {again.fills}")
        for order in again.orders:
            if order.status != "REJECTED":
                known = self.orders[order.client_id]
                _require((order.status, order.filled) == (known.status, known.filled), f"{known} is stated as {order}")

    def _standing(self) -> tuple[ExchangeOrder, ...]:
        return self.exchange.exchange.statement(self.exchange.now).orders

    def _due(self, payment: FundingPayment, events: Told) -> set[Decimal]:
        """What the position pays at its close; one that was liquidated there may have paid just before."""
        held = self.positions.get(payment.symbol, Decimal(0))
        positions = {held}
        for fill in events.fills:
            if fill.symbol == payment.symbol and fill.client_id.startswith("autoclose-"):
                positions.add(held - (fill.quantity if fill.side == "BUY" else -fill.quantity))
        return {-position * self.marks[payment.symbol] * payment.rate for position in positions}

    def _orders_asked(self, message: MarketStep | Requests, events: Told) -> None:
        for request, answer in _placed(message, events):
            known = self.orders.get(request.order.client_id)
            if known is None or known.status == "REJECTED":  # a refused id may be used again
                status: OrderStatus = "NEW" if answer.result == "done" else "REJECTED"
                self.orders[request.order.client_id] = msgspec.structs.replace(as_told(request.order), status=status)

    def _fills(self, events: Told) -> None:
        liquidations = {o.client_id: o for o in events.orders if o.client_id.startswith("autoclose-")}
        for fill in events.fills:
            _require(fill.id not in self.fills, f"fill {fill.id} was stated before")
            self.fills[fill.id] = fill
            self.filled.setdefault(fill.client_id, []).append(fill)
            order = self.orders.get(fill.client_id) or liquidations[fill.client_id]
            _require((order.symbol, order.side) == (fill.symbol, fill.side), f"{fill} is not of {order}")
            quantity = fill.quantity if fill.side == "BUY" else -fill.quantity
            before = self.positions.get(fill.symbol, Decimal(0))
            after = before + quantity
            if order.reduce_only or order.close_position:
                reduced = abs(after) < abs(before) and after * before >= 0
                _require(reduced, f"{order.client_id} only reduces, but took the position from {before} to {after}")
            if order.price is not None:
                _require((order.price - fill.price) * quantity >= 0, f"{fill} is beyond its limit {order.price}")
            self.positions[fill.symbol] = after
            self.cash -= quantity * fill.price + fill.fee
            self.wallet += fill.realized - fill.fee

    def _orders(self, events: Told) -> None:
        # An order may be told more than once in an answer, with another between: its fills are all there by its last line.
        last = {order.client_id: place for place, order in enumerate(events.orders)}
        for place, now in enumerate(events.orders):
            known = self.orders.get(now.client_id)
            if known is not None:
                _require(now.status in _FOLLOWS[known.status], f"{now.client_id}: {known.status} became {now.status}")
                _require(now.filled >= known.filled, f"{now.client_id}: filled went down")
            else:
                _require(now.client_id.startswith("autoclose-"), f"{now.client_id} was never asked for")
            self.orders[now.client_id] = now
            filled = self.filled.get(now.client_id, [])
            total = sum((fill.quantity for fill in filled), Decimal(0))
            if place != last[now.client_id]:
                _require(now.filled <= total, f"{now.client_id}: fills make {total}, stated meanwhile is {now.filled}")
                continue
            _require(total == now.filled, f"{now.client_id}: fills make {total}, stated is {now.filled}")
            _require((now.status == "FILLED") == (total == now.quantity != 0), f"{now} with {total} filled")
            if total:
                average = sum((fill.quantity * fill.price for fill in filled), Decimal(0)) / total
                _require(_same(now.average_price, average), f"{now.client_id}: average price {now.average_price}")

    def _account(self, events: Told) -> None:
        account = events.account
        stated = {position.symbol: position.quantity for position in account.positions}
        _require(stated == {s: q for s, q in self.positions.items() if q}, f"positions {stated}, fills say {self.positions}")
        _require(list(stated) == sorted(stated), "positions are not in symbol order")
        _require(account.wallet == self.wallet, f"wallet {account.wallet}, fills and funding say {self.wallet}")
        # The exact balance: money in, minus what was paid for the positions held, plus what they are worth.
        worth = sum((quantity * self.marks[symbol] for symbol, quantity in self.positions.items()), Decimal(0))
        expected = self.paid_in + self.cash + worth
        _require(account.equity >= 0, f"the account owes {-account.equity}")
        _require(account.equity == expected, f"equity {account.equity}, the books say {expected}")

    def _stop_wins(
        self, step: MarketStep, events: Told, before: Mapping[str, Decimal], resting: Mapping[str, Order]
    ) -> None:
        """A position whose stop and target lie in one candle that opens between them does not get the target first."""
        first: dict[str, str] = {}
        for fill in events.fills:
            first.setdefault(fill.symbol, fill.client_id)
        for candle in step.candles:
            position = before.get(candle.symbol, Decimal(0))
            order = resting.get(first.get(candle.symbol, ""))
            if position and order is not None and order.type == "TAKE_PROFIT_MARKET" and order.trigger is not None:
                gap = (candle.open - float(order.trigger)) * (1 if position > 0 else -1) >= 0
                against = _stop_inside(candle, position, resting)
                _require(gap or against is None, f"{order.client_id} filled although {against} was in the candle too")


def _placed(message: MarketStep | Requests, events: Told) -> list[tuple[PlaceOrder, Answer]]:
    """The orders that were asked for, each with its answer."""
    asked = zip(message.requests, events.answers, strict=True) if isinstance(message, Requests) else ()
    return [(request, answer) for request, answer in asked if isinstance(request, PlaceOrder)]


def _stop_inside(candle: RawCandle, position: Decimal, resting: Mapping[str, Order]) -> str | None:
    side = "SELL" if position > 0 else "BUY"
    for order in resting.values():
        mine = order.symbol == candle.symbol and order.status in _OPEN and order.type == "STOP_MARKET" and order.side == side
        if mine and order.trigger is not None and candle.low <= float(order.trigger) <= candle.high:
            return order.client_id
    return None


def _same(stated: Decimal, exact: Decimal) -> bool:
    """Equal up to the last decimal that is kept of an average or of a payment."""
    return abs(stated - exact) <= Decimal("1E-12")
