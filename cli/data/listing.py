"""``ict data list`` and ``ict data show``: what the candle repository holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from cli.data.hot import opened
from cli.data.options import BadOption
from cli.data.roll import told
from cli.data.store import day, minute, parse_kinds, parse_span, parse_symbols, refusals
from cli.play.market import parse_date
from cli.printing import echo_json
from cli.run.configuration import load_settings, refuse
from shared.candles.kinds import FUNDING, Chunk, columns_of, rows_of, step_of, timeframe_of
from shared.candles.repository import Extent, Repository, extent_of
from shared.candles.series import FOREVER, Series
from shared.candles.sides import BothSides
from shared.domain.timeframes import DAY
from shared.runtime.process.exits import Exit


def list_series(store: Path, at: str | None, *, json: bool) -> None:
    """Print every series, or with ``at`` the symbols that have candles of that day."""
    with refusals(store):
        repository = Repository(store)
        if at is not None:
            moment = parse_date("--at", at) or 0
            begin = moment - moment % DAY
            symbols = repository.listed(begin, begin + DAY)
            if json:
                echo_json(symbols)
            else:
                typer.echo("\n".join(symbols) if symbols else f"no symbol in {store} has candles of {minute(begin)[:10]}")
            return
        extents = [extent_of(series) for series in repository.stored()]
    if json:
        echo_json([msgspec.to_builtins(extent) for extent in extents])
        return
    if not extents:
        typer.echo(f"{store} holds nothing yet; type: ict data fetch BTCUSDT --from 2023-01-01")
        return
    _table(extents)


def _table(extents: list[Extent]) -> None:
    table = Table("symbol", "kind", "listed (UTC)", "first (UTC)", "last (UTC)", box=SIMPLE, padding=0)
    for title in ("rows", "missing", "files", "MB"):
        table.add_column(title, justify="right")
    for each in extents:
        first, last = (minute(each.first), minute(each.last)) if each.rows else ("", "")
        missing = "" if each.missing is None else f"{each.missing:,}"
        size = f"{each.bytes / 1e6:,.1f}"
        listed = "" if each.listed is None else day(each.listed)
        table.add_row(each.symbol, each.kind, listed, first, last, f"{each.rows:,}", missing, str(each.files), size)
    Console(emoji=False).print(table)


def show(
    config: Sequence[Path] | None,
    store: Path,
    symbol: str,
    kind: str,
    start: str | None,
    end: str | None,
    rows: int,
    *,
    hot: bool,
    json: bool,
) -> None:
    """Print what a span holds, and its first rows. hot: also what only the journal has."""
    with refusals(store):
        (name,), (chosen,) = parse_symbols([symbol]), parse_kinds([kind], ())
        begin, stop = parse_span(start, end)
        series = Repository(store).series(name, chosen)
        if not series.exists and not hot:
            known = sorted({each.symbol for each in Repository(store).stored()})
            there = f"there are {', '.join(known[:20])}" if known else f"type: ict data fetch {name} --from 2023-01-01"
            raise BadOption(f"{store} has no {chosen} of {name}; {there}")
        span = begin or 0, FOREVER if stop is None else stop
        notes: list[str] = []
        if hot:
            found, head, notes = _of_both(config, series, *span, rows)
        else:
            found, head = _summary(series, series.chunks(*span), rows)
    if json:
        echo_json({**found, "head": head} | ({"notes": notes} if hot else {}))
        return
    if not found["rows"]:
        refuse(f"nothing is stored of {name} {chosen} in that span; type: ict data list --store {store}", Exit.NEGATIVE)
    console = Console(emoji=False)
    facts = Table(show_header=False)
    for fact, value in found.items():
        shown = minute(value) if fact in ("first", "last") and isinstance(value, int) else f"{value}"
        facts.add_row(fact, shown)
    console.print(facts)
    for text in notes:
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    if head:
        table = Table(*columns_of(chosen))
        for time, *numbers in head:
            table.add_row(minute(int(time)), *(f"{number:.10g}" for number in numbers))
        console.print(table)


def _of_both(
    config: Sequence[Path] | None, series: Series, start: int, end: int, most: int
) -> tuple[dict[str, object], list[tuple[float, ...]], list[str]]:
    """The same with what only the journal has, and how both sides fit. Raises BadOption."""
    frame = timeframe_of(series.kind)
    if frame is None:
        raise BadOption(f"--hot: the journal keeps candles, and no {series.kind}")
    with opened(load_settings(config).journal.url) as store:
        both = BothSides(series, store.of(series.symbol, frame))
        found, head = _summary(series, both.chunks(start, end), most)
    facts = {**found, "of them hot": both.seam.hot} if found["rows"] else found
    return facts, head, told(series.symbol, frame, both.seam)


def _summary(series: Series, chunks: Iterable[Chunk], most: int) -> tuple[dict[str, object], list[tuple[float, ...]]]:
    """The facts of a span, read chunk by chunk, and its first rows."""
    kind = series.kind
    rows, first, last = 0, -1, -1
    opened = high = low = close = volume = 0.0
    head: list[tuple[float, ...]] = []
    for chunk in chunks:
        head += _rows(chunk, most - len(head))
        last = int(chunk[0][-1])
        if first < 0:
            first = int(chunk[0][0])
            opened, low = float(chunk[1][0]), float("inf")
        rows += rows_of(chunk)
        if timeframe_of(kind) is not None:
            high, low = max(high, float(chunk[2].max())), min(low, float(chunk[3].min()))
            close, volume = float(chunk[4][-1]), volume + float(chunk[5].sum())
        elif kind == FUNDING:
            volume += float(chunk[1].sum())
    facts: dict[str, object] = {"symbol": series.symbol, "kind": kind, "rows": rows}
    if not rows:
        return facts, head
    facts |= {"first": first, "last": last}
    step = step_of(kind)
    if kind == FUNDING:
        return {**facts, "sum of rates": round(volume, 10)}, head
    if step is not None:
        facts |= {"missing": (last - first) // step + 1 - rows}
    if timeframe_of(kind) is None:
        return facts, head
    facts |= {"open": opened, "high": high, "low": low, "close": close}
    return {**facts, "volume": round(volume, 8)}, head


def _rows(chunk: Chunk, most: int) -> list[tuple[float, ...]]:
    return list(zip(*(column[: max(0, most)].tolist() for column in chunk), strict=True))
