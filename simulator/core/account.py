"""What the account is stated as: legs, totals, configuration."""

from __future__ import annotations

from decimal import Decimal

from simulator.core.margin import margin
from simulator.core.model.enums import PositionSide
from simulator.core.model.orders import ZERO
from simulator.core.model.statements import AccountStatement, PositionStatement, SymbolConfig
from simulator.core.state.exchange_state import Floor
from simulator.core.state.legs import rounded
from simulator.core.state.symbol_book import Pit


def position(floor: Floor, pit: Pit, side: PositionSide) -> PositionStatement:
    """One leg, also a flat one; a symbol without a price has zeros."""
    decimals = floor.settings.decimals
    leg = pit.leg(side)
    quantity = leg.quantity
    priced = pit.last is not None or pit.mark is not None
    mark = pit.mark_price if priced else ZERO
    exposure = margin.exposures(pit, floor.sides).get(side, margin.Exposure(ZERO, ZERO, ZERO))
    bound = abs(exposure.value) / pit.leverage
    initial = exposure.largest / pit.leverage
    liquidation = margin.liquidation_price(floor, pit, side) if quantity else None
    unrealized = leg.unrealized(mark)
    isolated = pit.margin_type == "ISOLATED"
    return PositionStatement(
        symbol=pit.symbol,
        position_side=side,
        quantity=quantity,
        cost=leg.cost,
        entry_price=rounded(leg.cost / quantity, decimals) if quantity else ZERO,
        break_even_price=rounded((leg.cost - leg.net) / quantity, decimals) if quantity else ZERO,
        mark_price=mark,
        unrealized=unrealized,
        liquidation_price=rounded(liquidation, decimals) if liquidation is not None else ZERO,
        margin_type=pit.margin_type,
        leverage=pit.leverage,
        isolated_wallet=leg.isolated_wallet,
        isolated_margin=leg.isolated_wallet + unrealized if isolated and quantity else ZERO,
        notional=quantity * mark,
        initial_margin=rounded(initial, decimals),
        maintenance_margin=margin.maintenance(pit, leg) if quantity else ZERO,
        position_initial_margin=rounded(bound, decimals),
        open_order_initial_margin=rounded(initial - bound, decimals),
        bid_notional=exposure.bids,
        ask_notional=exposure.asks,
        realized=leg.realized,
        updated=leg.updated,
    )


def positions(floor: Floor, symbol: str | None) -> list[PositionStatement]:
    """Legs of the position mode that are not flat or have open orders, by symbol."""
    pits = floor.pits.values() if symbol is None else [pit for pit in (floor.pits.get(symbol),) if pit is not None]
    found = []
    for pit in pits:
        ordered = {ticket.order.position_side for ticket in pit.tickets}
        for side in floor.sides:
            leg = pit.legs.get(side)
            if (leg is not None and leg.quantity) or side in ordered:
                found.append(position(floor, pit, side))
    return found


def account(floor: Floor) -> AccountStatement:
    """The USDT account."""
    decimals = floor.settings.decimals
    held = floor.held()
    unrealized = sum((leg.unrealized(pit.mark_price) for pit, _, leg in held), ZERO)
    cross = margin.cross_unrealized(floor)
    bound = initial = ZERO
    for pit in floor.pits.values():
        if pit.tickets or pit.legs:
            for exposure in margin.exposures(pit, floor.sides).values():
                bound += abs(exposure.value) / pit.leverage
                initial += exposure.largest / pit.leverage
    free = max(ZERO, margin.available(floor))
    wallet = floor.state.wallet
    return AccountStatement(
        wallet=wallet,
        cross_wallet=floor.cross_wallet(),
        unrealized=unrealized,
        cross_unrealized=cross,
        margin_balance=wallet + unrealized,
        initial_margin=rounded(initial, decimals),
        maintenance_margin=sum((margin.maintenance(pit, leg) for pit, _, leg in held), ZERO),
        position_initial_margin=rounded(bound, decimals),
        open_order_initial_margin=rounded(initial - bound, decimals),
        available=rounded(free, decimals),
        max_withdraw=rounded(withdrawable(floor), decimals),
        updated=floor.time,
    )


def withdrawable(floor: Floor) -> Decimal:
    """What may leave the account: what is free, without unrealised gains."""
    return max(ZERO, margin.available(floor) - max(ZERO, margin.cross_unrealized(floor)))


def config(pit: Pit) -> SymbolConfig:
    """Leverage and margin type of a symbol."""
    return SymbolConfig(
        symbol=pit.symbol,
        margin_type=pit.margin_type,
        leverage=pit.leverage,
        max_notional=pit.brackets.max_notional(pit.leverage),
    )
