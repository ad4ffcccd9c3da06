"""Pictures of doubt: a result over the values of a setting, over a grid of two, over costs, and beside chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from research.evidence.record import Chance, Tried
from research.plot.shapes import Line, Picture, Rect, Text
from research.plot.theme import THEMES, Theme
from research.validation.cost_sensitivity import CostRow

#: Pixels: the whole, the numbers at the left, the title above, the values below, and the size of letters.
WIDTH: Final = 460.0
HEIGHT: Final = 240.0
_LEFT: Final = 66.0
_TOP: Final = 34.0
_FOOT: Final = 40.0
_SIZE: Final = 11.0
_DOT: Final = 6.0


class Point(NamedTuple):
    """A value over a name on the axis; y None = there is none. marked: it stands out."""

    name: str
    y: float | None
    marked: bool = False


def plateau_picture(tried: Sequence[Tried], theme: Theme = THEMES["light"], measure: str = "Sharpe ratio") -> Picture | None:
    """Sharpe ratios over the values that were tried: a line for one setting, a heat map for two.

    The first trial, the settings as they stand, is marked. None with fewer than two values, or more than two settings.
    """
    names = list(tried[0].values) if tried else []
    if len(tried) < 2 or not 1 <= len(names) <= 2:
        return None
    if len(names) == 1:
        ordered = sorted(enumerate(tried), key=lambda each: _order(each[1].values[names[0]]))
        points = [Point(_word(each.values[names[0]]), each.sharpe, place == 0) for place, each in ordered]
        return line_picture(f"{measure} over {names[0]}", points, theme)
    return _heat(tried, names[0], names[1], theme, measure)


def costs_picture(rows: Sequence[CostRow], theme: Theme = THEMES["light"]) -> Picture | None:
    """What all trades come to at fees and slippage times a factor; None without rows."""
    if not rows:
        return None
    points = [Point(f"x {each.factor:g}", each.result, each.factor == 1.0) for each in rows]
    return line_picture("Sum of all trades, USDT, over fees and slippage", points, theme)


def chance_picture(chance: Chance, theme: Theme = THEMES["light"]) -> Picture:
    """The strategy's mean R beside the band in which 90 % of the runs with entries by chance lie."""
    picture = Picture(WIDTH, 110.0, theme.background, "Mean R of the trades, and of entries by chance")
    _head(picture, theme)
    scale = _Scale([chance.low, chance.high, chance.actual, 0.0], _LEFT, WIDTH - 20.0)
    y = 62.0
    zero, low, high = scale.at(0.0), scale.at(chance.low), scale.at(chance.high)
    middle, actual = scale.at(chance.middle), scale.at(chance.actual)
    tip = f"chance: {chance.low:+.3f} to {chance.high:+.3f} R in 90 % of {chance.runs} runs"
    picture.shapes += [
        Line(zero, y - 22.0, zero, y + 22.0, theme.axis),
        Rect(low, y - 8.0, max(1.0, high - low), 16.0, theme.neutral, 0.35, tip=tip),
        Line(middle, y - 10.0, middle, y + 10.0, theme.neutral, 2.0),
        Line(actual, y - 16.0, actual, y + 16.0, theme.up if chance.actual > 0.0 else theme.down, 3.0),
        Text(actual, y - 20.0, f"{chance.actual:+.2f} R", _SIZE, theme.text, "middle", bold=True),
        Text(zero, y + 36.0, "0", _SIZE, theme.faint, "middle"),
        Text(middle, y + 36.0, f"chance {chance.middle:+.2f} R", _SIZE, theme.faint, "middle"),
    ]
    return picture


def search_pictures(
    found: Sequence[tuple[Mapping[str, Any], float | None]], theme: Theme = THEMES["light"]
) -> list[Picture]:
    """Scores of a search (values by dotted path, score): a plateau of one or two settings, or else a picture a setting.

    Settings in which the trials do not differ are left out. Scores are of any measure.
    """
    names = [name for name in (found[0][0] if found else {}) if len({str(values[name]) for values, _ in found}) > 1]
    cells = math.prod(len({str(values[name]) for values, _ in found}) for name in names)
    different = len({tuple(str(values[name]) for name in names) for values, _ in found})
    if 1 <= len(names) <= 2 and different == len(found) and cells <= 2 * len(found):
        tried = [
            Tried(
                values={name.rpartition(".")[2]: values[name] for name in names},
                trades=0, total_return=0.0, sharpe=score, expectancy_r=None,
            )
            for values, score in found
        ]  # fmt: skip
        drawn = plateau_picture(tried, theme, "Score")
        return [] if drawn is None else [drawn]
    pictures = []
    best = max((score for _, score in found if score is not None), default=None)
    for name in names:
        ordered = sorted(found, key=lambda each: _order(each[0][name]))
        points = [Point(_word(values[name]), score, score is not None and score == best) for values, score in ordered]
        pictures.append(line_picture(f"Score over {name.rpartition('.')[2]}, a dot a trial", points, theme, joined=False))
    return pictures


