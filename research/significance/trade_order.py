"""Monte Carlo of trades: the same trades in another order, or drawn anew, and how deep the account would have fallen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
import numpy as np

from research.columns import Floats
from research.performance.equity import EquityCurve
from research.performance.trades import TradeResult

Draw = Literal["shuffle", "resample"]

RUNS: Final = 10_000
#: Probabilities at which distributions are told.
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
#: Numbers drawn at a time, so that memory does not grow with the runs.
_AT_ONCE: Final = 1_000_000


class TradeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """How the account fares over many orders of its trades.

    drawdown: quantile → deepest fall, 0 to 1. final: quantile → equity at the end, 1 = the start; with ``shuffle`` it is
    always the same. ruin_level: equity, as a share of the start. ruin_probability: share of the runs that fell to it or
    below. loss_probability: share that ended below the start.
    """

    method: Draw
    runs: int
    trades: int
    drawdown: dict[float, float]
    final: dict[float, float]
    ruin_level: float
    ruin_probability: float
    loss_probability: float


def fractions(trades: Sequence[TradeResult], curve: EquityCurve) -> Floats:
    """Result of each trade as a fraction of the equity when it was opened; trades opened after ruin are left out.

    Raises ValueError for a trade opened before the curve starts.
    """
    early = [trade for trade in trades if trade.opened_at < curve.start]
    if early:
        raise ValueError(f"a trade was opened at {early[0].opened_at}, before the equity curve starts at {curve.start}")
    opened = np.array([trade.opened_at for trade in trades], dtype=np.int64)
    equity = curve.at(opened)
    alive = equity > 0.0
    results = np.array([trade.result for trade in trades], dtype=np.float64)
    shares: Floats = results[alive] / equity[alive]
    return shares


def reordered(
    fractions: Floats,
    rng: np.random.Generator,
    *,
    method: Draw = "shuffle",
    runs: int = RUNS,
    ruin_level: float = 0.5,
) -> TradeOrder | None:
    """Play the trades ``runs`` times, each with its fraction of the equity then. None without a trade.

    ``shuffle``: each trade once, in random order. ``resample``: as many drawn with replacement, so that losses may come
    more often than they did. Both take trades as independent of each other; open at the same time they are not.
    Raises ValueError for no runs or a ruin level outside 0 to 1.
    """
    if runs < 1:
        raise ValueError(f"runs {runs}: at least one is wanted, better {RUNS}")
    if not 0.0 <= ruin_level < 1.0:
        raise ValueError(f"ruin level {ruin_level}: a share of the starting equity is wanted, from 0 to below 1")
    count = len(fractions)
    if not count:
        return None
    falls, lowest, final = (np.empty(runs) for _ in range(3))
    rows = max(1, _AT_ONCE // count)
    for begin in range(0, runs, rows):
        part = slice(begin, min(begin + rows, runs))
        falls[part], lowest[part], final[part] = _played(_drawn(fractions, method, part.stop - begin, rng))
    return TradeOrder(
        method=method,
        runs=runs,
        trades=count,
        drawdown=_quantiles(falls),
        final=_quantiles(final),
        ruin_level=ruin_level,
        ruin_probability=float(np.mean(lowest <= ruin_level)),
        loss_probability=float(np.mean(final < 1.0)),
    )


def _drawn(fractions: Floats, method: Draw, rows: int, rng: np.random.Generator) -> Floats:
    if method == "shuffle":
        return rng.permuted(np.tile(fractions, (rows, 1)), axis=1)
    drawn: Floats = fractions[rng.integers(len(fractions), size=(rows, len(fractions)))]
    return drawn


def _played(drawn: Floats) -> tuple[Floats, Floats, Floats]:
    """Deepest fall, lowest and last equity of each row. A trade that takes all ends the row at zero."""
    equity = np.ones((drawn.shape[0], drawn.shape[1] + 1))
    np.cumprod(np.maximum(1.0 + drawn, 0.0), axis=1, out=equity[:, 1:])
    missing = 1.0 - equity / np.maximum.accumulate(equity, axis=1)
    return missing.max(axis=1), equity.min(axis=1), equity[:, -1].copy()


def _quantiles(values: Floats) -> dict[float, float]:
    return dict(zip(QUANTILES, np.quantile(values, QUANTILES).tolist(), strict=True))
