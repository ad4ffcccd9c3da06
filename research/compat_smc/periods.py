"""Previous highs and lows, and sessions, as smc writes them beside every candle (docs/ict.md §14.1 D7, D8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from research.columns import Columns, Floats
from shared.domain.timeframes import DAY, DURATION, MINUTE

#: smc's windows in minutes of the UTC day, both ends included. They are New York's summer hours, all year.
SESSIONS: Final[dict[str, tuple[int, int]]] = {
    "Sydney": (21 * 60, 6 * 60),
    "Tokyo": (0, 9 * 60),
    "London": (7 * 60, 16 * 60),
    "New York": (13 * 60, 22 * 60),
    "Asian kill zone": (0, 4 * 60),
    "London open kill zone": (6 * 60, 9 * 60),
    "New York kill zone": (11 * 60, 14 * 60),
    "london close kill zone": (14 * 60, 16 * 60),
}


@dataclass(frozen=True, slots=True)
class PreviousLevels:
    """Beside every candle: the levels (NaN while there are none), and whether they were broken since they stand."""

    high: Floats
    low: Floats
    broken_high: NDArray[np.bool_]
    broken_low: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SessionRows:
    """Beside every candle: inside the window or not, and the running high and low (0 outside)."""

    active: NDArray[np.bool_]
    high: Floats
    low: Floats


def previous_levels(columns: Columns, period: Literal["4h", "1d"]) -> PreviousLevels:
    """High and low of the UTC period before, in float32; at the first candle of a period still of the one before that.

    Periods without candles do not count. Weeks and months are left out: smc labels them by their right edge and returns the
    ones before last.
    """
    count = len(columns)
    bucket = columns.open_time // DURATION[period]
    begins = np.flatnonzero(np.diff(bucket, prepend=bucket[:1] - 1))
    highs = np.maximum.reduceat(columns.high, begins) if count else columns.high
    lows = np.minimum.reduceat(columns.low, begins) if count else columns.low
    own = np.searchsorted(begins, np.arange(count), side="right") - 1
    on_boundary = columns.open_time % DURATION[period] == 0
    reported = own - 1 - on_boundary
    known = reported >= 0
    place = np.maximum(reported, 0)
    high = np.where(known, highs.astype(np.float32)[place], np.float32("nan")).astype(np.float64)
    low = np.where(known, lows.astype(np.float32)[place], np.float32("nan")).astype(np.float64)
    return PreviousLevels(
        high,
        low,
        _since_change(reported, known & (columns.high > high)),
        _since_change(reported, known & (columns.low < low)),
    )


def session(columns: Columns, name: str) -> SessionRows:
    """One of SESSIONS; high and low run on over candles that follow each other inside the window."""
    start, end = SESSIONS[name]
    minute = columns.open_time % DAY // MINUTE
    active = (start <= minute) & (minute <= end) if start < end else (start <= minute) | (minute <= end)
    high = np.zeros(len(columns))
    low = np.zeros(len(columns))
    for begin, end_row in _runs(active):
        high[begin:end_row] = np.maximum.accumulate(columns.high[begin:end_row])
        low[begin:end_row] = np.minimum.accumulate(columns.low[begin:end_row])
    return SessionRows(active, high, low)


def _since_change(reported: NDArray[np.int64], hit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """From the first hit on, until ``reported`` changes."""
    rows = np.arange(len(hit))
    begin = np.maximum.accumulate(np.where(np.diff(reported, prepend=-9) != 0, rows, 0))
    last_hit = np.maximum.accumulate(np.where(hit, rows, -1))
    return last_hit >= begin


def _runs(active: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First row and row behind the last of every unbroken stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], active, [False])).astype(np.int8)))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]
