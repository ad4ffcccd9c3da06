"""Indicators over a bounded window of prices, oldest first: the numbers that TA-Lib's batch gives for the same window.

Averages that never forget (EMA, RSI) begin at the window's first price, as TA-Lib's begin at a series' first: how long the
window is belongs to the indicator. Pure Python: a window is short, and an import of numpy would slow every command.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

Prices = Sequence[float]


def sma(prices: Prices, period: int) -> float:
    """The mean of the newest ``period`` prices. Raises ValueError for fewer prices, as all of these do."""
    _need(prices, period)
    return math.fsum(prices[-period:]) / period


def deviation(prices: Prices, period: int) -> float:
    """The standard deviation of the newest ``period`` prices, of the whole population as in TA-Lib's STDDEV."""
    mean = sma(prices, period)
    return math.sqrt(math.fsum((price - mean) ** 2 for price in prices[-period:]) / period)


def ema(prices: Prices, period: int) -> list[float]:
    """The exponential average at every price from the ``period``-th on; the first is the mean of those before it."""
    _need(prices, period)
    weight = 2.0 / (period + 1)
    found = [math.fsum(prices[:period]) / period]
    for price in prices[period:]:
        found.append(found[-1] + weight * (price - found[-1]))
    return found


def macd(prices: Prices, fast: int, slow: int, signal: int) -> tuple[list[float], list[float]]:
    """The line (fast less slow exponential average) and its exponential average, both of the newest prices.

    As in TA-Lib the fast average begins where the slow one does. Both lists end at the newest price and are equally long.
    """
    _need(prices, slow + signal - 1)
    line = [one - other for one, other in zip(ema(prices[slow - fast :], fast), ema(prices, slow), strict=True)]
    average = ema(line, signal)
    return line[-len(average) :], average


def rsi(prices: Prices, period: int) -> list[float]:
    """Wilder's relative strength index, 0 to 100, at every price after the ``period``-th; 0 while nothing moves."""
    _need(prices, period + 1)
    changes = [after - before for before, after in pairwise(prices)]
    gain = math.fsum(max(change, 0.0) for change in changes[:period]) / period
    loss = math.fsum(max(-change, 0.0) for change in changes[:period]) / period
    found = [_strength(gain, loss)]
    for change in changes[period:]:
        gain += (max(change, 0.0) - gain) / period
        loss += (max(-change, 0.0) - loss) / period
        found.append(_strength(gain, loss))
    return found


def _strength(gain: float, loss: float) -> float:
    return 100.0 * gain / (gain + loss) if gain + loss > 0.0 else 0.0


def _need(prices: Prices, count: int) -> None:
    if count < 1 or len(prices) < count:
        raise ValueError(f"{len(prices)} prices are too few: {count} are needed")
