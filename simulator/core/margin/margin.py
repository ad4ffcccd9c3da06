"""Computes initial and maintenance margin, available balance and liquidation prices (docs/binance.md §7.3).

Crossed legs share the cross wallet, an isolated leg has its own. All amounts are in USDT, at mark prices.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import NamedTuple

from shared.domain.order_words import PositionSide
from simulator.core.margin.brackets import Bracket
from simulator.core.model.orders import ZERO, Order
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.legs import Leg
from simulator.core.state.symbol_book import MarginLine, SymbolBook, only_reduces


class Exposure(NamedTuple):
    """Notional of a leg and of the open orders that can enlarge or reverse it, USDT.

    value: signed quantity x mark price. bids, asks: notional of such buy and sell orders, >= 0.
    """

    value: Decimal
    bids: Decimal
    asks: Decimal

    @property
    def largest(self) -> Decimal:
        """Return the largest notional that the leg reaches if all buys or all sells fill."""
        return max(abs(self.value + self.bids), abs(self.value - self.asks))


def exposures(
    book: SymbolBook, sides: tuple[PositionSide, ...], without: Order | None = None
) -> dict[PositionSide, Exposure]:
    """Compute the exposure of every leg of a symbol. ``without``: an open order to leave out; None = none."""
    bids, asks = dict.fromkeys(sides, ZERO), dict.fromkeys(sides, ZERO)
    for resting in book.resting_orders:
        order = resting.order
        if order is without or only_reduces(order):
            continue
        notionals = bids if order.side == "BUY" else asks
        notionals[order.position_side] += order.remaining * order.price
    return {side: Exposure(_value(book, side), bids[side], asks[side]) for side in sides}


def _value(book: SymbolBook, side: PositionSide) -> Decimal:
    leg = book.legs.get(side)
    return leg.quantity * book.mark_price if leg is not None and leg.quantity else ZERO


def cross_unrealized(state: ExchangeState) -> Decimal:
    """Return the unrealised PnL of all crossed legs."""
    return sum(
        (leg.unrealized(book.mark_price) for book, _, leg in state.open_legs() if book.margin_type == "CROSSED"), ZERO
    )


def maintenance(book: SymbolBook, leg: Leg) -> Decimal:
    """Return the maintenance margin of one leg."""
    return book.brackets.maintenance(abs(leg.quantity) * book.mark_price)


def cross_maintenance(state: ExchangeState) -> Decimal:
    """Return the maintenance margin of all crossed legs."""
    return sum((maintenance(book, leg) for book, _, leg in state.open_legs() if book.margin_type == "CROSSED"), ZERO)


def cross_balance(state: ExchangeState) -> Decimal:
    """Return the margin balance of the crossed legs: cross wallet plus their unrealised PnL."""
    return state.cross_balance()


def available(state: ExchangeState) -> Decimal:
    """Return the balance available for new initial margin; negative if more is needed than there is."""
    free = cross_balance(state)
    for book in state.books.values():
        if not book.resting_orders and not book.legs:
            continue
        for exposure in exposures(book, state.sides).values():
            bound = exposure.largest
            if book.margin_type == "ISOLATED":
                bound -= abs(exposure.value)
            free -= bound / book.leverage
    return free


class Need(NamedTuple):
    """The margin that an order needs.

    margin: additional margin. notional: largest notional of the leg with the order. grows: True if that is more than now.
    """

    margin: Decimal
    notional: Decimal
    grows: bool


def need(state: ExchangeState, order: Order, quantity: Decimal, price: Decimal, without: Order | None = None) -> Need:
    """Compute the margin that ``quantity`` of ``order`` at ``price`` needs.

    It is the additional initial margin plus the loss at once if the price is worse than the mark price. An order that
    does not enlarge the leg's exposure needs none. As on Binance, buys and sells of one leg are not added up; the
    larger side counts. without: the open order that this one replaces; None = none.
    """
    book = state.books[order.symbol]
    side = order.position_side
    now = exposures(book, state.sides)[side].largest
    beside = exposures(book, state.sides, without)[side]
    more = quantity * price
    if order.side == "BUY":
        then = beside._replace(bids=beside.bids + more).largest
        loss = quantity * max(ZERO, price - book.mark_price)
    else:
        then = beside._replace(asks=beside.asks + more).largest
        loss = quantity * max(ZERO, book.mark_price - price)
    if then <= now:
        return Need(ZERO, then, grows=False)
    return Need((then - now) / book.leverage + loss, then, grows=True)


def underwater(state: ExchangeState, book: SymbolBook, leg: Leg) -> bool:
    """Return True if the margin balance is at or below maintenance margin: of the isolated leg, or of all crossed ones."""
    if book.margin_type == "ISOLATED":
        return leg.isolated_wallet + leg.unrealized(book.mark_price) <= maintenance(book, leg)
    return cross_balance(state) <= cross_maintenance(state)


def balance_beside(state: ExchangeState, book: SymbolBook, side: PositionSide) -> Decimal:
    """Return the margin balance available to one leg, without the leg's own unrealised PnL."""
    leg = book.leg(side)
    if book.margin_type == "ISOLATED":
        return leg.isolated_wallet
    return cross_balance(state) - leg.unrealized(book.mark_price)


