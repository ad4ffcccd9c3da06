"""Finds and applies what a moving price reaches: resting limits, triggers, liquidations (docs/binance.md §5.3, §7.3).

The nearest level comes first. At one price the order is: stops and trailing stops, liquidation, take-profits, limits; within
one kind, the earlier placed first. After a price gap, levels inside the gap are reached at the new price, in the order in
which the price would have passed them: a limit entry fills before the stop behind it, and that stop fills at the new price.
A leg that is under water at the price after the gap is liquidated before all of them, because nothing was traded in between.

* A conditional order triggers when its working price touches its level. It then fills as a market order that starts at the
  price which reached it: within a gap, both stop and take-profit start at the price after the gap. A price-protected order
  does not trigger while mark and last price are too far apart.
* A limit fills at its price, as maker, when a trade goes through it (or touches it, by setting) or the quote of the other
  side reaches it. It fills up to the quantity of that trade, quote or candle; the remainder stays.
* A leg is liquidated when its margin balance falls to the maintenance margin, at mark price.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, NamedTuple

from shared.domain.order_words import ConditionalOrderType, PositionSide
from shared.exchange.error_codes import ErrorCode
from simulator.core.margin import margin
from simulator.core.margin.liquidation import liquidate
from simulator.core.matching import fills
from simulator.core.matching.liquidity import on_step
from simulator.core.model.orders import ZERO
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.legs import Leg
from simulator.core.state.symbol_book import ConditionalOrder, RestingOrder, SymbolBook, only_reduces

#: Which price moves. ``last`` also moves the mark price while the book has no mark price of its own.
Kind = Literal["last", "mark"]

_RANK: Final[dict[ConditionalOrderType, int]] = {
    "STOP": 0,
    "STOP_MARKET": 0,
    "TRAILING_STOP_MARKET": 0,
    "TAKE_PROFIT": 2,
    "TAKE_PROFIT_MARKET": 2,
}
_LIQUIDATION_RANK: Final = 1
_LIMIT_RANK: Final = 3


class Hit(NamedTuple):
    """What the price reaches: a limit, a conditional order, or (its position side) the liquidation of a leg; USDT."""

    what: RestingOrder | ConditionalOrder | PositionSide
    price: Decimal


def trade(state: ExchangeState, book: SymbolBook, price: Decimal, quantity: Decimal | None) -> None:
    """Apply a trade of the market and everything it reaches.

    quantity: how much our limits can fill from it, base currency; None = no limit.
    """
    book.resting_available = None if quantity is None else on_step(quantity, book.filters.step_size)
    book.resting_filled = ZERO
    book.last = price
    trail_extremes(state, book, price, "last")
    while (hit := next_hit(state, book, price, price, "last")) is not None:
        apply(state, book, hit)


def mark(state: ExchangeState, book: SymbolBook, price: Decimal) -> None:
    """Set the mark price and apply everything it reaches."""
    book.mark = price
    trail_extremes(state, book, price, "mark")
    while (hit := next_hit(state, book, price, price, "mark")) is not None:
        apply(state, book, hit)


def quote(state: ExchangeState, book: SymbolBook) -> None:
    """Fill the limits that the new quote crosses, as makers, best price first. The quote is already in the book."""
    for side, best, size in (("BUY", book.ask, book.ask_quantity), ("SELL", book.bid, book.bid_quantity)):
        if best is None:
            continue
        crossed = [
            resting
            for resting in book.resting_orders
            if resting.order.side == side and resting.order.signed(resting.order.price - best) >= 0
        ]
        crossed.sort(key=lambda resting: (-resting.order.signed(resting.order.price), resting.sequence))
        book.resting_available = None if size is None else on_step(size, book.filters.step_size)
        book.resting_filled = ZERO
        for resting in crossed:
            if not resting.order.closed and (book.resting_available is None or book.resting_filled < book.resting_available):
                fill_limit(state, book, resting)


def trail_extremes(state: ExchangeState, book: SymbolBook, price: Decimal, kind: Kind) -> None:
    """Move the extremes of trailing orders whose working price is better than any since their activation."""
    for each in book.conditional_orders:
        if each.trails and is_working_price(book, each, kind):
            better = each.extreme < price if each.algo.side == "SELL" else each.extreme > price
            if better:
                each.extreme = price
                book.quiet_band = None


def is_working_price(book: SymbolBook, conditional: ConditionalOrder, kind: Kind) -> bool:
    """Return True if the moving price is the order's working price."""
    if book.mark is None:
        return kind == "last"
    return (conditional.algo.working_type == "MARK_PRICE") == (kind == "mark")


