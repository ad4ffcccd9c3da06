"""Draws what a candle repository holds: a row a series, with its price, how complete it is, and what is notable in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from research.plot.shapes import Line, Picture, Rect, Text
from research.plot.theme import Theme
from shared.candles.kinds import FUNDING, Chunk, Kind, step_of
from shared.domain.timeframes import DAY

#: Columns of a row; each stands for the same length of time in all rows.
COLUMNS: Final = 800
_LEFT, _RIGHT, _TOP, _ROW, _PRICE, _STRIP = 96.0, 20.0, 62.0, 84.0, 44.0, 12.0
_GAP: Final = 6.0
_HOURS_OF_FUNDING: Final = 8 * 3_600_000
#: From one date to the next, in columns.
_LABEL_COLUMNS: Final = 90


class Row(NamedTuple):
    """One series in columns. share: how much of each column is stored, 0 to 1; -1 before its first and after its last row.

    values: the last close (of funding: the last rate) of each column, NaN where there is none. notable: times of outliers
    and jumps, UTC ms. wrong: something in it cannot be right.
    """

    symbol: str
    kind: Kind
    share: NDArray[np.float64]
    values: NDArray[np.float64]
    notable: tuple[int, ...]
    wrong: bool


def in_columns(
    symbol: str, kind: Kind, chunks: Iterable[Chunk], start: int, end: int, notable: Sequence[int], *, wrong: bool
) -> Row:
    """Count a series into columns of [start, end), UTC ms, chunk by chunk."""
    counts = np.zeros(COLUMNS)
    values = np.full(COLUMNS, np.nan)
    first = last = -1
    for chunk in chunks:
        places = (chunk[0] - start) * COLUMNS // (end - start)
        counts += np.bincount(places, minlength=COLUMNS)
        values[places] = chunk[1 if kind == FUNDING else 4]  # of equal places the last one stays
        first = int(chunk[0][0]) if first < 0 else first
        last = int(chunk[0][-1])
    share = _shares(counts, kind, start, end, first, last) if first >= 0 else np.full(COLUMNS, -1.0)
    return Row(symbol, kind, share, values, tuple(notable), wrong)


def _shares(counts: NDArray[np.float64], kind: Kind, start: int, end: int, first: int, last: int) -> NDArray[np.float64]:
    """How much of each column is there, of the rows that are due in it between the first and the last one."""
    step = step_of(kind) or _HOURS_OF_FUNDING
    edges = start + -(-np.arange(COLUMNS + 1) * (end - start) // COLUMNS)
    edges = np.clip(edges, first, last + 1)
    due = np.diff((edges - first + step - 1) // step)
    if kind == FUNDING:
        due = np.maximum(due - 1, 0)  # paid some milliseconds late, it may fall into the next column
    share = np.full(COLUMNS, -1.0)
    inside = np.flatnonzero(np.diff(edges) > 0)
    before = 1.0
    for column in inside.tolist():
        # A column that is shorter than a row's time is as whole as the one before.
        before = share[column] = min(counts[column] / due[column], 1.0) if due[column] else before
    return share


def history_picture(rows: Sequence[Row], start: int, end: int, theme: Theme) -> Picture:
    """The rows below each other on one axis of time."""
    width = _LEFT + COLUMNS + _RIGHT
    picture = Picture(width, _TOP + _ROW * len(rows) + 28.0, theme.background, "History")
    _legend(picture, theme)
    _axis(picture, start, end, theme)
    for place, row in enumerate(rows):
        _draw(picture, row, _TOP + place * _ROW, start, end, theme)
    return picture


def _legend(picture: Picture, theme: Theme) -> None:
    picture.shapes.append(Text(12.0, 26.0, "History", 16.0, theme.text, bold=True))
    x = _LEFT
    entries = (("complete", theme.bullish), ("in part", theme.bearish_block), ("missing", theme.bearish))
    for words, color in (*entries, ("outlier or jump", theme.neutral)):
        picture.shapes.append(Rect(x, 16.0, 12.0, 12.0, color))
        picture.shapes.append(Text(x + 18.0, 26.0, words, 12.0, theme.faint))
        x += 30.0 + 8.0 * len(words)


def _axis(picture: Picture, start: int, end: int, theme: Theme) -> None:
    """Dates at even distances; below a span of some days with hours."""
    bottom = picture.height - 24.0
    for column in range(0, COLUMNS - _LABEL_COLUMNS // 2, _LABEL_COLUMNS):
        at = datetime.fromtimestamp((start + column * (end - start) // COLUMNS) / 1000, UTC)
        words = f"{at:%Y-%m-%d}" if end - start > 12 * DAY else f"{at:%m-%d %H:%M}"
        picture.shapes.append(Line(_LEFT + column, _TOP - 8.0, _LEFT + column, bottom, theme.grid))
        picture.shapes.append(Text(_LEFT + column, picture.height - 8.0, words, 11.0, theme.faint))


def _draw(picture: Picture, row: Row, top: float, start: int, end: int, theme: Theme) -> None:
    add = picture.shapes.append
    add(Text(12.0, top + 20.0, row.symbol, 12.0, theme.bearish if row.wrong else theme.text, bold=True))
    add(Text(12.0, top + 36.0, f"{row.kind}{', wrong' if row.wrong else ''}", 11.0, theme.faint))
    known = np.flatnonzero(~np.isnan(row.values))
    if len(known):
        low, high = float(row.values[known].min()), float(row.values[known].max())
        span = (high - low) or 1.0
        heights = top + _PRICE - (row.values - low) / span * (_PRICE - 4.0)
        for before, after in pairwise(known.tolist()):
            if (row.share[before + 1 : after] > 0).all():  # no line over a gap
                left, right = _LEFT + before + 0.5, _LEFT + after + 0.5
                add(Line(left, float(heights[before]), right, float(heights[after]), theme.text))
    strip = top + _PRICE + _GAP
    add(Rect(_LEFT, strip, float(COLUMNS), _STRIP, theme.grid))
    for begin, stop, color in _stretches(row.share, theme):
        add(Rect(_LEFT + begin, strip, float(stop - begin), _STRIP, color))
    for at in sorted({int((time - start) * COLUMNS // (end - start)) for time in row.notable}):
        add(Rect(_LEFT + at - 1.0, strip + _STRIP + 2.0, 3.0, 6.0, theme.neutral))


def _stretches(share: NDArray[np.float64], theme: Theme) -> list[tuple[int, int, str]]:
    """Neighbouring columns of one colour together: (first, behind the last, colour)."""
    states = np.select([share < 0, share >= 0.999, share > 0], [0, 1, 2], 3)
    colors = ("", theme.bullish, theme.bearish_block, theme.bearish)
    edges = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
    return [(begin, stop, colors[states[begin]]) for begin, stop in pairwise(edges) if states[begin]]
