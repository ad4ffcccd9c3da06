"""``ict data roll``: candles that the journal has, into the candle repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cli.data.hot import HotStore, opened
from cli.data.options import BadOption
from cli.data.store import day, minute, parse_kinds, parse_symbols, refusals
from cli.printing import echo_json
from cli.run.configuration import load_settings
from shared.candles.kinds import step_of, timeframe_of
from shared.candles.repository import Repository
from shared.candles.sides import BothSides, Seam
from shared.domain.timeframes import DURATION, Timeframe


class Rolled(msgspec.Struct, kw_only=True):
    """What became of one series. disputed: candles that were left out, as ingest did not trust them."""

    symbol: str
    kind: Timeframe
    seam: Seam
    disputed: int


def roll(
    config: Sequence[Path] | None,
    store: Path,
    symbols: Sequence[str],
    kinds: Sequence[str],
    journal: str | None,
    *,
    json: bool,
) -> None:
    """Store them; what was stored before an interruption is whole, and the same line goes on from there."""
    url = journal or load_settings(config).journal.url
    with refusals(store):
        wanted, chosen = parse_symbols(symbols), parse_kinds(kinds, ("1m",))
        frames = [frame for kind in chosen if (frame := timeframe_of(kind)) is not None]
        others = [kind for kind in chosen if timeframe_of(kind) is None]
        if others:
            raise BadOption(f"--kind {others[0]}: the journal keeps candles alone; ict data fetch brings the rest")
        with opened(url) as hot:
            done = [each for frame in frames for each in _rolled(store, hot, frame, wanted)]
    if json:
        echo_json([msgspec.to_builtins(each) for each in done])
        return
    if not done:
        typer.echo("the journal has no such candles yet; they come with ict run")
        return
    _show(done)


def _rolled(store: Path, hot: HotStore, frame: Timeframe, wanted: Sequence[str]) -> list[Rolled]:
    extents = {each.symbol: each for each in hot.extents(frame)}
    strangers = sorted(set(wanted) - extents.keys())
    if strangers:
        known = ", ".join(list(extents)[:20]) or "none"
        raise BadOption(f"the journal has no {frame} candles of {strangers[0]}; it has those of {known}")
    done = []
    for symbol in wanted or extents:
        series = Repository(store).series(symbol, frame)
        with series.locked():
            seam = BothSides(series, hot.of(symbol, frame)).roll()
        done.append(Rolled(symbol=symbol, kind=frame, seam=seam, disputed=extents[symbol].disputed))
    return done


def _show(done: Sequence[Rolled]) -> None:
    console = Console(emoji=False)
    table = Table("symbol", "kind")
    for title in ("stored before", "rolled"):
        table.add_column(title, justify="right")
    for each in done:
        table.add_row(each.symbol, each.kind, f"{each.seam.cold:,}", f"{each.seam.hot:,}")
    console.print(table)
    for each in done:
        for text in told(each.symbol, each.kind, each.seam):
            console.print(text, highlight=False, markup=False, soft_wrap=True)
        if each.disputed:
            text = f"{each.disputed:,} disputed candles were left out; ict data fetch brings the exchange's own"
            console.print(f"note: {each.symbol} {each.kind}: {text}", highlight=False, markup=False, soft_wrap=True)


def told(symbol: str, kind: Timeframe, seam: Seam) -> list[str]:
    """What a person has to know of how both sides fit."""
    found = []
    if seam.missing:
        until = day(seam.gap + (seam.missing + DURATION["1d"] // DURATION[kind]) * (step_of(kind) or 0))
        found.append(
            f"note: {symbol} {kind}: {seam.missing:,} candles lack from {minute(seam.gap)} on, between what is stored and "
            f"what the journal has; type: ict data fetch {symbol} --from {day(seam.gap)} --to {until} --kind {kind}"
        )
    if seam.differing:
        text = f"{seam.differing:,} candles are stored with other numbers than the journal has, the first of"
        found.append(f"note: {symbol} {kind}: {text} {minute(seam.first_differing)}; the stored ones stay")
    return found
