"""Pictures of setups: candles, the facts that the gates looked at, the signal or the gate that refused it, and its words."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from research.plot.axes import Scale
from research.plot.canvas import SIZE, Look
from research.plot.chart import WINDOW_KINDS
from research.plot.indicator_lines import IndicatorLine, IndicatorLines, lines_of
from research.plot.labels import stacked
from research.plot.lives import Life
from research.plot.scene import Scene
from research.plot.setup_cases import CASES
from research.plot.setups import Setup, Setups
from research.plot.shapes import Line, Picture, Rect, Text
from research.plot.theme import THEMES
from research.plot.windows import stretches
from services.analysis.settings import AnalysisSettings
from services.signals.view.liquidity import LIQUIDITY
from shared.domain.candles import Candle
from shared.domain.timeframes import DURATION, Timeframe

_LOOK: Final = Look(THEMES["light"], "America/New_York", 900.0, 400.0)
#: Candles before the judged close (at least, at most) and after it.
_LEAST, _MOST, _AFTER = 44, 84, 22
#: Candles before the earliest fact.
_MARGIN: Final = 6
#: Room above and below the candles, shares of their range.
_ROOM: Final = 0.06
#: Candles that the longest indicator looks back.
_PAST: Final = 160
#: Pixels: the strip of an indicator, a line of the caption, and how many letters it has.
_STRIP, _ROW, _LETTERS = 110.0, 17.0, 135


def picture_of_setup(setup: Setup, setups: Setups, analysis: AnalysisSettings) -> Picture:
    """Draw one setup of ``setups``. Raises ValueError when there are no candles around it."""
    step = DURATION[setup.timeframe]
    end = setup.close_time + _AFTER * step
    known = [each for each in setups.lives(setup.facts(), end) if each[1].born.kind not in WINDOW_KINDS]
    own = [life.born.formed_at for frame, life in known if frame == setup.timeframe and life.born.kind != "key_open"]
    back = (setup.close_time - min(own, default=setup.close_time)) // step + _MARGIN
    before = max(_LEAST, min(back, _MOST))
    past = setups.candles(setup.timeframe, setup.close_time - (before + _PAST) * step, end)
    shown = past[-(before + _AFTER) :]
    signal, refused_by = setup.signal, setup.refused_by
    title = f"{setup.strategy}: {signal.side} signal" if signal is not None else f"{setup.strategy}: no signal"
    if refused_by is not None:
        title += f", gate {refused_by.name} fails"
    lines = lines_of(setup.strategy, past, len(shown))
    scene = Scene(
        shown, _LOOK, title, [*_prices(setup, known, shown), *(each for line in lines.over for each in line.values)]
    )
    windows = stretches(analysis.timetable, CASES[setup.strategy].windows, shown[0].open_time, shown[-1].close_time)
    picture = scene.draw([_placed(*each, setup) for each in known], windows, [signal] if signal is not None else [])
    picture.shapes += _over(lines, scene.scale)
    picture.shapes += _judged(setup, scene.scale)
    if lines.below:
        _strip(picture, lines.below, scene.scale)
    text = signal.why if signal is not None else refused_by.text if refused_by is not None else ""
    _caption(picture, text)
    return picture


def _prices(setup: Setup, known: Sequence[tuple[Timeframe, Life]], shown: Sequence[Candle]) -> list[float]:
    """What must not be cut: the signal's prices, and the facts of the judged timeframe as far as they are near."""
    signal = setup.signal
    found = [] if signal is None else [signal.stop, signal.entry.price, *(each.price for each in signal.exits)]
    low, high = min(candle.low for candle in shown), max(candle.high for candle in shown)
    near = (high - low) / 2
    # Room for the words of marks above and below the candles.
    found += [low - _ROOM * (high - low), high + _ROOM * (high - low)]
    edges = [edge for _, life in known for edge in (life.born.bottom, life.born.top)]
    return [*found, *(edge for edge in edges if low - near <= edge <= high + near)]


def _placed(frame: Timeframe, life: Life, setup: Setup) -> Life:
    """The life with its timeframe in its name where it is another one than the judged; levels as they stood at the close."""
    born, ended_at = life.born, life.ended_at
    if frame != setup.timeframe:
        born = msgspec.structs.replace(born, label=f"{frame} {born.label}".strip())
    if born.kind in LIQUIDITY and ended_at is not None and ended_at > setup.close_time:
        ended_at = None
    return Life(born, life.now, ended_at, life.changes)


def _judged(setup: Setup, scale: Scale) -> Iterator[Line | Text]:
    """An upright line behind the candle that was judged."""
    x = scale.edge(setup.close_time)
    yield Line(x, scale.top, x, scale.bottom, _LOOK.theme.neutral, 1.2, 0.8, True)
    yield Text(x + 4, scale.bottom - 6, "judged here", SIZE, _LOOK.theme.neutral, plate=_LOOK.theme.background)


def _over(lines: IndicatorLines, scale: Scale) -> Iterator[Line | Text]:
    for number, line in enumerate(lines.over):
        yield from _drawn(line, scale, scale.y)
        x = scale.left + 6 + 110 * number
        yield Text(x, scale.top + 14, line.name, SIZE, getattr(_LOOK.theme, line.ink), plate=_LOOK.theme.background)


def _strip(picture: Picture, lines: Sequence[IndicatorLine], scale: Scale) -> None:
    """The lines in a strip of their own below the time axis, with their names at its right side."""
    theme, top = _LOOK.theme, picture.height
    bottom = top + _STRIP - 8.0
    low, high = min(min(line.values) for line in lines), max(max(line.values) for line in lines)
    room = (high - low) * 0.08 or 1.0
    within = Scale(scale.opens, scale.duration, scale.left, scale.right, top, bottom, low - room, high + room)
    picture.height += _STRIP
    picture.shapes.append(Rect(0.0, top, picture.width, _STRIP, theme.background))
    picture.shapes.append(Line(scale.left, top, scale.right, top, theme.axis))
    picture.shapes.append(Line(scale.left, bottom, scale.right, bottom, theme.axis))
    for line in lines:
        picture.shapes += _drawn(line, within, within.y)
    named = sorted(lines, key=lambda line: -line.values[-1])
    places = stacked([within.y(line.values[-1]) + 4 for line in named], SIZE + 1, top + SIZE, bottom - 2)
    for line, y in zip(named, places, strict=True):
        picture.shapes.append(Text(scale.right + 6, y, line.name, SIZE - 1, getattr(theme, line.ink)))


def _drawn(line: IndicatorLine, scale: Scale, y: Callable[[float], float]) -> Iterator[Line]:
    ink = getattr(_LOOK.theme, line.ink)
    points = [(scale.middle(at), y(value)) for at, value in zip(scale.opens, line.values, strict=True)]
    for (x1, y1), (x2, y2) in pairwise(points):
        yield Line(x1, y1, x2, y2, ink, 1.0 if line.dashed else 1.5, 0.9, line.dashed)


def _caption(picture: Picture, text: str) -> None:
    """The sentence below everything, in as many rows as it needs."""
    rows = textwrap.wrap(text, _LETTERS)
    top = picture.height
    picture.height += _ROW * len(rows) + 8.0
    picture.shapes.append(Rect(0.0, top, picture.width, picture.height - top, _LOOK.theme.background))
    for number, row in enumerate(rows):
        picture.shapes.append(Text(8.0, top + 14.0 + _ROW * number, row, SIZE + 1, _LOOK.theme.text))
