"""A one-minute candle as price events: the walk along its stated path (``intrabar_path``), level by level (BT-1).

Between two points of the path the price moves continuously, so what rests between them is met at its own level; only the
open can lie beyond a gap. Candles bring no mark price: the mark follows the last price.
"""

from __future__ import annotations

from decimal import Decimal
from math import inf

from shared.domain.candles import RawCandle
from simulator.core.matching import matching, quiet_band
from simulator.core.matching.intrabar_path import CandlePath, Standing
from simulator.core.matching.liquidity import capacity
from simulator.core.model.orders import ZERO
from simulator.core.state.exchange_state import Floor
from simulator.core.state.symbol_book import Pit, only_reduces


def is_plausible(candle: RawCandle, max_price: float) -> bool:
    """False for what no market trades: not a number, inverted, not positive, beyond ``max_price``, a negative volume.

    Every comparison with not-a-number is False, so no further test is needed for it.
    """
    return (
        0.0 < candle.low <= candle.open <= candle.high <= max_price
        and candle.low <= candle.close <= candle.high
        and 0.0 <= candle.volume < inf
    )


def match(floor: Floor, pit: Pit, candle: RawCandle) -> None:
    """Move the pit on to the candle's close and let happen what happens on the way."""
    pit.volume, pit.taken = candle.volume, ZERO
    if pit.last is not None and not quiet(floor, pit, candle):  # before the first price nothing can rest
        _walk(floor, pit, candle)
    pit.last = Decimal(repr(candle.close))


def quiet(floor: Floor, pit: Pit, candle: RawCandle) -> bool:
    """True when nothing can happen in this candle, whatever its path."""
    low, high = (pit.lines or quiet_band.draw(floor, pit)).quiet
    return low < candle.low and candle.high < high


def _walk(floor: Floor, pit: Pit, candle: RawCandle) -> None:
    opened, high, low, close = (Decimal(repr(price)) for price in (candle.open, candle.high, candle.low, candle.close))
    pit.available, pit.made = capacity(candle.volume, floor.settings, pit.filters.step_size), ZERO
    path = CandlePath(open=opened, high=high, low=low, close=close, point=opened)
    path.arrive(opened)
    matching.follow(floor, pit, opened, "last")
    while not path.finished:
        target = path.heading(_standing(pit))
        met = matching.next_met(floor, pit, path.point, target, "last")
        if met is None:
            path.arrive(target)
            pit.last = target
            matching.follow(floor, pit, target, "last")
            continue
        pit.last = path.point = met.place
        matching.follow(floor, pit, met.place, "last")
        matching.act(floor, pit, met)
    floor.money_moved()  # the lines of whoever holds something were drawn where the price was


def _standing(pit: Pit) -> Standing:
    entries = {ticket.order.side for ticket in pit.tickets if not only_reduces(ticket.order)}
    entries |= {each.algo.side for each in pit.waiting if not only_reduces(each.algo)}
    return Standing(sum((leg.quantity for _, leg in pit.held()), ZERO), "BUY" in entries, "SELL" in entries)
