"""Clusters of swings as smc's "liquidity": within 1 % of the range of *all the data given* (docs/ict.md §14.1 D6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from research.columns import Columns
from research.compat_smc.scan import first
from research.compat_smc.swings import Swing, SwingList
from shared.domain.facts import Direction


@dataclass(frozen=True, slots=True)
class Pool:
    """Two or more swings at one level, beginning at ``row``, the last at ``end``; ``swept``: row, None while it is not.

    Its tolerance comes from the range of the whole frame, so no close before the last one could know it.
    """

    row: int
    direction: Direction
    level: float
    end: int
    swept: int | None


def liquidity(columns: Columns, swings: SwingList, range_fraction: float = 0.01) -> list[Pool]:
    """In order of rows. Above swing highs it is bullish, as smc names it.

    Members are the later swings of the same side within the tolerance of the *first* member, up to the row at which price
    first reaches that member's level plus tolerance; each swing belongs to one pool at most. The level is their mean.
    """
    if not len(columns):
        return []
    tolerance = float(columns.high.max() - columns.low.min()) * range_fraction
    pools = [*_one_side(columns, swings, tolerance, "bullish"), *_one_side(columns, swings, tolerance, "bearish")]
    return sorted(pools, key=lambda pool: (pool.row, pool.direction == "bearish"))


def _one_side(columns: Columns, swings: SwingList, tolerance: float, direction: Direction) -> list[Pool]:
    bullish = direction == "bullish"
    points = [swing for swing in swings.swings if swing.side == ("high" if bullish else "low")]
    taken = [False] * len(points)
    pools = []
    for place, swing in enumerate(points):
        if taken[place]:
            continue
        swept = _swept(columns, swing, tolerance, bullish=bullish)
        members = [swing]
        for later in range(place + 1, len(points)):
            other = points[later]
            if swept is not None and other.row >= swept:
                break
            if not taken[later] and swing.level - tolerance <= other.level <= swing.level + tolerance:
                members.append(other)
                taken[later] = True
        if len(members) > 1:
            level = float(np.float32(sum(member.level for member in members) / len(members)))
            pools.append(Pool(swing.row, direction, level, members[-1].row, swept))
    return pools


def _swept(columns: Columns, swing: Swing, tolerance: float, *, bullish: bool) -> int | None:
    if bullish:
        return first(columns.high, swing.row + 1, "reaches_up", swing.level + tolerance)
    return first(columns.low, swing.row + 1, "reaches_down", swing.level - tolerance)
