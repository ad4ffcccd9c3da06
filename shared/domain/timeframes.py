"""The eight timeframes and their UTC boundaries. Weeks start on Monday 00:00 UTC.

All times are UTC epoch milliseconds. A candle covers ``[open_time, close_time)``, and is closed *at* ``close_time``;
the exchange's own messages say ``close_time - 1``; the adapter converts them.
"""

from __future__ import annotations

from typing import Final, Literal

Timeframe = Literal["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"]

MINUTE: Final = 60_000
DAY: Final = 1_440 * MINUTE

#: Length of one candle in milliseconds, finest first.
DURATION: Final[dict[Timeframe, int]] = {
    "1m": MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": 60 * MINUTE,
    "4h": 240 * MINUTE,
    "1d": DAY,
    "1w": 7 * DAY,
}
TIMEFRAMES: Final[tuple[Timeframe, ...]] = tuple(DURATION)
FINEST: Final[Timeframe] = "1m"

#: What a timeframe is used for: HTF bias and major levels, MTF confirmation, LTF entry and stop.
Tier = Literal["HTF", "MTF", "LTF"]
TIER: Final[dict[Timeframe, Tier]] = {
    "1w": "HTF",
    "1d": "HTF",
    "4h": "HTF",
    "1h": "MTF",
    "30m": "MTF",
    "15m": "MTF",
    "5m": "LTF",
    "1m": "LTF",
}

#: The epoch began on a Thursday; Monday-anchored weeks are shifted by four days. Every other length divides the day.
_ANCHOR: Final[dict[Timeframe, int]] = {timeframe: 4 * DAY if timeframe == "1w" else 0 for timeframe in TIMEFRAMES}


def open_time(at: int, timeframe: Timeframe) -> int:
    """Return the open (UTC ms) of the candle that contains the instant ``at`` (UTC ms)."""
    anchor = _ANCHOR[timeframe]
    return at - (at - anchor) % DURATION[timeframe]


def is_boundary(at: int, timeframe: Timeframe) -> bool:
    """Return True if a candle of this timeframe closes (and the next one opens) at ``at`` (UTC ms)."""
    return (at - _ANCHOR[timeframe]) % DURATION[timeframe] == 0


def closing_at(at: int, timeframes: tuple[Timeframe, ...] = TIMEFRAMES) -> tuple[Timeframe, ...]:
    """Return those of ``timeframes`` that close at ``at`` (UTC ms), in the order given."""
    return tuple(timeframe for timeframe in timeframes if is_boundary(at, timeframe))


def next_boundary(at: int, timeframe: Timeframe) -> int:
    """Return the first close (UTC ms) of this timeframe strictly after ``at`` (UTC ms)."""
    return open_time(at, timeframe) + DURATION[timeframe]
