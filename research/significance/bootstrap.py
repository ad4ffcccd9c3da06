"""Confidence intervals by drawing again from what happened.

Days hang together, so returns are drawn in blocks (``stationary``: Politis and Romano 1994, blocks of random length around a
mean). Trades are drawn one by one (``plain``). Intervals are percentiles of the draws. They know only what happened: of few
values, or of a calm year, they are too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from research.columns import Floats
from research.significance.block_length import stationary_block

Method = Literal["stationary", "plain"]
Statistic = Callable[[Floats], float | None]

#: Draws; the ends of an interval of 95 % then come from the 50 outermost on each side.
RESAMPLES: Final = 2_000
#: Share of the draws that must have a statistic, for its interval to say anything.
_ENOUGH: Final = 0.9


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A statistic with its confidence interval, in the statistic's unit.

    estimate: of the values themselves; None = it cannot be told. low, high: ends; None when fewer than nine of ten
    draws had the statistic (a profit factor without a loss). level: share of the draws between them. absent: draws without.
    block: mean length of the blocks drawn, in values; 1 for ``plain``.
    """

    estimate: float | None
    low: float | None
    high: float | None
    level: float
    method: Method
    block: float
    resamples: int
    absent: int


def intervals(
    values: Floats,
    statistics: Mapping[str, Statistic],
    method: Method,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    block: float | None = None,
) -> dict[str, Interval]:
    """An interval for each statistic, all from the same draws. block: mean length; None = by ``stationary_block``.

    Raises ValueError for a level outside 0 to 1, no draws, or a block below 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level {level}: a share between 0 and 1 is wanted, such as 0.95")
    if resamples < 1:
        raise ValueError(f"resamples {resamples}: at least one is wanted, better {RESAMPLES}")
    length = _block(values, method, block)
    found: dict[str, list[float]] = {name: [] for name in statistics}
    estimates = {name: statistic(values) for name, statistic in statistics.items()}
    same = _all_the_same(values)
    for _ in range(resamples if len(values) else 0):
        drawn = values[indices(len(values), length, rng)]  # also of equal values: the next intervals draw from the same rng
        for name, statistic in statistics.items():
            value = estimates[name] if same else statistic(drawn)
            if value is not None:
                found[name].append(value)
    return {name: _interval(estimates[name], found[name], level, method, length, resamples) for name in statistics}


def indices(count: int, block: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places of one draw of ``count`` values: blocks of mean length ``block`` from random places, round the end."""
    starts = rng.integers(count, size=count)
    if block <= 1.0:
        return starts
    begins = rng.random(count) < 1.0 / block
    begins[0] = True
    latest = np.maximum.accumulate(np.where(begins, np.arange(count), 0))
    places: NDArray[np.int64] = (starts[latest] + np.arange(count) - latest) % count
    return places


def _all_the_same(values: Floats) -> bool:
    """Whether every draw is ``values`` itself, to the bit: an account that never traded, or one day."""
    bits = np.ascontiguousarray(values).view(np.int64)
    return bool((bits == bits[:1]).all())


def _block(values: Floats, method: Method, block: float | None) -> float:
    if method == "plain":
        return 1.0
    if block is None:
        return stationary_block(values)
    if block < 1.0:
        raise ValueError(f"block {block}: blocks have a mean length of at least one value")
    return block


def _interval(
    estimate: float | None, draws: list[float], level: float, method: Method, block: float, resamples: int
) -> Interval:
    low = high = None
    if estimate is not None and len(draws) >= _ENOUGH * resamples:
        ends = np.quantile(draws, ((1.0 - level) / 2.0, (1.0 + level) / 2.0))
        low, high = float(ends[0]), float(ends[1])
    return Interval(
        estimate=estimate, low=low, high=high, level=level, method=method, block=block, resamples=resamples,
        absent=resamples - len(draws),
    )  # fmt: skip
