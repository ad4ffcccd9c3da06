"""Where an order block lies: the candle, or run of candles, that a leg started from (ICT-3; docs/ict.md §4.1)."""

from __future__ import annotations

from typing import Final, final

from services.analysis.base.close import CandleClose
from services.analysis.base.comparisons import at_least
from services.analysis.base.finding import Finding
from services.analysis.settings.order_blocks import OrderBlockSettings
from shared.domain.facts import Direction
from shared.runtime.native import mypyc_attr

#: What made a candle a block, as it stands in ``Finding.numbers``.
BEFORE_BREAK: Final = 0.0
BEFORE_STRONG_CANDLE: Final = 1.0
EXTREME_OF_LEG: Final = 2.0


@mypyc_attr(acyclic=True)
@final
class Origin:
    """The zone of a block to be. ``formed_at``: open of its candle, the last of a run; ``place``: where that is in the
    columns. ``cause``: what made it a block; ``measure``: the level of the swing that the leg broke, or body / range of the
    strong candle."""

    __slots__ = ("bottom", "cause", "direction", "formed_at", "measure", "place", "top")

    def __init__(
        self, direction: Direction, top: float, bottom: float, formed_at: int, place: int, cause: float, measure: float
    ) -> None:
        self.direction: Direction = direction
        self.top = top
        self.bottom = bottom
        self.formed_at = formed_at
        self.place = place
        self.cause = cause
        self.measure = measure


@final
class OriginFinder:
    """Finds the candle that a leg started from, within ``leg_candles`` and since the last gap."""

    def __init__(self, settings: OrderBlockSettings) -> None:
        self._leg: int = settings.leg_candles
        self._strong_body: float = settings.strong_body
        self._extreme: bool = settings.mode == "extreme"
        self._whole_run: bool = settings.origin == "run"
        self._whole_range: bool = settings.zone == "range"

    def before_leg(self, now: CandleClose, broken: Finding) -> Origin | None:
        """The block of the leg that broke ``broken``'s swing; None when there is none.

        The leg up starts at the lowest low after the swing high (the last of equals); from there backwards, to the swing
        candle, the first down-close candle is the block. With ``mode = extreme`` the candle of that low is the block
        itself, whatever its colour (variants C and D); the breaking candle cannot be it.
        """
        last = now.last
        oldest = max(0, last - self._leg)
        swing = last - (now.open_time - broken.formed_at) // now.duration
        if self._extreme and swing < oldest:
            return None  # the extreme of a leg is known only when all of the leg is
        swing = max(swing, oldest)
        bullish = broken.direction == "bullish"
        column = now.lows if bullish else now.highs
        start = last - 1 if self._extreme else last
        if start <= swing:
            return None
        furthest = column[start]
        for index in range(start - 1, swing, -1):
            value = column[index]
            if (value < furthest) if bullish else (value > furthest):
                start = index
                furthest = value
        if self._extreme:
            return self._span(now, broken.direction, start, start, EXTREME_OF_LEG, broken.top)
        origin = last_opposite(now, bullish, min(start, last - 1), swing)
        if origin < 0:
            return None
        return self.at(now, broken.direction, origin, oldest, BEFORE_BREAK, broken.top)

    def before_strong_candle(self, now: CandleClose) -> Origin | None:
        """The simple variant: the last opposite candle before one whose body is at least ``strong_body`` of its range."""
        body = now.close - now.open
        if body == 0.0 or not at_least(abs(body), self._strong_body * (now.high - now.low), now.high):
            return None
        direction: Direction = "bullish" if body > 0.0 else "bearish"
        oldest = max(0, now.last - self._leg)
        index = last_opposite(now, body > 0.0, now.last - 1, oldest)
        if index < 0:
            return None
        share = abs(body) / (now.high - now.low)
        return self.at(now, direction, index, oldest, BEFORE_STRONG_CANDLE, share)

    def at(
        self, now: CandleClose, direction: Direction, place: int, oldest: int, cause: float, measure: float
    ) -> Origin | None:
        """The block of the opposite candle at ``place``: that candle, or the run that ends in it, not before ``oldest``.

        None when it has no height: nothing can come back into it.
        """
        first = place
        if self._whole_run:
            while first > oldest and _opposite(now, direction == "bullish", first - 1):
                first -= 1
        return self._span(now, direction, first, place, cause, measure)

    def _span(
        self, now: CandleClose, direction: Direction, first: int, place: int, cause: float, measure: float
    ) -> Origin | None:
        top = 0.0
        bottom = 0.0
        for index in range(first, place + 1):
            if self._whole_range:
                high = now.highs[index]
                low = now.lows[index]
            else:
                high = max(now.opens[index], now.closes[index])
                low = min(now.opens[index], now.closes[index])
            top = high if index == first else max(top, high)
            bottom = low if index == first else min(bottom, low)
        if top <= bottom:
            return None
        return Origin(direction, top, bottom, now.open_times[place], place, cause, measure)


def last_opposite(now: CandleClose, bullish: bool, newest: int, oldest: int) -> int:
    """The place of the last down-close candle (before a leg up; else up-close) in ``oldest`` to ``newest``; -1 for none."""
    for index in range(newest, oldest - 1, -1):
        if _opposite(now, bullish, index):
            return index
    return -1


def _opposite(now: CandleClose, bullish: bool, index: int) -> bool:
    if bullish:
        return now.closes[index] < now.opens[index]
    return now.closes[index] > now.opens[index]
