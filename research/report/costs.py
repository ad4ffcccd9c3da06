"""What trading cost: fees, funding and slippage, beside what was earned before them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from research.performance.finite import ratio
from research.report.told import Told
from research.report.wording import NONE, percent, usdt

#: The heads of the table of costs.
HEADS: Final = ("", "USDT", "a trade", "of the result before costs", "of turnover")


def cost_rows(told: Sequence[Told]) -> tuple[tuple[tuple[str, ...], ...], str]:
    """The rows of the table, and one sentence about them; no rows without a trade."""
    if not told:
        return (), "No trade, no costs."
    results = [each.result for each in told]
    gross = sum(each.before_costs for each in results)
    turnover = sum(each.entry_value + each.exit_value for each in results)
    parts = [
        ("Fees", sum(each.fees for each in results)),
        ("Funding", -sum(each.funding for each in results)),
        ("Slippage", sum(each.slippage for each in results)),
    ]
    total = sum(value for _, value in parts)
    rows = [_row(name, value, gross, turnover, len(told)) for name, value in (*parts, ("All costs", total))]
    return tuple(rows), _sentence(gross, total)


def _row(name: str, value: float, gross: float, turnover: float, trades: int) -> tuple[str, ...]:
    of_gross = ratio(value, gross) if gross > 0.0 else None
    of_turnover = ratio(value, turnover)
    return (
        name,
        usdt(value),
        usdt(value / trades),
        NONE if of_gross is None else percent(of_gross),
        NONE if of_turnover is None else f"{of_turnover * 10_000:.2f} bp",
    )


def _sentence(gross: float, costs: float) -> str:
    net = f"{usdt(gross - costs, sign=True)} USDT"
    if gross <= 0.0:
        return f"Before costs the trades came to {usdt(gross, sign=True)} USDT, after them to {net}."
    left = "more than all of it went into costs" if costs > gross else f"{percent(costs / gross)} of it went into costs"
    return f"Before costs the trades earned {usdt(gross)} USDT; {left}, and {net} were left."
