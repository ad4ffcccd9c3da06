"""Equity curves and trades as short tables: minutes, days and USDT."""

from __future__ import annotations

from typing import Any

import numpy as np

from research.columns import Floats
from research.performance.equity import DAY, EquityCurve
from research.performance.trades import TradeResult

#: 2026-01-01 00:00 UTC.
NEW_YEAR = 1_767_225_600_000
HOUR = 3_600_000


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def curve(
    *points: tuple[float, float], end: float | None = None, transfers: tuple[tuple[float, float], ...] = ()
) -> EquityCurve:
    """From (days since New Year, USDT)."""
    return EquityCurve.of(
        [(day(at), value) for at, value in points],
        None if end is None else day(end),
        [(day(at), amount) for at, amount in transfers],
    )


def day(number: float) -> int:
    """UTC ms of that many days after New Year."""
    return NEW_YEAR + round(number * DAY)


def daily(*values: float) -> EquityCurve:
    """A curve that changes at midnight only."""
    return curve(*enumerate(values))


def array(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def trade(result: float, opened: float = 0.0, closed: float = 0.5, **changes: Any) -> TradeResult:
    """A trade between two days after New Year, with a risk of 10 USDT."""
    fields: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "risk": 10.0}
    return TradeResult(opened_at=day(opened), closed_at=day(closed), result=result, **(fields | changes))
