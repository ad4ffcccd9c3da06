"""The insurance fund: pays what a leg loses beyond its bankruptcy price, so that the account never owes anything.

At the bankruptcy price the margin balance of a leg (crossed: of the account) is zero. No order closes a leg at a worse
price: where the market is beyond it, the leg closes at its bankruptcy price and the fund pays the difference. The fund
receives the clearance fees of liquidations.
"""

from __future__ import annotations

from decimal import Decimal

from shared.domain.order_words import PositionSide
from simulator.core.margin import margin
from simulator.core.matching.liquidity import on_tick
from simulator.core.model.events import InsurancePaid
from simulator.core.model.orders import Order
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.symbol_book import SymbolBook


def worst_close(state: ExchangeState, book: SymbolBook, side: PositionSide) -> Decimal:
    """Return the worst price at which a leg closes, USDT: its bankruptcy price, rounded to the tick in the leg's favour."""
    long = book.leg(side).quantity > 0
    return on_tick(margin.bankruptcy_price(state, book, side), book.filters.tick_size, up=long)


def pay(state: ExchangeState, order: Order, quantity: Decimal, price: Decimal, market_price: Decimal) -> None:
    """Pay for ``quantity`` that closed at ``price`` although the market stood at the worse ``market_price`` (USDT)."""
    amount = order.signed(quantity) * (market_price - price)
    state.saved.insurance -= amount
    state.events.append(
        InsurancePaid(symbol=order.symbol, order_id=order.order_id, quantity=quantity, amount=amount, time=state.time)
    )
