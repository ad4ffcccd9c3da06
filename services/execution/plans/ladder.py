"""The exit ladder of a trade: how much each rung takes off now (EXEC-7). Pure.

Shares are of the entered quantity, rounded down to the step; the last rung takes what rounding left, and so does what is
under the exchange's minimum. When others have taken something off, the farthest rungs shrink first. A rung larger than
what one market order may trade stands in parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.execution.oms.order import LiveOrder
from services.execution.plans.plan import Plan
from shared.domain.instruments import Instrument

#: Rungs that stand at the exchange at once: with the stop and a bridge, four conditional orders a leg.
LIVE_RUNGS: Final = 2
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung that should stand at the exchange. number: from 1. price: USDT; quantity: what is left of it, base currency."""

    number: int
    price: Decimal
    quantity: Decimal


def wanted(plan: Plan, orders: Mapping[str, LiveOrder], instrument: Instrument) -> list[Rung]:
    """Return the rungs that should stand now, nearest first."""
    entered, remaining = plan.entered(orders), plan.remaining(orders)
    exits, smallest = plan.intent.exits, _smallest(instrument)
    whole = sum([each.share for each in exits], _ZERO) >= 1
    full = [instrument.quantity(entered * each.share) for each in exits]
    if whole:
        full[-1] = entered - sum(full[:-1], _ZERO)
    for index in range(len(exits) - 1):
        if full[index] < smallest:
            full[-1] += full[index]
            full[index] = _ZERO
    done = [_ZERO] * len(exits)
    for order in plan.of(orders, "target"):
        if 1 <= order.rung <= len(exits):
            done[order.rung - 1] += order.done
    left = [max(_ZERO, quantity - taken) for quantity, taken in zip(full, done, strict=True)]
    for number in plan.given_up:
        left[number - 1] = _ZERO
    excess = sum(left, _ZERO) - remaining
    for index in reversed(range(len(left))):
        if excess <= 0:
            break
        cut = min(excess, left[index])
        left[index], excess = left[index] - cut, excess - cut
    rungs = list[Rung]()
    for index, quantity in enumerate(left):
        stands = instrument.quantity(quantity)
        if stands >= smallest:
            rungs.append(Rung(index + 1, instrument.price(exits[index].price), stands))
            if len(rungs) == LIVE_RUNGS:
                break
    return rungs


def rung_at(plan: Plan, trigger: Decimal, instrument: Instrument | None) -> int:
    """Return the number of the rung at a price; 0 if the ladder has none there."""
    for number, each in enumerate(plan.intent.exits, 1):
        if trigger in (each.price, each.price if instrument is None else instrument.price(each.price)):
            return number
    return 0


def fitting(rung: Rung, living: list[LiveOrder], instrument: Instrument) -> list[LiveOrder]:
    """Return those of a rung's living orders that may stay: the one for all of it, or parts of it that are not too much."""
    if not living:
        return []
    in_parts = len(living) > 1 or len(instrument.market_parts(rung.quantity)) > 1
    room, found = rung.quantity, list[LiveOrder]()
    for order in living:
        fits = order.left <= room if in_parts else order.left == room
        if fits and order.left > 0 and order.request.trigger == rung.price:
            found.append(order)
            room -= order.left
    if found and 0 < room < _smallest(instrument):
        found.pop()  # its place is taken by one that takes the rest, too
    return found


def filled_rungs(plan: Plan, orders: Mapping[str, LiveOrder], instrument: Instrument | None) -> int:
    """Count the rungs that are done: an order has filled wholly and no part is left, or the price had passed the rung."""
    filled = {order.rung for order in plan.of(orders, "target") if order.status == "FILLED"}
    if filled and instrument is not None:
        filled -= {rung.number for rung in wanted(plan, orders, instrument)}
    return len(filled | plan.passed)


def _smallest(instrument: Instrument) -> Decimal:
    # The exchange asks no minimum notional of orders that only reduce.
    return max(instrument.min_quantity, instrument.step_size)
