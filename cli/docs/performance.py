"""Writes docs/performance.md: every measure of a run, with its unit, its formula and what it misses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_type_hints

import msgspec

from cli.docs.markdown import code, page, table
from research.performance.summary import Performance


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure as its field describes it; empty where a field says nothing."""

    name: str
    unit: str
    formula: str
    misses: str


def measures() -> list[MeasureRow]:
    """Return every field of Performance, in its order."""
    rows = []
    for name, hint in get_type_hints(Performance, include_extras=True).items():
        for meta in getattr(hint, "__metadata__", ()):
            if isinstance(meta, msgspec.Meta):
                rows.append(MeasureRow(name, meta.title or "", meta.description or "", (meta.extra or {}).get("misses", "")))
    return rows


def render() -> str:
    """Render the page."""
    return page(
        "Performance: what a run is measured by",
        "Made of two things: the equity at every change, and the closed trades. Money is decimal in the account and in the "
        "journal; here it is a 64-bit float, because no order is ever made of a measure.",
        "How far a number can be trusted is another page: [doubt](doubt.md).",
        "## Rules",
        "* **A measure is finite or absent.** Without trades, without a loss, with returns that do not differ, there is no "
        "profit factor or Sharpe ratio; it is not zero, not infinite, and not NaN.\n"
        "* **A day is a UTC day**, and a year has 365. A day without a change has the return 0. The first day begins at the "
        "start, the last one stops at the end. 00:00 belongs to the day that ends there.\n"
        "* **Transfers are no result.** Money paid in or taken out changes no return.\n"
        "* **Equity at or below zero is ruin.** It stays at zero from there, the drawdown is 1 and not more, and Sharpe, "
        "Sortino and omega are absent: the mean of many good days and one that took all may look good.\n"
        "* **Losses are positive numbers** where the name says loss: drawdown 0.2 and value at risk 0.03 are falls of 20 % "
        "and 3 %.\n"
        "* What other libraries compute too is computed as empyrical-reloaded does, and compared with it to 1e-9.",
        "## Measures",
        table(
            ("measure", "unit", "how it is computed", "what it misses"),
            ((code(row.name), row.unit, row.formula, row.misses) for row in measures()),
        ),
    )
