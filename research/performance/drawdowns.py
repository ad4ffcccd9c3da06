"""Falls of the equity from its highest, with their depth and length."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from research.columns import Floats
from research.performance.equity import EquityCurve


class Drawdown(msgspec.Struct, frozen=True, kw_only=True):
    """One fall below a highest equity. Times UTC ms.

    depth: share of the peak that was lost at the lowest point, 0 to 1. peak_at: the last moment of the highest equity.
    recovered_at: when that was reached again; None = not yet. length_ms: from the peak until then, or until the curve's end.
    """

    depth: float
    peak_at: int
    trough_at: int
    recovered_at: int | None
    length_ms: int


def below_peak(curve: EquityCurve) -> Floats:
    """At each point of the curve, the share of the highest equity so far that is missing, 0 to 1."""
    missing: Floats = 1.0 - curve.values / np.maximum.accumulate(curve.values)
    return missing


def drawdowns(curve: EquityCurve) -> list[Drawdown]:
    """Every fall, oldest first; at most the last one is not recovered."""
    missing = below_peak(curve)
    under = np.concatenate(((False,), missing > 0.0, (False,)))
    edges = np.flatnonzero(np.diff(under.astype(np.int8)))
    found = []
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        lowest = first + int(np.argmax(missing[first:after]))
        recovered = int(curve.times[after]) if after < len(missing) else None
        peak_at = int(curve.times[first - 1])
        found.append(
            Drawdown(
                depth=float(missing[lowest]),
                peak_at=peak_at,
                trough_at=int(curve.times[lowest]),
                recovered_at=recovered,
                length_ms=(curve.end if recovered is None else recovered) - peak_at,
            )
        )
    return found


def deepest(falls: Sequence[Drawdown]) -> Drawdown | None:
    """The fall that cost most; of equal ones the first. None without a fall."""
    return max(falls, key=lambda fall: fall.depth, default=None)


def longest(falls: Sequence[Drawdown]) -> Drawdown | None:
    """The fall that lasted longest until recovery or the end, which need not be the deepest. None without a fall."""
    return max(falls, key=lambda fall: fall.length_ms, default=None)


def under_water(curve: EquityCurve, falls: Sequence[Drawdown]) -> float:
    """Share of the curve's time spent below an earlier highest equity, 0 to 1."""
    span = curve.end - curve.start
    return sum(fall.length_ms for fall in falls) / span if span else 0.0
