"""``ict lookahead``: test whether detectors report an event too early, or change it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import typer
from rich.console import Console

from cli.data.options import CandleFiles
from cli.play.progress import Bar
from cli.printing import echo_json
from cli.research.recorded import open_market
from cli.run.configuration import load_settings, refuse
from research.detectors import detectors
from research.lookahead import Leak, Replay
from research.looked import CuttableCandles, Looked
from research.market import Market
from research.own_detectors import BrokenDetectors, NoSuchDetectors
from services.analysis.wording import at
from shared.runtime.process.exits import Exit

#: Leaks shown in full; more are counted.
_SHOWN = 5


def look(
    data: CandleFiles,
    timeframe: str,
    start: str | None,
    end: str | None,
    name: str,
    cuts: int,
    last: int | None,
    seed: int,
    *,
    json: bool,
    config: Sequence[Path] | None,
) -> None:
    """Run the command. Exit 0 if no event depends on later candles, 1 if one was reported too early or changed later."""
    settings = load_settings(config)
    console = Console(stderr=True)
    market = open_market(console, settings, data, timeframe, start, end)
    try:
        looked, found = _looked(console, detectors(name, settings.analysis), market, cuts, last, seed)
    except (NoSuchDetectors, BrokenDetectors) as error:
        refuse(f"--detectors {error}", Exit.USAGE)
    if json:
        echo_json(_as_json(name, market.timeframe, looked, found))
    else:
        _print(name, market.timeframe, looked, found)
    if any(found.values()):
        raise typer.Exit(Exit.NEGATIVE)


def _looked(
    console: Console, replay: Replay, market: Market, cuts: int, last: int | None, seed: int
) -> tuple[dict[str, tuple[int, int, int]], dict[str, list[Leak]]]:
    """For each symbol how many candles, cuts and statements were looked at, and what was found."""
    found: dict[str, list[Leak]] = {}
    looked: dict[str, tuple[int, int, int]] = {}
    with Bar(console, "cuts tested", 1_000 * len(market.symbols)) as bar:
        for number, symbol in enumerate(market.symbols):
            candles = list(market.candles(symbol))[-last if last else 0 :]
            look = Looked(replay, CuttableCandles(candles), cuts, seed)
            found[symbol] = []
            for done, leaking in enumerate(look.leaks(), start=1):
                found[symbol] += leaking
                bar.at(1_000 * number + 1_000 * done // len(look.cuts))
            looked[symbol] = (len(candles), len(look.cuts), look.said)
    return looked, found


def _print(name: str, timeframe: str, looked: dict[str, tuple[int, int, int]], found: dict[str, list[Leak]]) -> None:
    for symbol, (candles, places, said) in looked.items():
        looked_at = f"{candles:,} candles, {said:,} events, {places} prefixes and as many other futures"
        what = f"{name} on {symbol} {timeframe}: {looked_at}"
        print_leaks(what, "no event depends on later candles", found[symbol], places)
        if not said:
            typer.echo("Nothing was reported, so that nothing is proved: give more candles.")


def print_leaks(what: str, clean: str, found: Sequence[Leak], places: int) -> None:
    """Print what was looked at (``what``, at so many ``places``) and the leaks, or ``clean`` where there is none."""
    if not found:
        typer.echo(f"{what}: {clean}")
        return
    typer.echo(f"{what}: {len(found)} of {2 * places} differ")
    for leak in found[:_SHOWN]:
        why = "with nothing after it" if leak.check == "prefix" else "with another future"
        typer.echo(f"  known until {at(leak.cut_at)} ({leak.cut:,} candles), {why}:")
        typer.echo(f"    reported then:   {_event_text(leak.then)}")
        typer.echo(f"    reported later:  {_event_text(leak.full)}")
    if len(found) > _SHOWN:
        typer.echo(f"  and {len(found) - _SHOWN} more")


def _event_text(statement: object) -> str:
    return "nothing" if statement is None else msgspec.json.encode(statement, order="sorted").decode()


def _as_json(
    name: str, timeframe: str, looked: dict[str, tuple[int, int, int]], found: dict[str, list[Leak]]
) -> dict[str, object]:
    return {
        "detectors": name,
        "timeframe": timeframe,
        "clean": not any(found.values()),
        "symbols": {
            symbol: {"candles": candles, "cuts": places, "statements": said, "leaks": leaks_as_json(found[symbol])}
            for symbol, (candles, places, said) in looked.items()
        },
    }


def leaks_as_json(found: Sequence[Leak]) -> list[dict[str, object]]:
    """The leaks for machines."""
    return [
        {"check": leak.check, "cut": leak.cut, "cut_at": leak.cut_at, "then": leak.then, "full": leak.full} for leak in found
    ]