def next_hit(state: ExchangeState, book: SymbolBook, point: Decimal, target: Decimal, kind: Kind) -> Hit | None:
    """Find what the price reaches first on its way from ``point`` to ``target`` (USDT); None if nothing."""
    lowest, highest = min(point, target), max(point, target)
    best: tuple[Decimal, Decimal, int, int] | None = None
    found: Hit | None = None
    if kind == "last" and (book.resting_available is None or book.resting_available > book.resting_filled):
        through = state.settings.limit_fills == "through"
        for resting in book.resting_orders:
            level, falls = resting.order.price, resting.order.side == "BUY"
            if (level < lowest if falls else level > highest) or (through and level == (lowest if falls else highest)):
                continue
            price = min(level, point) if falls else max(level, point)
            key = (abs(price - point), -abs(level - price), _LIMIT_RANK, resting.sequence)
            if best is None or key < best:
                best, found = key, Hit(resting, price)
    for each in book.conditional_orders:
        level = each.level
        if (
            (level < lowest if each.falls else level > highest)
            or not is_working_price(book, each, kind)
            or is_price_protected(book, each)
        ):
            continue
        price = min(level, point) if each.falls else max(level, point)
        key = (abs(price - point), -abs(level - price), _RANK[each.algo.type], each.sequence)
        if best is None or key < best:
            best, found = key, Hit(each, price)
    if kind == "mark" or book.mark is None:
        for side, leg in book.open_legs():
            worst = lowest if leg.quantity > 0 else highest
            if not _underwater_at(state, book, leg, worst):
                continue
            if worst == point or _underwater_at(state, book, leg, point):
                return Hit(side, point)  # the price has reappeared at or beyond it: nothing was traded before
            level_or_none = margin.liquidation_price(state, book, side)
            level = worst if level_or_none is None else max(lowest, min(highest, level_or_none))
            key = (abs(level - point), ZERO, _LIQUIDATION_RANK, 0)
            if best is None or key < best:
                best, found = key, Hit(side, level)
    return found


def _underwater_at(state: ExchangeState, book: SymbolBook, leg: Leg, price: Decimal) -> bool:
    """Return True if the leg would be liquidated at the mark price ``price``."""
    last, mark_price = book.last, book.mark
    if book.mark is None:
        book.last = price
    else:
        book.mark = price
    reached = margin.underwater(state, book, leg)
    book.last, book.mark = last, mark_price
    return reached


def is_price_protected(book: SymbolBook, conditional: ConditionalOrder) -> bool:
    """Return True if price protection blocks the trigger, as mark and last price are too far apart."""
    bound = book.filters.trigger_protect
    if not conditional.algo.price_protect or bound is None or not book.mark_price:
        return False
    return abs(book.last_price - book.mark_price) > bound * book.mark_price


def apply(state: ExchangeState, book: SymbolBook, hit: Hit) -> None:
    """Fill, trigger or liquidate what the price reached."""
    what, price = hit
    if isinstance(what, RestingOrder):
        fill_limit(state, book, what)
    elif isinstance(what, ConditionalOrder):
        trigger(state, book, what, price)
    else:
        liquidate(state, book, what)


def fill_limit(state: ExchangeState, book: SymbolBook, resting: RestingOrder) -> None:
    """Fill a resting limit at its price, up to the quantity left in the current event."""
    order = resting.order
    reduces = only_reduces(order)
    reducible = book.reducible(order.side, order.position_side)
    if reduces and not reducible:
        state.close_order(resting, "expire", ErrorCode.REDUCE_ONLY_REJECT)
    else:
        quantity = order.remaining
        if book.resting_available is not None:
            quantity = min(quantity, book.resting_available - book.resting_filled)
        if reduces:
            quantity = min(quantity, reducible)
        state.fill(resting, quantity, order.price, state.commission(book).maker, maker=True)
        book.resting_filled += quantity
        if reduces and not resting.order.closed and not book.reducible(order.side, order.position_side):
            state.close_order(resting, "expire")
    state.settle(resting)


def trigger(state: ExchangeState, book: SymbolBook, conditional: ConditionalOrder, price: Decimal) -> None:
    """Activate a trailing order, or trigger a conditional order and place its child. ``price``: where it was reached."""
    algo = conditional.algo
    if algo.type == "TRAILING_STOP_MARKET" and not algo.activated:
        conditional.algo = state.move_algo(algo, "activate", activated=True)
        conditional.extreme = price
        book.quiet_band = None
        return
    # An order triggered by the mark price fills at the last price; any other at the price that reached it, which after a
    # gap is not its trigger but the first price that was traded.
    base = book.last_price if book.mark is not None and algo.working_type == "MARK_PRICE" else price
    state.remove_conditional(conditional)
    fills.place_child(state, book, state.move_algo(algo, "trigger", triggered_at=state.time), base)
