"""Funding: every leg pays quantity x mark x rate at a funding time; a long pays a positive rate (binance.md §7.2)."""

from __future__ import annotations

from decimal import Decimal

from simulator.core.model.events import FundingPaid
from simulator.core.model.orders import ZERO
from simulator.core.state.exchange_state import Floor
from simulator.core.state.legs import rounded
from simulator.core.state.symbol_book import Pit


def fund(floor: Floor, pit: Pit, rate: Decimal) -> None:
    """Pay or receive on every leg of the symbol: from the cross wallet, an isolated leg from its own."""
    total = ZERO
    mark = pit.mark_price if pit.held() else ZERO
    for side, leg in pit.held():
        amount = -rounded(leg.quantity * mark * rate, floor.settings.decimals)
        floor.state.wallet += amount
        leg.net += amount
        if pit.margin_type == "ISOLATED":
            leg.isolated_wallet += amount
            floor.touch(pit.symbol, side)
        total += amount
        floor.earn(pit.symbol, "FUNDING_FEE", amount)
        floor.news.append(FundingPaid(symbol=pit.symbol, time=floor.time, rate=rate, mark_price=mark, amount=amount))
    if pit.held():
        floor.money_moved()
        floor.tell_account("FUNDING_FEE", total, force=True)
