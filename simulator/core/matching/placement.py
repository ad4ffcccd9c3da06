"""Requests: orders are placed, amended and cancelled."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from simulator.core.matching import fills
from simulator.core.matching.validation import algo_objection, order_objection, shape_objection
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.events import OrderUpdate
from simulator.core.model.orders import ZERO, Order, advance
from simulator.core.model.requests import Amendment, NewAlgoOrder, NewOrder, Refusal
from simulator.core.state.exchange_state import Floor, refusal
from simulator.core.state.symbol_book import Ticket, only_reduces
from simulator.rejections import Rejection

#: Client ids that the venue makes, for orders that came without one.
_OWN: Final = "sim-"


def place(asked: NewOrder, floor: Floor) -> Order | Refusal:
    """Take an order, or refuse it."""
    against = order_objection(asked, floor)
    if against is not None:
        return refusal(against)
    pit = floor.pits[asked.symbol]
    order = Order(
        order_id=0,
        client_id=asked.client_id,
        symbol=asked.symbol,
        side=asked.side,
        position_side=asked.position_side,
        type=asked.type,
        original_type=asked.type,
        time_in_force=asked.time_in_force or "GTC",
        quantity=asked.quantity or ZERO,
        price=asked.price or ZERO,
        reduce_only=asked.reduce_only,
        self_trade_prevention=asked.self_trade_prevention,
        good_till=asked.good_till,
        created=floor.time,
        updated=floor.time,
    )
    base = fills.market_base(pit, order.side)
    against = fills.objection(floor, pit, order, base)
    if against is not None:
        return refusal(against)
    number = floor.next_order_id()
    order = msgspec.structs.replace(order, order_id=number, client_id=order.client_id or f"{_OWN}{number}")
    return fills.execute(floor, pit, floor.admit(order), base)


def place_algo(asked: NewAlgoOrder, floor: Floor) -> AlgoOrder | Refusal:
    """Let a conditional order wait, or refuse it. A trailing one without an activation price begins at once."""
    against = algo_objection(asked, floor)
    if against is not None:
        return refusal(against)
    pit = floor.pits[asked.symbol]
    number = floor.next_algo_id()
    begins = asked.type == "TRAILING_STOP_MARKET" and asked.activate_price is None
    algo = AlgoOrder(
        algo_id=number,
        client_algo_id=asked.client_algo_id or f"{_OWN}algo-{number}",
        symbol=asked.symbol,
        side=asked.side,
        position_side=asked.position_side,
        type=asked.type,
        time_in_force=asked.time_in_force or "GTC",
        quantity=asked.quantity or ZERO,
        price=asked.price or ZERO,
        trigger_price=asked.trigger_price or ZERO,
        working_type=asked.working_type,
        price_protect=asked.price_protect,
        reduce_only=asked.reduce_only,
        close_position=asked.close_position,
        activate_price=asked.activate_price or ZERO,
        callback_rate=asked.callback_rate or ZERO,
        self_trade_prevention=asked.self_trade_prevention,
        good_till=asked.good_till,
        activated=begins,
        created=floor.time,
        updated=floor.time,
    )
    price = pit.mark_price if asked.working_type == "MARK_PRICE" else pit.last_price
    return floor.wait(algo, price if begins else ZERO).algo


def amend(asked: Amendment, floor: Floor) -> Order | Refusal:
    """Another price or quantity: the order goes to the end of the queue. A quantity that is executed already cancels it."""
    ticket = floor.find(asked.order_id, asked.client_id)
    if ticket is None or ticket.order.closed or ticket.order.symbol != asked.symbol:
        return refusal(Rejection.NO_SUCH_ORDER)
    order, pit = ticket.order, floor.pits[asked.symbol]
    against = _amendment_objection(asked, order, floor)
    if against is not None:
        return refusal(against)
    amended = msgspec.structs.replace(
        order, price=asked.price, quantity=asked.quantity, self_trade_prevention="NONE", amendments=order.amendments + 1
    )
    if asked.quantity <= order.executed:
        return floor.cancel(ticket)
    base = fills.market_base(pit, order.side)
    against = fills.objection(floor, pit, amended, base, without=order)
    if against is Rejection.GTX_ORDER_REJECT:
        return floor.cancel(ticket)
    if against is not None:
        return refusal(against)
    return _requeue(ticket, amended, floor, base)


def _amendment_objection(asked: Amendment, order: Order, floor: Floor) -> Rejection | None:
    pit = floor.pits[order.symbol]
    if asked.side != order.side or order.type != "LIMIT":
        return Rejection.NO_SUCH_ORDER
    if asked.reduce_only is not None and asked.reduce_only != order.reduce_only:
        return Rejection.MOVE_ORDER_REDUCE_ONLY_MISMATCH
    if (asked.price, asked.quantity) == (order.price, order.quantity):
        return Rejection.SAME_ORDER
    if order.amendments >= floor.settings.max_amendments:
        return Rejection.MOVE_ORDER_LIMIT_EXCEEDED
    against = shape_objection(asked.price, asked.quantity, pit, floor, order.side)
    if against is None and not only_reduces(order) and asked.price * asked.quantity < pit.filters.min_notional:
        return Rejection.MOVE_ORDER_MIN_NOTIONAL
    return against


def _requeue(ticket: Ticket, amended: Order, floor: Floor, base: Decimal) -> Order:
    pit = floor.pits[amended.symbol]
    pit.tickets.remove(ticket)
    pit.lines = None
    del floor.open[amended.order_id]
    ticket.order = advance(amended, "amend", floor.time)
    ticket.sequence = floor.next_sequence()
    floor.news.append(OrderUpdate(execution="AMENDMENT", order=ticket.order, time=floor.time))
    return fills.execute(floor, pit, ticket, base)


def cancel(floor: Floor, symbol: str, order_id: int, client_id: str) -> Order | Refusal:
    """Cancel an open order."""
    ticket = floor.find(order_id, client_id)
    if ticket is None or ticket.order.closed or ticket.order.symbol != symbol:
        return refusal(Rejection.CANCEL_REJECTED)
    return floor.cancel(ticket)


def cancel_all(floor: Floor, symbol: str) -> list[Order]:
    """Cancel every open order of the symbol."""
    pit = floor.pits.get(symbol)
    return [floor.cancel(ticket) for ticket in list(pit.tickets)] if pit is not None else []


def cancel_algo(floor: Floor, algo_id: int, client_algo_id: str) -> AlgoOrder | Refusal:
    """Cancel an algo order that waits."""
    waiting = floor.open_algos.get(algo_id or floor.by_algo_client.get(client_algo_id, 0))
    return refusal(Rejection.CANCEL_REJECTED) if waiting is None else floor.cancel_algo(waiting)


def cancel_all_algos(floor: Floor, symbol: str) -> list[AlgoOrder]:
    """Cancel every waiting algo order of the symbol."""
    pit = floor.pits.get(symbol)
    return [floor.cancel_algo(waiting) for waiting in list(pit.waiting)] if pit is not None else []
