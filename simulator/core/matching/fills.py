"""Executes orders: takes liquidity layer by layer, rests what is left, and places the child of a triggered order."""

from __future__ import annotations

from decimal import Decimal

from shared.domain.order_words import Side
from shared.exchange.error_codes import ErrorCode
from simulator.core.margin import insurance, margin
from simulator.core.matching.liquidity import Layer, average, best_price, layers
from simulator.core.model.algo_orders import AlgoOrder
from simulator.core.model.orders import ZERO, Order
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.symbol_book import RestingOrder, SymbolBook, only_reduces
from simulator.rejections import REASON


def market_base(book: SymbolBook, side: Side) -> Decimal:
    """Return the price at which a market order starts, USDT: the quote's best price, without a quote the last price."""
    best = book.best(side)
    return best if best is not None else book.last_price


def offers(state: ExchangeState, book: SymbolBook, side: Side, quantity: Decimal, base: Decimal) -> list[Layer]:
    """Return the layers of liquidity that would fill ``quantity`` now, best price first; ``base``: see ``layers``."""
    return layers(book, side, quantity, base, state.settings)


def marketable(state: ExchangeState, book: SymbolBook, order: Order) -> bool:
    """Return True if a limit order reaches the best price of the other side."""
    return order.signed(order.price - best_price(book, order.side, state.settings)) >= 0


def worst_price(book: SymbolBook, order: Order) -> Decimal | None:
    """Return the worst price at which the order may fill; None = any.

    It is the price of a limit order, or a market order's bound around the mark price.
    """
    if order.type == "LIMIT":
        return order.price
    bound = book.filters.market_take_bound
    return None if bound is None else book.mark_price * (1 + bound if order.side == "BUY" else 1 - bound)


def check_executable(
    state: ExchangeState, book: SymbolBook, order: Order, base: Decimal, without: Order | None = None
) -> ErrorCode | None:
    """Return why an order cannot execute or rest, None if it can: GTX would take, too little liquidity or margin.

    base: start price of market orders. without: the open order that this one replaces.
    """
    taking = order.type == "MARKET" or marketable(state, book, order)
    if order.time_in_force == "GTX" and taking:
        return ErrorCode.GTX_ORDER_REJECT
    found = offers(state, book, order.side, order.remaining, base) if taking else []
    worst = worst_price(book, order)
    if order.type == "MARKET" and worst is not None and order.signed(found[0].price - worst) > 0:
        return ErrorCode.MARKET_ORDER_REJECT
    if order.time_in_force == "FOK" and sum(_within(order, found), ZERO) < order.quantity:
        return ErrorCode.FOK_ORDER_REJECT
    if only_reduces(order):
        return None
    needed = margin.need(state, order, order.remaining, order.price or average(found), without)
    if needed.grows and needed.notional > book.brackets.max_notional(book.leverage):
        return ErrorCode.MAX_LEVERAGE_RATIO
    if needed.margin > 0 and needed.margin > margin.available(state):
        return ErrorCode.MARGIN_NOT_SUFFICIENT
    return None


def _within(order: Order, found: list[Layer]) -> list[Decimal]:
    """Return the layer quantities that a limit order can take.

    The first layer counts even if slippage puts it beyond the limit, because the order does reach the best price.
    """
    return [
        layer.quantity for number, layer in enumerate(found) if not number or order.signed(layer.price - order.price) <= 0
    ]


def execute(state: ExchangeState, book: SymbolBook, resting: RestingOrder, base: Decimal) -> Order:
    """Execute an accepted order: take what it can, then rest or expire the remainder. Return the order afterwards."""
    order = resting.order
    if state.expire_arrivals:
        state.close_order(resting, "expire_in_match")
    elif order.type == "MARKET":
        take(state, book, resting, base)
        if not resting.order.closed:
            state.close_order(resting, "expire")
    elif marketable(state, book, order):
        _prevent_self_trade(state, book, resting)
        if not resting.order.closed:
            take(state, book, resting, base)
    if not resting.order.closed and order.time_in_force in ("IOC", "FOK"):
        state.close_order(resting, "expire")
    state.settle(resting)
    if not resting.order.closed:
        state.rest(resting)
    return resting.order


