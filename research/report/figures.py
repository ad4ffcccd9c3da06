"""The measures of a run as they are shown: a few at the top, all others with what they miss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_type_hints

import msgspec

from research.performance.summary import Performance
from research.performance.tail_risk import VarViolations
from research.report.model import Figure, Tone
from research.report.wording import NONE, at, duration, multiple, number, percent, usdt
from research.significance.bootstrap import Interval

#: The few that stand at the top, in this order, with the names that traders give them.
_FIRST: Final[Mapping[str, str]] = {
    "total_return": "Return",
    "end_equity": "Equity at the end",
    "max_drawdown": "Maximum drawdown",
    "trades": "Trades",
    "win_rate": "Win rate",
    "profit_factor": "Profit factor",
    "expectancy_r": "Expectancy",
    "sharpe": "Sharpe ratio",
}
#: A gain is good, a loss bad; of these only.
_SIGNED: Final = frozenset({"total_return", "cagr", "expectancy", "expectancy_r", "sharpe", "sortino", "calmar"})
#: Measures whose interval is drawn of days, where they themselves are of every minute.
_DRAWN: Final[Mapping[str, str]] = {"max_drawdown": "max_drawdown_daily"}
_NAMES: Final[Mapping[str, str]] = {
    "cagr": "CAGR",
    "longest_drawdown_ms": "Longest drawdown",
    "mean_holding_ms": "Mean holding",
}


def first(performance: Performance, intervals: Mapping[str, Interval]) -> tuple[Figure, ...]:
    """The measures at the top of the page, with their confidence intervals where they have one."""
    return tuple(_figure(performance, intervals, name, heading) for name, heading in _FIRST.items())


def others(performance: Performance, intervals: Mapping[str, Interval]) -> tuple[Figure, ...]:
    """Every other measure, in the order of ``Performance``."""
    names = [name for name in performance.__struct_fields__ if name not in _FIRST and name != "ruined_at"]
    return tuple(_figure(performance, intervals, name, _NAMES.get(name) or _words(name)) for name in names)


def between(interval: Interval | None, name: str) -> str:
    """Where 95 % of the draws of a measure lie, in its unit; empty without an interval."""
    if interval is None or interval.low is None or interval.high is None:
        return ""
    unit = _META[name].title or ""
    ends = [_value(each, unit, signed=name in _SIGNED) for each in (interval.low, interval.high)]
    return f"{ends[0]} … {ends[1]}"


def shown(performance: Performance, intervals: Mapping[str, Interval]) -> list[Figure]:
    """The measures that a terminal shows: those at the top of the page that can be doubted."""
    return [each for each in first(performance, intervals) if each.name not in ("Trades", "Equity at the end")]


def _figure(performance: Performance, intervals: Mapping[str, Interval], name: str, heading: str) -> Figure:
    meta = _META[name]
    value = getattr(performance, name)
    unit = meta.title or ""
    return Figure(
        name=heading,
        value=_value(value, unit, signed=name in _SIGNED),
        tone=_tone(value) if name in _SIGNED else "",
        how=meta.description or "",
        misses=(meta.extra or {}).get("misses", ""),
        between=between(intervals.get(_DRAWN.get(name, name)), name),
    )


def _value(value: Any, unit: str, *, signed: bool) -> str:
    if value is None:
        return NONE
    if isinstance(value, VarViolations):
        return _violations(value)
    if unit == "UTC ms":
        return f"{at(value)} UTC"
    if unit == "ms":
        return duration(value)
    if unit.startswith("fraction"):
        return percent(value, sign=signed) + (" a year" if unit.endswith("a year") else "")
    if unit == "USDT":
        return f"{usdt(value, sign=signed)} USDT"
    if unit == "R":
        return multiple(value)
    if unit == "x equity":
        return f"{number(value)} x equity"
    return f"{value}" if isinstance(value, int) else number(value)


def _violations(value: VarViolations) -> str:
    return ", ".join(f"{_words(name).lower()} {number(each)}" for name, each in msgspec.structs.asdict(value).items())


def _tone(value: float | None) -> Tone:
    return "" if not value else "good" if value > 0 else "bad"


def _words(name: str) -> str:
    return name.removesuffix("_ms").replace("_", " ").capitalize()


def _metas() -> dict[str, msgspec.Meta]:
    found = {}
    for name, hint in get_type_hints(Performance, include_extras=True).items():
        for meta in getattr(hint, "__metadata__", ()):
            if isinstance(meta, msgspec.Meta):
                found[name] = meta
    return found


_META: Final = _metas()
