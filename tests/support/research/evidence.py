"""Trials made of numbers: days, trades and plans, without a market."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from research.columns import Columns
from research.evidence.days import Played, Trial, trial_of
from research.evidence.trials import Subject
from research.jobs.job import EquityPoint, Outcome, Plan
from research.validation.walk_forward import Span
from shared.domain.account import Trade
from shared.domain.timeframes import DAY, MINUTE
from tests.support.research.results import NEW_YEAR


def span(days: int) -> Span:
    """So many days from New Year on."""
    return Span(NEW_YEAR, NEW_YEAR + days * DAY)


def outcome(returns: Sequence[float], results: Sequence[tuple[float, float]] = (), fees: float = 1.0) -> Outcome:
    """Daily returns, and trades of an hour as (days since New Year, USDT), each risking 10 USDT at a price of 100."""
    equity, points = 10_000.0, []
    for place, each in enumerate(returns):
        equity *= 1.0 + each
        points.append(EquityPoint(NEW_YEAR + (place + 1) * DAY - MINUTE, equity))
    trades = tuple(_trade(place, at, result, fees) for place, (at, result) in enumerate(results))
    return Outcome(
        start_equity=10_000.0, last_equity=equity, max_drawdown=0.0, decisions=1, signals=len(trades), orders=1, fills=1,
        equity=tuple(points), trades=trades,
        plans=tuple(Plan(intent_id=each.intent_id, stop=0.01, target=0.02, longest=0, slippage=0.5) for each in trades),
    )  # fmt: skip


def trial(returns: Sequence[float], results: Sequence[tuple[float, float]] = (), **values: Any) -> Trial:
    """One trial over as many days as there are returns."""
    return trial_of(values, outcome(returns, results), span(len(returns)))


def played(*trials: Trial) -> Played:
    """A subject with these trials."""
    return Played(Subject("zscore"), trials)


def candles(days: int, seed: int = 1) -> dict[str, Columns]:
    """A random walk of minutes."""
    count = days * DAY // MINUTE
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 5e-4, count)))
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    times = NEW_YEAR + MINUTE * np.arange(count, dtype=np.int64)
    return {"BTCUSDT": Columns("BTCUSDT", "1m", times, opened, high, low, close, np.ones(count))}


def _trade(place: int, at: float, result: float, fees: float) -> Trade:
    opened = NEW_YEAR + round(at * DAY)
    return Trade(
        intent_id=f"intent-{place}", symbol="BTCUSDT", side="BUY" if place % 2 else "SELL", state="closed",
        quantity=Decimal(10), entry_price=Decimal(100), exit_price=Decimal(100), result=Decimal(str(result)),
        fees=Decimal(str(fees)), risk_amount=Decimal(10), opened_at=opened, closed_at=opened + 60 * MINUTE,
    )  # fmt: skip