def take(state: ExchangeState, book: SymbolBook, resting: RestingOrder, base: Decimal) -> None:
    """Take liquidity layer by layer, starting at ``base``, until the order is filled or its worst price is reached.

    The caller has checked that a limit order reaches the best price, so its first layer always fills, at the limit price at
    worst. An order that only reduces takes no more than the leg holds, and its remainder expires. A leg closes at its
    bankruptcy price at worst (``insurance``); nothing is left then, and the remainder expires too.
    """
    order = resting.order
    reduces = only_reduces(order)
    quantity = min(order.remaining, book.reducible(order.side, order.position_side)) if reduces else order.remaining
    worst = worst_price(book, order)
    fee = state.commission(book).taker
    for number, layer in enumerate(offers(state, book, order.side, quantity, base)):
        price = layer.price
        if worst is not None and order.signed(price - worst) > 0:
            if number or order.type != "LIMIT":
                break
            price = worst
        held = book.leg(order.position_side).quantity
        closes = order.signed(held) < 0
        if closes and order.signed(price - (bankruptcy := insurance.worst_close(state, book, order.position_side))) > 0:
            closing = min(resting.order.remaining, abs(held))
            state.fill(resting, closing, bankruptcy, fee, maker=False)
            insurance.pay(state, order, closing, bankruptcy, price)
            if not resting.order.closed:
                state.close_order(resting, "expire")
            return
        state.fill(resting, layer.quantity, price, fee, maker=False)
        book.taken_quantity += layer.quantity
    if reduces and not resting.order.closed and not book.reducible(order.side, order.position_side):
        state.close_order(resting, "expire")


def _prevent_self_trade(state: ExchangeState, book: SymbolBook, resting: RestingOrder) -> None:
    """Expire the order or the account's own limits that it would trade against, as its mode says (docs/binance.md §5.3)."""
    order = resting.order
    mode = order.self_trade_prevention
    if mode == "NONE" or order.time_in_force not in ("GTC", "IOC", "GTD"):
        return
    own = [
        other
        for other in book.resting_orders
        if other.order.side != order.side and order.signed(order.price - other.order.price) >= 0
    ]
    if not own:
        return
    if mode != "EXPIRE_TAKER":
        for other in own:
            state.close_order(other, "expire_in_match")
            state.settle(other)
    if mode != "EXPIRE_MAKER":
        state.close_order(resting, "expire_in_match")


def place_child(state: ExchangeState, book: SymbolBook, algo: AlgoOrder, base: Decimal) -> None:
    """Place the child order of a triggered conditional order, or reject it. Margin is checked only now."""
    reducible = book.reducible(algo.side, algo.position_side)
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
        # A closePosition order gets the leg's quantity at its trigger; later changes of the leg do not alter it.
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
        created=state.time,
        updated=state.time,
    )
    rejection: ErrorCode | None
    if only_reduces(algo) and not reducible:
        rejection = ErrorCode.REDUCE_ONLY_REJECT
    elif state.settings.reduce_only_check == "all" and only_reduces(algo) and book.covered(algo.side, algo.position_side):
        rejection = ErrorCode.REDUCE_ONLY_MARGIN_CHECK_FAILED
    else:
        rejection = check_executable(state, book, order, base)
    if rejection is not None:
        gone = algo.close_position and rejection is ErrorCode.REDUCE_ONLY_REJECT
        state.move_algo(algo, "expire" if gone else "reject", code=int(rejection), reason=REASON[rejection])
        return
    order = order.numbered(state.next_id())
    state.move_algo(algo, "accept", order_id=order.order_id, child=order)
    execute(state, book, state.accept(order), base)
