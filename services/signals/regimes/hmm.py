"""A hidden Markov model with one normal distribution a state, used *filtered*: by what was known at each candle.

The forward step, for the probability b of each state, the transition matrix A and the density of a return x in state j:
``b'[j] ∝ (Σ_i b[i] A[i][j]) · N(x; mean[j], variance[j])`` (Rabiner 1989, equation 20, scaled to a sum of 1). It is fitted
in ``research.training.regimes``; here is arithmetic only.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, isfinite, log, pi
from typing import Final

import msgspec

#: How far the sum of a row of probabilities may be from 1: what is written as text is rounded.
_ROUNDING: Final = 1e-9


class GaussianHmm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters, a state a place: of the calmest market first.

    start: probabilities before anything was seen. transition: row = from, column = to. means, variances: of the logarithmic
    return of one candle, and of its square. Raises ValueError for what is no such model.
    """

    start: tuple[float, ...]
    transition: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    variances: tuple[float, ...]

    def __post_init__(self) -> None:
        states = len(self.start)
        if not states or {len(self.transition), len(self.means), len(self.variances), *map(len, self.transition)} != {
            states
        }:
            raise ValueError("the hidden Markov model has parts of different sizes")
        for row in (self.start, *self.transition):
            if not all(isfinite(each) and each >= 0.0 for each in row) or abs(sum(row) - 1.0) > _ROUNDING:
                raise ValueError(f"the hidden Markov model has probabilities that do not add up to 1: {row}")
        if not all(map(isfinite, self.means)) or not all(isfinite(each) and each > 0.0 for each in self.variances):
            raise ValueError("the hidden Markov model has means or variances that no return can have")
        if any(calmer >= wilder for calmer, wilder in pairwise(self.variances)):
            raise ValueError("the states of the hidden Markov model do not stand in order of their variance")

    def step(self, belief: Sequence[float], value: float | None) -> list[float]:
        """Return the probability of each state after one more candle.

        belief: that before it; empty = nothing was seen yet. value: the return of the candle; None = not known, and only
        time passes.
        """
        if value is None:
            return self._ahead(belief) if belief else []
        return self._weigh(self._ahead(belief) if belief else self.start, value)[0]

    def log_density(self, belief: Sequence[float], value: float) -> float:
        """Return the logarithm of the density that the model gave this return before it came: how well it forecasts."""
        return self._weigh(self._ahead(belief) if belief else self.start, value)[1]

    def _ahead(self, belief: Sequence[float]) -> list[float]:
        columns = range(len(self.start))
        return [sum([before * row[to] for before, row in zip(belief, self.transition, strict=True)]) for to in columns]

    def _weigh(self, prior: Sequence[float], value: float) -> tuple[list[float], float]:
        # In logarithms, and from the likeliest state on: a move of fifty deviations is rare, not a division by zero.
        logs = [
            log(before) - 0.5 * (log(2.0 * pi * variance) + (value - mean) ** 2 / variance) if before > 0.0 else None
            for before, mean, variance in zip(prior, self.means, self.variances, strict=True)
        ]
        highest = max(each for each in logs if each is not None)
        weights = [exp(each - highest) if each is not None else 0.0 for each in logs]
        total = sum(weights)
        return [weight / total for weight in weights], highest + log(total)
