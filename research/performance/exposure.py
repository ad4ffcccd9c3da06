"""How much of the time, and with how much money, the account was in the market."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from research.performance.equity import EquityCurve
from research.performance.finite import ratio
from research.performance.trades import TradeResult


def time_in_market(trades: Iterable[TradeResult], start: int, end: int) -> float | None:
    """Share of ``start`` to ``end`` (UTC ms) with at least one trade open, 0 to 1; None for a span of no length."""
    if end <= start:
        return None
    covered, until = 0, start
    for opened, closed in sorted((trade.opened_at, trade.closed_at) for trade in trades):
        begin = max(opened, until)
        until = max(until, min(closed, end))
        covered += max(0, until - begin)
    return covered / (end - start)


def turnover(trades: Sequence[TradeResult], curve: EquityCurve) -> float | None:
    """Notional bought and sold, in multiples of the mean equity; None for a curve of no length."""
    equity = mean_equity(curve)
    return None if equity is None else ratio(sum(trade.entry_value + trade.exit_value for trade in trades), equity)


def mean_exposure(trades: Sequence[TradeResult], curve: EquityCurve) -> float | None:
    """Mean notional held, at entry prices, in multiples of the mean equity: 2 = leveraged twice at all times.

    Every trade counts from its opening to its closing with all of its quantity; partial exits are not seen.
    """
    equity, span = mean_equity(curve), curve.end - curve.start
    if equity is None:
        return None
    held = sum(
        trade.entry_value * max(0, min(trade.closed_at, curve.end) - max(trade.opened_at, curve.start)) for trade in trades
    )
    return ratio(held / span, equity)


def mean_equity(curve: EquityCurve) -> float | None:
    """Mean of the equity over time, USDT; None for a curve of no length."""
    span = curve.end - curve.start
    if not span:
        return None
    lasting = np.diff(curve.times, append=np.int64(curve.end))
    return float(np.dot(curve.values, lasting.astype(np.float64)) / span)
