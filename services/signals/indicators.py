"""Indicators over a bounded window of prices, oldest first: functions of TA-Lib over the window that a strategy declares.

Live and in a backtest the same function gets the same window, so both have the numbers of TA-Lib's batch for it. A simple
average and a deviation are those of the whole series too. What never forgets (MACD, RSI) begins at the window's first price,
as TA-Lib's begin at a series' first: how long the window is belongs to the strategy.

TA-Lib is loaded by ``load`` and not by the import of this module: most processes use no indicator.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from types import ModuleType

    from numpy import float64
    from numpy.typing import NDArray

Prices = Sequence[float]


class Library(NamedTuple):
    """TA-Lib and numpy, loaded. holds: while it lives, TA-Lib refuses to have its settings changed."""

    talib: ModuleType
    numpy: ModuleType
    holds: object


@cache
def load() -> Library:
    """Load TA-Lib, once a process, and hold its settings: they belong to the whole process and would change every number.

    Raises ImportError where it is not installed, and ValueError when something in this process changed a setting before.
    """
    import numpy
    import talib

    # The only settings that these functions read: the compatibility of releases before 0.8 is gone.
    period_of = talib.get_unstable_period  # type: ignore[attr-defined]  # its types do not export it
    changed = [name for name in ("EMA", "RSI") if period_of(name)]
    if changed:
        raise ValueError(
            f"TA-Lib's unstable period of {' and '.join(changed)} was changed in this process, and indicators would have "
            "other numbers: find the package that does it, most likely that of a strategy"
        )
    return Library(talib, numpy, talib.stream.EMA(numpy.zeros(2), 2))


def sma(prices: Prices, period: int) -> float:
    """The mean of the newest ``period`` prices. Raises ValueError for fewer prices, as all of these do."""
    _need(prices, period, period)
    return float(_bare(load().talib.SMA)(_moves(prices[-period:]), period)[-1]) + prices[-1]


def deviation(prices: Prices, period: int) -> float:
    """The standard deviation of the newest ``period`` prices, of the whole population."""
    _need(prices, period, period)
    return float(_bare(load().talib.STDDEV)(_moves(prices[-period:]), period)[-1])


def macd(prices: Prices, fast: int, slow: int, signal: int) -> tuple[list[float], list[float]]:
    """The line (fast less slow exponential average) and its exponential average, both at every price that has both."""
    _need(prices, min(fast, slow, signal), slow + signal - 1)
    line, average, _ = _bare(load().talib.MACD)(_moves(prices), fast, slow, signal)
    return line[slow + signal - 2 :].tolist(), average[slow + signal - 2 :].tolist()


def rsi(prices: Prices, period: int) -> list[float]:
    """Wilder's relative strength index, 0 to 100, at every price after the ``period``-th; 50 while nothing has moved.

    TA-Lib says 0 of a market that stood still, which would read as oversold, and has no mirror.
    """
    _need(prices, period, period + 1)
    strengths: list[float] = _bare(load().talib.RSI)(_moves(prices), period)[period:].tolist()
    still = next((place for place, price in enumerate(prices) if price != prices[0]), len(prices))
    quiet = max(0, still - period)
    return [50.0] * quiet + strengths[quiet:]


def _bare(function: Any) -> Any:
    """TA-Lib's own function, without the wrapper that looks whether a series of pandas or polars came: none ever does."""
    return getattr(function, "__wrapped__", function)


def _moves(prices: Prices) -> NDArray[float64]:
    """How far each price lies from the newest.

    TA-Lib keeps running sums. Over prices they are rounded at the price's own scale, and when a market stands still after a
    move two averages that are equal differ in their last digits, which reads as a cross; over distances nothing is left.
    """
    moves: NDArray[float64] = load().numpy.array(prices, dtype=float) - prices[-1]
    return moves


def _need(prices: Prices, period: int, count: int) -> None:
    if period < 2:
        raise ValueError(f"a period of {period} is too short: it is 2 at least")
    if len(prices) < count:
        raise ValueError(f"{len(prices)} prices are too few: {count} are needed")