def bankruptcy_price(state: ExchangeState, book: SymbolBook, side: PositionSide) -> Decimal:
    """Return the price at which the leg's margin balance is zero, all other prices unchanged. Not rounded."""
    leg = book.leg(side)
    return (leg.cost - balance_beside(state, book, side)) / leg.quantity


def liquidation_price(state: ExchangeState, book: SymbolBook, side: PositionSide) -> Decimal | None:
    """Return the mark price at which the leg's margin balance equals maintenance margin; None if there is none above 0.

    Solves the formula of docs/binance.md §7.3 for each bracket, within which it is linear. For crossed legs the other
    symbols keep their mark prices, and both legs of the symbol move with the price.
    """
    leg = book.leg(side)
    if book.margin_type == "ISOLATED":
        legs, wallet = [leg], leg.isolated_wallet
    else:
        legs, wallet = [], state.saved.wallet
        for other, _, each in state.open_legs():
            if other is book:
                legs.append(each)
            elif other.margin_type == "ISOLATED":
                wallet -= each.isolated_wallet
            else:
                wallet += each.unrealized(other.mark_price) - maintenance(other, each)
    question = (wallet, book.brackets, *((each.quantity, each.cost) for each in legs))
    if book.liquidation is None or book.liquidation[0] != question:
        if book.margin_lines is None or not _same(book.margin_lines[0], book.brackets, legs):
            made_of = (book.brackets, *(each.quantity for each in legs))
            book.margin_lines = made_of, _lines(book.brackets.rows, legs)
        found = _crossings(book.margin_lines[1], legs, wallet)
        # Of two, the balance exceeds the margin between them: a long is safe above the lower, a short below the other.
        nearest = min if sum((each.quantity for each in legs), ZERO) > 0 else max
        book.liquidation = question, nearest(found, default=None)
    return book.liquidation[1]


def _same(made_of: tuple[object, ...], brackets: object, legs: list[Leg]) -> bool:
    """Whether lines are of these very objects: a quantity that is equal may have other digits, and give other digits."""
    return len(made_of) == len(legs) + 1 and all(
        was is now for was, now in zip(made_of, (brackets, *(leg.quantity for leg in legs)), strict=True)
    )


def _roots(rows: tuple[Bracket, ...], legs: list[Leg], wallet: Decimal) -> list[Decimal]:
    """Find every price > 0 at which balance = maintenance margin, interval by interval between bracket changes."""
    return _crossings(_lines(rows, legs), legs, wallet)


def _lines(rows: tuple[Bracket, ...], legs: list[Leg]) -> list[MarginLine]:
    """Return balance less maintenance margin as lines between bracket changes; they hold until a leg is traded."""
    sizes = [abs(leg.quantity) for leg in legs]
    starts = [[row.notional_floor / size for row in rows] for size in sizes]
    edges = sorted({start for each in starts for start in each})
    quantity = sum((leg.quantity for leg in legs), ZERO)
    lines: list[MarginLine] = []
    for number, low in enumerate(edges):
        high = edges[number + 1] if number + 1 < len(edges) else None
        # At an edge the upper bracket holds. Compare prices, not notionals: the division may have rounded in the last digit.
        rate = cum = ZERO
        for size, each in zip(sizes, starts, strict=True):
            row = rows[bisect_right(each, low) - 1]
            rate += size * row.maintenance_rate
            cum += row.cum
        slope = quantity - rate
        if slope:
            lines.append((low, high, slope, cum))
    return lines


def _crossings(lines: list[MarginLine], legs: list[Leg], wallet: Decimal) -> list[Decimal]:
    """Find every price > 0 at which a line of these legs crosses zero, for a balance beside them of ``wallet``."""
    missing = sum((leg.cost for leg in legs), ZERO) - wallet
    found = []
    for low, high, slope, cum in lines:
        root = (missing - cum) / slope
        if root > 0 and low <= root and (high is None or root < high):
            found.append(root)
    return found
