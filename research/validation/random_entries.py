"""Entries by chance with a strategy's own exits: what its exits and the market alone would have earned.

Each trade of the strategy keeps its side, the distances of its stop and target and its longest holding, and enters at the
open of a candle drawn at random. Inside a candle the stop comes first. A stop that the open has jumped over fills at the
open; a target fills at its price, never better. Entries know nothing of each other: two may be open at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from research.columns import Columns, Floats

RUNS: Final = 1_000
#: Candles of a trade looked at together.
_AT_ONCE: Final = 64


class ExitRule(NamedTuple):
    """How a trade leaves. stop, target: distances from the entry, as fractions of its price; target None = there is none.

    candles: longest holding; the trade leaves at the close of the last of them. long: bought, else sold short.
    """

    long: bool
    stop: float
    target: float | None
    candles: int


def played(candles: Columns, entries: NDArray[np.int64], rule: ExitRule, cost: float = 0.0) -> Floats:
    """R of a trade entered at the open of each candle in ``entries`` (places), after costs.

    cost: fees and slippage of one side, a fraction of its notional. Raises ValueError for a rule or an entry that cannot be.
    """
    _examine(candles, entries, rule, cost)
    sign = 1.0 if rule.long else -1.0
    price = candles.open[entries]
    worst, best = (candles.low, candles.high) if rule.long else (candles.high, candles.low)
    target = math.inf if rule.target is None else rule.target
    moves = sign * (candles.close[entries + rule.candles - 1] / price - 1.0)  # of those whose time is over
    waiting = np.arange(len(entries))
    for begin in range(0, rule.candles, _AT_ONCE):
        at = entries[waiting, None] + np.arange(begin, min(begin + _AT_ONCE, rule.candles))
        paid = price[waiting, None]
        stopped = sign * (worst[at] / paid - 1.0) <= -rule.stop
        over = stopped | (sign * (best[at] / paid - 1.0) >= target)
        first = over.argmax(axis=1)
        left = over[np.arange(len(waiting)), first]
        row, first = np.flatnonzero(left), first[left]
        opened = sign * (candles.open[at[row, first]] / paid[row, 0] - 1.0)
        moves[waiting[row]] = np.where(stopped[row, first], np.minimum(opened, -rule.stop), target)
        waiting = waiting[~left]
        if not len(waiting):
            break
    costs = cost * (2.0 + sign * moves)  # the exit's notional is the entry's, moved
    found: Floats = (moves - costs) / rule.stop
    return found


def baseline(
    candles: Columns,
    rules: Sequence[ExitRule],
    rng: np.random.Generator,
    *,
    runs: int = RUNS,
    eligible: NDArray[np.bool_] | None = None,
    cost: float = 0.0,
) -> Floats:
    """Mean R of a strategy's trades in each of ``runs`` worlds in which they entered by chance.

    rules: one a trade. eligible: candles that may be entered (the hours that the strategy trades in); None = all. A trade
    never enters so late that its longest holding has no candles. Raises ValueError when there is nothing to draw from.
    """
    if runs < 1 or not rules:
        raise ValueError(f"{runs} runs of {len(rules)} trades: at least one of both is wanted")
    places = np.arange(len(candles)) if eligible is None else np.flatnonzero(eligible)
    total = np.zeros(runs)
    for rule in rules:
        possible = places[places <= len(candles) - rule.candles]
        if not len(possible):
            raise ValueError(f"no candle to enter at with {rule.candles} candles after it: give more candles")
        total += played(candles, possible[rng.integers(len(possible), size=runs)], rule, cost)
    mean: Floats = total / len(rules)
    return mean


def luck(actual: float, chance: Floats) -> float:
    """Probability of a mean R like ``actual`` or better by entries of chance; never 0: the strategy counts as a draw."""
    return float(1 + np.count_nonzero(chance >= actual)) / (1 + len(chance))


def _examine(candles: Columns, entries: NDArray[np.int64], rule: ExitRule, cost: float) -> None:
    if not rule.stop > 0.0 or (rule.target is not None and rule.target <= 0.0) or rule.candles < 1:
        raise ValueError(f"{rule}: stop and target lie away from the entry, and a trade is held for a candle at least")
    if cost < 0.0:
        raise ValueError(f"cost {cost}: a fraction of the notional is wanted, at least 0")
    if len(entries) and (entries.min() < 0 or entries.max() > len(candles) - rule.candles):
        raise ValueError(
            f"entries from {entries.min()} to {entries.max()} in {len(candles)} candles, held for {rule.candles}"
        )
