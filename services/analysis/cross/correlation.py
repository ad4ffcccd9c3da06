"""Liquidity correlation: do two symbols stand at the same side of their liquidity at the same time? (ICT-9)."""

from __future__ import annotations

from math import log, sqrt
from typing import ClassVar

from services.analysis.base.comparisons import at_least, more_than
from services.analysis.base.finding import Finding
from services.analysis.cross.side import Side
from services.analysis.settings.cross import CorrelationSettings
from services.analysis.wording import at


class Correlation:
    """Pearson's correlation of the two symbols' values over the last ``window`` closes at which both had one.

    ``liquidity``: where the close stands between the last confirmed swing low (0, the liquidity below) and swing high (1,
    the liquidity above); beyond them it is below 0 or above 1, held within one range on either side. ``returns``: the
    logarithmic return of the close over one candle. Above the threshold the pair is correlated (``active``) until it falls
    ``hysteresis`` below it (``expired``). Values of before a missing candle stay: each is of one close of both.
    """

    STATE: ClassVar[tuple[str, ...]] = ("highs", "lows", "closes", "values", "told")

    def __init__(self, settings: CorrelationSettings) -> None:
        self._liquidity = settings.measure == "liquidity"
        self._window = settings.window
        self._above = settings.threshold
        self._below = settings.threshold - settings.hysteresis
        self.highs: list[float | None] = [None, None]
        self.lows: list[float | None] = [None, None]
        self.closes: list[float | None] = [None, None]
        self.values: list[list[float]] = [[], []]
        self.told: list[Finding] = []

    def hear(self, place: int, side: Side) -> None:
        """Note the swings that symbol ``place`` (0 or 1) confirmed at this close, also when the other has no candle."""
        for each in side.events:
            if each.changed_at == each.confirmed_at and each.state == "active":
                if each.kind == "swing_high":
                    self.highs[place] = each.top
                elif each.kind == "swing_low":
                    self.lows[place] = each.top

    def gap(self) -> None:
        """A candle of one of them is missing: the next return would span it."""
        self.closes = [None, None]

    def update(self, first: Side, second: Side, close_time: int) -> None:
        """Take in a close of both; what begins or ends is added to both sides."""
        one, other = self._value(0, first), self._value(1, second)
        self.closes = [first.close, second.close]
        if one is None or other is None:
            return
        for values, value in zip(self.values, (one, other), strict=True):
            values.append(value)
            if len(values) > self._window:
                del values[0]
        if len(self.values[0]) < self._window:
            return
        found = pearson(self.values[0], self.values[1])
        if not self.told and more_than(found, self._above, 0.0):
            self.told = [self._finding(side, found, close_time, of) for side, of in ((first, second), (second, first))]
        elif self.told and not at_least(found, self._below, 0.0):
            ended = [each.changed("expired", close_time) for each in self.told]
            for each in ended:
                each.score = max(0.0, found)
            first.found.append(ended[0])
            second.found.append(ended[1])
            self.told = []
            return
        else:
            return
        first.found.append(self.told[0])
        second.found.append(self.told[1])

    def _value(self, place: int, side: Side) -> float | None:
        close = side.close
        if not self._liquidity:
            before = self.closes[place]
            return None if before is None else log(close / before)
        high, low = self.highs[place], self.lows[place]
        if high is None or low is None or high <= low:
            return None
        return min(2.0, max(-1.0, (close - low) / (high - low)))

    def _finding(self, side: Side, found: float, close_time: int, of: Side) -> Finding:
        close = side.close
        return Finding(
            "liquidity_correlation",
            "none",
            close,
            close,
            side.candle.open_time,
            close_time,
            score=min(1.0, found),
            label=of.symbol,
            numbers=(found, float(self._window), 1.0 if self._liquidity else 0.0),
        )


def pearson(one: list[float], other: list[float]) -> float:
    """Pearson's correlation of two columns of the same length, 0 when one of them does not vary."""
    count = len(one)
    mean_one, mean_other = sum(one) / count, sum(other) / count
    together = square_one = square_other = 0.0
    for index in range(count):  # a plain loop: this is asked at every close, and compiled it costs a tenth of what map does
        x, y = one[index] - mean_one, other[index] - mean_other
        together += x * y
        square_one += x * x
        square_other += y * y
    scale = sqrt(square_one) * sqrt(square_other)
    return max(-1.0, min(1.0, together / scale)) if scale > 0.0 else 0.0


def why_correlation(found: Finding) -> str:
    """``numbers``: the correlation, over how many closes, 1 when of positions between liquidity, 0 when of returns."""
    value, window, liquidity = found.numbers
    of = "position between the last swing low and high" if liquidity == 1.0 else "return"
    return (
        f"Liquidity correlation with {found.label} of {value:.2f} at the close {at(found.confirmed_at)}: the closes' {of}, "
        f"over the last {window:.0f} closes of both."
    )
