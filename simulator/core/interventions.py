"""What the exchange does to an account without being asked: auto-deleveraging, delisting, a margin call, other filters.

Times are UTC ms. Events are queued in the core as those of its own calls are.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from shared.domain.order_words import PositionSide
from shared.exchange.error_codes import ErrorCode
from simulator.core import account
from simulator.core.exchange_core import ExchangeCore
from simulator.core.matching.liquidity import on_step, on_tick
from simulator.core.model.events import MarginCall
from simulator.core.model.exact import exact
from simulator.core.model.filters import Filters
from simulator.core.model.orders import ZERO, Order
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.symbol_book import SymbolBook

#: Client ids of the exchange's own orders (documents of ORDER_TRADE_UPDATE).
ADL: Final = "adl_autoclose"
SETTLEMENT: Final = "settlement_autoclose-"


@exact
def deleverage(core: ExchangeCore, symbol: str, share: Decimal, time: int) -> int:
    """Close a ``share`` (0 to 1) of every leg of the symbol at the mark price, without a fee; return how many legs.

    The quantity is rounded down to the step, and is one step at least.
    """
    core.on_time(time)
    state, book = core.state, core.state.books[symbol]
    legs = book.open_legs()
    for side, leg in legs:
        step = book.filters.step_size
        quantity = min(abs(leg.quantity), max(step, on_step(abs(leg.quantity) * share, step)))
        _close(state, book, side, quantity, ADL)
    return len(legs)


@exact
def delist(core: ExchangeCore, symbol: str, time: int) -> int:
    """Expire every order of the symbol and settle its legs at the mark price, without a fee; return how many legs."""
    core.on_time(time)
    state, book = core.state, core.state.books[symbol]
    for resting in list(book.resting_orders):
        state.close_order(resting, "expire", ErrorCode.SYMBOL_ALREADY_CLOSED)
        state.settle(resting)
    for conditional in list(book.conditional_orders):
        state.cancel_algo(conditional, "expire")
    legs = book.open_legs()
    for side, leg in legs:
        _close(state, book, side, abs(leg.quantity), f"{SETTLEMENT}{symbol}-{time}")
    return len(legs)


@exact
def call_margin(core: ExchangeCore, symbols: tuple[str, ...], time: int) -> int:
    """Send MARGIN_CALL for the legs of these symbols, whatever their margin; return how many legs it names."""
    core.on_time(time)
    state = core.state
    legs = tuple(account.position(state, book, side) for book, side, _ in state.open_legs() if book.symbol in symbols)
    if legs:
        state.events.append(MarginCall(time=state.time, cross_wallet=state.cross_wallet(), positions=legs))
    return len(legs)


def set_filters(core: ExchangeCore, filters: Filters) -> None:
    """Replace the filters of a symbol from now on; orders that stand already stay as they are."""
    book = core.state.books[filters.symbol]
    book.filters = filters
    book.quiet_band = None


def _close(state: ExchangeState, book: SymbolBook, side: PositionSide, quantity: Decimal, client_id: str) -> None:
    """Close ``quantity`` of a leg by an order of the exchange's own, at the mark price rounded against the leg."""
    long = book.leg(side).quantity > 0
    price = on_tick(book.mark_price, book.filters.tick_size, up=not long)
    order = Order(
        order_id=state.next_id(),
        client_id=client_id,
        symbol=book.symbol,
        side="SELL" if long else "BUY",
        position_side=side,
        type="LIQUIDATION",
        original_type="LIQUIDATION",
        time_in_force="IOC",
        quantity=quantity,
        price=price,
        reduce_only=True,
        created=state.time,
        updated=state.time,
    )
    resting = state.accept(order)
    state.fill(resting, quantity, price, ZERO, maker=False)
    state.settle(resting)
