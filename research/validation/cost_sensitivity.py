"""The recorded trades at other costs: how much dearer they may become before nothing is left.

Only amounts are scaled. A strategy that is paused by losses, or sizes by equity, would have traded otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from research.performance.finite import ratio
from research.performance.trades import TradeResult, expectancy, multiples, profit_factor, results, win_rate

#: By how much fees and slippage are scaled.
FACTORS: Final = (0.5, 1.0, 1.5, 2.0, 3.0)


class CostRow(msgspec.Struct, frozen=True, kw_only=True):
    """The trades with fees and slippage times ``factor``. result: sum, USDT; costs: fees and slippage, USDT."""

    factor: float
    result: float
    costs: float
    win_rate: float | None
    profit_factor: float | None
    expectancy_r: float | None


def scaled(trades: Iterable[TradeResult], fees: float = 1.0, slippage: float = 1.0) -> list[TradeResult]:
    """The trades with their fees and slippage times a factor each; funding and risk stay. Raises ValueError below 0."""
    if fees < 0.0 or slippage < 0.0:
        raise ValueError(f"factors {fees} of fees and {slippage} of slippage: at least 0 is wanted")
    return [
        msgspec.structs.replace(
            trade,
            result=trade.result + (1.0 - fees) * trade.fees + (1.0 - slippage) * trade.slippage,
            fees=fees * trade.fees,
            slippage=slippage * trade.slippage,
        )
        for trade in trades
    ]


def sensitivity(trades: Sequence[TradeResult], factors: Sequence[float] = FACTORS) -> list[CostRow]:
    """One row a factor, which scales fees and slippage alike."""
    return [_row(factor, scaled(trades, factor, factor)) for factor in factors]


def break_even(trades: Iterable[TradeResult]) -> float | None:
    """Factor of fees and slippage at which the sum of all trades is 0; 0 when they lose without any. None without costs."""
    paid = free = 0.0
    for trade in trades:
        paid += trade.fees + trade.slippage
        free += trade.result + trade.fees + trade.slippage
    return ratio(max(0.0, free), paid) if paid > 0.0 else None


def _row(factor: float, trades: list[TradeResult]) -> CostRow:
    amounts = results(trades)
    return CostRow(
        factor=factor,
        result=float(amounts.sum()),
        costs=sum(trade.fees + trade.slippage for trade in trades),
        win_rate=win_rate(amounts),
        profit_factor=profit_factor(amounts),
        expectancy_r=expectancy(multiples(trades)),
    )
