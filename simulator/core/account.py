"""Computes account statements from the state: positions, totals, settings of a symbol."""

from __future__ import annotations

from decimal import Decimal

from shared.domain.order_words import PositionSide
from simulator.core.margin import margin
from simulator.core.model.orders import ZERO
from simulator.core.model.statements import AccountStatement, PositionStatement, SymbolConfig
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.legs import rounded
from simulator.core.state.symbol_book import SymbolBook


def position(state: ExchangeState, book: SymbolBook, side: PositionSide) -> PositionStatement:
    """State one leg, even if it is flat. All zeros for a symbol without a price."""
    decimals = state.settings.decimals
    leg = book.leg(side)
    quantity = leg.quantity
    priced = book.last is not None or book.mark is not None
    mark = book.mark_price if priced else ZERO
    if quantity and priced and not book.resting_orders and side in state.sides:
        exposure = margin.Exposure(quantity * mark, ZERO, ZERO)
    else:
        exposure = margin.exposures(book, state.sides).get(side, margin.Exposure(ZERO, ZERO, ZERO))
    bound = abs(exposure.value) / book.leverage
    initial = exposure.largest / book.leverage
    liquidation = margin.liquidation_price(state, book, side) if quantity else None
    unrealized = leg.unrealized(mark)
    isolated = book.margin_type == "ISOLATED"
    return PositionStatement(
        symbol=book.symbol,
        position_side=side,
        quantity=quantity,
        cost=leg.cost,
        entry_price=rounded(leg.cost / quantity, decimals) if quantity else ZERO,
        break_even_price=rounded((leg.cost - leg.net) / quantity, decimals) if quantity else ZERO,
        mark_price=mark,
        unrealized=unrealized,
        liquidation_price=rounded(liquidation, decimals) if liquidation is not None else ZERO,
        margin_type=book.margin_type,
        leverage=book.leverage,
        isolated_wallet=leg.isolated_wallet,
        isolated_margin=leg.isolated_wallet + unrealized if isolated and quantity else ZERO,
        notional=quantity * mark,
        initial_margin=rounded(initial, decimals),
        maintenance_margin=margin.maintenance(book, leg) if quantity else ZERO,
        position_initial_margin=rounded(bound, decimals),
        open_order_initial_margin=rounded(initial - bound, decimals),
        bid_notional=exposure.bids,
        ask_notional=exposure.asks,
        realized=leg.realized,
        updated=leg.updated,
    )


def positions(state: ExchangeState, symbol: str | None) -> list[PositionStatement]:
    """State the legs of the position mode that are not flat or have open orders, by symbol; ``symbol`` None = of all."""
    books = state.books.values() if symbol is None else [book for book in (state.books.get(symbol),) if book is not None]
    found, sides = [], state.sides
    for book in books:
        ordered = {resting.order.position_side for resting in book.resting_orders}
        for side in sides:
            leg = book.legs.get(side)
            if (leg is not None and leg.quantity) or side in ordered:
                found.append(position(state, book, side))
    return found


def held(state: ExchangeState) -> list[PositionStatement]:
    """State the legs of the position mode that are not flat, by symbol."""
    sides = state.sides
    return [
        position(state, book, side)
        for book in state.books.values()
        if book.legs
        for side in sides
        if (leg := book.legs.get(side)) is not None and leg.quantity
    ]


def account(state: ExchangeState) -> AccountStatement:
    """State the USDT account: wallet, margins, available balance."""
    decimals = state.settings.decimals
    held = state.open_legs()
    unrealized = sum((leg.unrealized(book.mark_price) for book, _, leg in held), ZERO)
    cross = margin.cross_unrealized(state)
    bound = initial = ZERO
    for book in state.books.values():
        if book.resting_orders or book.legs:
            for exposure in margin.exposures(book, state.sides).values():
                bound += abs(exposure.value) / book.leverage
                initial += exposure.largest / book.leverage
    free = max(ZERO, margin.available(state))
    wallet = state.saved.wallet
    return AccountStatement(
        wallet=wallet,
        cross_wallet=state.cross_wallet(),
        unrealized=unrealized,
        cross_unrealized=cross,
        margin_balance=wallet + unrealized,
        initial_margin=rounded(initial, decimals),
        maintenance_margin=sum((margin.maintenance(book, leg) for book, _, leg in held), ZERO),
        position_initial_margin=rounded(bound, decimals),
        open_order_initial_margin=rounded(initial - bound, decimals),
        available=rounded(free, decimals),
        max_withdraw=rounded(withdrawable(state), decimals),
        updated=state.time,
    )


def withdrawable(state: ExchangeState) -> Decimal:
    """Return how much may be withdrawn, USDT: the available balance without unrealised profits."""
    return max(ZERO, margin.available(state) - max(ZERO, margin.cross_unrealized(state)))


def config(book: SymbolBook) -> SymbolConfig:
    """State leverage and margin type of a symbol."""
    return SymbolConfig(
        symbol=book.symbol,
        margin_type=book.margin_type,
        leverage=book.leverage,
        max_notional=book.brackets.max_notional(book.leverage),
    )
