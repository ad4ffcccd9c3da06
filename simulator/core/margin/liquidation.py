"""Liquidation: the venue closes a leg that its margin does not carry any more (binance.md §7.3, §4.7).

The order ("autoclose-…", execution CALCULATED) takes the market, but at the bankruptcy price at worst: what lies beyond is
the insurance fund's. On top comes the clearance fee, as far as margin is left: the account loses no more than it has. First
every order that could open a position is cancelled, of the symbol when isolated, of all when crossed; exit orders stay. The
whole leg is closed at once: how Binance takes a large position down bracket by bracket is not documented.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Final

from simulator.core.margin import margin
from simulator.core.matching import fills
from simulator.core.matching.liquidity import on_tick
from simulator.core.model.enums import PositionSide
from simulator.core.model.events import Liquidation
from simulator.core.model.orders import ZERO, Order
from simulator.core.state.exchange_state import Floor
from simulator.core.state.symbol_book import Pit, only_reduces

#: Client ids of liquidations begin like this, as on Binance; nobody else's may.
AUTOCLOSE: Final = "autoclose-"


def liquidate(floor: Floor, pit: Pit, side: PositionSide) -> None:
    """Close the leg; when it is crossed and the account is still under water, the other crossed legs too, by symbol."""
    isolated = pit.margin_type == "ISOLATED"
    cancel_entries(floor, pit if isolated else None)
    close(floor, pit, side)
    if not isolated:
        sweep(floor)


def sweep(floor: Floor) -> None:
    """Close whatever is under water at the marks: isolated legs, and crossed ones by symbol until the rest is carried."""
    crossed: bool | None = None
    for pit, side, leg in floor.held():
        if pit.margin_type == "ISOLATED":
            under = margin.underwater(floor, pit, leg)
        else:
            crossed = under = margin.underwater(floor, pit, leg) if crossed is None else crossed
        if under:
            cancel_entries(floor, pit if pit.margin_type == "ISOLATED" else None)
            close(floor, pit, side)
            crossed = None


def cancel_entries(floor: Floor, pit: Pit | None) -> None:
    """Cancel all that could open a position, of one pit or of all crossed ones."""
    for each in floor.pits.values() if pit is None else (pit,):
        if pit is None and each.margin_type == "ISOLATED":
            continue
        for ticket in [ticket for ticket in each.tickets if not only_reduces(ticket.order)]:
            floor.cancel(ticket)
        for waiting in [waiting for waiting in each.waiting if not only_reduces(waiting.algo)]:
            floor.cancel_algo(waiting)


def close(floor: Floor, pit: Pit, side: PositionSide) -> None:
    """Close one leg at the market, within its margin."""
    leg = pit.leg(side)
    long = leg.quantity > 0
    bankruptcy = on_tick(margin.bankruptcy_price(floor, pit, side), pit.filters.tick_size, up=long)
    number = floor.next_order_id()
    order = Order(
        order_id=number,
        client_id=f"{AUTOCLOSE}{number}",
        symbol=pit.symbol,
        side="SELL" if long else "BUY",
        position_side=side,
        type="LIQUIDATION",
        original_type="LIQUIDATION",
        time_in_force="IOC",
        quantity=abs(leg.quantity),
        price=bankruptcy,
        reduce_only=True,
        created=floor.time,
        updated=floor.time,
    )
    ticket = floor.admit(order)
    rate = pit.filters.liquidation_fee
    rate = floor.settings.liquidation_fee if rate is None else rate
    for layer in fills.offers(floor, pit, order.side, order.quantity, pit.mark_price):
        price = bankruptcy if order.signed(layer.price - bankruptcy) > 0 else layer.price
        floor.fill(
            ticket, layer.quantity, price, rate, maker=False, fee_limit=_left(floor, pit, side, layer.quantity, price)
        )
        pit.taken += layer.quantity
    floor.settle(ticket)
    floor.news.append(Liquidation(order=ticket.order, time=floor.time))


def _left(floor: Floor, pit: Pit, side: PositionSide, quantity: Decimal, price: Decimal) -> Decimal:
    """What the margin balance of the leg would be if all of it were closed at ``price``, its share for ``quantity``."""
    leg = pit.leg(side)
    whole = margin.balance_beside(floor, pit, side) + leg.unrealized(price)
    share = whole if quantity == abs(leg.quantity) else whole * quantity / abs(leg.quantity)
    return max(ZERO, share).quantize(Decimal(1).scaleb(-floor.settings.decimals), rounding=ROUND_DOWN)
