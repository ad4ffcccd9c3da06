"""Requests: an order is placed or cancelled, and takes what it can take at once.

An order of a client id that is known is a query: nothing happens, the answer is the order as it is (EXEC-2).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from shared.domain.exchange import CancelOrder, ExchangeRequest
from shared.domain.orders import Order
from simulator.account import ZERO
from simulator.liquidity import layers, worsened
from simulator.orders import advance, is_closed, signed
from simulator.rejections import REASON, Rejection
from simulator.validation import objection
from simulator.venue import Venue


def answer(request: ExchangeRequest, venue: Venue) -> Order:
    """Do what is asked, and return the order as it is then."""
    return _cancel(request, venue) if isinstance(request, CancelOrder) else _place(request.order, venue)


def _place(asked: Order, venue: Venue) -> Order:
    known = venue.known(asked.client_id)
    if known is not None:
        return known
    order = msgspec.structs.replace(
        asked, status="NEW", filled=ZERO, average_price=ZERO, updated_at=venue.time, reject_code=0, reject_reason=""
    )
    against = objection(order, venue)
    if against is not None:
        return venue.reject(order, against)
    market = venue.markets[order.symbol]
    if order.type in ("MARKET", "LIMIT") and not order.reduce_only:
        price = order.price if order.price is not None else _average(order, venue)
        if not venue.affords(order, order.quantity, price):
            return venue.reject(order, Rejection.MARGIN_NOT_SUFFICIENT)
    resting = venue.admit(order)
    if order.type == "MARKET" or (order.type == "LIMIT" and _marketable(order, venue)):
        venue.take(resting, market.price)
    venue.settle(resting)
    if not is_closed(resting.order):
        venue.book.add(resting)
    return resting.order


def _cancel(request: CancelOrder, venue: Venue) -> Order:
    """A closed order stays as it is, and so does one of another symbol; an unknown id is answered by a REJECTED (-2011).

    Never REJECTED for an id that is known: its owner would take a living order for a dead one.
    """
    known = venue.known(request.client_id)
    if known is None:
        unknown = Order(
            client_id=request.client_id,
            symbol=request.symbol,
            side="buy",
            type="MARKET",
            quantity=ZERO,
            updated_at=venue.time,
        )
        code = Rejection.CANCEL_REJECTED
        return advance(unknown, "reject", venue.time, reject_code=int(code), reject_reason=REASON[code])
    resting = venue.book.get(request.client_id)
    if resting is None or known.symbol != request.symbol:
        return known
    venue.end(resting, "cancel")
    venue.settle(resting)
    return resting.order


def _average(order: Order, venue: Venue) -> Decimal:
    """What a market order would pay on average, USDT."""
    market = venue.markets[order.symbol]
    found = layers(
        market.price,
        order.side,
        order.quantity,
        volume=market.volume,
        taken=market.taken,
        settings=venue.settings,
        instrument=venue.instruments[order.symbol],
    )
    return sum((layer.price * layer.quantity for layer in found), ZERO) / order.quantity


def _marketable(order: Order, venue: Venue) -> bool:
    """True when a limit order reaches the best price of the other side: the last price and half the spread."""
    best = worsened(
        venue.markets[order.symbol].price, order.side, venue.settings.half_spread_bps, venue.instruments[order.symbol]
    )
    return order.price is not None and signed(order, order.price - best) >= 0
