"""Where liquidation and margin calls lie, so cheaply that a price event need not ask: lines around the mark prices.

The room between margin balance and maintenance margin is shared equally among the legs of a group (all crossed legs, or one
isolated leg). As long as every mark price stays within its leg's share, nobody can be liquidated, whatever the others do. A
price that leaves its lines has the margin worked out exactly and new lines drawn.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from simulator.core import account
from simulator.core.margin import margin as money
from simulator.core.model.enums import PositionSide
from simulator.core.model.events import MarginCall
from simulator.core.model.orders import ZERO
from simulator.core.state.exchange_state import Floor
from simulator.core.state.legs import Leg
from simulator.core.state.symbol_book import Pit

_NOWHERE: Final = (Decimal("-Infinity"), Decimal("Infinity"))
_Held = tuple[Pit, PositionSide, Leg]


def draw(floor: Floor) -> dict[str, tuple[Decimal, Decimal]]:
    """The lines of every symbol with a leg, all drawn at one moment; tells of a margin call that is due."""
    floor.risk = {}
    held = floor.held()
    crossed = [each for each in held if each[0].margin_type == "CROSSED"]
    if crossed:
        _share(floor, "CROSSED", crossed, money.cross_balance(floor), money.cross_maintenance(floor))
    for pit, side, leg in held:
        if pit.margin_type == "ISOLATED":
            balance = leg.isolated_wallet + leg.unrealized(pit.mark_price)
            _share(floor, f"{pit.symbol} {side}", [(pit, side, leg)], balance, money.maintenance(pit, leg))
    return floor.risk


def _share(floor: Floor, group: str, legs: list[_Held], balance: Decimal, margin: Decimal) -> None:
    called = floor.state.called
    factor = 1 / floor.settings.margin_call_ratio
    room = balance - margin * factor
    if room > 0:
        called.pop(group, None)
    else:
        if group not in called and balance > margin:
            called[group] = True
            stated = tuple(account.position(floor, pit, side) for pit, side, _ in legs)
            floor.news.append(MarginCall(time=floor.time, cross_wallet=floor.cross_wallet(), positions=stated))
        factor, room = Decimal(1), max(ZERO, balance - margin)
    room /= len(legs)
    for pit, _, leg in legs:
        low, high = (floor.risk or {}).get(pit.symbol, _NOWHERE)
        mark = pit.mark_price
        # A long loses its quantity a unit of price, and its margin shrinks; a short's margin grows on top.
        if leg.quantity > 0:
            low = max(low, mark - room / leg.quantity)
        else:
            high = min(high, mark + room / (-leg.quantity * (1 + pit.brackets.top_rate * factor)))
        if floor.risk is not None:
            floor.risk[pit.symbol] = (low, high)
