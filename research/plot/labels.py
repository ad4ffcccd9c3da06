"""Where labels go so that none covers another: the first free place of a few, else none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from research.plot.shapes import Text, text_width

#: Left, top, right, bottom.
Box = tuple[float, float, float, float]


class Placer:
    """Keeps the boxes that are taken. Labels are offered in the order of their importance."""

    def __init__(self, area: Box) -> None:
        self._area = area
        self._taken: list[Box] = []

    @property
    def taken(self) -> tuple[Box, ...]:
        """Every box so far."""
        return tuple(self._taken)

    def reserve(self, box: Box) -> None:
        """Nothing may be written here."""
        self._taken.append(box)

    def place(self, text: Text, offsets: Sequence[tuple[float, float]] = ((0.0, 0.0),)) -> Text | None:
        """The label at the first of ``offsets`` (dx, dy) that is free and inside of the area; None where there is none."""
        for dx, dy in offsets:
            moved = replace(text, x=text.x + dx, y=text.y + dy)
            box = box_of(moved)
            if self._inside(box) and not any(_overlap(box, taken) for taken in self._taken):
                self._taken.append(box)
                return moved
        return None

    def _inside(self, box: Box) -> bool:
        left, top, right, bottom = self._area
        return left <= box[0] and top <= box[1] and box[2] <= right and box[3] <= bottom


def box_of(text: Text) -> Box:
    """The room that a label takes."""
    width = text_width(text.text, text.size, bold=text.bold)
    left = {"start": text.x, "middle": text.x - width / 2, "end": text.x - width}[text.anchor]
    return left - 2.0, text.y - text.size * 0.9, left + width + 2.0, text.y + text.size * 0.25


def stacked(wanted: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Places for tags of one height beside an axis, near where each is wanted (ascending), none over another.

    Kept between ``low`` and ``high`` as long as they fit.
    """
    places: list[float] = []
    for at in wanted:
        places.append(max(at, low if not places else places[-1] + height))
    limit = high
    for number in range(len(places) - 1, -1, -1):
        places[number] = min(places[number], limit)
        limit = places[number] - height
    return places


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