def line_picture(title: str, points: Sequence[Point], theme: Theme, *, joined: bool = True) -> Picture:
    """Values over names that stand at equal distances. What has no value breaks the line. Zero is always in the picture."""
    picture = Picture(WIDTH, HEIGHT, theme.background, title)
    _head(picture, theme)
    known = [each.y for each in points if each.y is not None and math.isfinite(each.y)]
    scale = _Scale([*known, 0.0], HEIGHT - _FOOT, _TOP + 8.0)
    for tick in scale.ticks():
        color = theme.axis if tick == 0.0 else theme.grid
        picture.shapes.append(Line(_LEFT, scale.at(tick), WIDTH - 16.0, scale.at(tick), color))
        picture.shapes.append(Text(_LEFT - 6.0, scale.at(tick) + 4.0, f"{tick:,.6g}", _SIZE, theme.faint, "end"))
    step = (WIDTH - 16.0 - _LEFT) / max(1, len(points))
    xs = [_LEFT + step * (place + 0.5) for place in range(len(points))]
    every = math.ceil(len(points) / 8)
    for (one, x), (other, after) in pairwise(zip(points, xs, strict=True)):
        if joined and one.y is not None and other.y is not None:
            picture.shapes.append(Line(x, scale.at(one.y), after, scale.at(other.y), theme.bullish_block, 1.5))
    for place, (each, x) in enumerate(zip(points, xs, strict=True)):
        if place % every == 0 or (each.marked and len(points) <= 8):
            weight = theme.text if each.marked else theme.faint
            picture.shapes.append(Text(x, HEIGHT - _FOOT + 18.0, each.name, _SIZE, weight, "middle", bold=each.marked))
        if each.y is not None:
            color = theme.up if each.y > 0.0 else theme.down
            size = _DOT * (1.6 if each.marked else 1.0)
            y = scale.at(each.y)
            tip = f"{each.name}: {each.y:+,.4g}"
            picture.shapes.append(Rect(x - size / 2.0, y - size / 2.0, size, size, color, tip=tip))
    return picture


def _heat(tried: Sequence[Tried], across: str, up: str, theme: Theme, measure: str) -> Picture:
    """A cell a combination; how strong its colour is says how far its Sharpe ratio lies from zero."""
    xs = sorted({each.values[across] for each in tried}, key=_order)
    ys = sorted({each.values[up] for each in tried}, key=_order)
    picture = Picture(WIDTH, HEIGHT, theme.background, f"{measure} over {across} (across) and {up} (up)")
    _head(picture, theme)
    most = max((abs(each.sharpe) for each in tried if each.sharpe is not None), default=0.0) or 1.0
    width, height = (WIDTH - 16.0 - _LEFT) / len(xs), (HEIGHT - _FOOT - _TOP) / len(ys)
    for place, each in enumerate(tried):
        column, row = xs.index(each.values[across]), ys.index(each.values[up])
        x, y = _LEFT + column * width, HEIGHT - _FOOT - (row + 1) * height
        value = each.sharpe
        fill = theme.grid if value is None else theme.up if value > 0.0 else theme.down
        strength = 1.0 if value is None else 0.1 + 0.8 * abs(value) / most
        said = "none" if value is None else f"{value:+.2f}"
        tip = f"{across} {_word(each.values[across])}, {up} {_word(each.values[up])}: {said}"
        border = theme.text if place == 0 else theme.background
        picture.shapes.append(Rect(x + 1.0, y + 1.0, width - 2.0, height - 2.0, fill, strength, border, tip=tip))
        if width > 34.0 and height > 14.0:
            picture.shapes.append(Text(x + width / 2.0, y + height / 2.0 + 4.0, said, _SIZE, theme.text, "middle"))
    for column, name in enumerate(xs):
        if column % math.ceil(len(xs) / 8) == 0:
            x = _LEFT + (column + 0.5) * width
            picture.shapes.append(Text(x, HEIGHT - _FOOT + 18.0, _word(name), _SIZE, theme.faint, "middle"))
    for row, name in enumerate(ys):
        if row % math.ceil(len(ys) / 10) == 0:
            y = HEIGHT - _FOOT - (row + 0.5) * height + 4.0
            picture.shapes.append(Text(_LEFT - 6.0, y, _word(name), _SIZE, theme.faint, "end"))
    return picture


def _head(picture: Picture, theme: Theme) -> None:
    picture.shapes.append(Text(10.0, 20.0, picture.title, _SIZE + 1.0, theme.text, bold=True))


def _order(value: Any) -> tuple[int, float, str]:
    """Numbers by size, then words."""
    if isinstance(value, int | float):
        return 0, float(value), ""
    return 1, 0.0, str(value)


def _word(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class _Scale:
    """Values on an axis from ``begin`` to ``end``, pixels."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        low, high = min(values), max(values)
        room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        self._low, self._high = low - room, high + room
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        """The pixel of a value."""
        share = (value - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)

    def ticks(self) -> list[float]:
        """About five round values, zero among them."""
        rough = (self._high - self._low) / 5.0
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(each * size for each in (1.0, 2.0, 2.5, 5.0, 10.0) if each * size >= rough * 0.999)
        first, last = math.ceil(self._low / step), math.floor(self._high / step)
        return [place * step for place in range(first, last + 1)]
