"""What to expect of a market that is about to be played, in words: how long it takes, and when the first trade may come."""

from __future__ import annotations

from typing import Final

from services.ingest.candle_source import CandleSource
from shared.domain.timeframes import MINUTE

#: Hours of market before the first fill: nine generated markets (seeds 1 to 9), shipped settings.
FIRST_TRADE_HOURS: Final = (5, 26)
_HOUR_SECONDS: Final = 3600.0


def forecast(source: CandleSource, speed: float | None) -> str:
    """One sentence or two. ``speed``: market seconds per second, None = as fast as the system settles."""
    seconds = (source.last - source.first + MINUTE) / 1000
    early, late = FIRST_TRADE_HOURS
    history = f"strategies need history: expect the first trade after {early} to {late} hours of market"
    if speed is None:
        return f"{_span(seconds)} of market, as fast as the system settles; {history}"
    first, last = (_span(hours * _HOUR_SECONDS / speed) for hours in FIRST_TRADE_HOURS)
    return (
        f"{_span(seconds)} of market at {speed:g} market seconds a second: it ends in {_span(seconds / speed)}; "
        f"{history}, {first} to {last} from now. Faster: a higher market.speed, or null for as fast as the system settles"
    )


def _span(seconds: float) -> str:
    """A length of time in the largest unit of which there are at least two."""
    for unit, length in (("days", 24 * _HOUR_SECONDS), ("hours", _HOUR_SECONDS), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} seconds"
