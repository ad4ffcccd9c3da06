"""Funding: every leg pays quantity x mark x rate at a funding time; a long pays a positive rate (docs/binance.md §7.2)."""

from __future__ import annotations

from decimal import Decimal

from simulator.core.model.events import FundingPaid
from simulator.core.model.orders import ZERO
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.legs import rounded
from simulator.core.state.symbol_book import SymbolBook


def pay_funding(state: ExchangeState, book: SymbolBook, rate: Decimal) -> None:
    """Settle funding on every leg of the symbol. Crossed legs use the cross wallet, an isolated leg its own.

    rate: fraction; positive = longs pay shorts.
    """
    total = ZERO
    mark = book.mark_price if book.open_legs() else ZERO
    for side, leg in book.open_legs():
        amount = -rounded(leg.quantity * mark * rate, state.settings.decimals)
        state.saved.wallet += amount
        leg.net += amount
        if book.margin_type == "ISOLATED":
            leg.isolated_wallet += amount
            state.mark_changed(book.symbol, side)
        total += amount
        number = state.record_income(book.symbol, "FUNDING_FEE", amount)
        state.events.append(
            FundingPaid(symbol=book.symbol, time=state.time, rate=rate, mark_price=mark, amount=amount, income_id=number)
        )
    if book.open_legs():
        state.invalidate_margin()
        state.publish_account("FUNDING_FEE", total, force=True)
