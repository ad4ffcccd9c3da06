"""Liquidation: closes a leg whose margin balance has fallen to the maintenance margin (docs/binance.md §7.3, §4.7).

First every order that could open a position is cancelled: of the symbol for an isolated leg, of all symbols for a
crossed one. Orders that only reduce stay. Then an order ("autoclose-…", execution CALCULATED) closes the leg at market
prices, but never beyond the bankruptcy price: the insurance fund pays the rest (``insurance``). The clearance fee is
limited to the margin that is left, so the account never loses more than it has. The whole leg is closed at once, because
Binance does not document how it reduces a large position bracket by bracket.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from shared.domain.order_words import PositionSide
from simulator.core.margin import insurance, margin
from simulator.core.matching import fills
from simulator.core.model.events import Liquidation
from simulator.core.model.orders import ZERO, Order
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.legs import floored
from simulator.core.state.symbol_book import SymbolBook, only_reduces

#: Prefix of the client ids of liquidation orders, as on Binance; refused in clients' orders.
AUTOCLOSE: Final = "autoclose-"


def liquidate(state: ExchangeState, book: SymbolBook, side: PositionSide) -> None:
    """Close a leg. If it is crossed, also close further legs for as long as the margin is not enough (see ``sweep``)."""
    isolated = book.margin_type == "ISOLATED"
    cancel_entries(state, book if isolated else None)
    close(state, book, side)
    if not isolated:
        sweep(state)


def sweep(state: ExchangeState) -> None:
    """Close legs whose margin balance is at or below maintenance margin at the mark prices.

    Crossed legs are closed in order of symbol until the margin suffices for the rest.
    """
    crossed: bool | None = None
    for book, side, leg in state.open_legs():
        if book.margin_type == "ISOLATED":
            under = margin.underwater(state, book, leg)
        else:
            crossed = under = margin.underwater(state, book, leg) if crossed is None else crossed
        if under:
            cancel_entries(state, book if book.margin_type == "ISOLATED" else None)
            close(state, book, side)
            crossed = None


def sweep_outside_bands(state: ExchangeState) -> None:
    """Sweep unless every mark price lies inside its margin band: no leg is under water then (``margin_band``)."""
    bands = state.margin_bands
    if bands is None:
        sweep(state)
        return
    for book in state.books.values():
        if book.legs and book.open_legs():
            band = bands.get(book.symbol)
            if band is None or not band[0] < book.mark_price < band[1]:
                sweep(state)
                return


def after_fills(state: ExchangeState) -> None:
    """Liquidate what a fill has put under water: by a price worse than the mark price or a loss of the crossed wallet."""
    if state.margin_bands is None:
        sweep(state)


def cancel_entries(state: ExchangeState, book: SymbolBook | None) -> None:
    """Cancel every order that could open a position, in one book or (None) in all of them.

    All of them for a crossed leg, because an entry of an isolated symbol also takes its margin from the cross wallet.
    """
    for each in state.books.values() if book is None else (book,):
        for resting in [resting for resting in each.resting_orders if not only_reduces(resting.order)]:
            state.cancel(resting)
        for conditional in [conditional for conditional in each.conditional_orders if not only_reduces(conditional.algo)]:
            state.cancel_algo(conditional)


def close(state: ExchangeState, book: SymbolBook, side: PositionSide) -> None:
    """Close one leg at market prices, at the bankruptcy price at worst."""
    leg = book.leg(side)
    long = leg.quantity > 0
    bankruptcy = insurance.worst_close(state, book, side)
    number = state.next_id()
    order = Order(
        order_id=number,
        client_id=f"{AUTOCLOSE}{number}",
        symbol=book.symbol,
        side="SELL" if long else "BUY",
        position_side=side,
        type="LIQUIDATION",
        original_type="LIQUIDATION",
        time_in_force="IOC",
        quantity=abs(leg.quantity),
        price=bankruptcy,
        reduce_only=True,
        created=state.time,
        updated=state.time,
    )
    resting = state.accept(order)
    rate = book.filters.liquidation_fee
    rate = state.settings.liquidation_fee if rate is None else rate
    for layer in fills.offers(state, book, order.side, order.quantity, book.mark_price):
        beyond = order.signed(layer.price - bankruptcy) > 0
        price = bankruptcy if beyond else layer.price
        state.fill(
            resting,
            layer.quantity,
            price,
            rate,
            maker=False,
            fee_limit=_margin_left(state, book, side, layer.quantity, price),
        )
        if beyond:
            insurance.pay(state, order, layer.quantity, price, layer.price)
        book.taken_quantity += layer.quantity
    state.settle(resting)
    state.events.append(Liquidation(order=resting.order, time=state.time))


def _margin_left(state: ExchangeState, book: SymbolBook, side: PositionSide, quantity: Decimal, price: Decimal) -> Decimal:
    """Return the margin left for the fee, USDT: the share of ``quantity`` in the balance if the leg closed at ``price``."""
    leg = book.leg(side)
    whole = margin.balance_beside(state, book, side) + leg.unrealized(price)
    share = whole if quantity == abs(leg.quantity) else whole * quantity / abs(leg.quantity)
    return floored(max(ZERO, share), state.settings.decimals)
