"""GARCH(1,1): the variance of the next return, from the last one and the variance that was expected of it.

``v[t+1] = omega + alpha · (r[t] - mean)² + beta · v[t]`` (Bollerslev 1986).
"""

from __future__ import annotations

from math import isfinite
from typing import Final

import msgspec

#: How far alpha + beta may be above 1: an optimiser that stops at its bound is not exact.
_ROUNDING: Final = 1e-9


class Garch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters, of the logarithmic return of one candle. start: the variance to begin with, that of all returns.

    alpha + beta = 1 is allowed (long years of hourly candles give that): what is expected of the next candle is sound, and
    far ahead nothing is. Raises ValueError for what is no such model, or explodes.
    """

    mean: float
    omega: float
    alpha: float
    beta: float
    start: float

    def __post_init__(self) -> None:
        if not all(map(isfinite, (self.mean, self.omega, self.alpha, self.beta, self.start))):
            raise ValueError("the GARCH model has parameters that are no numbers")
        if min(self.omega, self.start) <= 0.0 or min(self.alpha, self.beta) < 0.0:
            raise ValueError("the GARCH model has parameters that let a variance be zero or below")
        if self.alpha + self.beta > 1.0 + _ROUNDING:
            raise ValueError(f"the GARCH model explodes: alpha + beta is {self.alpha + self.beta:.6g}, above 1")

    def step(self, variance: float, value: float | None) -> float:
        """Return the variance expected of the next return.

        variance: that which was expected of this one. value: this return; None = not known, so that its square is what was
        expected.
        """
        surprise = variance if value is None else (value - self.mean) ** 2
        return self.omega + self.alpha * surprise + self.beta * variance
