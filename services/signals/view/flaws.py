"""What is missing or disputed of one symbol at one close, computed once for all its strategies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from shared.domain.facts import Analysis
from shared.domain.timeframes import DURATION, TIMEFRAMES, Timeframe, next_boundary


@final
class Flaws:
    """missing: timeframes whose last candle up to this close has no analysis. disputed: whose newest candle is implausible.

    A timeframe of which nothing came yet is missing at its own close only: before, it has no history. none: there are no
    flaws.
    """

    __slots__ = ("disputed", "missing", "none")

    def __init__(self, missing: frozenset[Timeframe], disputed: frozenset[Timeframe]) -> None:
        self.missing: Final = missing
        self.disputed: Final = disputed
        self.none: Final = not missing and not disputed


#: Nothing is missing or disputed.
SOUND: Final = Flaws(frozenset(), frozenset())
#: Candles of a timeframe close at this remainder, ms, of its length.
_CLOSES_AT: Final[dict[Timeframe, int]] = {frame: next_boundary(0, frame) % DURATION[frame] for frame in TIMEFRAMES}


def flaws(close_time: int, closing: tuple[Timeframe, ...], analyses: Mapping[Timeframe, Analysis]) -> Flaws:
    """Return the flaws of these newest analyses at a close (UTC ms)."""
    missing = [frame for frame in closing if frame not in analyses]
    disputed: list[Timeframe] = []
    for frame, analysis in analyses.items():
        candle, length = analysis.candle, DURATION[frame]
        last = close_time if frame in closing else close_time - (close_time - _CLOSES_AT[frame]) % length
        if candle.open_time + length != last:
            missing.append(frame)
        if candle.state == "disputed":
            disputed.append(frame)
    return Flaws(frozenset(missing), frozenset(disputed)) if missing or disputed else SOUND
