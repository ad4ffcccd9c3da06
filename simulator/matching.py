"""One candle: the walk along its path, and what the price meets on the way (BT-1).

The nearest level is met first. At one price, in this order: stops, liquidation, take-profits, limits; of one kind, the
earlier placed first. What lies beyond a gap is met at the open, in the order in which the price would have passed it: a
limit entry fills before the stop behind it, and that stop fills at the open.

* STOP_MARKET and TAKE_PROFIT_MARKET trigger when the price touches them and fill at the market from the worse of trigger
  and place: a stop in a gap fills from the open, a take-profit in a gap from its trigger. Without a position to reduce a
  closePosition or reduce-only order EXPIRES.
* LIMIT fills at its price, as maker, when the price trades through it (or touches it, by setting), as far as the candle's
  volume goes; the rest stays, PARTIALLY_FILLED.
* Liquidation is at the price where equity is the maintenance margin, the other symbols standing at their last price.
"""

from __future__ import annotations

from decimal import Decimal
from math import inf

import msgspec

from shared.domain.candles import RawCandle
from simulator.account import ZERO
from simulator.liquidity import capacity
from simulator.orders import Resting, is_closed, only_reduces
from simulator.path import CandlePath, Standing
from simulator.rejections import Rejection
from simulator.venue import Market, Venue

_RANK = {"STOP_MARKET": 0, "TAKE_PROFIT_MARKET": 2, "LIMIT": 3}
_LIQUIDATION_RANK = 1


def is_plausible(candle: RawCandle, max_price: float) -> bool:
    """False for what no market trades: not a number, inverted, not positive, beyond ``max_price``, a negative volume.

    Every comparison with not-a-number is False, so no further test is needed for it.
    """
    return (
        0.0 < candle.low <= candle.open <= candle.high <= max_price
        and candle.low <= candle.close <= candle.high
        and 0.0 <= candle.volume < inf
    )


def match(candle: RawCandle, venue: Venue) -> None:
    """Move the candle's market on to its close and let happen what happens on the way."""
    symbol = candle.symbol
    close = Decimal(repr(candle.close))
    market = venue.markets.get(symbol)
    if market is None:  # no price was known before this candle: nothing can rest, no position is open
        venue.markets[symbol] = Market(price=close, volume=candle.volume)
        return
    market.volume = candle.volume
    market.taken = market.made = ZERO
    if not venue.book.quiet(symbol, candle.low, candle.high) or _liquidation_reachable(candle, venue):
        _walk(candle, venue, market)
    market.price = close


def _liquidation_reachable(candle: RawCandle, venue: Venue) -> bool:
    held = venue.account.holdings.get(candle.symbol)
    if held is None:
        return False
    worst = candle.low if held.quantity > 0 else candle.high
    marks = venue.marks()
    marks[candle.symbol] = Decimal(repr(worst))
    return venue.account.equity(marks) <= venue.settings.maintenance_rate * venue.account.notional(marks)


def _walk(candle: RawCandle, venue: Venue, market: Market) -> None:
    symbol = candle.symbol
    opened, high, low, close = (Decimal(repr(price)) for price in (candle.open, candle.high, candle.low, candle.close))
    path = CandlePath(open=opened, high=high, low=low, close=close, point=opened)
    path.arrive(opened)
    while not path.finished:
        target = path.heading(_standing(symbol, venue))
        met = _next(symbol, path.point, target, venue, market)
        if met is None:
            path.arrive(target)
            continue
        resting, place = met
        market.price = path.point = place
        if resting is None:
            venue.autoclose(symbol)
        elif resting.order.type == "LIMIT":
            _fill_limit(resting, venue, market)
        else:
            _trigger(resting, place, venue)


def _standing(symbol: str, venue: Venue) -> Standing:
    entries = {resting.order.side for resting in venue.book.of(symbol) if not only_reduces(resting.order)}
    return Standing(venue.account.quantity(symbol), "buy" in entries, "sell" in entries)


def _next(
    symbol: str, point: Decimal, target: Decimal, venue: Venue, market: Market
) -> tuple[Resting | None, Decimal] | None:
    """What the price meets first on its way from ``point`` to ``target``, and where; (None, place) is the liquidation."""
    lowest, highest = min(point, target), max(point, target)
    settings = venue.settings
    supply = capacity(market.volume, settings, venue.instruments[symbol]) > market.made
    best: tuple[Decimal, Decimal, int, int] | None = None
    found: tuple[Resting | None, Decimal] | None = None
    for resting in venue.book.of(symbol):
        level = resting.level
        limit = resting.order.type == "LIMIT"
        if limit and not supply:
            continue
        if level == (lowest if resting.falls else highest) and limit and settings.limit_fills == "through":
            continue
        if (level < lowest) if resting.falls else (level > highest):
            continue
        place = min(level, point) if resting.falls else max(level, point)
        key = (abs(place - point), -abs(level - place), _RANK[resting.order.type], resting.sequence)
        if best is None or key < best:
            best, found = key, (resting, place)
    held = venue.account.holdings.get(symbol)
    if held is not None:
        level_or_none = venue.account.liquidation_price(symbol, venue.marks(), settings.maintenance_rate)
        if level_or_none is not None and (level_or_none >= lowest if held.quantity > 0 else level_or_none <= highest):
            place = min(level_or_none, point) if held.quantity > 0 else max(level_or_none, point)
            key = (abs(place - point), -abs(level_or_none - place), _LIQUIDATION_RANK, 0)
            if best is None or key < best:
                found = (None, place)
    return found


def _fill_limit(resting: Resting, venue: Venue, market: Market) -> None:
    order = resting.order
    reducible = venue.reducible(order)
    if order.reduce_only and not reducible:
        venue.end(resting, "expire", Rejection.REDUCE_ONLY_REJECT)
    else:
        supply = capacity(market.volume, venue.settings, venue.instruments[order.symbol]) - market.made
        quantity = min(resting.remaining, supply, reducible if order.reduce_only else resting.remaining)
        venue.fill(resting, quantity, resting.level, venue.settings.maker_fee, maker=True)
        market.made += quantity
        if order.reduce_only and not is_closed(resting.order) and not venue.reducible(order):
            venue.end(resting, "expire")
    venue.settle(resting)


def _trigger(resting: Resting, place: Decimal, venue: Venue) -> None:
    order = resting.order
    trigger = resting.level
    base = max(trigger, place) if order.side == "buy" else min(trigger, place)
    reducible = venue.reducible(order)
    if only_reduces(order) and not reducible:
        venue.end(resting, "expire", Rejection.REDUCE_ONLY_REJECT)
    elif not only_reduces(order) and not venue.affords(order, order.quantity, base):
        venue.end(resting, "expire", Rejection.MARGIN_NOT_SUFFICIENT)
    else:
        if order.close_position:
            # From here on it is a market order over the position as it is now.
            resting.order = msgspec.structs.replace(order, quantity=reducible)
        venue.take(resting, base)
    venue.settle(resting)
