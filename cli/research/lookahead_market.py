"""``ict lookahead --strategy`` and ``--backtest``: do decisions, or a whole backtest, depend on later candles?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from cli.backtest.columns import require_told
from cli.data.options import CandleFiles
from cli.play.progress import Bar
from cli.play.session import load_to_play, open_market
from cli.printing import echo_json
from cli.research.lookahead import leaks_as_json, print_leaks
from cli.run.configuration import refuse
from research.backtest.beside import reads_of
from research.backtest.sections import sections_of
from research.backtest.tape import tape_of
from research.lookahead import Leak
from research.looked import Looked
from research.market_lookahead import CuttableTape, backtest, decisions
from services.ingest.candle_source import SourceRefused
from shared.runtime.process.exits import Exit

#: What a look at a market builds of the configuration.
_SERVICES = ("market", "ingest", "analysis", "signals", "risk", "execution")


def look_at_market(
    data: CandleFiles,
    start: str | None,
    end: str | None,
    strategies: Sequence[str],
    cuts: int,
    last: int | None,
    seed: int,
    *,
    whole: bool,
    json: bool,
    config: Sequence[Path] | None,
) -> None:
    """Run the command. ``whole``: orders, fills and trades too. Exit 0 if nothing depends on later candles, 1 if it does."""
    overrides: dict[str, Any] = {"layout": "embedded", "store": {"url": "memory:"}}
    if strategies:
        overrides["signals"] = {"strategies": list(strategies)}
    settings = load_to_play(_SERVICES, config, overrides)
    settings, source = open_market(settings, data, start, end)
    try:
        tape = tape_of(source, reads=reads_of(settings.signals))
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    require_told(Console(stderr=True), settings.signals, tape)
    if last is not None:
        tape = tape.part(max(0, len(tape) - last), len(tape))
    sections = sections_of(settings, settings)
    looked = Looked(backtest(sections, source.fundings) if whole else decisions(sections), CuttableTape(tape), cuts, seed)
    found: list[Leak] = []
    with Bar(Console(stderr=True), "cuts tested", 1_000) as bar:
        for done, leaking in enumerate(looked.leaks(), start=1):
            found += leaking
            bar.at(1_000 * done // len(looked.cuts))
    name = ("backtest of " if whole else "") + ", ".join(settings.signals.strategies)
    if json:
        echo_json({
            "strategies": list(settings.signals.strategies), "backtest": whole, "symbols": list(tape.symbols),
            "clean": not found, "statements": looked.said, "candles": len(tape), "cuts": len(looked.cuts),
            "leaks": leaks_as_json(found),
        })  # fmt: skip
    else:
        what = (
            f"{name} on {', '.join(tape.symbols)}: {len(tape):,} minutes, {looked.said:,} statements, {len(looked.cuts)} "
            "prefixes and as many other futures"
        )
        print_leaks(what, "nothing depends on later candles", found, len(looked.cuts))
        if not looked.said:
            typer.echo("Nothing was said, so that nothing is proved: give a longer span.")
    if found:
        raise typer.Exit(Exit.NEGATIVE)
