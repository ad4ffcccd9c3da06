"""What is missing or disputed of one symbol at one close, computed once for all its strategies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.facts import Analysis
from shared.domain.timeframes import Timeframe, open_time


@dataclass(frozen=True, slots=True)
class Flaws:
    """missing: timeframes whose last candle up to this close has no analysis. disputed: whose newest candle is implausible.

    A timeframe of which nothing came yet is missing at its own close only: before, it has no history.
    """

    missing: frozenset[Timeframe]
    disputed: frozenset[Timeframe]


def flaws(close_time: int, closing: tuple[Timeframe, ...], analyses: Mapping[Timeframe, Analysis]) -> Flaws:
    """Return the flaws of these newest analyses at a close (UTC ms)."""
    missing = [frame for frame in closing if frame not in analyses]
    disputed = []
    for frame, analysis in analyses.items():
        candle = analysis.candle
        if candle.close_time != (close_time if frame in closing else open_time(close_time, frame)):
            missing.append(frame)
        if candle.state == "disputed":
            disputed.append(frame)
    return Flaws(frozenset(missing), frozenset(disputed))
