"""The lines of a pit: prices within which nothing rests, triggers or is liquidated; a quiet event costs four comparisons."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from simulator.core.margin import margin_band
from simulator.core.state.exchange_state import Floor
from simulator.core.state.symbol_book import Lines, Pit

_LOW: Final = Decimal("-Infinity")
_HIGH: Final = Decimal("Infinity")


def draw(floor: Floor, pit: Pit) -> Lines:
    """Draw the pit's lines anew and keep them there.

    ``low``/``high`` are reached by touching, ``low_limit``/``high_limit`` by going beyond: limits that fill only when
    they are traded through, and the extremes that trailing orders follow.
    """
    drawn = Lines(_LOW, _HIGH, _LOW, _HIGH)
    touch = floor.settings.limit_fills == "touch"
    for ticket in pit.tickets:
        price = ticket.order.price
        if ticket.order.side == "BUY":
            drawn.best_buy = max(drawn.best_buy, price)
        else:
            drawn.best_sell = min(drawn.best_sell, price)
    if touch:
        drawn.low, drawn.high = drawn.best_buy, drawn.best_sell
    else:
        drawn.low_limit, drawn.high_limit = drawn.best_buy, drawn.best_sell
    for each in pit.waiting:
        at_mark = pit.mark is not None and each.algo.working_type == "MARK_PRICE"
        if each.falls:
            _lower(drawn, each.level, at_mark=at_mark)
        else:
            _raise(drawn, each.level, at_mark=at_mark)
        if each.trails:
            _follow(drawn, each.extreme, up=each.algo.side == "SELL", at_mark=at_mark)
    low, high = (floor.risk if floor.risk is not None else margin_band.draw(floor)).get(pit.symbol, (_LOW, _HIGH))
    _lower(drawn, low, at_mark=pit.mark is not None)
    _raise(drawn, high, at_mark=pit.mark is not None)
    # A candle's prices are floats. Rounding keeps the order of two numbers, so equality is the worst that it makes of them,
    # and equality counts as reached.
    drawn.quiet = (float(max(drawn.low, drawn.low_limit)), float(min(drawn.high, drawn.high_limit)))
    pit.lines = drawn
    return drawn


def _lower(drawn: Lines, level: Decimal, *, at_mark: bool) -> None:
    if at_mark:
        drawn.mark_low = max(drawn.mark_low, level)
    else:
        drawn.low = max(drawn.low, level)


def _raise(drawn: Lines, level: Decimal, *, at_mark: bool) -> None:
    if at_mark:
        drawn.mark_high = min(drawn.mark_high, level)
    else:
        drawn.high = min(drawn.high, level)


def _follow(drawn: Lines, extreme: Decimal, *, up: bool, at_mark: bool) -> None:
    if at_mark:
        if up:
            drawn.mark_high = min(drawn.mark_high, extreme)
        else:
            drawn.mark_low = max(drawn.mark_low, extreme)
    elif up:
        drawn.high_limit = min(drawn.high_limit, extreme)
    else:
        drawn.low_limit = max(drawn.low_limit, extreme)
