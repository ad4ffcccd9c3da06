"""All of a chart that is no fact: axes, windows of time, candles, the last price, title and legend, names at the side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from research.plot.axes import price_ticks, time_ticks
from research.plot.canvas import AXIS, SIZE, Canvas, named
from research.plot.labels import box_of, stacked
from research.plot.lives import Life
from research.plot.shapes import Line, Rect, Text, text_width
from research.plot.theme import Style, color_of
from research.plot.windows import Stretch
from services.analysis.wording import price
from shared.domain.timezones import shown

_TITLE: Final = 15.0


def grid(on: Canvas) -> None:
    """Lines, and what stands at both axes."""
    scale, theme = on.scale, on.theme
    on.add(Rect(0, 0, on.look.width, on.look.height, theme.background))
    ticks, digits = price_ticks(scale, apart=46.0)
    last = scale.y(on.candles[-1].close)
    for tick in ticks:
        y = scale.y(tick)
        on.add(Line(scale.left, y, scale.right, y, theme.grid))
        if abs(y - last) > SIZE + 3:
            on.add(Text(scale.right + 8, y + 4, f"{tick:,.{digits}f}", SIZE, theme.faint))
    for mark in time_ticks(scale, on.zone, apart=84.0):
        color = theme.axis if mark.strong else theme.grid
        on.add(Line(mark.x, scale.top, mark.x, scale.bottom, color))
        half = text_width(mark.text, SIZE, bold=mark.strong) / 2
        x = min(max(mark.x, half + 2), on.look.width - half - 2)
        ink = theme.text if mark.strong else theme.faint
        on.add(Text(x, scale.bottom + 16, mark.text, SIZE, ink, "middle", bold=mark.strong))
    on.add(Line(scale.right, scale.top, scale.right, scale.bottom, theme.axis))
    on.add(Line(scale.left, scale.bottom, scale.right, scale.bottom, theme.axis))
    on.digits = digits


def shade(on: Canvas, windows: Sequence[Stretch]) -> None:
    """Windows of time, behind everything."""
    scale, theme = on.scale, on.theme
    for stretch in windows:
        color = theme.windows[stretch.place % len(theme.windows)]
        left, right = scale.edge(stretch.start), scale.edge(stretch.end)
        if right - left < 1.0:
            continue
        tip = f"{stretch.long}: {shown(stretch.start, on.look.zone)} to {shown(stretch.end, on.look.zone)}"
        on.add(
            Rect(left, scale.top, right - left, scale.bottom - scale.top, color, theme.window_opacity, "", False,
                 "sessions", tip),
            Rect(left, scale.top, right - left, 3.0, color, 0.8, "", False, "sessions", tip),
        )  # fmt: skip
        on.picture.groups.setdefault("sessions", color)
        for name in (stretch.long, stretch.short):
            if text_width(name, SIZE - 1) <= right - left - 4:
                label = Text((left + right) / 2, scale.top + 15, name, SIZE - 1, color, "middle", group="sessions")
                if (placed := on.placer.place(label)) is not None:
                    on.add(placed)
                break


def bars(on: Canvas) -> None:
    """The candles."""
    scale, theme = on.scale, on.theme
    body = max(1.0, min(scale.slot * 0.68, scale.slot - 1.2))
    for candle in on.candles:
        x = scale.middle(candle.open_time)
        color = theme.up if candle.close >= candle.open else theme.down
        top, bottom = scale.y(max(candle.open, candle.close)), scale.y(min(candle.open, candle.close))
        tip = (
            f"{shown(candle.open_time, on.look.zone)}  O {price(candle.open)}  H {price(candle.high)}  "
            f"L {price(candle.low)}  C {price(candle.close)}"
        )
        on.add(Line(x, scale.y(candle.high), x, scale.y(candle.low), color, 1.0, tip=tip))
        on.add(Rect(x - body / 2, top, body, max(bottom - top, 1.0), color, tip=tip))


def last_price(on: Canvas) -> None:
    """A line, and the price at the axis."""
    scale, theme = on.scale, on.theme
    last = on.candles[-1]
    color = theme.up if last.close >= last.open else theme.down
    y = scale.y(last.close)
    on.add(Line(scale.left, y, scale.right, y, color, 0.8, 0.7, True))
    on.add(Rect(scale.right + 1, y - 9, AXIS - 2, 18, color))
    digits = max(on.digits, _digits_of(last.close))
    on.add(Text(scale.right + 8, y + 4, f"{last.close:,.{digits}f}", SIZE, theme.background, bold=True))


def axis_tags(on: Canvas, seen: Sequence[tuple[Life, Style]]) -> list[Text]:
    """Names of levels that still stand, at the right side, moved apart; those nearest to price where not all fit."""
    scale, last = on.scale, on.candles[-1].close
    top, bottom, height = scale.top + 26, scale.bottom - 4, SIZE + 3
    levels = [
        (level, name, life, style)
        for life, style in seen
        if life.ended_at is None
        for level, name in _standing(life, style)
        if style.role == "level" or scale.lowest <= level <= scale.highest
    ]
    levels.sort(key=lambda each: abs(each[0] - last))
    levels = sorted(levels[: int((bottom - top) / height)], key=lambda each: -each[0])
    wanted = [scale.inside(level) for level, _, _, _ in levels]
    tags = []
    for (_, name, life, style), y in zip(levels, stacked(wanted, height, top, bottom), strict=True):
        color = color_of(on.theme, style, life.born.direction)
        tag = Text(
            scale.right - 4, y + 3.5, name, SIZE - 1, color, "end",
            plate=on.theme.background, group=style.group, tip=on.tip(life),
        )  # fmt: skip
        on.placer.reserve(box_of(tag))
        tags.append(tag)
    return tags


def head(on: Canvas) -> None:
    """Title, the range that is shown, and what the colours mean."""
    theme, candles, zone = on.theme, on.candles, on.look.zone
    title = on.picture.title
    on.add(Text(8, 19, title, _TITLE, theme.text, bold=True))
    x = 8 + text_width(title, _TITLE, bold=True) + 14
    span = f"{shown(candles[0].open_time, zone)} to {shown(candles[-1].close_time, zone)}"
    on.add(Text(x, 19, span, SIZE, theme.faint))
    x = 8.0
    for group, color in on.picture.groups.items():
        name = group.replace("_", " ")
        if x + 14 + text_width(name, SIZE) > on.look.width - 16:
            on.add(Text(x, 38, "…", SIZE, theme.faint))
            break
        on.add(Rect(x, 29, 10, 10, color, 0.75, group=""))
        on.add(Text(x + 14, 38, name, SIZE, theme.faint))
        x += 14 + text_width(name, SIZE) + 16


def _standing(life: Life, style: Style) -> list[tuple[float, str]]:
    """The prices at which something that still stands is named at the side, each with its name."""
    name = named(life, style)
    if style.role == "level":
        return [(life.born.top, name)]
    if style.role == "band":
        return [(life.born.top, f"{name} high"), (life.born.bottom, f"{name} low")]
    return []


def _digits_of(value: float) -> int:
    """Digits behind the point that the price is quoted with, eight at most."""
    return len(f"{value:.8f}".rstrip("0").partition(".")[2])
