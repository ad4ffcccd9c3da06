"""BOS and CHoCH as smc draws them: patterns of four swings, on the broken swing (docs/ict.md §14.1 D2, D3, §14.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from research.columns import Columns
from research.compat_smc.scan import first
from research.compat_smc.swings import Swing, SwingList
from shared.domain.facts import Direction


@dataclass(frozen=True, slots=True)
class Label:
    """A label on the swing at ``row``, broken at row ``broken``.

    ``known``: the row at whose close it could be known that the label stays: all four swings are final, the level is broken,
    and no later label can still take this one out. None: only the end of the data says so.
    """

    row: int
    kind: Literal["bos", "choch"]
    direction: Direction
    level: float
    broken: int
    known: int | None


def labels(columns: Columns, swings: SwingList, *, single_precision: bool = True) -> list[Label]:
    """In order of rows.

    Of four consecutive swings (a, b, c, d) the second is labelled: bullish (low, high, low, high) BOS for a < c < b < d,
    CHoCH for d > b > a > c; bearish the mirror. Broken: the first close strictly beyond the level from two rows later on. A
    label that is never broken, and one that is broken no earlier than a label that began after it, is taken out.

    ``single_precision``: levels are rounded to float32 as smc does, so that a close *at* the level may count as beyond it.
    """
    found: list[tuple[Label, int]] = []
    kept: list[tuple[Label, int]] = []
    points = swings.swings
    for place in range(3, len(points)):
        pattern = _pattern(points[place - 3 : place + 1])
        if pattern is not None:
            kind, direction = pattern
            swing = points[place - 2]
            level = float(np.float32(swing.level)) if single_precision else swing.level
            beyond = first(columns.close, swing.row + 2, "above" if direction == "bullish" else "below", level)
            if beyond is not None:
                found.append((Label(swing.row, kind, direction, level, beyond, None), place))
    for label, place in found:
        while kept and kept[-1][0].broken >= label.broken:
            kept.pop()
        kept.append((label, place))
    return [_dated(label, place, swings) for label, place in kept]


def _pattern(four: Sequence[Swing]) -> tuple[Literal["bos", "choch"], Direction] | None:
    a, b, c, d = (swing.level for swing in four)
    if four[0].side == "low":
        if a < c < b < d:
            return "bos", "bullish"
        if d > b > a > c:
            return "choch", "bullish"
    else:
        if a > c > b > d:
            return "bos", "bearish"
        if d < b < a < c:
            return "choch", "bearish"
    return None


def _dated(label: Label, place: int, swings: SwingList) -> Label:
    """The label with its ``known``. Whatever may take it out sits on a swing up to two rows before its break."""
    points = swings.swings
    settled = swings.settled_before(label.broken - 1)
    last = place
    while last < len(points) and points[last - 2].row <= label.broken - 2:
        last += 1
    decisive = points[last - 1]
    if settled is None or decisive.known is None:
        return label
    return Label(
        label.row, label.kind, label.direction, label.level, label.broken, max(label.broken, decisive.known, settled)
    )
