"""How an order that is due executes: at the market, layer by layer, or into the book; and how an algo order makes one."""

from __future__ import annotations

from decimal import Decimal

from simulator.core.margin import margin
from simulator.core.matching.liquidity import Layer, average, best_price, layers
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.enums import Side
from simulator.core.model.orders import ZERO, Order
from simulator.core.state.exchange_state import Floor
from simulator.core.state.symbol_book import Pit, Ticket, only_reduces
from simulator.rejections import REASON, Rejection


def market_base(pit: Pit, side: Side) -> Decimal:
    """Where a market order starts: the quote's best price, else the last."""
    best = pit.best(side)
    return best if best is not None else pit.last_price


def offers(floor: Floor, pit: Pit, side: Side, quantity: Decimal, base: Decimal) -> list[Layer]:
    """How ``quantity`` is had now, best price first."""
    return layers(pit, side, quantity, base, floor.settings)


def marketable(floor: Floor, pit: Pit, order: Order) -> bool:
    """True when a limit order reaches the best price of the other side."""
    return order.signed(order.price - best_price(pit, order.side, floor.settings)) >= 0


def worst_price(pit: Pit, order: Order) -> Decimal | None:
    """The worst price at which the order may fill: its limit, or a market order's bound around the mark; None = any."""
    if order.type == "LIMIT":
        return order.price
    bound = pit.filters.market_take_bound
    return None if bound is None else pit.mark_price * (1 + bound if order.side == "BUY" else 1 - bound)


def objection(floor: Floor, pit: Pit, order: Order, base: Decimal, without: Order | None = None) -> Rejection | None:
    """Why an order that is due cannot execute or rest: no taker allowed, not enough liquidity, not enough margin."""
    taking = order.type == "MARKET" or marketable(floor, pit, order)
    if order.time_in_force == "GTX" and taking:
        return Rejection.GTX_ORDER_REJECT
    found = offers(floor, pit, order.side, order.remaining, base) if taking else []
    worst = worst_price(pit, order)
    if order.type == "MARKET" and worst is not None and order.signed(found[0].price - worst) > 0:
        return Rejection.MARKET_ORDER_REJECT
    if order.time_in_force == "FOK" and sum(_within(order, found), ZERO) < order.quantity:
        return Rejection.FOK_ORDER_REJECT
    if only_reduces(order):
        return None
    needed = margin.need(floor, order, order.remaining, order.price or average(found), without)
    if needed.grows and needed.notional > pit.brackets.max_notional(pit.leverage):
        return Rejection.MAX_LEVERAGE_RATIO
    if needed.margin > 0 and needed.margin > margin.available(floor):
        return Rejection.MARGIN_NOT_SUFFICIENT
    return None


def _within(order: Order, found: list[Layer]) -> list[Decimal]:
    """The quantities that a limit order can take; the best price, which it reaches, counts even when slippage exceeds it."""
    return [
        layer.quantity for number, layer in enumerate(found) if not number or order.signed(layer.price - order.price) <= 0
    ]


def execute(floor: Floor, pit: Pit, ticket: Ticket, base: Decimal) -> Order:
    """Let an admitted order take what it can, and rest with what is left if it may. The order as it is then."""
    order = ticket.order
    if order.type == "MARKET":
        take(floor, pit, ticket, base)
        if not ticket.order.closed:
            floor.end(ticket, "expire")
    elif marketable(floor, pit, order):
        _prevent_self_trade(floor, pit, ticket)
        if not ticket.order.closed:
            take(floor, pit, ticket, base)
    if not ticket.order.closed and order.time_in_force in ("IOC", "FOK"):
        floor.end(ticket, "expire")
    floor.settle(ticket)
    if not ticket.order.closed:
        floor.rest(ticket)
    return ticket.order


def take(floor: Floor, pit: Pit, ticket: Ticket, base: Decimal) -> None:
    """Execute an order at the market, from ``base`` on, layer by layer; it stops where its worst price is reached.

    A limit is at or better than the best price (the caller looked), so the first layer fills, at the limit at worst. An
    order that only reduces takes no more than the leg, and what is left of it expires.
    """
    order = ticket.order
    reduces = only_reduces(order)
    quantity = min(order.remaining, pit.reducible(order.side, order.position_side)) if reduces else order.remaining
    worst = worst_price(pit, order)
    fee = floor.commission(pit).taker
    for number, layer in enumerate(offers(floor, pit, order.side, quantity, base)):
        price = layer.price
        if worst is not None and order.signed(price - worst) > 0:
            if number or order.type != "LIMIT":
                break
            price = worst
        floor.fill(ticket, layer.quantity, price, fee, maker=False)
        pit.taken += layer.quantity
    if reduces and not ticket.order.closed and not pit.reducible(order.side, order.position_side):
        floor.end(ticket, "expire")


def _prevent_self_trade(floor: Floor, pit: Pit, ticket: Ticket) -> None:
    """Own limits of the other side that the order would trade against, by the taker's mode (binance.md §5.3)."""
    order = ticket.order
    mode = order.self_trade_prevention
    if mode == "NONE" or order.time_in_force not in ("GTC", "IOC", "GTD"):
        return
    own = [
        other
        for other in pit.tickets
        if other.order.side != order.side and order.signed(order.price - other.order.price) >= 0
    ]
    if not own:
        return
    if mode != "EXPIRE_TAKER":
        for other in own:
            floor.end(other, "expire_in_match")
            floor.settle(other)
    if mode != "EXPIRE_MAKER":
        floor.end(ticket, "expire_in_match")


def release(floor: Floor, pit: Pit, algo: AlgoOrder, base: Decimal) -> None:
    """A triggered algo order becomes an order of the book, or is refused: only now it is asked for margin."""
    reducible = pit.reducible(algo.side, algo.position_side)
    limit = algo.type in ("STOP", "TAKE_PROFIT")
    order = Order(
        order_id=0,
        client_id=algo.client_algo_id,
        symbol=algo.symbol,
        side=algo.side,
        position_side=algo.position_side,
        type="LIMIT" if limit else "MARKET",
        original_type=algo.type,
        time_in_force=algo.time_in_force,
        # From here on a closePosition is an order over the leg as it is now.
        quantity=reducible if algo.close_position else algo.quantity,
        price=algo.price,
        stop_price=algo.trigger_price,
        reduce_only=algo.reduce_only,
        close_position=algo.close_position,
        working_type=algo.working_type,
        price_protect=algo.price_protect,
        activate_price=algo.activate_price,
        callback_rate=algo.callback_rate,
        self_trade_prevention=algo.self_trade_prevention,
        good_till=algo.good_till,
        algo_id=algo.algo_id,
        created=floor.time,
        updated=floor.time,
    )
    against = Rejection.REDUCE_ONLY_REJECT if only_reduces(algo) and not reducible else objection(floor, pit, order, base)
    if against is not None:
        gone = algo.close_position and against is Rejection.REDUCE_ONLY_REJECT
        floor.move_algo(algo, "expire" if gone else "reject", code=int(against), reason=REASON[against])
        return
    order = order.numbered(floor.next_order_id())
    floor.move_algo(algo, "accept", order_id=order.order_id, child=order)
    execute(floor, pit, floor.admit(order), base)
