"""Prints the evidence of one set: a row a strategy and preset, and the verdict in words."""

from __future__ import annotations

from typing import Final

from rich.console import Console

from cli.play.summary import table_of
from research.evidence.record import EvidenceSet, Figures, Row, Verdict

#: Verdict → how it is written.
WORDS: Final[dict[Verdict, str]] = {
    "refused": "not judged",
    "too_few": "too few trades",
    "loses": "loses",
    "nothing_shown": "nothing shown",
    "held": "no doubt stood",
}


def show(console: Console, one: EvidenceSet) -> None:
    """Print the set."""
    table = table_of(
        f"{one.name} (simulations, no promise)", "strategy", ">trades", ">return", ">R", ">unseen", ">DSR", ">PBO", ">luck",
        "verdict",
    )  # fmt: skip
    for row in one.rows:
        name = f"{row.strategy}={row.preset}" if row.preset else row.strategy
        table.add_row(name, *cells(row, brackets=False), WORDS[row.verdict])
    console.print(table)
    for row in one.rows:
        name = f"{row.strategy}={row.preset}" if row.preset else row.strategy
        for doubt in row.doubts[:1]:
            console.print(f"{name}: {doubt}", highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(
        "R: mean trade; unseen: on days the choice had not seen; DSR: deflated Sharpe ratio; luck: of entries by chance.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    console.print(f"{one.trials} trials; every one counts in the deflated Sharpe ratio. See docs/doubt.md", highlight=False)


def cells(row: Row, *, brackets: bool = True) -> tuple[str, ...]:
    """Trades, return, mean R, mean R unseen, deflated Sharpe ratio, PBO, luck; ``-`` for what cannot be told.

    brackets: behind a mean R stands where 95 % of its draws lie.
    """
    whole = row.whole
    return (
        "-" if whole is None else f"{whole.trades:,}",
        "-" if whole is None else f"{whole.total_return:+.1%}",
        _mean_r(whole, brackets=brackets),
        _mean_r(row.forward, brackets=brackets),
        "-" if row.deflated is None else f"{row.deflated.deflated:.2f}",
        "-" if row.overfitting is None else f"{row.overfitting.probability:.2f}",
        "-" if row.chance is None else f"{row.chance.probability:.2f}",
    )


def _mean_r(figures: Figures | None, *, brackets: bool) -> str:
    if figures is None or figures.expectancy_r is None:
        return "-"
    return with_interval(figures, "expectancy_r", "{:+.2f}") if brackets else f"{figures.expectancy_r:+.2f}"


def with_interval(figures: Figures, name: str, form: str) -> str:
    """A measure, and behind it where 95 % of its draws lie."""
    value, interval = getattr(figures, name), figures.intervals.get(name)
    if value is None:
        return "-"
    if interval is None or interval.low is None or interval.high is None or interval.low == interval.high:
        return form.format(value)
    return f"{form.format(value)} ({form.format(interval.low)} … {form.format(interval.high)})"
