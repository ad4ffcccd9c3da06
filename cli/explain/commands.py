"""Declares the commands that say why: why-not, scan, explain. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.data.options import CandleFiles, Columns, Interval, TimeZone

app = typer.Typer()

Config = Annotated[
    list[Path] | None,
    typer.Option(
        "--config", "-c", help="YAML file; its analysis and signals sections are used. Default: the built-in settings."
    ),
]
Data = Annotated[
    list[str],
    typer.Option("--data", help="SYMBOL=FILE with 1m candles, once per symbol; FILE: see `ict data check --help`"),
]
From = Annotated[
    str | None,
    typer.Option("--from", help="first candle, UTC: 2025-05-04 or 2025-05-04T12:00; strategies need some history"),
]
To = Annotated[str | None, typer.Option("--to", help="end, UTC, not included")]
Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="show this symbol only; repeatable")]
Strategies = Annotated[
    list[str] | None,
    typer.Option("--strategy", help="ask this strategy instead of the configured ones; repeatable"),
]


@app.command("why-not")
def why_not(
    data: Data,
    at: Annotated[str, typer.Option("--at", help="the moment, UTC: 2025-05-04T12:15; the last close up to it speaks")],
    symbol: Symbols = None,
    strategy: Strategies = None,
    start: From = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
    config: Config = None,
) -> None:
    """Say of a past moment what each strategy answered: its signal, or every reason why not, with the numbers."""
    from cli.explain.why_not import why_not as body

    files = CandleFiles(data, time_zone, columns, interval)
    body(config, files, at, start, symbol or (), strategy or (), json=json)


@app.command()
def scan(
    data: Data,
    start: From = None,
    end: To = None,
    symbol: Symbols = None,
    strategy: Strategies = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object a signal and line on stdout")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="comma-separated values on stdout")] = False,
    config: Config = None,
) -> None:
    """List every signal of a range of candles: side, entry, stop, exits, score and why. Nothing is traded."""
    from cli.explain.scan import scan as body

    files = CandleFiles(data, time_zone, columns, interval)
    body(config, files, start, end, symbol or (), strategy or (), json=json, as_csv=csv)


@app.command()
def explain(
    asked: Annotated[str, typer.Argument(metavar="ID", help="of a decision, signal, intent (trade), order or fact")],
    journal: Annotated[
        str | None,
        typer.Option("--journal", help="URL of the journal, for example sqlite:///PATH; default: the configured one"),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="SYMBOL=FILE with 1m candles: for gates, numbers and facts, which only candles tell"),
    ] = None,
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="chart.png, or chart.html, of the moment; needs --data")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
    config: Config = None,
) -> None:
    """Tell the story of an id: the setup with its numbers, what risk checked, and what became of the order."""
    from cli.explain.explain import explain_id

    files = CandleFiles(data or (), time_zone, columns, interval)
    explain_id(config, asked, journal, files, start, end, picture, json=json)
