"""Writes docs/filters.md: the rules of every filter, with its settings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from cli.docs.markdown import page, table
from cli.docs.settings import HEADER, rows
from cli.docs.strategies import rules_of
from services.signals.filters.settings import FiltersSettings

_INTRODUCTION: Final = (
    "A [strategy](strategies.md) says what it sees. A filter says whether now is a moment to act on it: it can stop a signal, never make one. "
    "**All are off by default**, and then no byte of a decision differs. **Whether any of them earns money is not known**: their numbers are "
    "plausible, not fitted. Compare a backtest with and without."
)
_ORDER: Final = (
    "A strategy is asked first; then every filter that is on for it, so that every [reason](reasons.md) is told; then the "
    "[regimes](regimes.md). Which strategies a filter is asked about, its setting `strategies` says: none named = all. A stopped signal has not "
    "used up its zone: once the moment suits, the same setup may still be traded. `ict why-not` and `ict explain` show each gate of the filters with "
    "its numbers ([why did it not trade?](guides/why-did-it-not-trade.md))."
)
_EXAMPLE: Final = """```yaml
signals:
  filters:
    time_suitability: {enabled: true, min_score: 0.3, tell: true}
    volatility: {enabled: true, strategies: [ob_fvg]}
    cost: {enabled: true, max_cost_r: 0.2}
    sensitivity: {enabled: true, inside: 0.9, outside: 1.2, learn: true}
```"""
_NOTES: Final = (
    "Windows of time and opens are those of the [timetable](ict.md), read from the 1m analysis of the very close. Where that is missing, the "
    "time suitability stops a signal with `data_missing` and the sensitivity is neutral. With `tell: true` an alert of severity info is sent when "
    "the score rises above `threshold`, once until it has fallen, also over a restart.",
    "Which strategies count points: `ob_fvg` and `top_down`. The points of `ob_fvg` are few and coarse (3.5 or 5.5 with its defaults), so that a "
    "factor changes something only where it moves `entry_score` past one of them. Hypothetical trades pay no costs and know no fills. They say "
    "which zones did better than others, not that any of them pays. One trade a symbol and strategy is followed at a time; the counts stand in the "
    "snapshot of signals and in the metrics `ict_zone_hypothetical_trades` and `ict_zone_win_ratio`.",
    "The cost filter knows only its own settings: give it the fees of your tier. Risk has a limit of its own, `risk.max_costs`, with the fees that "
    "the exchange states.",
)
_ANOTHER: Final = (
    "One file in `services/signals/filters/` with its rules as the docstring, its settings (a subclass of `FilterSettings`), "
    "`gates(view, signal, settings)` and `FILTER`; a line in the table of `services/signals/filters/__init__.py`; a section in "
    "`services/signals/filters/settings.py`; and a word in `Reason` of `shared/domain/decisions.py` where none fits. `reads` and `history` of "
    "`Filter` declare the facts and candles that it looks at, of 1m or of the strategy's timeframe (`view.timeframe`); asking for anything else "
    "is an error."
)


def render() -> str:
    """Return the whole page."""
    sections = [part for name in FiltersSettings.model_fields for part in _section(name)]
    return page(
        "Filters",
        _INTRODUCTION,
        _EXAMPLE,
        "## When they are asked",
        _ORDER,
        *sections,
        "## What to know",
        *_NOTES,
        "## Another filter",
        _ANOTHER,
    )


def _section(name: str) -> Iterator[str]:
    model = type(FiltersSettings().of(name))
    yield f"## {name}"
    yield rules_of(sys.modules[model.__module__].__doc__ or "")
    path = f"signals.filters.{name}"
    yield table(HEADER, [row for each, field in model.model_fields.items() for _, row in rows(f"{path}.{each}", field)])
