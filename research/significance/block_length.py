"""How long the blocks of a bootstrap have to be, so that days that hang together stay together.

Politis and White (2004), corrected by Patton, Politis and White (2009); the rules of thumb are those of the arch package.
"""

from __future__ import annotations

import math

from research.columns import Floats


def stationary_block(returns: Floats) -> float:
    """Mean block length, in returns, for the stationary bootstrap of their mean; at least 1, which is no blocks at all."""
    count = len(returns)
    deviations = returns - returns.mean() if count else returns
    total = float(deviations @ deviations)
    if count < 8 or total == 0.0:
        return 1.0
    together = max(5, int(math.log10(count)))
    most = min(math.ceil(math.sqrt(count)) + together, count - 2)
    covariances = [float(deviations[lag:] @ deviations[: count - lag]) / count for lag in range(most + 1)]
    lags = min(2 * max(_last_that_matters(deviations, covariances, together, most), 1), most)
    slope = spectrum = 0.0
    for lag in range(1, lags + 1):
        weight = min(1.0, 2.0 * (1.0 - lag / lags))
        slope += 2.0 * weight * lag * covariances[lag]
        spectrum += 2.0 * weight * covariances[lag]
    spectrum += covariances[0]
    length = (slope / spectrum) ** 2 * count if spectrum else math.inf  # it is bounded below
    return float(min(max(1.0, length ** (1.0 / 3.0)), math.ceil(min(3.0 * math.sqrt(count), count / 3.0))))


def _last_that_matters(deviations: Floats, covariances: list[float], together: int, most: int) -> int:
    """The first lag from which ``together`` correlations in a row are insignificant; ``most`` when there is none."""
    count = len(deviations)
    limit = 2.0 * math.sqrt(math.log10(count) / count)
    small = []
    for lag in range(most + 1):
        ends = float(deviations[lag + 1 :] @ deviations[lag + 1 :]) * float(
            deviations[: -(lag + 1)] @ deviations[: -(lag + 1)]
        )
        small.append(ends > 0.0 and abs(covariances[lag]) * count < limit * math.sqrt(ends))
    for lag in range(most - together + 1):
        if all(small[lag : lag + together]):
            return lag
    return most
