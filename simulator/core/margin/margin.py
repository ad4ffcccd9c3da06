"""Margin: what positions and open orders bind, what is free, where a leg is liquidated (docs/binance.md §7.3).

Crossed legs share the cross wallet, an isolated leg has its own. Everything is worked out at mark prices, in USDT.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from shared.domain.order_words import PositionSide
from simulator.core.margin.brackets import Bracket
from simulator.core.model.orders import ZERO, Order
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.legs import Leg
from simulator.core.state.symbol_book import SymbolBook, only_reduces


class Exposure(NamedTuple):
    """One leg with the open orders that can enlarge or turn it. ``value`` = signed quantity x mark; bids and asks >= 0."""

    value: Decimal
    bids: Decimal
    asks: Decimal

    @property
    def largest(self) -> Decimal:
        """The largest notional that the leg can come to when either side's orders fill."""
        return max(abs(self.value + self.bids), abs(self.value - self.asks))


def exposures(
    book: SymbolBook, sides: tuple[PositionSide, ...], without: Order | None = None
) -> dict[PositionSide, Exposure]:
    """Every leg's exposure; ``without`` one open order (its replacement is on the way)."""
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
    """Unrealised PnL of the crossed legs."""
    return sum(
        (leg.unrealized(book.mark_price) for book, _, leg in state.open_legs() if book.margin_type == "CROSSED"), ZERO
    )


def maintenance(book: SymbolBook, leg: Leg) -> Decimal:
    """Maintenance margin of one leg."""
    return book.brackets.maintenance(abs(leg.quantity) * book.mark_price)


def cross_maintenance(state: ExchangeState) -> Decimal:
    """Maintenance margin of the crossed legs."""
    return sum((maintenance(book, leg) for book, _, leg in state.open_legs() if book.margin_type == "CROSSED"), ZERO)


def cross_balance(state: ExchangeState) -> Decimal:
    """Margin balance of the crossed legs: cross wallet and their unrealised PnL."""
    return state.cross_wallet() + cross_unrealized(state)


def available(state: ExchangeState) -> Decimal:
    """What is free for new initial margin; below zero when more is bound than there is."""
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
    """What an order would bind on top. ``notional``: what the leg could come to; ``grows``: more than it can now."""

    margin: Decimal
    notional: Decimal
    grows: bool


def need(state: ExchangeState, order: Order, quantity: Decimal, price: Decimal, without: Order | None = None) -> Need:
    """What ``quantity`` of the order at ``price`` would bind: more initial margin, and what it loses against the mark.

    An order that leaves the leg's exposure no larger needs nothing. As on Binance the two sides of one leg do not add up.
    ``without``: the open order that this one replaces.
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
    """True when the margin balance of the leg (all crossed legs, or the isolated one) is down to the maintenance margin."""
    if book.margin_type == "ISOLATED":
        return leg.isolated_wallet + leg.unrealized(book.mark_price) <= maintenance(book, leg)
    return cross_balance(state) <= cross_maintenance(state)


def balance_beside(state: ExchangeState, book: SymbolBook, side: PositionSide) -> Decimal:
    """The margin balance that stands behind one leg, without its own unrealised PnL."""
    leg = book.leg(side)
    if book.margin_type == "ISOLATED":
        return leg.isolated_wallet
    return cross_balance(state) - leg.unrealized(book.mark_price)


def bankruptcy_price(state: ExchangeState, book: SymbolBook, side: PositionSide) -> Decimal:
    """Where the leg's price takes its margin balance to zero, all other prices standing."""
    leg = book.leg(side)
    return (leg.cost - balance_beside(state, book, side)) / leg.quantity


def liquidation_price(state: ExchangeState, book: SymbolBook, side: PositionSide) -> Decimal | None:
    """Where the symbol's mark price takes the leg's margin balance to its maintenance margin; None = nowhere above zero.

    The formula of §7.3, solved bracket by bracket: between two brackets' edges everything is linear. Crossed: the other
    symbols stand at their marks, and both legs of the symbol move together.
    """
    leg = book.leg(side)
    if book.margin_type == "ISOLATED":
        legs, wallet = [leg], leg.isolated_wallet
    else:
        legs = [each for _, each in book.open_legs()]
        own = sum((each.unrealized(book.mark_price) for each in legs), ZERO)
        own_maintenance = sum((maintenance(book, each) for each in legs), ZERO)
        wallet = cross_balance(state) - own - (cross_maintenance(state) - own_maintenance)
    found = _roots(book.brackets.rows, legs, wallet)
    if not found:
        return None
    # The balance is above the margin between two roots at most: a long stands above the lower, a short below the upper.
    return min(found) if sum((each.quantity for each in legs), ZERO) > 0 else max(found)


def _roots(rows: tuple[Bracket, ...], legs: list[Leg], wallet: Decimal) -> list[Decimal]:
    """Every price > 0 at which balance = maintenance, by pieces between the prices at which a leg changes its bracket."""
    sizes = [abs(leg.quantity) for leg in legs]
    edges = sorted({row.notional_floor / size for row in rows for size in sizes})
    quantity = sum((leg.quantity for leg in legs), ZERO)
    cost = sum((leg.cost for leg in legs), ZERO)
    found = []
    for number, low in enumerate(edges):
        high = edges[number + 1] if number + 1 < len(edges) else None
        # An edge belongs to the bracket above it; a division may have rounded it down by the last of its sixty digits.
        rate = cum = ZERO
        for size in sizes:
            row = next(row for row in reversed(rows) if row.notional_floor / size <= low)
            rate += size * row.maintenance_rate
            cum += row.cum
        slope = quantity - rate
        if not slope:
            continue
        root = (cost - wallet - cum) / slope
        if root > 0 and low <= root and (high is None or root < high):
            found.append(root)
    return found
