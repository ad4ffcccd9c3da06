"""Swings as smc draws them: alternating pivots, on their own candle, with invented ends (docs/ict.md §14.1 D1, §14.2)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

import numpy as np

from research.columns import Columns

Side = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Swing:
    """One swing of the final list. ``known``: the row at whose close it could be known that it stays in the list.

    None: only the end of the data says so (the last run of pivots is still open; the last row is invented).
    """

    row: int
    side: Side
    level: float
    known: int | None
    invented: bool = False


@dataclass(frozen=True, slots=True)
class SwingList:
    """The swings of a frame in order of rows, and when each of its raw pivots was decided."""

    length: int
    swings: tuple[Swing, ...]
    #: Rows of raw pivots, and for each the row at whose close it was decided whether it stays; None while open.
    pivots: tuple[int, ...]
    decided: tuple[int | None, ...]

    def settled_before(self, row: int) -> int | None:
        """The row at whose close every swing on rows before ``row`` is known; None if the data ends before that."""
        seen = row - 1 + self.length
        place = bisect_left(self.pivots, row) - 1
        if place < 0:
            return seen
        decided = self.decided[place]
        return None if decided is None else max(seen, decided)


def raw_pivots(columns: Columns, length: int) -> list[tuple[int, Side]]:
    """Candle j is a pivot if its high (else its low) is the extreme of j-L+1 … j+L; ties count, the high goes first.

    The first 2L-1 rows never hold one.
    """
    count = len(columns)
    if count < 3 * length:
        return []
    rows = np.arange(2 * length - 1, count - length)
    windows = slice(length, count - 2 * length + 1)  # the window of row j begins at row j-L+1
    highest = np.lib.stride_tricks.sliding_window_view(columns.high, 2 * length).max(axis=1)[windows]
    lowest = np.lib.stride_tricks.sliding_window_view(columns.low, 2 * length).min(axis=1)[windows]
    is_high = columns.high[rows] == highest
    is_low = columns.low[rows] == lowest
    found: list[tuple[int, Side]] = []
    for place in np.flatnonzero(is_high | is_low).tolist():
        found.append((int(rows[place]), "high" if is_high[place] else "low"))
    return found


def swing_list(columns: Columns, length: int) -> SwingList:
    """The alternating list. ``length``: candles on each side (one fewer on the left).

    Consecutive pivots of one side collapse to the most extreme, the earliest of equals. Then the first and the last row of
    the frame get a swing of the missing side, which no candle made.
    """
    pivots = raw_pivots(columns, length)
    swings: list[Swing] = []
    decided: list[int | None] = []
    begin = 0
    while begin < len(pivots):
        side = pivots[begin][1]
        end = begin
        while end < len(pivots) and pivots[end][1] == side:
            end += 1
        known = pivots[end][0] + length if end < len(pivots) else None
        decided += [known] * (end - begin)
        prices = columns.high if side == "high" else columns.low
        run = [row for row, _ in pivots[begin:end]]
        best = max(run, key=lambda row: prices[row]) if side == "high" else min(run, key=lambda row: prices[row])
        swings.append(Swing(best, side, float(prices[best]), known))
        begin = end
    if swings:
        swings = [
            _invented(columns, 0, swings[0].side, pivots[0][0] + length),
            *swings,
            _invented(columns, len(columns) - 1, swings[-1].side, None),
        ]
    return SwingList(length, tuple(swings), tuple(row for row, _ in pivots), tuple(decided))


def _invented(columns: Columns, row: int, beside: Side, known: int | None) -> Swing:
    side: Side = "low" if beside == "high" else "high"
    prices = columns.low if side == "low" else columns.high
    return Swing(row, side, float(prices[row]), known, invented=True)
