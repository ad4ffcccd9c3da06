"""``ict data import``: files that people have into the candle repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from cli.data.options import BadOption, parse_reading
from cli.data.store import minute, refusals
from cli.printing import echo_json
from cli.run.configuration import refuse
from services.ingest.candle_source import SourceRefused
from services.ingest.history.importing import Importable, candles_in, rates_in
from shared.candles.repository import Repository
from shared.domain.symbols import is_symbol
from shared.runtime.process.exits import Exit

_NOTES_SHOWN = 3


def import_files(
    store: Path,
    files: Sequence[str],
    time_zone: str | None,
    columns: str | None,
    interval: str | None,
    *,
    funding: bool,
    json: bool,
) -> None:
    """Examine all files, then store them. A file with a defect ends the command before anything is stored."""
    with refusals(store):
        reading = parse_reading(time_zone, columns, interval)
        found: list[tuple[str, str, Importable]] = []
        defects = []
        for text in files:
            symbol, path = _symbol_and_path(text)
            try:
                taken = rates_in(path, reading) if funding else candles_in(path, reading)
            except SourceRefused as error:
                defects += list(error.defects)
                continue
            named = symbol or taken.symbol
            if named is None or not is_symbol(named):
                raise BadOption(f"{text}: its name tells no symbol; say it: ict data import BTCUSDT={text}")
            found.append((named, text, taken))
        if defects:
            refuse(f"{SourceRefused(defects)}\nnothing was stored", Exit.NEGATIVE)
        said = [_stored(store, symbol, text, taken, json=json) for symbol, text, taken in found]
    if json:
        echo_json(said)


def _symbol_and_path(text: str) -> tuple[str | None, Path]:
    """``FILE`` or ``SYMBOL=FILE``."""
    symbol, equals, path = text.partition("=")
    if equals and path and is_symbol(symbol.upper()) and not Path(text).exists():
        return symbol.upper(), Path(path)
    return None, Path(text)


def _stored(store: Path, symbol: str, text: str, taken: Importable, *, json: bool) -> dict[str, object]:
    series = Repository(store).series(symbol, taken.kind)
    with series.locked():
        tally = series.add(taken.chunks)
    if not json:
        typer.echo(f"{symbol} {taken.kind}: {tally.new:,} rows stored, {tally.known:,} were there already ({text})")
        for repair in taken.repairs[:_NOTES_SHOWN]:
            typer.echo(f"note: {repair}")
        if len(taken.repairs) > _NOTES_SHOWN:
            typer.echo(f"{len(taken.repairs) - _NOTES_SHOWN} more notes: see --json, or ict data check {store}")
        if tally.differing:
            at = minute(tally.first_differing)
            typer.echo(
                f"note: {tally.differing:,} rows are stored with other numbers, the first of {at}; the stored ones stay"
            )
    return {
        "file": text,
        "symbol": symbol,
        "kind": taken.kind,
        "rows": taken.rows,
        "new": tally.new,
        "known": tally.known,
        "differing": tally.differing,
        "first_differing": tally.first_differing,
        "notes": [str(repair) for repair in taken.repairs],
    }
