"""Order blocks as smc makes and erases them (docs/ict.md §14.1 D4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from research.columns import Columns, Floats
from research.compat_smc.scan import first
from research.compat_smc.swings import Swing, SwingList
from shared.domain.facts import Direction


@dataclass(frozen=True, slots=True)
class Block:
    """The block on ``row``, made by the close of row ``broke`` beyond the swing at ``swing``.

    ``violated``: row that traded beyond its far side (smc calls this mitigated); ``erased``: row that then traded back
    beyond its near side, from which on smc has no trace of it. None: not yet. ``known``: the row at whose close it could be
    known, None while only the end of the data says so.
    """

    row: int
    direction: Direction
    top: float
    bottom: float
    swing: int
    broke: int
    known: int | None
    violated: int | None
    erased: int | None

    @property
    def smc_mitigated_index(self) -> int:
        """smc's column: one row early for bullish blocks, 0 for none."""
        if self.violated is None:
            return 0
        return self.violated - 1 if self.direction == "bullish" else self.violated


def order_blocks(columns: Columns, swings: SwingList) -> list[Block]:
    """All that are ever made, in order of rows; those with ``erased`` None are what smc's output shows.

    A close beyond the last swing before it, once a swing, makes the candle with the lowest low (the last of equals; bearish:
    the highest high) strictly between both a block over its full range. Where no candle lies between, it is the swing's own
    candle, and top and bottom are swapped. Prices are rounded to float32.
    """
    bullish = _one_side(columns.high, columns.low, columns.close, swings, "bullish")
    mirror = [_mirrored(block) for block in _one_side(-columns.low, -columns.high, -columns.close, swings, "bearish")]
    return sorted([*bullish, *mirror], key=lambda block: (block.row, block.broke))


def _one_side(high: Floats, low: Floats, close: Floats, swings: SwingList, direction: Direction) -> list[Block]:
    side = "high" if direction == "bullish" else "low"
    points = [swing for swing in swings.swings if swing.side == side]
    blocks = []
    for place, swing in enumerate(points):
        # It is the last swing before a candle until the candle after the next one.
        until = points[place + 1].row if place + 1 < len(points) else len(close) - 1
        broke = first(close[: until + 1], swing.row + 1, "above", float(high[swing.row]))
        if broke is not None:
            blocks.append(_made(high, low, swing, broke, swings, direction))
    return blocks


def _made(high: Floats, low: Floats, swing: Swing, broke: int, swings: SwingList, direction: Direction) -> Block:
    between = low[swing.row + 1 : broke]
    if len(between):
        row = broke - 1 - int(between[::-1].argmin())
        top, bottom = float(np.float32(high[row])), float(np.float32(low[row]))
    else:
        row = broke - 1
        top, bottom = float(np.float32(low[row])), float(np.float32(high[row]))
    violated = first(low, broke + 1, "below", bottom)
    erased = None if violated is None else first(high, violated + 1, "above", top)
    settled = swings.settled_before(broke)
    known = None if settled is None else max(settled, broke)
    return Block(row, direction, top, bottom, swing.row, broke, known, violated, erased)


def _mirrored(block: Block) -> Block:
    return replace(block, top=-block.bottom, bottom=-block.top)
