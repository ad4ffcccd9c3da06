"""What every part of a chart draws on: its candles and scale, the picture so far, and the room that is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from research.plot.axes import scale_of
from research.plot.labels import Placer
from research.plot.lives import Life
from research.plot.shapes import Picture, Shape
from research.plot.theme import Style, Theme, style_of
from shared.domain.candles import Candle
from shared.domain.timezones import shown

#: Pixels: the price axis at the right, title and legend above, the time axis below, and the size of usual letters.
AXIS: Final = 84.0
HEAD: Final = 46.0
FOOT: Final = 24.0
SIZE: Final = 11.0


@dataclass(frozen=True, slots=True)
class Look:
    """How a chart is made. ``zone``: the clock of its time axis; sizes in pixels."""

    theme: Theme
    zone: str
    width: float
    height: float


class Canvas:
    """The chart in the making. ``digits``: behind the point of its price axis.

    ``placer`` knows the room that labels and, towards the end, candles take; ``names`` that of labels only, for names that
    find no place off the candles. ``marked``: signs that stand, as (word, x, below the candle); ``swung``: those of swings.
    """

    def __init__(self, candles: Sequence[Candle], look: Look, title: str, prices: Sequence[float] = ()) -> None:
        """Raises ValueError when there are no candles."""
        if not candles:
            raise ValueError("a chart needs at least one candle")
        self.candles = candles
        self.look = look
        self.theme = look.theme
        self.zone = ZoneInfo(look.zone)
        self.scale = scale_of(candles, 8.0, look.width - AXIS, HEAD, look.height - FOOT, prices)
        self.picture = Picture(look.width, look.height, look.theme.background, title)
        scale = self.scale
        self.placer = Placer((scale.left, scale.top, scale.right, scale.bottom))
        self.names = Placer((scale.left, scale.top, scale.right, scale.bottom))
        self.marked: set[tuple[str, float, bool]] = set()
        self.swung: set[tuple[float, bool]] = set()
        self.digits = 0

    def add(self, *shapes: Shape) -> None:
        """Draw these in front of what there is."""
        self.picture.shapes += shapes

    def visible(self, life: Life) -> bool:
        """Some of it lies inside of the frame. What ends where it begins is seen at that place."""
        scale, born = self.scale, life.born
        end = life.ended_at
        if style_of(born.kind, has_height=False).role == "swing" and born.formed_at < scale.opens[0]:
            return False
        begins_late = born.formed_at > self.candles[-1].open_time
        ended_early = end is not None and end <= scale.opens[0]
        return not (begins_late or ended_early or born.bottom > scale.highest or born.top < scale.lowest)

    def span(self, life: Life) -> tuple[float, float, float]:
        """Left side, where it became known, right side."""
        scale = self.scale
        right = scale.right if life.ended_at is None else scale.edge(life.ended_at)
        return scale.middle(life.born.formed_at), scale.edge(life.born.confirmed_at), right

    def tip(self, life: Life) -> str:
        """What is said where a reader points at it."""
        now = life.now
        end = f", {now.state} at {shown(now.changed_at, self.look.zone)}" if life.changes else ""
        return f"{now.why} Known at {shown(life.born.confirmed_at, self.look.zone)}{end}."

    def candle_before(self, close_time: int) -> Candle:
        """The last one that had closed; the first one of the chart when none had."""
        for candle in reversed(self.candles):
            if candle.close_time <= close_time:
                return candle
        return self.candles[0]


def named(life: Life, style: Style) -> str:
    """The kind's short word, and the fact's own name where it has one."""
    return f"{style.short} {life.born.label}".strip().replace("_", " ")
