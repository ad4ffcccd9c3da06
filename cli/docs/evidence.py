"""Writes docs/evidence.md: what speaks for and against every strategy and preset, as it was measured last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cli.docs.markdown import code, page, table
from cli.evidence.showing import WORDS, cells, with_interval
from research.evidence.record import Evidence, EvidenceSet, Figures, Row, read
from research.evidence.verdict import LEAST_TRADES, SURE
from research.report.wording import at
from services.signals.strategies import STRATEGIES

#: What was measured last; `make evidence` writes it.
RECORD: Final = Path(__file__).with_name("evidence.json")

_INTRODUCTION: Final = (
    "Every strategy and preset was played on recorded candles by the very code that trades, after fees, slippage and funding, and "
    "everything was asked that this software knows to ask against it ([doubt](doubt.md) says what each question is, and what it misses). "
    "**A verdict is about these candles only, and none of them is a promise.** The words:"
)
_WORDS: Final = (
    ("nothing shown", "at least one doubt stands; each is named"),
    ("loses", "the mean trade is a loss: 95 % of its draws end below zero"),
    ("too few trades", f"fewer than {LEAST_TRADES} trades; nothing can be said"),
    ("not judged", "a backtest cannot play it"),
    ("no doubt stood", "all that was asked was answered well, on these candles; the next thing to ask is other candles"),
)
_HOW: Final = (
    "* A subject is played as it stands, and with other values of a setting beside it. Every trial of every subject of a set counts in the "
    f"deflated Sharpe ratio, because they were all tried; {SURE} is wanted.\n"
    "* *Seen*: over all days. *Unseen*: chosen on a training of three tenths of the days, measured on the tenth behind it, a day between "
    "them; the tests are joined. The account is that of the whole play: what is open when a test begins is in its returns.\n"
    "* Days are measured by the account's record, which has a line a change: the open profit of a position that is held over midnight "
    "counts in the day in which something happens to the account again.\n"
    "* *Luck*: how often entries drawn at random, in the hours in which the strategy enters, with its sides, stops, longest holdings and "
    "the mean of its targets, did as well. R is there the distance of the signal's stop; partial exits and moved stops are left out.\n"
    "* *PBO*: how often the best value in one half of the time is at or below the median in the other; `-` with fewer than two values "
    "that traded, or too few days. It is a doubt from 0.5 on, unless the chosen one hardly ever loses there: among values that are all good "
    "the choice is a matter of chance.\n"
    "* Risk works as it does live, but for the three limits that wait for a person to type `ict rearm` (losing streak, day beyond the "
    "halt limit, drawdown): with them a long play would be judged by its first losing streak. The day's loss limit holds.\n"
    "* Brackets are 95 % intervals: days drawn in blocks, trades one by one."
)
#: Sets that `make evidence` plays, with what they are.
_PLANNED: Final = {
    "futures-2025": "both futures, 50 days of 2025",
    "spot-2023-btc": "BTCUSDT spot from 2023-03-25 to the end of the year",
    "spot-2023-eth": "ETHUSDT spot, the same days",
}
_HEAD: Final = (
    "strategy",
    "trades",
    "return",
    "mean R, seen",
    "mean R, unseen",
    "deflated Sharpe",
    "PBO",
    "luck",
    "verdict",
)


def render() -> str:
    """Return the whole page."""
    record = read(RECORD)
    return page(
        "Evidence: what was shown, and what was not",
        _INTRODUCTION,
        table(("verdict", "meaning"), _WORDS),
        *_missing(record),
        *(part for one in record.sets for part in _set(one)),
        "## How it was asked",
        _HOW,
        "Type this to measure again; the same candles give the same file:",
        "```bash\nmake evidence\n```",
        "Or set by set:",
        "```bash\n" + "\n".join(dict.fromkeys(one.command for one in record.sets)) + "\n```",
    )


def of_strategy(name: str) -> str:
    """One sentence about a strategy: its verdicts, or that it has no evidence."""
    rows = [(one.name, row) for one in read(RECORD).sets for row in one.rows if row.strategy == name and not row.refused]
    if not rows:
        return "Evidence: none; it was never judged ([evidence](evidence.md))."
    said = "; ".join(f"{f'preset {row.preset} ' if row.preset else ''}on {one}: {WORDS[row.verdict]}" for one, row in rows)
    return f"Evidence, {said} ([evidence](evidence.md))."


def _missing(record: Evidence) -> Iterator[str]:
    """Name what has no row: a strategy without evidence is called so, and candles that were not played."""
    judged = {one.name for one in record.sets}
    absent = [f"{name} ({what})" for name, what in _PLANNED.items() if name not in judged]
    if absent:
        yield f"**Not measured yet**, of what `make evidence` plays: {', '.join(absent)}."
    known = {row.strategy for one in record.sets for row in one.rows if not row.refused}
    without = [each.name for each in STRATEGIES.values() if not each.drill and each.name not in known]
    if without:
        yield f"**Without any evidence**, because they were not played: {', '.join(code(each) for each in without)}."
    held = [f"{code(_name(row))} on {one.name}" for one in record.sets for row in one.rows if row.verdict == "held"]
    yield (
        "Nothing was shown for any strategy or preset."
        if not held
        else f"No doubt stood against: {', '.join(held)}. On all other candles, and for all others, nothing was shown."
    )


def _set(one: EvidenceSet) -> Iterator[str]:
    yield f"## {one.name}"
    days = (one.last - one.first) // 86_400_000
    varied = "; ".join(f"{code(name)} at {', '.join(map(str, values))}" for name, values in one.varied.items())
    yield (
        f"{', '.join(one.data)}, {days} whole days from {at(one.first)} to {at(one.last)} UTC; {one.trials} trials (as they stand, and with {varied}). "
        f"Funding: {_rates(one.funding)}. Version {one.engine}."
    )
    yield table(_HEAD, ((code(_name(row)), *cells(row), WORDS[row.verdict]) for row in one.rows))
    known = {row.strategy for row in one.rows}
    absent = [code(each.name) for each in STRATEGIES.values() if not each.drill and each.name not in known]
    if absent:
        yield f"Not judged on these candles yet: {', '.join(absent)}."
    for row in one.rows:
        yield from _row(row)


def _row(row: Row) -> Iterator[str]:
    yield f"### {_name(row)}: {WORDS[row.verdict]}"
    if row.doubts:
        yield "\n".join(f"* {each}" for each in row.doubts)
    if row.whole is None:
        return
    figures = (
        ("as it stands", row.whole),
        ("best of the trials, chosen on these days", row.best),
        ("unseen days", row.forward),
    )
    yield table(
        ("", "days", "trades", "return", "Sharpe, a year", "mean R", "won", "profit factor", "deepest fall", "costs, USDT"),
        ((name, *_figures(each)) for name, each in figures if each is not None),
    )
    if len(row.trials) < 3:
        yield "Fewer than three values were tried of it: its plateau was not judged."
    if len(row.trials) > 1:
        yield (
            "Values that were tried: "
            + "; ".join(
                f"{', '.join(f'{key} {value}' for key, value in each.values.items())}: "
                f"{'-' if each.sharpe is None else f'{each.sharpe:+.2f}'}"
                for each in row.trials
            )
            + " (Sharpe ratio a year)."
        )
    said = [f"x {each.factor:g}: {each.result:+,.0f}" for each in row.costs]
    if said:
        left = "" if row.break_even is None else f"; nothing is left at x {row.break_even:.2f}"
        yield f"Fees and slippage, sum of all trades in USDT: {', '.join(said)}{left}."
    if row.resampled is not None:
        yield (
            f"Its trades drawn anew {row.resampled.runs:,} times: a loss in {row.resampled.loss_probability:.0%}, half of the account "
            f"lost at some time in {row.resampled.ruin_probability:.1%}; in one of twenty the deepest fall is beyond "
            f"{row.resampled.drawdown[0.95]:.0%}."
        )
    if row.chance is not None:
        yield (
            f"Entries by chance: {row.chance.low:+.2f} … {row.chance.high:+.2f} R in 90 % of {row.chance.runs} runs; "
            f"its own: {row.chance.actual:+.2f} R."
        )


def _figures(each: Figures) -> Iterator[str]:
    yield f"{each.days:,}"
    yield f"{each.trades:,}"
    yield with_interval(each, "total_return", "{:+.1%}")
    yield with_interval(each, "sharpe", "{:+.2f}")
    yield with_interval(each, "expectancy_r", "{:+.2f}")
    yield "-" if each.win_rate is None else f"{each.win_rate:.0%}"
    yield "-" if each.profit_factor is None else f"{each.profit_factor:.2f}"
    yield f"{each.max_drawdown:.1%}"
    yield f"{each.costs:,.0f}"


def _rates(funding: str) -> str:
    """Files without the folders that they lay in."""
    return ", ".join(
        f"{symbol}{equals}{path.rpartition('/')[2]}" for symbol, equals, path in map(_parted, funding.split(", "))
    )


def _parted(option: str) -> tuple[str, str, str]:
    return option.partition("=")


def _name(row: Row) -> str:
    return f"{row.strategy}={row.preset}" if row.preset else row.strategy
