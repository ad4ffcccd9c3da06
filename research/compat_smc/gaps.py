"""Fair value gaps as smc writes them: on candle 2, "mitigated" at the first touch (docs/ict.md §3, §14.1 D10)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from research.columns import Columns
from research.compat_smc.scan import first
from shared.domain.facts import Direction


@dataclass(frozen=True, slots=True)
class Gap:
    """Row of candle 2; knowable one row later. ``mitigated``: row of the first touch, None until there is one."""

    row: int
    direction: Direction
    top: float
    bottom: float
    known: int
    mitigated: int | None


def fair_value_gaps(columns: Columns, *, join: bool = False) -> list[Gap]:
    """Candle 1 and 3 do not overlap, and the body of candle 2 goes the same way. In order of rows.

    ``join``: of gaps of one direction on consecutive rows only the last is left, as the union of all.
    """
    high, low = columns.high, columns.low
    up = columns.close > columns.open
    down = columns.close < columns.open
    bullish = np.zeros(len(columns), dtype=np.bool_)
    bearish = bullish.copy()
    bullish[1:-1] = (high[:-2] < low[2:]) & up[1:-1]
    bearish[1:-1] = (low[:-2] > high[2:]) & down[1:-1]
    zones: list[tuple[int, Direction, float, float]] = []
    for row in np.flatnonzero(bullish | bearish).tolist():
        zone: tuple[int, Direction, float, float]
        if bullish[row]:
            zone = (row, "bullish", float(low[row + 1]), float(high[row - 1]))
        else:
            zone = (row, "bearish", float(low[row - 1]), float(high[row + 1]))
        if join and zones and zones[-1][0] == row - 1 and zones[-1][1] == zone[1]:
            before = zones.pop()
            zone = (row, zone[1], max(before[2], zone[2]), min(before[3], zone[3]))
        zones.append(zone)
    return [Gap(*zone, known=zone[0] + 1, mitigated=_touched(columns, *zone)) for zone in zones]


def _touched(columns: Columns, row: int, direction: Direction, top: float, bottom: float) -> int | None:
    if direction == "bullish":
        return first(columns.low, row + 2, "reaches_down", top)
    return first(columns.high, row + 2, "reaches_up", bottom)
