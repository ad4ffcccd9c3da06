"""Renders what ``ict measure`` counted: one overview of all strategies, and a table for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cli.docs.markdown import code, table
from cli.research.measured_words import lasted
from research.measure.record import Measured, MeasuredStrategy

#: What was measured last; `make measured` writes it.
RECORD: Final = Path(__file__).with_name("measured.json")
#: Reasons of refusal that are shown of a strategy.
_REASONS_SHOWN: Final = 6

_WHAT: Final = (
    "Counts on recorded candles, with default settings, by `ict measure`. **They say how often a strategy speaks and how long its trades "
    "would last, not whether they earn.** Every signal is followed by itself, whatever else is held: a market entry is filled at "
    "the next candle's open, a limit entry by the first candle that touches its price; in one candle the stop comes before the "
    "target. Costs, quantities and the risk service have no part in it. Strategies read several timeframes, which are made of minutes: "
    "only recordings of one-minute candles can be measured. Symbols of one set were judged beside each other."
)
_COLUMNS: Final = (
    "*Closes*: how many were judged. *Chosen*: signals that the decision took, of all strategies at once. *Expired*: entries that "
    "nobody filled in time. *Voided*: limit orders that price voided first. *Median* and *p90*: how long a trade lasts, from entry to end; nine of ten are over after the second."
)


def overview(record: Measured) -> Iterator[str]:
    """The parts of the overview: data, signals of each strategy, how to measure again."""
    yield "## What was measured"
    yield _WHAT
    yield table(
        ("data set", "symbol", "candles", "first close", "last close", "minutes missing"),
        (
            (one.name, each.symbol, f"{each.candles:,}", _date(each.first), _date(each.last), f"{each.missing:,}")
            for one in record.sets
            for each in one.symbols
        ),
    )
    yield "Signals of each strategy, all symbols of a set together:"
    names = list(dict.fromkeys(each.strategy for one in record.sets for each in one.strategies))
    yield table(
        ("strategy", *(one.name for one in record.sets), "per 1,000 closes", "errors"),
        ((code(name), *_counts(record, name)) for name in names),
    )
    yield _COLUMNS
    engines = ", ".join(sorted({one.engine for one in record.sets}))
    yield f"Measured with version {engines}. Type this to measure again; the same candles give the same file:"
    commands = dict.fromkeys(one.command for one in record.sets)
    yield "```bash\n" + "\n".join(f".venv/bin/{each}" for each in commands) + "\n```"


def of_strategy(record: Measured, name: str) -> Iterator[str]:
    """The parts about one strategy; nothing for one that was not measured."""
    rows = [(one.name, each) for one in record.sets for each in one.strategies if each.strategy == name]
    if not rows:
        return
    yield "Measured ([what this means](#what-was-measured)):"
    yield table(
        ("data set", "symbol", "closes", "long", "short", "chosen", "filled", "expired", "voided", "median", "p90"),
        ((one, each.symbol, *_row(each)) for one, each in rows),
    )
    reasons: Counter[str] = Counter()
    for _, each in rows:
        reasons.update(each.reasons)
    closes = sum(each.closes for _, each in rows)
    if reasons:
        shown = reasons.most_common(_REASONS_SHOWN)
        yield (
            "Why not, share of the closes: " + ", ".join(f"`{each}` {_share(count / closes)}" for each, count in shown) + "."
        )


def _counts(record: Measured, name: str) -> Iterator[str]:
    """Signals by set, signals a thousand closes, errors."""
    mine = [[each for each in one.strategies if each.strategy == name] for one in record.sets]
    signals = [sum(each.longs + each.shorts for each in rows) for rows in mine]
    closes = sum(each.closes for rows in mine for each in rows)
    for rows, count in zip(mine, signals, strict=True):
        yield f"{count:,}" if rows else "-"
    yield f"{1_000 * sum(signals) / closes:.2f}" if closes else "-"
    yield f"{sum(each.errors for rows in mine for each in rows):,}"


def _row(each: MeasuredStrategy) -> Iterator[str]:
    for count in (each.closes, each.longs, each.shorts, each.chosen, each.filled, each.expired, each.voided):
        yield f"{count:,}"
    yield lasted(each.median_minutes)
    yield lasted(each.p90_minutes)


def _share(share: float) -> str:
    return "under 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def _date(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
