"""Plateaus: settings whose neighbours do well too. A single peak among bad neighbours is luck."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from research.columns import Floats

#: Cells of a grid at most, with the neighbours of each.
_MOST: Final = 50_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Scores of a grid of settings.

    names: of the settings, one a dimension. axes: the values of each, in their order. scores: one a combination; NaN
    where it was not tried, or has no score.
    """

    names: tuple[str, ...]
    axes: tuple[tuple[float, ...], ...]
    scores: Floats

    @classmethod
    def of(cls, tried: Iterable[tuple[Mapping[str, float], float | None]]) -> Grid:
        """From (settings, score; None = has none) of each trial. Raises ValueError for none, other names, twins."""
        rows = list(tried)
        if not rows:
            raise ValueError("no trials: a grid needs at least one")
        names = tuple(rows[0][0])
        for settings, _ in rows:
            if set(settings) != set(names):
                raise ValueError(f"trial with {', '.join(sorted(settings))} beside trials with {', '.join(sorted(names))}")
        axes = tuple(tuple(sorted({settings[name] for settings, _ in rows})) for name in names)
        places = [{value: place for place, value in enumerate(axis)} for axis in axes]
        scores = np.full([len(axis) for axis in axes], np.nan)
        known: set[Hashable] = set()
        for settings, score in rows:
            at = tuple(place[settings[name]] for name, place in zip(names, places, strict=True))
            if at in known:
                raise ValueError(f"{dict(settings)} was tried twice: give each combination once")
            known.add(at)
            scores[at] = np.nan if score is None else score
        return cls(names, axes, scores)

    def settings(self, at: Sequence[int]) -> dict[str, float]:
        """The combination at a place of ``scores``."""
        return {name: axis[place] for name, axis, place in zip(self.names, self.axes, at, strict=True)}


@dataclass(frozen=True, slots=True, eq=False)
class Plateau:
    """Each cell of a grid judged by its neighbourhood, itself included. Arrays have the shape of the scores.

    middle: median of the neighbourhood. worst: lowest score in it. known: share of it that has a score; at the edge of
    the grid there is less of it. A cell without a score is NaN in all but ``known``. best: place with the highest middle;
    of equal ones the highest worst, then the first. None = no cell has a score.
    """

    middle: Floats
    worst: Floats
    known: Floats
    best: tuple[int, ...] | None


def plateau(scores: Floats, radius: int = 1) -> Plateau:
    """Judge a grid of scores (higher is better) by neighbours up to ``radius`` steps away in every dimension.

    Scores that are not finite count as missing. Raises ValueError for a radius below 1, no dimension, a grid too large.
    """
    if radius < 1 or not scores.ndim:
        raise ValueError(f"radius {radius} in {scores.ndim} dimension(s): at least one of both is wanted")
    width = 2 * radius + 1
    if scores.size * width**scores.ndim > _MOST:
        raise ValueError(f"{scores.size} cells with {width**scores.ndim} neighbours each are too many: leave out a setting")
    clean = np.where(np.isfinite(scores), scores, np.nan)
    padded = np.pad(clean, radius, constant_values=np.nan)
    around = sliding_window_view(padded, (width,) * scores.ndim).reshape(*scores.shape, -1)
    has = ~np.isnan(clean)
    middle, worst = np.full(scores.shape, np.nan), np.full(scores.shape, np.nan)
    if has.any():
        middle[has] = np.nanmedian(around[has], axis=-1)
        worst[has] = np.nanmin(around[has], axis=-1)
    return Plateau(middle, worst, np.mean(~np.isnan(around), axis=-1), _best(middle, worst, has))


def _best(middle: Floats, worst: Floats, has: NDArray[np.bool_]) -> tuple[int, ...] | None:
    cells = [tuple(int(each) for each in cell) for cell in np.argwhere(has)]
    return max(cells, key=lambda cell: (middle[cell], worst[cell]), default=None)
