"""``ict data check``: describe candle files, list their defects, and print the command to type next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.data.options import BadOption, parse_reading
from cli.data.picture import draw, refuse_other_kinds
from cli.data.quality import Checked, as_json, checked
from cli.data.quality import show as show_series
from cli.data.store import refusals
from cli.printing import echo_json, shell_line
from cli.run.configuration import refuse
from services.ingest.files.description import Description, FileDescription, describe
from services.ingest.files.reading import Reading
from shared.candles.repository import stored_below
from shared.domain.symbols import is_symbol
from shared.domain.timeframes import FINEST
from shared.runtime.process.exits import Exit

#: Statements about one path that are shown in full; more are counted.
_DEFECTS_SHOWN = 20
_NOTES_SHOWN = 3
#: The candles that research is asked for when a file's own are finer.
_USUAL = "15m"


def check_files(
    files: Sequence[str],
    time_zone: str | None,
    columns: str | None,
    interval: str | None,
    picture: Path | None,
    *,
    json: bool,
) -> None:
    """Describe each path, judge each series of a repository; exit 1 when one cannot be used as it is."""
    try:
        reading = parse_reading(time_zone, columns, interval)
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    if picture is not None:
        refuse_other_kinds(picture)
    found: list[Description | Checked] = []
    with refusals(Path(files[0])):
        for text in files:
            stored = stored_below(Path(text))
            found += [checked(series) for series in stored] if stored else [_checked(text, reading)]
    if picture is not None:
        draw([each for each in found if isinstance(each, Checked)], picture)
    if json:
        echo_json([as_json(each) if isinstance(each, Checked) else _as_json(each, reading) for each in found])
    else:
        console = Console(emoji=False)  # `:x:` in a path or a file's text is no picture
        if series := [each for each in found if isinstance(each, Checked)]:
            show_series(console, series)
        for each in found:
            if isinstance(each, Description):
                _show(console, each, reading)
    if any(not each.good if isinstance(each, Checked) else each.defects for each in found):
        raise typer.Exit(Exit.NEGATIVE)


def next_line(description: Description, reading: Reading) -> str:
    """The command to type next: the whole system on minutes, the events of the engine on longer candles."""
    symbol = description.symbol if description.symbol is not None and is_symbol(description.symbol) else "SYMBOL"
    words = ["--data", f"{symbol}={description.path}"]
    if reading.time_zone is not None:
        words += ["--time-zone", reading.time_zone]
    if reading.columns:
        words += ["--columns", ",".join(reading.columns)]
    if reading.interval is not None:
        words += ["--interval", reading.interval]
    if description.interval == FINEST:
        return shell_line(["ict", "demo", *words])
    coarse = description.interval not in ("1m", "5m", "15m")
    timeframe = description.interval if coarse and description.interval is not None else _USUAL
    return shell_line(["ict", "analyse", *words, "--timeframe", timeframe])


def _checked(text: str, reading: Reading) -> Description:
    """``FILE`` or ``SYMBOL=FILE``, as it stands behind ``--data``."""
    symbol, equals, path = text.partition("=")
    if equals and path and is_symbol(symbol.upper()) and not Path(text).exists():
        return msgspec.structs.replace(describe(Path(path), reading), symbol=symbol.upper())
    return describe(Path(text), reading)


def _show(console: Console, description: Description, reading: Reading) -> None:
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in _facts(description):
        table.add_row(name, escape(value))
    console.print(table)
    for sort, statements in (("defect", description.defects), ("note", description.notes)):
        shown = _DEFECTS_SHOWN if sort == "defect" else _NOTES_SHOWN
        for statement in statements[:shown]:
            place = f"{statement.file}, row {statement.row}" if statement.row else statement.file
            console.print(f"{sort}: {place}: {statement.text}", highlight=False, markup=False, soft_wrap=True)
        if len(statements) > shown:
            console.print(f"{len(statements) - shown} more {sort}s: see --json", highlight=False)
    if not description.defects:
        console.print(f"next: {next_line(description, reading)}", highlight=False, markup=False, soft_wrap=True)


def _facts(description: Description) -> list[tuple[str, str]]:
    """What the table says, of all files together."""
    files = [file for file in description.files if file.kind]
    firsts = [file.first for file in files if file.first is not None]
    lasts = [file.last for file in files if file.last is not None]
    return [
        ("path", description.path),
        ("files", f"{len(description.files):,}"),
        ("kind", _together(file.kind for file in files) or "not readable"),
        ("columns", _together(", ".join(name or "(no name)" for name in file.columns) for file in files)),
        ("time", _together(unit for file in files for unit in file.time)),
        ("zone", _together(zone for file in files for zone in file.clock or _default_clock(file))),
        ("candles of", description.interval or "unknown"),
        ("rows", f"{sum(file.rows for file in files):,}"),
        ("first candle", f"{_utc(min(firsts))} UTC" if firsts else ""),
        ("last candle", f"{_utc(max(lasts))} UTC" if lasts else ""),
        ("symbol", description.symbol or "not in the name"),
    ]


def _default_clock(file: FileDescription) -> tuple[str, ...]:
    """Epoch times are UTC by themselves; text without an offset says nothing."""
    return ("none named",) if "text" in file.time else ("UTC",) if file.time else ()


def _together(values: Iterable[str]) -> str:
    """Each value once, as first met."""
    return "; ".join(dict.fromkeys(value for value in values if value))


def _utc(time: int) -> str:
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _as_json(description: Description, reading: Reading) -> dict[str, object]:
    made: dict[str, object] = msgspec.to_builtins(description)
    return {
        **made,
        "good": not description.defects,
        "next": None if description.defects else next_line(description, reading),
    }
