"""Closed trades by strategy, zone, hours, weekday, symbol and exit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from research.performance.breakdown import GroupResult, breakdown
from research.report.model import GroupTable
from research.report.told import Told
from research.report.wording import NONE, multiple, number, percent, usdt, weekday, words
from services.analysis.settings.timetable import TimetableSettings

#: The heads of the columns of every table.
HEADS: Final = ("", "trades", "win rate", "result, USDT", "mean", "profit factor", "costs, USDT")
OUTSIDE: Final = "outside"
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SEVERAL: Final = "A trade counts in each row that it belongs to."


def tables(told: Sequence[Told], timetable: TimetableSettings) -> tuple[GroupTable, ...]:
    """Every table. Rows stand in the order of the clock where there is one, else those with most trades first."""
    hours = (*(words(name) for name in timetable.window_table()), OUTSIDE)
    wanted: list[tuple[str, str, Callable[[Told], Iterable[str]], Sequence[str]]] = [
        ("By strategy", "", lambda each: (words(each.strategy),), ()),
        ("By zone", f"What the signal rested on. {_SEVERAL}", _zones, ()),
        ("By kill zone", f"When the trade was opened. {_SEVERAL}", _hours, hours),
        ("By weekday", "When the trade was opened, UTC.", lambda each: (weekday(each.trade.opened_at),), _WEEKDAYS),
        ("By symbol and side", "", lambda each: (f"{each.trade.symbol} {side_of(each)}",), ()),
        ("By exit", "", lambda each: (words(each.trade.exit_reason) or "unknown",), ()),
    ]
    return tuple(_table(title, note, told, groups, order) for title, note, groups, order in wanted)


def side_of(told: Told) -> str:
    """Long or short."""
    return "long" if told.trade.side == "BUY" else "short"


def _zones(told: Told) -> Iterable[str]:
    if told.zones is None:
        return ("not recorded",)
    return dict.fromkeys(words(zone.kind) for zone in told.zones) or ("none",)


def _hours(told: Told) -> Iterable[str]:
    return dict.fromkeys(window.long for window in told.windows) or (OUTSIDE,)


def _table(
    title: str, note: str, told: Sequence[Told], groups: Callable[[Told], Iterable[str]], order: Sequence[str]
) -> GroupTable:
    by_id: Mapping[str, Told] = {each.trade.intent_id: each for each in told}
    found = breakdown((each.result for each in told), lambda result: groups(by_id[result.id]))
    place = {name: number for number, name in enumerate(order)}
    found.sort(key=lambda each: (place.get(each.group, len(place)), 0 if order else -each.trades, each.group))
    return GroupTable(
        title=title, note=note, rows=tuple(_row(each) for each in found), results=tuple(each.result for each in found)
    )


def _row(group: GroupResult) -> tuple[str, ...]:
    return (
        group.group,
        f"{group.trades}",
        NONE if group.win_rate is None else percent(group.win_rate),
        usdt(group.result, sign=True),
        multiple(group.expectancy_r),
        number(group.profit_factor),
        usdt(group.costs),
    )
