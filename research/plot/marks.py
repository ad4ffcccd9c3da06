"""Breaks, swings, signs at candles, and levels."""

from __future__ import annotations

from research.plot.canvas import SIZE, Canvas, named
from research.plot.lives import Life
from research.plot.shapes import Line, Polygon, Text
from research.plot.theme import Style, color_of


def break_of_structure(on: Canvas, life: Life, style: Style) -> None:
    """A line from the swing to the candle that broke it."""
    scale, born = on.scale, life.born
    color = color_of(on.theme, style, born.direction)
    left, right = scale.middle(born.formed_at), scale.edge(born.confirmed_at)
    y = scale.inside(born.top)
    tip = on.tip(life)
    on.picture.groups.setdefault(style.group, on.theme.text)
    on.add(Line(left, y, right, y, color, 1.4, 1.0, not born.kind.endswith("bos"), style.group, tip))
    up = born.direction == "bullish"
    label = Text(
        (left + right) / 2, y - 4 if up else y + SIZE + 2, style.short, SIZE, color, "middle", bold=True,
        group=style.group, tip=tip,
    )  # fmt: skip
    shift = (right - left) / 4
    other_side = SIZE + 7 if up else -SIZE - 7
    near = ((0.0, 0.0), (shift, 0.0), (-shift, 0.0), (0.0, other_side), (0.0, -12 if up else 12))
    if (placed := on.placer.place(label, near)) is not None:
        on.add(placed)


def swing(on: Canvas, life: Life, style: Style) -> None:
    """Its sign."""
    scale, born = on.scale, life.born
    high = born.direction == "bearish"
    x, y = scale.middle(born.formed_at), scale.inside(born.top)
    away = -1.0 if high else 1.0
    tip = on.tip(life)
    color = on.theme.bearish if high else on.theme.bullish
    on.picture.groups.setdefault(style.group, on.theme.faint)
    on.swung.add((x, not high))
    point = y + away * 3
    on.add(Polygon(((x - 3.2, point + away * 5), (x + 3.2, point + away * 5), (x, point)), color, 0.9, style.group, tip))


def swing_label(on: Canvas, life: Life, style: Style) -> None:
    """Beyond its sign; behind the sign and word of a sweep at the same candle."""
    scale, born = on.scale, life.born
    high = born.direction == "bearish"
    x, y = scale.middle(born.formed_at), scale.inside(born.top)
    away = -1.0 if high else 1.0
    tip = on.tip(life)
    text = born.label or style.short
    label = Text(
        x, y + away * 11 if high else y + 19, text, SIZE - 1.5, on.theme.faint, "middle", group=style.group, tip=tip
    )
    if (placed := on.placer.place(label, [(0.0, away * shift) for shift in (0, 9, 18, 27)])) is not None:
        on.add(placed)


def mark(on: Canvas, life: Life, style: Style) -> None:
    """A sign with its word; a candle that sweeps three levels is one sign."""
    scale, born = on.scale, life.born
    color = color_of(on.theme, style, born.direction)
    up = born.direction == "bullish"
    candle = on.candle_before(born.confirmed_at)
    x = scale.middle(candle.open_time)
    y = scale.y(candle.low) + 5 if up else scale.y(candle.high) - 5
    tip = on.tip(life)
    on.picture.groups.setdefault(style.group, color)
    away = 1.0 if up else -1.0
    if (style.short, x, up) in on.marked:
        return
    on.marked.add((style.short, x, up))
    if (x, up) in on.swung:
        y += away * 8  # beyond the sign of the swing
    on.add(Polygon(((x - 4, y + away * 8), (x + 4, y + away * 8), (x, y)), color, 1.0, style.group, tip))
    on.placer.reserve((x - 4, min(y, y + away * 8), x + 4, max(y, y + away * 8)))
    label = Text(x, y + 19 if up else y - 11, style.short, SIZE - 1.5, color, "middle", group=style.group, tip=tip)
    if (placed := on.placer.place(label, ((0.0, 0.0), (0.0, away * 10), (0.0, away * 20)))) is not None:
        on.add(placed)


def level(on: Canvas, life: Life, style: Style) -> None:
    """Dashed until it was known, then to its end; named there, or at the side while it stands."""
    scale, born = on.scale, life.born
    color = color_of(on.theme, style, born.direction)
    left, known, right = on.span(life)
    y = scale.inside(born.top)
    tip, group = on.tip(life), style.group
    on.picture.groups.setdefault(group, color)
    on.add(Line(left, y, min(known, right), y, color, 0.8, 0.5, True, group, tip))
    if right > known:
        on.add(Line(known, y, right, y, color, 1.1, 0.9, False, group, tip))
    if life.ended_at is None:
        return
    label = Text(
        right - 2,
        y - 3,
        named(life, style),
        SIZE - 1.5,
        color,
        "end",
        group=group,
        tip=tip,
    )
    if (placed := on.placer.place(label, ((0.0, 0.0), (0.0, SIZE + 4)))) is not None:
        on.add(placed)
