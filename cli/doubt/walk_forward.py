"""The body of ``ict walk-forward``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console

from cli.backtest.choosing import Choice
from cli.data.store import minute
from cli.doubt.market import PlayedWithJobs, open_playing, refuse_unusable
from cli.doubt.varying import values_to_try
from cli.play.summary import table_of
from cli.printing import echo_json
from cli.run.configuration import refuse
from cli.workers import Workers
from research.search.candidates import Candidate, grid
from research.search.scoring import MEASURES
from research.search.walking import Rules, Walked, refuse_leaks, walk
from research.significance.bootstrap import Interval
from research.validation.walk_forward import Span, Split
from research.validation.walk_forward import walk_forward as splits_of
from shared.domain.timeframes import DAY, MINUTE
from shared.runtime.process.exits import Exit
from shared.runtime.process.logs import configure

#: Measures of the joined tests that are shown, with how they are written.
_SHOWN: Final = {
    "total_return": "{:+.2%}", "sharpe": "{:+.2f}", "max_drawdown": "{:.2%}", "expectancy_r": "{:+.3f} R",
    "win_rate": "{:.1%}", "profit_factor": "{:.2f}",
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The options that shape the walk; lengths in days."""

    train: float
    test: float
    purge: float
    embargo: float
    warm_up: float
    measure: str
    least_trades: int
    seed: int
    anchored: bool

    @property
    def gap(self) -> int:
        """What has to lie between training and test, ms."""
        return ms_of(self.purge) + ms_of(self.embargo)

    def splits(self, span: Span) -> list[Split]:
        """The splits of the candles. Raises ValueError."""
        lengths = {
            "train": ms_of(self.train),
            "test": ms_of(self.test),
            "purge": ms_of(self.purge),
            "embargo": ms_of(self.embargo),
        }
        return list(splits_of(span, **lengths, anchored=self.anchored))


def walk_forward(
    config: Sequence[Path] | None,
    choice: Choice,
    vary: Sequence[str],
    plan: Plan,
    workers: Workers,
    kept: Path,
    *,
    json: bool,
) -> None:
    """Run the command."""
    refuse_unknown_measure(plan.measure)
    values = values_to_try(vary, "SETTING=VALUE,VALUE, like signals.zscore.period=20,50")
    configure("WARNING", "console")
    console = Console(stderr=json)
    executor = workers.executor()
    opened = open_playing(console, config, choice, ms_of(plan.warm_up))
    candidates = _candidates(opened.settings, values)
    try:
        splits = plan.splits(opened.span)
        refuse_leaks(splits, plan.gap)
    except ValueError as error:
        span = f"{minute(opened.span.start)} to {minute(opened.span.end)}"
        refuse(f"the candles from {span} cannot be split: {error}", Exit.USAGE)
    play = PlayedWithJobs(console, opened.playing, kept, executor)
    walked = walk(splits, candidates, play, Rules(plan.measure, plan.least_trades, plan.seed), plan.gap)
    if json:
        echo_json(msgspec.to_builtins(walked))
    else:
        _show(console, walked)


def refuse_unknown_measure(name: str) -> None:
    """End the command if there is no such measure."""
    if name not in MEASURES:
        refuse(f"--measure {name}: choose one of {', '.join(MEASURES)}", Exit.USAGE)


def _candidates(settings: dict[str, Any], values: dict[str, list[Any]]) -> list[Candidate]:
    try:
        candidates = grid(settings, values)
    except ValueError as error:
        refuse(f"--vary {error}", Exit.USAGE)
    for each in candidates:
        refuse_unusable(each.values, each.settings)
    return candidates


def _show(console: Console, walked: Walked) -> None:
    table = table_of(
        "Walk-forward (a simulation, no promise)", "test from", ">train", ">test", ">return", ">trades", "chosen"
    )
    for step in walked.steps:
        chosen = "nothing: too few trades" if step.chosen is None else in_words(step.chosen)
        table.add_row(
            minute(step.test.start)[:10], written(step.train_score), written(step.test_score), f"{step.test_return:+.2%}",
            str(step.trades), chosen,
        )  # fmt: skip
    console.print(table)
    joined = table_of("All tests together, after all costs", "measure", ">value", ">95 % of draws lie in")
    for name, form in _SHOWN.items():
        value, interval = getattr(walked.performance, name), walked.intervals.get(name)
        joined.add_row(name, "-" if value is None else form.format(value), _between(interval, form))
    console.print(joined)
    console.print(f"{walked.candidates} candidates in each training, chosen by {walked.measure}. See docs/doubt.md")


def _between(interval: Interval | None, form: str) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return "-"
    return f"{form.format(interval.low)} … {form.format(interval.high)}"


def in_words(values: dict[str, Any]) -> str:
    """Settings with their values."""
    return ", ".join(f"{path}={value}" for path, value in values.items()) or "as configured"


def written(value: float | None) -> str:
    """A score in a table."""
    return "-" if value is None else f"{value:+.2f}"


def ms_of(days: float) -> int:
    """Days in ms, to the minute."""
    return round(days * DAY / MINUTE) * MINUTE
