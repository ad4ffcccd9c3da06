"""Computes the quiet band of a symbol book: the prices between which nothing fills, triggers or is liquidated.

For a price event within the band, four comparisons replace a search through all orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Final

from simulator.core.margin import margin_band
from simulator.core.model.exact import EXACT
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.symbol_book import QuietBand, SymbolBook

_LOW: Final = Decimal("-Infinity")
_HIGH: Final = Decimal("Infinity")


def compute(state: ExchangeState, book: SymbolBook) -> QuietBand:
    """Compute the band of a book and store it in the book.

    A price that equals ``low`` or ``high`` has left the band; for ``low_limit`` and ``high_limit`` it must go beyond. The
    latter are limits that fill only when traded through, and the extremes of trailing orders.
    """
    band = QuietBand(_LOW, _HIGH, _LOW, _HIGH)
    touch = state.settings.limit_fills == "touch"
    for resting in book.resting_orders:
        price = resting.order.price
        if resting.order.side == "BUY":
            band.best_buy = max(band.best_buy, price)
        else:
            band.best_sell = min(band.best_sell, price)
    if touch:
        band.low, band.high = band.best_buy, band.best_sell
    else:
        band.low_limit, band.high_limit = band.best_buy, band.best_sell
    for each in book.conditional_orders:
        at_mark = book.mark is not None and each.algo.working_type == "MARK_PRICE"
        if each.falls:
            _lower(band, each.level, at_mark=at_mark)
        else:
            _raise(band, each.level, at_mark=at_mark)
        if each.trails:
            _follow(band, each.extreme, up=each.algo.side == "SELL", at_mark=at_mark)
    low, high = (state.margin_bands if state.margin_bands is not None else margin_band.compute(state)).get(
        book.symbol, (_LOW, _HIGH)
    )
    _lower(band, low, at_mark=book.mark is not None)
    _raise(band, high, at_mark=book.mark is not None)
    # Candle prices are floats. Rounding to float can make two different numbers equal but never reverses their order,
    # and an equal price counts as outside the band, so this is on the safe side.
    band.floats = (float(max(band.low, band.low_limit)), float(min(band.high, band.high_limit)))
    book.quiet_band = band
    return band


def foresee(state: ExchangeState, books: Iterable[SymbolBook]) -> bool:
    """Compute the bands that these books lack, as the next candle would before it moves a price.

    False, and nothing is changed, if a margin call comes with them: that belongs to the time of the next candle.
    """
    missing = [book for book in books if book.quiet_band is None]
    if not missing:
        return True
    known, events, called = state.margin_bands, len(state.events), dict(state.saved.called)
    with localcontext(EXACT):
        for book in missing:
            compute(state, book)
    if len(state.events) == events:
        return True
    del state.events[events:]
    state.margin_bands, state.saved.called = known, called
    for book in missing:
        book.quiet_band = None
    return False


def _lower(band: QuietBand, level: Decimal, *, at_mark: bool) -> None:
    if at_mark:
        band.mark_low = max(band.mark_low, level)
    else:
        band.low = max(band.low, level)


def _raise(band: QuietBand, level: Decimal, *, at_mark: bool) -> None:
    if at_mark:
        band.mark_high = min(band.mark_high, level)
    else:
        band.high = min(band.high, level)


def _follow(band: QuietBand, extreme: Decimal, *, up: bool, at_mark: bool) -> None:
    if at_mark:
        if up:
            band.mark_high = min(band.mark_high, extreme)
        else:
            band.mark_low = max(band.mark_low, extreme)
    elif up:
        band.high_limit = min(band.high_limit, extreme)
    else:
        band.low_limit = max(band.low_limit, extreme)
