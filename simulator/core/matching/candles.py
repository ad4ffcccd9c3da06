"""A one-minute candle as price events: the walk along its stated path (``intrabar_path``), level by level.

Between two points of the path the price moves continuously, so what rests between them is met at its own level; only the
open can lie beyond a gap. Candles bring no mark price: the mark follows the last price.
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
    """False for what no market trades: not a number, inverted, not positive, beyond ``max_price``, a negative volume.

    Every comparison with not-a-number is False, so no further test is needed for it.
    """
    return (
        0.0 < candle.low <= candle.open <= candle.high <= max_price
        and candle.low <= candle.close <= candle.high
        and 0.0 <= candle.volume < inf
    )


def match(state: ExchangeState, book: SymbolBook, candle: RawCandle) -> None:
    """Move the book to the candle's close, filling and triggering on the way."""
    book.volume, book.taken_quantity = candle.volume, ZERO
    if book.last is not None and not quiet(state, book, candle):  # before the first price nothing can rest
        _walk(state, book, candle)
    book.last = Decimal(repr(candle.close))


def quiet(state: ExchangeState, book: SymbolBook, candle: RawCandle) -> bool:
    """True when nothing can happen in this candle, whatever its path."""
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
    state.invalidate_margin()  # the lines of whoever holds something were drawn where the price was


def _standing(book: SymbolBook) -> Standing:
    entries = {resting.order.side for resting in book.resting_orders if not only_reduces(resting.order)}
    entries |= {each.algo.side for each in book.conditional_orders if not only_reduces(each.algo)}
    return Standing(sum((leg.quantity for _, leg in book.open_legs()), ZERO), "BUY" in entries, "SELL" in entries)
