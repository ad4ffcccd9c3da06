"""Closed trades by whatever tells them apart: symbol, side, strategy, kill zone, weekday."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from research.performance.trades import TradeResult, expectancy, multiples, profit_factor, results, win_rate


class GroupResult(msgspec.Struct, frozen=True, kw_only=True):
    """The trades of one group. result, costs: sums, USDT. Measures that cannot be told are None."""

    group: str
    trades: int
    result: float
    costs: float
    win_rate: float | None
    profit_factor: float | None
    expectancy_r: float | None


def breakdown(trades: Iterable[TradeResult], groups: Callable[[TradeResult], Iterable[str]]) -> list[GroupResult]:
    """One row a group, in the order in which groups first came. A trade counts in each group that ``groups`` gives it."""
    found: dict[str, list[TradeResult]] = {}
    for trade in trades:
        for group in groups(trade):
            found.setdefault(group, []).append(trade)
    return [_row(group, members) for group, members in found.items()]


def _row(group: str, trades: list[TradeResult]) -> GroupResult:
    amounts = results(trades)
    return GroupResult(
        group=group,
        trades=len(trades),
        result=float(amounts.sum()),
        costs=sum(trade.costs for trade in trades),
        win_rate=win_rate(amounts),
        profit_factor=profit_factor(amounts),
        expectancy_r=expectancy(multiples(trades)),
    )
