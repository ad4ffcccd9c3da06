"""Zones and bands: from where they were drawn to where they ended, with their names."""

from __future__ import annotations

from typing import Final

from research.plot.canvas import SIZE, Canvas, named
from research.plot.labels import box_of
from research.plot.lives import Life
from research.plot.shapes import Line, Rect, Text, text_width
from research.plot.theme import Style, color_of
from shared.domain.facts import Fact

#: A box narrower than this many pixels has no name.
_LEAST_NAMED: Final = 14.0
#: A band that is over: narrower it says nothing, and narrower than a name it has none.
_LEAST_BAND: Final = 28.0
_LEAST_NAMED_BAND: Final = 60.0


def box(on: Canvas, life: Life, style: Style) -> None:
    """Solid from the close at which it was known; before that, where it was drawn back to, only outlined."""
    scale, born = on.scale, life.born
    color = color_of(on.theme, style, born.direction)
    left, known, right = on.span(life)
    top, bottom = scale.inside(born.top), scale.inside(born.bottom)
    height = max(bottom - top, 1.5)
    strength = 0.26 if life.ended_at is None else 0.13
    tip, group = on.tip(life), style.group
    on.picture.groups.setdefault(group, color)
    if known > left:
        on.add(Rect(left, top, min(known, right) - left, height, color, 0.06, color, True, group, tip))
    if right > known:
        border = color if style.block else ""
        begin = max(known, left)
        on.add(Rect(begin, top, right - begin, height, color, strength, border, False, group, tip))
    if not style.block and height > 2 * SIZE:
        middle = (top + bottom) / 2
        on.add(Line(left, middle, max(right, known), middle, color, 0.8, 0.6, True, group))


def box_name(on: Canvas, life: Life, style: Style) -> None:
    """At the right end of the box, where candles seldom are; beside, above or below it where it is too small."""
    scale, born = on.scale, life.born
    color = color_of(on.theme, style, born.direction)
    left, known, right = on.span(life)
    top, bottom = scale.inside(born.top), scale.inside(born.bottom)
    right = max(right, known)
    if right - left < _LEAST_NAMED:
        return
    text = named(life, style)
    size = SIZE - 1
    width = text_width(text, size) + 6
    middle = (top + bottom) / 2 + size * 0.35
    inside: list[tuple[float, float]] = []
    if right - left >= width and bottom - top >= size + 3:
        # Above the dashed middle of a tall box.
        y = top + size + 2 if bottom - top >= 2 * size + 8 else middle
        inside = [(right - 3, y), ((left + right + width) / 2, y), (left + width, y)]
    around = [(right + width, middle), (right - 3, top - 4), (left + width, top - 4), (right - 3, bottom + size + 2)]
    label = Text(0.0, 0.0, text, size, color, "end", group=style.group, tip=on.tip(life))
    for placer in (on.placer, on.names):
        if (placed := placer.place(label, [*inside, *around])) is not None:
            for each in (on.placer, on.names):
                each.reserve(box_of(placed))
            on.add(placed)
            return


def band(on: Canvas, life: Life, style: Style) -> None:
    """Edges and middle, from the close at which it was known: what it was drawn from lies weeks back."""
    scale, born = on.scale, life.born
    color = color_of(on.theme, style, born.direction)
    _, known, right = on.span(life)
    if life.ended_at is not None and right - known < _LEAST_BAND:
        return
    tip, group = on.tip(life), style.group
    on.picture.groups.setdefault(group, color)
    for edge in _edges(on, born):
        on.add(Line(known, scale.y(edge), right, scale.y(edge), color, 1.0, 0.75, False, group, tip))
    middle = (born.top + born.bottom) / 2
    if life.ended_at is None and scale.lowest <= middle <= scale.highest:
        on.add(Line(known, scale.y(middle), right, scale.y(middle), color, 0.8, 0.5, True, group, tip))


def band_name(on: Canvas, life: Life, style: Style) -> None:
    """Of a band that is over, at an edge that is seen; one that holds is named at the side."""
    _, known, right = on.span(life)
    edges = [on.scale.y(edge) for edge in _edges(on, life.born)]
    if life.ended_at is None or right - known < _LEAST_NAMED_BAND or not edges:
        return
    color = color_of(on.theme, style, life.born.direction)
    size = SIZE - 1
    text = named(life, style)
    left = known + text_width(text, size) + 6
    places = [(x, y + away) for y in edges for x in (right - 3, left) for away in (-4, size + 2)]
    label = Text(0.0, 0.0, text, size, color, "end", group=style.group, tip=on.tip(life))
    if (placed := on.placer.place(label, places)) is not None:
        on.names.reserve(box_of(placed))
        on.add(placed)


def _edges(on: Canvas, born: Fact) -> list[float]:
    """Top and bottom, as far as they lie in the frame."""
    return [edge for edge in (born.top, born.bottom) if on.scale.lowest <= edge <= on.scale.highest]
