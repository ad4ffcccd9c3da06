"""Where an order block lies: the candle, or run of candles, that a leg started from (ICT-3; ict.md 2.11 variant B)."""

from __future__ import annotations

from dataclasses import dataclass

from services.analysis.close import CandleClose, Window
from services.analysis.settings import OrderBlockSettings
from services.analysis.wording import at, price
from shared.domain.facts import Direction, Fact


@dataclass(frozen=True, slots=True)
class Origin:
    """The zone of a block to be. ``formed_at``: open of the last opposite candle; ``cause``: what confirmed it, in words."""

    direction: Direction
    top: float
    bottom: float
    formed_at: int
    cause: str


def before_leg(now: CandleClose, broken: Fact, settings: OrderBlockSettings) -> Origin | None:
    """The last opposite candle before the leg that broke ``broken``'s swing.

    The leg up starts at the lowest low after the swing high (the last of equals); from there backwards, to the swing
    candle, the first down-close candle is the block. Only candles since the last gap and within ``leg_candles`` are seen.
    None when there is no such candle.
    """
    window = now.window
    last = len(window.lows) - 1
    swing = max(last - (now.open_time - broken.formed_at) // now.duration, last - settings.leg_candles, 0)
    bullish = broken.direction == "bullish"
    column = window.lows if bullish else window.highs
    start = last
    for index in range(last - 1, swing, -1):
        further = column[index] < column[start] if bullish else column[index] > column[start]
        if further:
            start = index
    origin = _last_opposite(window, broken.direction, min(start, last - 1), swing)
    if origin is None:
        return None
    side = "high" if bullish else "low"
    return _origin(window, broken.direction, origin, settings, f"the leg that broke swing {side} {price(broken.top)}")


def before_strong_candle(now: CandleClose, settings: OrderBlockSettings) -> Origin | None:
    """The simple variant: the last opposite candle before one whose body is at least ``strong_body`` of its range."""
    body = now.close - now.open
    if body == 0.0 or abs(body) < settings.strong_body * (now.high - now.low):
        return None
    direction: Direction = "bullish" if body > 0.0 else "bearish"
    last = len(now.window.lows) - 1
    index = _last_opposite(now.window, direction, last - 1, max(0, last - settings.leg_candles))
    if index is None:
        return None
    cause = f"candle {at(now.open_time)}, whose body is {abs(body) / (now.high - now.low):.0%} of its range"
    return _origin(now.window, direction, index, settings, cause)


def _last_opposite(window: Window, direction: Direction, newest: int, oldest: int) -> int | None:
    for index in range(newest, oldest - 1, -1):
        if _opposite(window, direction, index):
            return index
    return None


def _opposite(window: Window, direction: Direction, index: int) -> bool:
    if direction == "bullish":
        return window.closes[index] < window.opens[index]
    return window.closes[index] > window.opens[index]


def _origin(window: Window, direction: Direction, index: int, settings: OrderBlockSettings, cause: str) -> Origin:
    first = index
    if settings.origin == "run":
        while first > 0 and _opposite(window, direction, first - 1):
            first -= 1
    run = slice(first, index + 1)
    if settings.zone == "range":
        top, bottom = max(window.highs[run]), min(window.lows[run])
    else:
        edges = window.opens[run] + window.closes[run]
        top, bottom = max(edges), min(edges)
    return Origin(direction, top, bottom, window.open_times[index], cause)
