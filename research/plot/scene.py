"""The chart: candles, zones from where they were drawn to where they ended, structure, levels, sessions."""

from __future__ import annotations

from collections.abc import Sequence

from research.plot import frame, marks, trades, zones
from research.plot.axes import Scale
from research.plot.canvas import Canvas, Look
from research.plot.lives import Life
from research.plot.shapes import Picture
from research.plot.theme import style_of
from research.plot.windows import Stretch
from shared.domain.candles import Candle
from shared.domain.decisions import Signal


class Scene:
    """Draws from behind to front."""

    def __init__(self, candles: Sequence[Candle], look: Look, title: str, prices: Sequence[float] = ()) -> None:
        """``prices``: lie in the frame besides those of the candles. Raises ValueError when there are no candles."""
        self._on = Canvas(candles, look, title, prices)

    @property
    def scale(self) -> Scale:
        """From prices and times to pixels."""
        return self._on.scale

    def draw(self, lives: Sequence[Life], windows: Sequence[Stretch], signals: Sequence[Signal] = ()) -> Picture:
        """The whole chart."""
        on, scale = self._on, self._on.scale
        styled = [(life, style_of(life.born.kind, has_height=life.born.top > life.born.bottom)) for life in lives]
        seen = [(life, style) for life, style in styled if on.visible(life)]
        shifted = {_break_of(life) for life, _ in seen if life.born.kind == "mss"}
        seen = [(life, style) for life, style in seen if life.born.kind != "choch" or _break_of(life) not in shifted]
        frame.grid(on)
        tags = frame.axis_tags(on, seen)
        frame.shade(on, windows)
        for life, style in seen:
            if style.role == "zone":
                zones.box(on, life, style)
            elif style.role == "band":
                zones.band(on, life, style)
        frame.bars(on)
        for life, style in seen:
            if style.role == "break":
                marks.break_of_structure(on, life, style)
        swings = [(life, style) for life, style in seen if style.role == "swing"]
        for life, style in swings:
            marks.swing(on, life, style)
        for life, style in seen:
            if style.role == "mark":
                marks.mark(on, life, style)
        for life, style in swings:
            marks.swing_label(on, life, style)
        for life, style in seen:
            if style.role == "level":
                marks.level(on, life, style)
        on.add(*tags)
        for taken in on.placer.taken:
            on.names.reserve(taken)
        for candle in on.candles:
            x = scale.middle(candle.open_time)
            on.placer.reserve((x - scale.slot / 2, scale.y(candle.high), x + scale.slot / 2, scale.y(candle.low)))
        for life, style in seen:
            if style.role == "zone":
                zones.box_name(on, life, style)
            elif style.role == "band":
                zones.band_name(on, life, style)
        for each in signals:
            trades.signal(on, each)
        frame.last_price(on)
        frame.head(on)
        return on.picture


def _break_of(life: Life) -> tuple[str, int, int]:
    """Which break a CHoCH or its shift is about."""
    return life.born.direction, life.born.formed_at, life.born.confirmed_at
