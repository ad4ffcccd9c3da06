"""``ict data flow``: order flow for stored minutes, out of stored trades."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer

from cli.data.options import BadOption
from cli.data.store import minute, parse_symbols, refusals
from cli.printing import echo_json
from services.ingest.history.flow_of_trades import Filled, fill_flow
from shared.candles.repository import Repository


def flow(store: Path, symbols: Sequence[str], *, json: bool) -> None:
    """Fill in; symbols without minutes or without trades end the command before anything is written."""
    with refusals(store):
        repository, names = Repository(store), parse_symbols(symbols)
        for name in names:
            for kind, what in (("1m", "minutes"), ("aggTrades", "trades")):
                if not (store / name / kind / "manifest.json").is_file():
                    raise BadOption(
                        f"{store} has no {what} of {name}; type: ict data fetch {name} --kind {kind} --from DATE"
                    )
        done: list[Filled] = []
        for name in names:
            minutes = repository.series(name, "1m")
            with minutes.locked():
                done.append(fill_flow(minutes, repository.series(name, "aggTrades")))
    if json:
        echo_json([msgspec.to_builtins(each) for each in done])
        return
    for each in done:
        typer.echo(f"{each.symbol}: {each.filled:,} minutes have their order flow now")
        if each.disagreeing:
            text = f"{each.disagreeing:,} minutes have another volume than their trades, the first at"
            typer.echo(f"note: {each.symbol}: {text} {minute(each.first_disagreeing)}; they stay without")
        if each.lacking:
            typer.echo(f"note: {each.symbol}: no trades are stored of {each.lacking:,} minutes that have no order flow")
