"""Probability of backtest overfitting: how often the best in one half of the time is below the middle in the other.

Bailey, Borwein, López de Prado, Zhu (2017), by combinatorially symmetric cross-validation (CSCV): the time is cut into
blocks, every half of the blocks is once the sample in which the best trial is chosen, the other half judges it.
"""

from __future__ import annotations

import math
from itertools import combinations, islice
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from research.columns import Floats
from research.performance.finite import deviation, ratio

#: Blocks of time: 12,870 halves.
BLOCKS: Final = 16
#: Halves looked at together, so that memory does not grow with their number.
_AT_ONCE: Final = 512


class Overfitting(msgspec.Struct, frozen=True, kw_only=True):
    """What choosing the best of ``trials`` by its Sharpe ratio is worth.

    probability: share of the halves in which the trial that was best is at or below the median in the other half. 0.5 =
    choosing is worth nothing. loss_probability: share in which its Sharpe ratio there is below 0. slope: of its Sharpe
    ratio there on that here; below 0 = the better it looks, the worse it is; None = all look alike. rank: its mean
    relative rank there, 0 to 1. dropped: oldest observations left out, so that the blocks are equally long.
    """

    trials: int
    observations: int
    blocks: int
    halves: int
    dropped: int
    probability: float
    loss_probability: float
    rank: float
    slope: float | None


def overfitting(returns: Floats, blocks: int = BLOCKS) -> Overfitting:
    """Judge the choice among trials by their returns (observations x trials, of the same moments).

    A trial whose returns do not differ (it never traded) has Sharpe ratio 0. Raises ValueError for fewer than two trials,
    an odd number of blocks, blocks of less than two observations, numbers that are not finite.
    """
    length = _examined(returns, blocks)
    dropped = returns.shape[0] - blocks * length
    kept = returns[dropped:]
    middle = kept.mean(axis=0)
    centred = (kept - middle).reshape(blocks, length, -1)
    sums, squares = centred.sum(axis=1), (centred**2).sum(axis=1)
    tiny = 1e-24 * np.max(np.abs(kept), axis=0) ** 2
    halves = combinations(range(blocks), blocks // 2)
    here: list[Floats] = []
    there: list[Floats] = []
    ranks: list[Floats] = []
    while chosen := list(islice(halves, _AT_ONCE)):
        member = np.zeros((len(chosen), blocks))
        np.put_along_axis(member, np.array(chosen), 1.0, axis=1)
        size = blocks // 2 * length
        inside = _sharpes(member @ sums, member @ squares, middle, tiny, size)
        outside = _sharpes((1.0 - member) @ sums, (1.0 - member) @ squares, middle, tiny, size)
        best = inside == inside.max(axis=1, keepdims=True)
        here.append(inside.max(axis=1))
        there.append(_of_best(outside, best))
        ranks.append(_rank_of_best(outside, best) / (returns.shape[1] + 1))
    x, y, rank = (np.concatenate(part) for part in (here, there, ranks))
    return Overfitting(
        trials=returns.shape[1],
        observations=blocks * length,
        blocks=blocks,
        halves=math.comb(blocks, blocks // 2),
        dropped=dropped,
        probability=float(np.mean(rank <= 0.5)),
        loss_probability=float(np.mean(y < 0.0)),
        rank=float(np.mean(rank)),
        slope=_slope(x, y),
    )


def _examined(returns: Floats, blocks: int) -> int:
    """Length of a block. Raises ValueError."""
    if returns.ndim != 2 or returns.shape[1] < 2:
        raise ValueError("overfitting needs the returns of at least two trials, as columns")
    if blocks < 2 or blocks % 2:
        raise ValueError(f"{blocks} blocks: an even number is wanted, such as {BLOCKS}")
    length = int(returns.shape[0]) // blocks
    if length < 2:
        raise ValueError(f"{returns.shape[0]} observations in {blocks} blocks: each block needs at least two")
    if not np.all(np.isfinite(returns)):
        raise ValueError("returns hold a number that is not finite: a trial without a return on a day has 0 there")
    return length


def _sharpes(sums: Floats, squares: Floats, middle: Floats, tiny: Floats, size: int) -> Floats:
    """Sharpe ratio of each trial (columns) in each half (rows), from sums of returns less their ``middle``."""
    variance = (squares - sums**2 / size) / (size - 1)
    flat = variance <= tiny
    found: Floats = np.where(flat, 0.0, (middle + sums / size) / np.sqrt(np.where(flat, 1.0, variance)))
    return found


def _rank_of_best(outside: Floats, best: NDArray[np.bool_]) -> Floats:
    """Rank of the best trial of each row among all, 1 = lowest; equal values share the mean of their ranks."""
    value = outside[np.arange(len(outside)), best.argmax(axis=1)][:, None]
    found: Floats = ((outside < value).sum(axis=1) + (outside <= value).sum(axis=1) + 1) / 2.0
    for row in np.flatnonzero(best.sum(axis=1) > 1):  # several were equally good: the mean of their ranks
        values = outside[row, best[row]][:, None]
        found[row] = np.mean((outside[row] < values).sum(axis=1) + (outside[row] <= values).sum(axis=1) + 1) / 2.0
    return found


def _of_best(values: Floats, best: NDArray[np.bool_]) -> Floats:
    """Mean over the best trials of each row: of several that are equally good, none is preferred by its place."""
    found: Floats = np.where(best, values, 0.0).sum(axis=1) / best.sum(axis=1)
    return found


def _slope(x: Floats, y: Floats) -> float | None:
    """Of the straight line through the points, by least squares."""
    if not deviation(x):
        return None
    away = x - x.mean()
    return ratio(float(away @ (y - y.mean())), float(away @ away))
