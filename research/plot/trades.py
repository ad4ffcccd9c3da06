"""Signals on a chart: a sign at the candle that closed, and lines for entry, stop and exits from there on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from research.plot.canvas import SIZE, Canvas
from research.plot.labels import box_of
from research.plot.shapes import Line, Polygon, Text
from shared.domain.decisions import Signal
from shared.domain.timeframes import DURATION

#: Candles over which the lines of a signal are drawn; to the end of the chart if that is nearer.
_LENGTH: Final = 24
_GROUP: Final = "signals"


def signal(on: Canvas, drawn: Signal) -> None:
    """Draw one signal, if it closed on this chart; prices beyond its frame are left out."""
    scale, theme = on.scale, on.theme
    candle = on.candle_before(drawn.close_time)
    if candle.close_time != drawn.close_time:
        return  # it closed before the chart begins, or after its end
    up = drawn.side == "BUY"
    color = theme.bullish if up else theme.bearish
    on.picture.groups.setdefault(_GROUP, theme.text)
    tip = f"{drawn.strategy}: {drawn.why}"
    left = scale.edge(drawn.close_time)
    right = min(scale.edge(drawn.close_time + _LENGTH * DURATION[candle.timeframe]), scale.right)
    named = [("stop", drawn.stop, theme.bearish), ("entry", drawn.entry.price, theme.text)]
    named += [("exit", each.price, theme.bullish) for each in drawn.exits]
    for name, level, ink in named:
        if not scale.lowest <= level <= scale.highest:
            continue
        y = scale.y(level)
        on.add(Line(left - scale.slot, y, max(right, left), y, ink, 1.2, 0.9, name != "entry", _GROUP, tip))
        label = Text(
            left - scale.slot - 3, y + 4, f"{name} {level:,.{on.digits}f}", SIZE - 1, ink, "end", group=_GROUP, tip=tip
        )
        # Above or below the other end of the line, then its middle.
        along = [(share * (right - 4.0 - label.x), dy) for share in (1.0, 0.5, 0.75) for dy in (-SIZE + 3, SIZE - 2)]
        places = [(0.0, 0.0), (0.0, -SIZE), (0.0, SIZE), *along]
        for placer in (on.placer, on.names):  # off the candles, else off other labels
            if (placed := placer.place(label, places)) is not None:
                for each in (on.placer, on.names):
                    each.reserve(box_of(placed))
                on.add(replace(placed, plate=theme.background))
                break
    x = scale.middle(candle.open_time)
    y, away = (scale.y(candle.low) + 6, 1.0) if up else (scale.y(candle.high) - 6, -1.0)
    on.add(Polygon(((x - 7, y + away * 13), (x + 7, y + away * 13), (x, y)), color, 1.0, _GROUP, tip))
