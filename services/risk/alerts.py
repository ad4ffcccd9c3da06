"""What risk tells people: why the kill switch moved, what was refused loudly, what was decided without somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.risk.equity import EquityBook
from services.risk.kill_switch import Event, Figures
from shared.domain.account import KillSwitch
from shared.domain.control import Alert, Severity
from shared.domain.intents import Verdict

_SEVERITY: Final[dict[KillSwitch, Severity]] = {
    "NORMAL": "info",
    "CAUTION": "info",
    "DAY_HALT": "warning",
    "HALTED": "critical",
    "FLATTEN": "critical",
}
#: Why a core that finds no state takes no entries.
NO_STATE: Final = (
    "no state of this deployment was found: it is its first start, or its store was emptied. Look at the account's "
    "positions and orders, then run `ict rearm`"
)


def why(event: Event, figures: Figures, book: EquityBook) -> str:
    """The figures that made the event, for a person."""
    if event == "equity_jump":
        return f"equity {book.equity} USDT: {book.suspect} USDT of it are not results, funding or transfers"
    if event == "drawdown":
        return f"equity {book.equity} USDT against {figures.drawdown.base:.2f} USDT at its highest"
    if event == "losing_streak":
        return f"{figures.streak} trades in a row were lost"
    won = "" if figures.win_rate is None else f"; {figures.win_rate:.0%} of the last trades were won"
    return f"equity {book.equity} USDT against {book.day_start} USDT at the start of the UTC day{won}"


def kill_switch(state: KillSwitch, reason: str, changes: int, now: int) -> Alert:
    """The switch has moved. changes: how often so far, so that two moves of one moment are two alerts."""
    text = f"The kill switch is {state}: {reason}"
    return Alert(severity=_SEVERITY[state], source="risk", key=f"kill_switch.{changes}", text=text, time=now)


def flatten(reason: str, changes: int, now: int) -> Alert:
    """Every position is being closed."""
    text = (
        f"FLATTEN: every position of the account is closed now, also others' than ours. {reason}. Look whether it is: "
        "`ict flatten --direct` needs no service. Entries stay stopped until `ict rearm`"
    )
    return Alert(severity="critical", source="risk", key=f"flatten.{changes}", text=text, time=now)


def fat_finger(verdict: Verdict, now: int) -> Alert:
    """An entry was far larger than those before it."""
    check = next(each for each in verdict.checks if each.name == "fat_finger")
    text = (
        f"{verdict.symbol}: an entry of {check.value} USDT was refused; at most {check.limit} USDT is usual. Look at "
        "its signal, at the filters and at the equity"
    )
    return Alert(severity="critical", source="risk", key=f"fat_finger.{verdict.decision_id}", text=text, time=now)


def incomplete(absent: Sequence[int], close_time: int) -> Alert:
    """A close was decided without the partitions in ``absent``."""
    partitions = ", ".join(str(partition) for partition in absent)
    text = f"No decisions of partition {partitions} for the close {close_time}; what they wished is not traded."
    return Alert(severity="warning", source="risk", key="decisions_incomplete", text=text, time=close_time)
