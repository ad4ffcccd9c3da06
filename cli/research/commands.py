"""The commands that look at what was recorded: analyse, plot, lookahead, zones, train. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.data.options import CandleFiles, Columns, Interval, TimeZone

app = typer.Typer()

Config = Annotated[
    list[Path] | None,
    typer.Option("--config", "-c", help="YAML file; its analysis section is used. Default: the built-in settings."),
]
Data = Annotated[
    list[str],
    typer.Option(
        "--data", help="SYMBOL=FILE with candles of the timeframe or a finer one; FILE: see `ict data check --help`"
    ),
]
From = Annotated[str | None, typer.Option("--from", help="first candle, UTC: 2025-05-04 or 2025-05-04T12:00")]
To = Annotated[str | None, typer.Option("--to", help="end, UTC, not included")]
AskedTimeframe = Annotated[str, typer.Option("--timeframe", "-t", help="1m, 5m, 15m, 30m, 1h, 4h, 1d or 1w")]


@app.command()
def analyse(
    data: Data,
    timeframe: AskedTimeframe = "15m",
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    compat: Annotated[
        str | None,
        typer.Option("--compat", help="smc: the rules of smartmoneyconcepts instead of the engine, for comparison only"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="events.jsonl, or events.parquet: a table of the same events; default: lines to stdout"),
    ] = None,
    config: Config = None,
) -> None:
    """Every event of the ICT engine on recorded candles, in the order in which it became knowable."""
    from cli.research.analyse import analyse_files

    analyse_files(CandleFiles(data, time_zone, columns, interval), timeframe, start, end, compat, out, config)


@app.command()
def plot(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="chart.png, or chart.html: a page of its own, with every reason")],
    timeframe: AskedTimeframe = "15m",
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    last: Annotated[int, typer.Option("--last", min=2, max=5_000, help="show the last so many candles of the range")] = 200,
    kinds: Annotated[
        str, typer.Option("--kinds", help="what to draw, with commas: structure,swings,fvg,order_block,sessions …")
    ] = "",
    theme: Annotated[str, typer.Option("--theme", help="dark or light")] = "dark",
    zone: Annotated[str, typer.Option("--zone", help="clock of the time axis")] = "Asia/Seoul",
    size: Annotated[str, typer.Option("--size", help="width and height in pixels")] = "1600x900",
    config: Config = None,
) -> None:
    """Candles with zones, structure, levels and sessions, as the engine knew them: to look at instead of to read."""
    from cli.research.plot import plot_files

    files = CandleFiles(data, time_zone, columns, interval)
    plot_files(files, out, timeframe, start, end, last, kinds, theme, zone, size, config)


@app.command()
def lookahead(
    data: Data,
    timeframe: AskedTimeframe = "15m",
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    detectors: Annotated[
        str, typer.Option("--detectors", help="engine, smc, smc-drawn, or package.module:function")
    ] = "engine",
    cuts: Annotated[int, typer.Option("--cuts", min=1, max=10_000, help="places at which the future is taken away")] = 20,
    last: Annotated[int | None, typer.Option("--last", min=2, help="only the last so many candles")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of the cuts and of the scrambled futures")] = 1,
    json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
    config: Config = None,
) -> None:
    """Replay prefixes and other futures; exit 1 when anything was said too early or taken back."""
    from cli.research.lookahead import look

    files = CandleFiles(data, time_zone, columns, interval)
    look(
        files,
        timeframe,
        start,
        end,
        detectors,
        cuts,
        last,
        seed,
        json=json,
        config=config,
    )


@app.command()
def zones(
    journal: Annotated[
        str | None, typer.Option("--journal", help="url of the journal, sqlite:///PATH for one; default: the configured one")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="only this one")] = None,
    start: Annotated[str | None, typer.Option("--from", help="trades opened from, UTC: 2025-05-04")] = None,
    end: To = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON list on stdout")] = False,
    config: Config = None,
) -> None:
    """Trades of the journal by kill zone and symbol: how many were won, and what they came to."""
    from cli.research.zones import show_zones

    show_zones(journal, symbol, start, end, config, json=json)


@app.command(hidden=True)
def pictures(
    to: Annotated[Path, typer.Option("--to", help="directory of the pictures")] = Path("docs/pictures"),
) -> None:
    """Draw the pictures of docs/ict.md again, from the engine's facts on a made-up market."""
    from cli.research.pictures import draw

    draw(to)


train = typer.Typer(
    help="Learn from recorded candles; what runs live reads the small JSON that comes out.", no_args_is_help=True
)
app.add_typer(train, name="train")


@train.command("fvg")
def train_fvg(
    data: Annotated[
        list[str], typer.Option("--data", help="SYMBOL=FILE@TIMEFRAME; several, also of one symbol: BTCUSDT=btc.parquet@15m")
    ],
    out: Annotated[Path, typer.Option("--out", help="the model, as JSON")],
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    unseen: Annotated[float, typer.Option("--unseen", help="share of each file's months kept for the judgement")] = 0.25,
    config: Config = None,
) -> None:
    """Fill probability of fair value gaps: exit 1 when it does not beat the base rate on unseen months."""
    from cli.research.train import train_fvg as body

    body(CandleFiles(data, time_zone, columns, interval), start, end, out, unseen, config)
