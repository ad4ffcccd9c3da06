"""From prices and times to pixels, and where an axis is marked."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, log10
from typing import Final
from zoneinfo import ZoneInfo

from shared.domain.candles import Candle
from shared.domain.timeframes import DAY, DURATION, MINUTE

#: Distances between marks of the time axis, in minutes.
_STEPS: Final = (5, 15, 30, 60, 120, 240, 480, 720, 1_440, 2_880, 7_200, 10_080, 20_160, 43_200, 129_600)


@dataclass(frozen=True, slots=True)
class Scale:
    """One candle a slot, so that a weekend takes no room; prices linear. Pixels grow to the right and down."""

    opens: Sequence[int]
    duration: int
    left: float
    right: float
    top: float
    bottom: float
    lowest: float
    highest: float

    @property
    def slot(self) -> float:
        """Pixels a candle."""
        return (self.right - self.left) / max(len(self.opens), 1)

    def edge(self, time: int) -> float:
        """Where the candle that opens at ``time`` begins, which is where the one before it ends; kept inside."""
        return self.left + bisect_left(self.opens, time) * self.slot

    def middle(self, time: int) -> float:
        """The middle of the candle that opens at ``time``; the left side for one before the first."""
        place = bisect_left(self.opens, time)
        if place == 0 and (not self.opens or self.opens[0] > time):
            return self.left
        return min(self.left + (place + 0.5) * self.slot, self.right)

    def y(self, price: float) -> float:
        """Pixels from the top; outside of the frame for prices out of range."""
        return self.bottom - (price - self.lowest) / (self.highest - self.lowest) * (self.bottom - self.top)

    def inside(self, price: float) -> float:
        """As ``y``, kept inside."""
        return min(max(self.y(price), self.top), self.bottom)


def scale_of(
    candles: Sequence[Candle], left: float, right: float, top: float, bottom: float, prices: Sequence[float] = ()
) -> Scale:
    """Room for all candles and ``prices``, and a little more above and below. ``candles`` must not be empty."""
    lowest = min(*prices, *(candle.low for candle in candles), candles[0].low)
    highest = max(*prices, *(candle.high for candle in candles), candles[0].high)
    room = (highest - lowest) * 0.07 or highest * 0.001
    return Scale(
        [candle.open_time for candle in candles],
        DURATION[candles[0].timeframe],
        left,
        right,
        top,
        bottom,
        lowest - room,
        highest + room,
    )


def price_ticks(scale: Scale, apart: float) -> tuple[list[float], int]:
    """Round prices at least ``apart`` pixels from each other, and how many digits behind the point they need."""
    span = scale.highest - scale.lowest
    least = span * apart / (scale.bottom - scale.top)
    magnitude = 10.0 ** floor(log10(least))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= least * 0.999)
    digits = max(0, -floor(log10(step) + 1e-9))
    first = ceil(scale.lowest / step)
    return [number * step for number in range(first, floor(scale.highest / step) + 1)], digits


@dataclass(frozen=True, slots=True)
class TimeTick:
    """A mark of the time axis; ``strong`` where a day begins."""

    x: float
    text: str
    strong: bool


def time_ticks(scale: Scale, zone: ZoneInfo, apart: float) -> list[TimeTick]:
    """Marks at round times of the zone's clock, at least ``apart`` pixels from each other."""
    minutes = apart / scale.slot * (scale.duration / MINUTE)
    step = next((each for each in _STEPS if each >= minutes), _STEPS[-1])
    ticks: list[TimeTick] = []
    before: tuple[int, int] | None = None
    for place, time in enumerate(scale.opens):
        moment = datetime.fromtimestamp(time / 1000, tz=zone)
        minute = moment.hour * 60 + moment.minute
        day = moment.toordinal()
        bucket = (day, minute // step) if step < DAY // MINUTE else (_bucket(moment, step), 0)
        # The first candle has none before it: its bucket began somewhere to the left.
        if before is not None and bucket != before:
            new_day = step >= DAY // MINUTE or before[0] != day
            text = f"{moment:%a} {moment.day} {moment:%b}" if new_day else f"{moment:%H:%M}"
            x = scale.left + place * scale.slot
            begins_day = new_day and step < DAY // MINUTE
            if not ticks or x - ticks[-1].x >= apart * 0.6 or begins_day:
                while ticks and x - ticks[-1].x < apart * 0.6:
                    ticks.pop()
                ticks.append(TimeTick(x, text, begins_day))
        before = bucket
    return ticks


def _bucket(moment: datetime, step: int) -> int:
    days = step * MINUTE // DAY
    if days >= 28:
        return (moment.year * 12 + moment.month - 1) // max(days // 30, 1)
    return (moment.toordinal() - 1) // days
