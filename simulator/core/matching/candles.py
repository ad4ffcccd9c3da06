"""Applies a one-minute candle: moves the price along the candle's path (``intrabar_path``), order level by order level.

Between two points of the path the price moves without gaps, so an order in between is reached at its own price; only the
open can jump over prices. Candles contain no mark price, so the mark price follows the last price.
"""

from __future__ import annotations

from decimal import Decimal
from math import inf

from shared.domain.candles import RawCandle
from simulator.core.matching import matching, quiet_band
from simulator.core.matching.intrabar_path import IntrabarPath, Standing
from simulator.core.matching.liquidity import capacity
from simulator.core.model.orders import ZERO
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.symbol_book import SymbolBook, only_reduces


def is_plausible(candle: RawCandle, max_price: float) -> bool:
    """Return False for an impossible candle: NaN, high below low, price <= 0 or above ``max_price``, negative volume.

    Every comparison with NaN is False, so NaN needs no test of its own.
    """
    return (
        0.0 < candle.low <= candle.open <= candle.high <= max_price
        and candle.low <= candle.close <= candle.high
        and 0.0 <= candle.volume < inf
    )


def match(state: ExchangeState, book: SymbolBook, candle: RawCandle) -> None:
    """Move the symbol's price to the candle's close; fill, trigger and liquidate on the way."""
    book.volume, book.taken_quantity = candle.volume, ZERO
    if book.last is not None and not quiet(state, book, candle):  # before the first price no order can be open
        _walk(state, book, candle)
    book.last = Decimal(repr(candle.close))


def quiet(state: ExchangeState, book: SymbolBook, candle: RawCandle) -> bool:
    """Return True if the candle stays in the quiet band, so that nothing can happen on any path."""
    low, high = (book.quiet_band or quiet_band.compute(state, book)).floats
    return low < candle.low and candle.high < high


def _walk(state: ExchangeState, book: SymbolBook, candle: RawCandle) -> None:
    opened, high, low, close = (Decimal(repr(price)) for price in (candle.open, candle.high, candle.low, candle.close))
    book.resting_available, book.resting_filled = capacity(candle.volume, state.settings, book.filters.step_size), ZERO
    path = IntrabarPath(open=opened, high=high, low=low, close=close, point=opened)
    path.arrive(opened)
    matching.trail_extremes(state, book, opened, "last")
    while not path.finished:
        target = path.heading(_standing(book))
        hit = matching.next_hit(state, book, path.point, target, "last")
        if hit is None:
            path.arrive(target)
            book.last = target
            matching.trail_extremes(state, book, target, "last")
            continue
        book.last = path.point = hit.price
        matching.trail_extremes(state, book, hit.price, "last")
        matching.apply(state, book, hit)
    state.invalidate_margin()  # margin bands were computed around the old price


def _standing(book: SymbolBook) -> Standing:
    entries = {resting.order.side for resting in book.resting_orders if not only_reduces(resting.order)}
    entries |= {each.algo.side for each in book.conditional_orders if not only_reduces(each.algo)}
    return Standing(sum((leg.quantity for _, leg in book.open_legs()), ZERO), "BUY" in entries, "SELL" in entries)
