"""The chart: candles, zones from where they were drawn to where they ended, structure, levels, sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from research.plot.axes import price_ticks, scale_of, time_ticks
from research.plot.labels import Placer, box_of, stacked
from research.plot.lives import Life
from research.plot.shapes import Line, Picture, Polygon, Rect, Shape, Text, text_width
from research.plot.theme import Style, Theme, color_of, style_of
from research.plot.windows import Stretch
from services.analysis.wording import price
from shared.domain.candles import Candle
from shared.domain.facts import Fact
from shared.domain.timezones import shown

_AXIS: Final = 84.0
_HEAD: Final = 46.0
_FOOT: Final = 24.0
_SIZE: Final = 11.0
_TITLE: Final = 15.0
#: A box narrower than this many pixels has no name.
_LEAST_NAMED: Final = 14.0
#: A band that is over: narrower it says nothing, and narrower than a name it has none.
_LEAST_BAND: Final = 28.0
_LEAST_NAMED_BAND: Final = 60.0


@dataclass(frozen=True, slots=True)
class Look:
    """How a chart is made. ``zone``: the clock of its time axis; sizes in pixels."""

    theme: Theme
    zone: str
    width: float
    height: float


class Scene:
    """Draws from behind to front. ``picture`` has the result once ``draw`` was called."""

    def __init__(self, candles: Sequence[Candle], look: Look, title: str) -> None:
        """Raises ValueError when there are no candles."""
        if not candles:
            raise ValueError("a chart needs at least one candle")
        self._candles = candles
        self._look = look
        self._theme = look.theme
        self._zone = ZoneInfo(look.zone)
        self._scale = scale_of(candles, 8.0, look.width - _AXIS, _HEAD, look.height - _FOOT)
        self.picture = Picture(look.width, look.height, look.theme.background, title)
        scale = self._scale
        self._placer = Placer((scale.left, scale.top, scale.right, scale.bottom))
        self._marked: set[tuple[str, float, bool]] = set()
        #: Where the mark of a swing stands: (x, below the candle).
        self._swung: set[tuple[float, bool]] = set()
        #: For names that find no place off the candles: it knows the other labels only.
        self._names = Placer((scale.left, scale.top, scale.right, scale.bottom))

    def draw(self, lives: Sequence[Life], windows: Sequence[Stretch]) -> Picture:
        """The whole chart."""
        scale = self._scale
        styled = [(life, style_of(life.born.kind, has_height=life.born.top > life.born.bottom)) for life in lives]
        seen = [(life, style) for life, style in styled if self._visible(life)]
        shifted = {_break_of(life) for life, _ in seen if life.born.kind == "mss"}
        seen = [(life, style) for life, style in seen if life.born.kind != "choch" or _break_of(life) not in shifted]
        self._grid()
        tags = self._axis_tags(seen)
        self._windows(windows)
        for life, style in seen:
            if style.role == "zone":
                self._zone_box(life, style)
            elif style.role == "band":
                self._band(life, style)
        self._draw_candles()
        for life, style in seen:
            if style.role == "break":
                self._break(life, style)
        swings = [(life, style) for life, style in seen if style.role == "swing"]
        for life, style in swings:
            self._swing(life, style)
        for life, style in seen:
            if style.role == "mark":
                self._mark(life, style)
        for life, style in swings:
            self._swing_label(life, style)
        for life, style in seen:
            if style.role == "level":
                self._level(life, style)
        self._add(*tags)
        for box in self._placer.taken:
            self._names.reserve(box)
        for candle in self._candles:
            x = scale.middle(candle.open_time)
            self._placer.reserve((x - scale.slot / 2, scale.y(candle.high), x + scale.slot / 2, scale.y(candle.low)))
        for life, style in seen:
            if style.role == "zone":
                self._zone_name(life, style)
            elif style.role == "band":
                self._band_name(life, style)
        self._last_price()
        self._head()
        return self.picture

    def _add(self, *shapes: Shape) -> None:
        self.picture.shapes += shapes

    def _visible(self, life: Life) -> bool:
        """Some of it lies inside of the frame. What ends where it begins is seen at that place."""
        scale, born = self._scale, life.born
        end = life.ended_at
        if style_of(born.kind, has_height=False).role == "swing" and born.formed_at < scale.opens[0]:
            return False
        begins_late = born.formed_at > self._candles[-1].open_time
        ended_early = end is not None and end <= scale.opens[0]
        return not (begins_late or ended_early or born.bottom > scale.highest or born.top < scale.lowest)

    # --- the frame -------------------------------------------------------------------------------------------------

    def _grid(self) -> None:
        scale, theme = self._scale, self._theme
        self._add(Rect(0, 0, self._look.width, self._look.height, theme.background))
        ticks, digits = price_ticks(scale, apart=46.0)
        last = scale.y(self._candles[-1].close)
        for tick in ticks:
            y = scale.y(tick)
            self._add(Line(scale.left, y, scale.right, y, theme.grid))
            if abs(y - last) > _SIZE + 3:
                self._add(Text(scale.right + 8, y + 4, f"{tick:,.{digits}f}", _SIZE, theme.faint))
        for mark in time_ticks(scale, self._zone, apart=84.0):
            color = theme.axis if mark.strong else theme.grid
            self._add(Line(mark.x, scale.top, mark.x, scale.bottom, color))
            half = text_width(mark.text, _SIZE, bold=mark.strong) / 2
            x = min(max(mark.x, half + 2), self._look.width - half - 2)
            ink = theme.text if mark.strong else theme.faint
            self._add(Text(x, scale.bottom + 16, mark.text, _SIZE, ink, "middle", bold=mark.strong))
        self._add(Line(scale.right, scale.top, scale.right, scale.bottom, theme.axis))
        self._add(Line(scale.left, scale.bottom, scale.right, scale.bottom, theme.axis))
        self._digits = digits

    def _windows(self, windows: Sequence[Stretch]) -> None:
        scale, theme = self._scale, self._theme
        for stretch in windows:
            color = theme.windows[stretch.place % len(theme.windows)]
            left, right = scale.edge(stretch.start), scale.edge(stretch.end)
            if right - left < 1.0:
                continue
            tip = f"{stretch.long}: {shown(stretch.start, self._look.zone)} to {shown(stretch.end, self._look.zone)}"
            self._add(
                Rect(left, scale.top, right - left, scale.bottom - scale.top, color, theme.window_opacity, "", False,
                     "sessions", tip),
                Rect(left, scale.top, right - left, 3.0, color, 0.8, "", False, "sessions", tip),
            )  # fmt: skip
            self.picture.groups.setdefault("sessions", color)
            for name in (stretch.long, stretch.short):
                if text_width(name, _SIZE - 1) <= right - left - 4:
                    label = Text((left + right) / 2, scale.top + 15, name, _SIZE - 1, color, "middle", group="sessions")
                    if (placed := self._placer.place(label)) is not None:
                        self._add(placed)
                    break

    def _draw_candles(self) -> None:
        scale, theme = self._scale, self._theme
        body = max(1.0, min(scale.slot * 0.68, scale.slot - 1.2))
        for candle in self._candles:
            x = scale.middle(candle.open_time)
            color = theme.up if candle.close >= candle.open else theme.down
            top, bottom = scale.y(max(candle.open, candle.close)), scale.y(min(candle.open, candle.close))
            tip = (
                f"{shown(candle.open_time, self._look.zone)}  O {price(candle.open)}  H {price(candle.high)}  "
                f"L {price(candle.low)}  C {price(candle.close)}"
            )
            self._add(Line(x, scale.y(candle.high), x, scale.y(candle.low), color, 1.0, tip=tip))
            self._add(Rect(x - body / 2, top, body, max(bottom - top, 1.0), color, tip=tip))

    # --- facts -----------------------------------------------------------------------------------------------------

    def _span(self, life: Life) -> tuple[float, float, float]:
        """Left side, where it became known, right side."""
        scale = self._scale
        right = scale.right if life.ended_at is None else scale.edge(life.ended_at)
        return scale.middle(life.born.formed_at), scale.edge(life.born.confirmed_at), right

    def _tip(self, life: Life) -> str:
        now = life.now
        end = f", {now.state} at {shown(now.changed_at, self._look.zone)}" if life.changes else ""
        return f"{now.why} Known at {shown(life.born.confirmed_at, self._look.zone)}{end}."

    def _zone_box(self, life: Life, style: Style) -> None:
        """Solid from the close at which it was known; before that, where it was drawn back to, only outlined."""
        scale, born = self._scale, life.born
        color = color_of(self._theme, style, born.direction)
        left, known, right = self._span(life)
        top, bottom = scale.inside(born.top), scale.inside(born.bottom)
        height = max(bottom - top, 1.5)
        strength = 0.26 if life.ended_at is None else 0.13
        tip, group = self._tip(life), style.group
        self.picture.groups.setdefault(group, color)
        if known > left:
            self._add(Rect(left, top, min(known, right) - left, height, color, 0.06, color, True, group, tip))
        if right > known:
            border = color if style.block else ""
            begin = max(known, left)
            self._add(Rect(begin, top, right - begin, height, color, strength, border, False, group, tip))
        if not style.block and height > 2 * _SIZE:
            middle = (top + bottom) / 2
            self._add(Line(left, middle, max(right, known), middle, color, 0.8, 0.6, True, group))

    def _band(self, life: Life, style: Style) -> None:
        """Edges and middle, from the close at which it was known: what it was drawn from lies weeks back."""
        scale, born = self._scale, life.born
        color = color_of(self._theme, style, born.direction)
        _, known, right = self._span(life)
        if life.ended_at is not None and right - known < _LEAST_BAND:
            return
        tip, group = self._tip(life), style.group
        self.picture.groups.setdefault(group, color)
        for edge in self._edges(born):
            self._add(Line(known, scale.y(edge), right, scale.y(edge), color, 1.0, 0.75, False, group, tip))
        middle = (born.top + born.bottom) / 2
        if life.ended_at is None and scale.lowest <= middle <= scale.highest:
            self._add(Line(known, scale.y(middle), right, scale.y(middle), color, 0.8, 0.5, True, group, tip))

    def _edges(self, born: Fact) -> list[float]:
        """Top and bottom, as far as they lie in the frame."""
        return [edge for edge in (born.top, born.bottom) if self._scale.lowest <= edge <= self._scale.highest]

    def _band_name(self, life: Life, style: Style) -> None:
        """Of a band that is over, at an edge that is seen; one that holds is named at the side."""
        _, known, right = self._span(life)
        edges = [self._scale.y(edge) for edge in self._edges(life.born)]
        if life.ended_at is None or right - known < _LEAST_NAMED_BAND or not edges:
            return
        color = color_of(self._theme, style, life.born.direction)
        size = _SIZE - 1
        text = _named(life, style)
        left = known + text_width(text, size) + 6
        places = [(x, y + away) for y in edges for x in (right - 3, left) for away in (-4, size + 2)]
        label = Text(0.0, 0.0, text, size, color, "end", group=style.group, tip=self._tip(life))
        if (placed := self._placer.place(label, places)) is not None:
            self._names.reserve(box_of(placed))
            self._add(placed)

    def _zone_name(self, life: Life, style: Style) -> None:
        """At the right end of the box, where candles seldom are; beside, above or below it where it is too small."""
        scale, born = self._scale, life.born
        color = color_of(self._theme, style, born.direction)
        left, known, right = self._span(life)
        top, bottom = scale.inside(born.top), scale.inside(born.bottom)
        right = max(right, known)
        if right - left < _LEAST_NAMED:
            return
        text = _named(life, style)
        size = _SIZE - 1
        width = text_width(text, size) + 6
        middle = (top + bottom) / 2 + size * 0.35
        inside: list[tuple[float, float]] = []
        if right - left >= width and bottom - top >= size + 3:
            # Above the dashed middle of a tall box.
            y = top + size + 2 if bottom - top >= 2 * size + 8 else middle
            inside = [(right - 3, y), ((left + right + width) / 2, y), (left + width, y)]
        around = [(right + width, middle), (right - 3, top - 4), (left + width, top - 4), (right - 3, bottom + size + 2)]
        label = Text(0.0, 0.0, text, size, color, "end", group=style.group, tip=self._tip(life))
        for placer in (self._placer, self._names):
            if (placed := placer.place(label, [*inside, *around])) is not None:
                for each in (self._placer, self._names):
                    each.reserve(box_of(placed))
                self._add(placed)
                return

    def _break(self, life: Life, style: Style) -> None:
        scale, born = self._scale, life.born
        color = color_of(self._theme, style, born.direction)
        left, right = scale.middle(born.formed_at), scale.edge(born.confirmed_at)
        y = scale.inside(born.top)
        tip = self._tip(life)
        self.picture.groups.setdefault(style.group, self._theme.text)
        self._add(Line(left, y, right, y, color, 1.4, 1.0, not born.kind.endswith("bos"), style.group, tip))
        up = born.direction == "bullish"
        label = Text(
            (left + right) / 2, y - 4 if up else y + _SIZE + 2, style.short, _SIZE, color, "middle", bold=True,
            group=style.group, tip=tip,
        )  # fmt: skip
        shift = (right - left) / 4
        other_side = _SIZE + 7 if up else -_SIZE - 7
        near = ((0.0, 0.0), (shift, 0.0), (-shift, 0.0), (0.0, other_side), (0.0, -12 if up else 12))
        if (placed := self._placer.place(label, near)) is not None:
            self._add(placed)

    def _swing(self, life: Life, style: Style) -> None:
        scale, born = self._scale, life.born
        high = born.direction == "bearish"
        x, y = scale.middle(born.formed_at), scale.inside(born.top)
        away = -1.0 if high else 1.0
        tip = self._tip(life)
        color = self._theme.bearish if high else self._theme.bullish
        self.picture.groups.setdefault(style.group, self._theme.faint)
        self._swung.add((x, not high))
        point = y + away * 3
        self._add(
            Polygon(((x - 3.2, point + away * 5), (x + 3.2, point + away * 5), (x, point)), color, 0.9, style.group, tip)
        )

    def _swing_label(self, life: Life, style: Style) -> None:
        """Beyond its sign; behind the sign and word of a sweep at the same candle."""
        scale, born = self._scale, life.born
        high = born.direction == "bearish"
        x, y = scale.middle(born.formed_at), scale.inside(born.top)
        away = -1.0 if high else 1.0
        tip = self._tip(life)
        text = born.label or style.short
        label = Text(
            x, y + away * 11 if high else y + 19, text, _SIZE - 1.5, self._theme.faint, "middle", group=style.group, tip=tip
        )
        if (placed := self._placer.place(label, [(0.0, away * shift) for shift in (0, 9, 18, 27)])) is not None:
            self._add(placed)

    def _mark(self, life: Life, style: Style) -> None:
        scale, born = self._scale, life.born
        color = color_of(self._theme, style, born.direction)
        up = born.direction == "bullish"
        candle = self._candle_before(born.confirmed_at)
        x = scale.middle(candle.open_time)
        y = scale.y(candle.low) + 5 if up else scale.y(candle.high) - 5
        tip = self._tip(life)
        self.picture.groups.setdefault(style.group, color)
        away = 1.0 if up else -1.0
        if (style.short, x, up) in self._marked:
            return  # a candle that sweeps three levels is one sign
        self._marked.add((style.short, x, up))
        if (x, up) in self._swung:
            y += away * 8  # beyond the sign of the swing
        self._add(Polygon(((x - 4, y + away * 8), (x + 4, y + away * 8), (x, y)), color, 1.0, style.group, tip))
        self._placer.reserve((x - 4, min(y, y + away * 8), x + 4, max(y, y + away * 8)))
        label = Text(x, y + 19 if up else y - 11, style.short, _SIZE - 1.5, color, "middle", group=style.group, tip=tip)
        if (placed := self._placer.place(label, ((0.0, 0.0), (0.0, away * 10), (0.0, away * 20)))) is not None:
            self._add(placed)

    def _candle_before(self, close_time: int) -> Candle:
        for candle in reversed(self._candles):
            if candle.close_time <= close_time:
                return candle
        return self._candles[0]

    def _level(self, life: Life, style: Style) -> None:
        scale, born = self._scale, life.born
        color = color_of(self._theme, style, born.direction)
        left, known, right = self._span(life)
        y = scale.inside(born.top)
        tip, group = self._tip(life), style.group
        self.picture.groups.setdefault(group, color)
        self._add(Line(left, y, min(known, right), y, color, 0.8, 0.5, True, group, tip))
        if right > known:
            self._add(Line(known, y, right, y, color, 1.1, 0.9, False, group, tip))
        if life.ended_at is None:
            return
        label = Text(
            right - 2,
            y - 3,
            _named(life, style),
            _SIZE - 1.5,
            color,
            "end",
            group=group,
            tip=tip,
        )
        if (placed := self._placer.place(label, ((0.0, 0.0), (0.0, _SIZE + 4)))) is not None:
            self._add(placed)

    # --- the margins -----------------------------------------------------------------------------------------------

    def _last_price(self) -> None:
        scale, theme = self._scale, self._theme
        last = self._candles[-1]
        color = theme.up if last.close >= last.open else theme.down
        y = scale.y(last.close)
        self._add(Line(scale.left, y, scale.right, y, color, 0.8, 0.7, True))
        self._add(Rect(scale.right + 1, y - 9, _AXIS - 2, 18, color))
        digits = max(self._digits, _digits_of(last.close))
        self._add(Text(scale.right + 8, y + 4, f"{last.close:,.{digits}f}", _SIZE, theme.background, bold=True))

    def _axis_tags(self, seen: Sequence[tuple[Life, Style]]) -> list[Text]:
        """Names of levels that still stand, at the right side, moved apart; those nearest to price where not all fit."""
        scale, last = self._scale, self._candles[-1].close
        top, bottom, height = scale.top + 26, scale.bottom - 4, _SIZE + 3
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
            color = color_of(self._theme, style, life.born.direction)
            tag = Text(
                scale.right - 4, y + 3.5, name, _SIZE - 1, color, "end",
                plate=self._theme.background, group=style.group, tip=self._tip(life),
            )  # fmt: skip
            self._placer.reserve(box_of(tag))
            tags.append(tag)
        return tags

    def _head(self) -> None:
        """Title, the range that is shown, and what the colours mean."""
        theme, candles, zone = self._theme, self._candles, self._look.zone
        title = self.picture.title
        self._add(Text(8, 19, title, _TITLE, theme.text, bold=True))
        x = 8 + text_width(title, _TITLE, bold=True) + 14
        span = f"{shown(candles[0].open_time, zone)} to {shown(candles[-1].close_time, zone)}"
        self._add(Text(x, 19, span, _SIZE, theme.faint))
        x = 8.0
        for group, color in self.picture.groups.items():
            name = group.replace("_", " ")
            if x + 14 + text_width(name, _SIZE) > self._look.width - 16:
                self._add(Text(x, 38, "…", _SIZE, theme.faint))
                break
            self._add(Rect(x, 29, 10, 10, color, 0.75, group=""))
            self._add(Text(x + 14, 38, name, _SIZE, theme.faint))
            x += 14 + text_width(name, _SIZE) + 16


def _break_of(life: Life) -> tuple[str, int, int]:
    """Which break a CHoCH or its shift is about."""
    return life.born.direction, life.born.formed_at, life.born.confirmed_at


def _standing(life: Life, style: Style) -> list[tuple[float, str]]:
    """The prices at which something that still stands is named at the side, each with its name."""
    name = _named(life, style)
    if style.role == "level":
        return [(life.born.top, name)]
    if style.role == "band":
        return [(life.born.top, f"{name} high"), (life.born.bottom, f"{name} low")]
    return []


def _named(life: Life, style: Style) -> str:
    """The kind's short word, and the fact's own name where it has one."""
    return f"{style.short} {life.born.label}".strip().replace("_", " ")


def _digits_of(value: float) -> int:
    """Digits behind the point that the price is quoted with, eight at most."""
    return len(f"{value:.8f}".rstrip("0").partition(".")[2])
