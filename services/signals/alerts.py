"""The alerts of signals, in words for a person."""

from __future__ import annotations

from collections.abc import Sequence

from services.signals.judging import Fault
from services.signals.wording import moment
from shared.domain.control import Alert
from shared.domain.facts import AnalysisBundle
from shared.domain.timeframes import Timeframe


def incomplete(partition: int, absent: Sequence[Timeframe], close_time: int) -> Alert:
    """A close (UTC ms) was decided although analyses of it did not arrive."""
    return Alert(
        severity="warning",
        source="signals",
        key=f"close_incomplete.p{partition}",
        text=(
            f"Partition {partition}: the analysis of {', '.join(absent)} did not arrive for the close "
            f"{close_time}; it was decided without, and no entry rests on them."
        ),
        time=close_time,
    )


def off_grid(partition: int, bundle: AnalysisBundle) -> Alert:
    """A bundle came whose close time is no close of its timeframe."""
    return Alert(
        severity="critical",
        source="signals",
        key=f"off_grid.p{partition}.{bundle.timeframe}",
        text=f"Ignored an analysis bundle: {bundle.close_time} is no close of {bundle.timeframe}. Upstream is at fault.",
        time=bundle.close_time,
    )


def suitable_time(score: float, close_time: int) -> Alert:
    """The time suits an entry from this close (UTC ms) on. The same from every partition: it is one alert."""
    return Alert(
        severity="info",
        source="signals",
        key="suitable_time",
        text=f"The time suits an entry: it scores {score:.2f} of 1 since {moment(close_time)}.",
        time=close_time,
    )


def strategy_fault(partition: int, strategy: str, symbol: str, close_time: int, fault: Fault) -> Alert:
    """A strategy did something wrong at a close (UTC ms)."""
    return Alert(
        severity="warning",
        source="signals",
        key=f"{fault.reason}.{strategy}.p{partition}",
        text=(
            f"Strategy {strategy} did not judge {symbol} at the close {close_time}: {fault.text}. The others go on; "
            "mend it, or take it out of signals.strategies. More of the same is told once an hour."
        ),
        time=close_time,
    )


def slow_strategy(strategy: str, symbol: str, close_time: int, taken_ms: int, slow_ms: int, times: int, now: int) -> Alert:
    """A strategy took long to judge, longest at this close (UTC ms). times: judgements that did, since the last alert."""
    return Alert(
        severity="warning",
        source="signals",
        key=f"strategy_slow.{strategy}",
        text=(
            f"Strategy {strategy} took {taken_ms} ms to judge {symbol} at the close {close_time}; signals.slow_ms is "
            f"{slow_ms}. {times} of its judgements took longer since the last such alert. Every decision waits for it, also "
            "while it is paused: mend it, or take it out of signals.strategies. It is told once an hour."
        ),
        time=now,
    )
