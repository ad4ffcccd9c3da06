"""A measure is a finite number or it is absent."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from research.columns import Floats

#: Spread of numbers, as a share of the largest, at or below which they are equal but for rounding.
_ROUNDING: Final = 1e-12


def finite(value: float) -> float | None:
    """The number as a plain float; None for NaN and infinities."""
    return float(value) if math.isfinite(value) else None


def ratio(numerator: float, denominator: float) -> float | None:
    """None where the denominator is zero, or the quotient too large for a float."""
    if denominator == 0.0:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return finite(np.float64(numerator) / np.float64(denominator))


def deviation(values: Floats) -> float | None:
    """Standard deviation with n - 1; 0 for values that are equal but for rounding, None for fewer than two."""
    if len(values) < 2:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(np.std(values, ddof=1))
    largest = float(np.max(np.abs(values)))
    return 0.0 if spread <= _ROUNDING * largest else finite(spread)
