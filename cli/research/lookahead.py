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
from research.lookahead import Leak, Replay, cuts_of, leaks
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
) -> tuple[dict[str, tuple[int, int]], dict[str, list[Leak]]]:
    """For each symbol how many candles and cuts were looked at, and what was found."""
    found: dict[str, list[Leak]] = {}
    looked: dict[str, tuple[int, int]] = {}
    with Bar(console, "cuts tested", cuts * len(market.symbols)) as bar:
        for number, symbol in enumerate(market.symbols):
            candles = list(market.candles(symbol))[-last if last else 0 :]
            places = cuts_of(len(candles), cuts, seed)
            looked[symbol] = (len(candles), len(places))
            found[symbol] = []
            for done, leaking in enumerate(leaks(replay, candles, places, seed), start=1):
                found[symbol] += leaking
                bar.at(number * cuts + done)
    return looked, found


def _print(name: str, timeframe: str, looked: dict[str, tuple[int, int]], found: dict[str, list[Leak]]) -> None:
    for symbol, (candles, places) in looked.items():
        bad = found[symbol]
        what = f"{name} on {symbol} {timeframe}: {candles:,} candles, {places} prefixes and as many other futures"
        if not bad:
            typer.echo(f"{what}: no event depends on later candles")
            continue
        typer.echo(f"{what}: {len(bad)} of {2 * places} differ")
        for leak in bad[:_SHOWN]:
            why = "with nothing after it" if leak.check == "prefix" else "with another future"
            typer.echo(f"  known until {at(leak.cut_at)} ({leak.cut:,} candles), {why}:")
            typer.echo(f"    reported then:   {_event_text(leak.then)}")
            typer.echo(f"    reported later:  {_event_text(leak.full)}")
        if len(bad) > _SHOWN:
            typer.echo(f"  and {len(bad) - _SHOWN} more")


def _event_text(statement: object) -> str:
    return "nothing" if statement is None else msgspec.json.encode(statement, order="sorted").decode()


def _as_json(
    name: str, timeframe: str, looked: dict[str, tuple[int, int]], found: dict[str, list[Leak]]
) -> dict[str, object]:
    return {
        "detectors": name,
        "timeframe": timeframe,
        "clean": not any(found.values()),
        "symbols": {
            symbol: {
                "candles": candles,
                "cuts": places,
                "leaks": [
                    {"check": leak.check, "cut": leak.cut, "cut_at": leak.cut_at, "then": leak.then, "full": leak.full}
                    for leak in found[symbol]
                ],
            }
            for symbol, (candles, places) in looked.items()
        },
    }
