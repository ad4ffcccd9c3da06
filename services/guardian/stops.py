"""Which conditional orders cover a leg, and where the guardian's own stop goes. Pure.

A stop covers a leg if it closes the whole position, or at least the quantity that is held, at the market, and before the
liquidation price is reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from services.guardian.state import Leg
from shared.domain.order_words import Side, reduces_its_leg
from shared.exchange.model.orders import ExchangeOrder

#: Digits of a price whose tick is not known: coarse enough for every tick that the exchange has.
_DIGITS: Final = 4
_FARTHEST: Final = Decimal("0.5")
_ZERO: Final = Decimal(0)


def exit_side(quantity: Decimal) -> Side:
    """Return the side of an order that reduces a position of this signed quantity."""
    return "SELL" if quantity > 0 else "BUY"


def on_leg(order: ExchangeOrder, leg: Leg) -> bool:
    """True for a stop at the market that can only reduce this leg, wherever its trigger is."""
    reduces = order.close_position or order.reduce_only or reduces_its_leg(order.side, order.position_side)
    return (
        reduces
        and order.symbol == leg.key.symbol
        and not order.over
        and order.type == "STOP_MARKET"
        and order.side == exit_side(leg.quantity)
        and order.position_side == leg.key.side
    )


def protects(order: ExchangeOrder, leg: Leg) -> bool:
    """True for a stop of this leg that triggers before the position is liquidated."""
    if not on_leg(order, leg):
        return False
    if leg.liquidation <= 0:
        return True
    return order.trigger > leg.liquidation if leg.quantity > 0 else order.trigger < leg.liquidation


def uncovered(orders: Iterable[ExchangeOrder], leg: Leg) -> Decimal:
    """Return how much of the leg no stop covers, base currency; 0 = it is covered."""
    rest = abs(leg.quantity)
    for order in orders:
        if protects(order, leg):
            if order.close_position:
                return _ZERO
            rest -= order.quantity - order.executed
    return max(_ZERO, rest)


def stop_price(leg: Leg, tick: Decimal | None, distance: Decimal, liquidation_share: Decimal) -> Decimal:
    """Return the trigger of the guardian's stop, USDT, on the tick grid.

    It lies ``distance`` (fraction) from the mark price, but not farther than ``liquidation_share`` of the way to the
    liquidation price. tick: None = not known. Rounded towards the mark price, and at least a tick away from it.
    """
    away = leg.mark * min(distance, _FARTHEST)
    long = leg.quantity > 0
    room = (leg.mark - leg.liquidation) if long else (leg.liquidation - leg.mark)
    if leg.liquidation > 0 and room > 0:
        away = min(away, room * liquidation_share)
    grid = tick or Decimal(1).scaleb(leg.mark.adjusted() - _DIGITS + 1)
    wanted = leg.mark - away if long else leg.mark + away
    price = (wanted / grid).to_integral_value(ROUND_CEILING if long else ROUND_FLOOR) * grid
    if (price >= leg.mark) if long else (price <= leg.mark):
        price += -grid if long else grid
    return max(price, grid)


def market_parts(quantity: Decimal, largest: Decimal) -> list[Decimal]:
    """Split a quantity into market orders that the exchange takes, at most ten; ``largest`` 0 = no bound."""
    parts = list[Decimal]()
    while largest > 0 and quantity > largest and len(parts) < 9:
        parts.append(largest)
        quantity -= largest
    return [*parts, min(quantity, largest) if largest > 0 else quantity]
