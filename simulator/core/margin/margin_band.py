"""Margin bands: a range of mark prices per symbol within which no liquidation or margin call is possible.

They save computing the margin at every price event. The difference between margin balance and maintenance margin is divided
equally among the legs of a group (all crossed legs, or one isolated leg). While every mark price stays in its leg's
part, no leg can be liquidated. When a price leaves its band, margins are computed exactly and all bands anew.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from shared.domain.order_words import PositionSide
from simulator.core import account
from simulator.core.margin import margin as money
from simulator.core.model.events import MarginCall
from simulator.core.model.orders import ZERO
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.legs import Leg
from simulator.core.state.symbol_book import SymbolBook

_NOWHERE: Final = (Decimal("-Infinity"), Decimal("Infinity"))
_Held = tuple[SymbolBook, PositionSide, Leg]


def compute(state: ExchangeState) -> dict[str, tuple[Decimal, Decimal]]:
    """Compute and store the band of every symbol with a position; queue a MarginCall event if one is due."""
    state.margin_bands = {}
    held = state.open_legs()
    crossed = [each for each in held if each[0].margin_type == "CROSSED"]
    if crossed:
        _share(state, "CROSSED", crossed, money.cross_balance(state), money.cross_maintenance(state))
    for book, side, leg in held:
        if book.margin_type == "ISOLATED":
            balance = leg.isolated_wallet + leg.unrealized(book.mark_price)
            _share(state, f"{book.symbol} {side}", [(book, side, leg)], balance, money.maintenance(book, leg))
    return state.margin_bands


def _share(state: ExchangeState, group: str, legs: list[_Held], balance: Decimal, margin: Decimal) -> None:
    called = state.saved.called
    factor = 1 / state.settings.margin_call_ratio
    room = balance - margin * factor
    if room > 0:
        called.pop(group, None)
    else:
        if group not in called and balance > margin:
            called[group] = True
            stated = tuple(account.position(state, book, side) for book, side, _ in legs)
            state.events.append(MarginCall(time=state.time, cross_wallet=state.cross_wallet(), positions=stated))
        factor, room = Decimal(1), max(ZERO, balance - margin)
    room /= len(legs)
    for book, _, leg in legs:
        low, high = (state.margin_bands or {}).get(book.symbol, _NOWHERE)
        mark = book.mark_price
        # Per unit of price a long loses its quantity while its maintenance margin falls (ignored: on the safe side);
        # a short loses its quantity and its maintenance margin rises too.
        if leg.quantity > 0:
            low = max(low, mark - room / leg.quantity)
        else:
            high = min(high, mark + room / (-leg.quantity * (1 + book.brackets.top_rate * factor)))
        if state.margin_bands is not None:
            state.margin_bands[book.symbol] = (low, high)
