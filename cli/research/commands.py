"""Declares the commands over recorded data: analyse, plot, lookahead, zones, measure, train. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.data.options import CandleFiles, Columns, Interval, TimeZone
from cli.ray_option import Ray

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
    """Write every event of the ICT engine on recorded candles, in the order in which it became known."""
    from cli.research.analyse import analyse_files

    analyse_files(CandleFiles(data, time_zone, columns, interval), timeframe, start, end, compat, out, config)


@app.command()
def plot(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="chart.png, or chart.html: a page that shows the reason of each event")],
    timeframe: AskedTimeframe = "15m",
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    last: Annotated[
        int, typer.Option("--last", min=2, max=5_000, help="number of candles shown, the last of the range")
    ] = 200,
    kinds: Annotated[
        str, typer.Option("--kinds", help="what to draw, comma-separated: structure,swings,fvg,order_block,sessions …")
    ] = "",
    theme: Annotated[str, typer.Option("--theme", help="dark or light")] = "dark",
    zone: Annotated[str, typer.Option("--zone", help="time zone of the time axis")] = "Asia/Seoul",
    size: Annotated[str, typer.Option("--size", help="width and height in pixels")] = "1600x900",
    signals: Annotated[
        bool, typer.Option("--signals", help="draw the signals of the configured strategies; needs 1m candles")
    ] = False,
    config: Config = None,
) -> None:
    """Draw candles with the zones, structure, levels and sessions that the engine found, as PNG or HTML."""
    from cli.research.plot import plot_files

    files = CandleFiles(data, time_zone, columns, interval)
    plot_files(files, out, timeframe, start, end, last, kinds, theme, zone, size, config, with_signals=signals)


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
    cuts: Annotated[
        int,
        typer.Option(
            "--cuts",
            min=1,
            max=10_000,
            help="cuts at random, and as many where something was said; a few more are always made",
        ),
    ] = 20,
    last: Annotated[
        int | None, typer.Option("--last", min=2, help="number of candles used, the last of the range; default: all")
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", help="test the decisions of this strategy instead, on 1m candles; repeatable"),
    ] = None,
    backtest: Annotated[
        bool,
        typer.Option("--backtest", help="test a whole backtest instead: decisions, orders, fills, trades; on 1m candles"),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="seed of the cuts and of the scrambled futures")] = 1,
    json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
    config: Config = None,
) -> None:
    """Test detectors, strategies or a whole backtest for lookahead bias: exit 1 if something said earlier changes.

    The candles are cut off, and what follows is changed.
    """
    from cli.research.lookahead import look

    files = CandleFiles(data, time_zone, columns, interval)
    if strategy or backtest:
        from cli.research.lookahead_market import look_at_market

        look_at_market(
            files, start, end, strategy or (), cuts, last, seed, whole=backtest, json=json, config=config
        )  # fmt: skip
        return
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
        str | None,
        typer.Option("--journal", help="URL of the journal, for example sqlite:///PATH; default: the configured one"),
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="only trades of this symbol")] = None,
    start: Annotated[str | None, typer.Option("--from", help="earliest opening time, UTC: 2025-05-04")] = None,
    end: To = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON list on stdout")] = False,
    config: Annotated[
        list[Path] | None,
        typer.Option(
            "--config", "-c", help="YAML file; its journal and kill zones are used. Default: the built-in settings."
        ),
    ] = None,
) -> None:
    """Print the journal's closed trades by kill zone and symbol: count, win rate, result in USDT and in R."""
    from cli.research.zones import show_zones

    show_zones(journal, symbol, start, end, config, json=json)


@app.command()
def measure(
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            help="SYMBOL=FILE with 1m candles, or SET:SYMBOL=FILE for several sets. FILE: see `ict data check --help`",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="the counts, as JSON")],
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", help="measure this one only; repeatable. Default: all that are built in"),
    ] = None,
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=64, help="data sets measured at once, each in a process")] = 1,
    ray: Ray = None,
    add: Annotated[
        bool, typer.Option("--add", help="keep the other data sets of the file; one of the same name is replaced")
    ] = False,
    config: Annotated[
        list[Path] | None,
        typer.Option("--config", "-c", help="YAML file; its ingest, analysis, signals sections count. Default: built in"),
    ] = None,
) -> None:
    """Count what each strategy says of recorded candles: signals, refusals, how long trades would last; no profit."""
    from cli.research.measure import measure as body
    from cli.workers import Workers

    files = CandleFiles(data, time_zone, columns, interval)
    body(config, files, start, end, strategy or (), out, Workers(jobs, ray), add=add)


@app.command(hidden=True)
def pictures(
    to: Annotated[Path, typer.Option("--to", help="directory of the pictures")] = Path("docs/pictures"),
) -> None:
    """Draw the pictures of docs/ict.md and docs/strategies.md from what was found on generated markets."""
    from cli.research.pictures import draw

    draw(to)


train = typer.Typer(help="Train models on recorded candles; the engine reads the resulting JSON.", no_args_is_help=True)
app.add_typer(train, name="train")


@train.command("fvg")
def train_fvg(
    data: Annotated[list[str], typer.Option("--data", help="SYMBOL=FILE@TIMEFRAME, repeatable: BTCUSDT=btc.parquet@15m")],
    out: Annotated[Path, typer.Option("--out", help="the model, as JSON")],
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    unseen: Annotated[float, typer.Option("--unseen", help="share of each file's months kept for the evaluation")] = 0.25,
    config: Config = None,
) -> None:
    """Train the fill probability of fair value gaps; exit 1 if it does not beat the base rate on unseen months."""
    from cli.research.train import train_fvg as body

    body(CandleFiles(data, time_zone, columns, interval), start, end, out, unseen, config)


@train.command("regimes")
def train_regimes(
    data: Annotated[str, typer.Option("--data", help="SYMBOL=FILE@TIMEFRAME, one: BTCUSDT=btc.parquet@1h")],
    states: Annotated[int, typer.Option("--states", min=2, max=3, help="2: calm, volatile; 3: calm, normal, volatile")] = 2,
    out: Annotated[Path | None, typer.Option("--out", help="the model, as JSON; default: to stdout")] = None,
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    unseen: Annotated[float, typer.Option("--unseen", help="share of the candles kept to judge by, the last")] = 0.25,
    seed: Annotated[int, typer.Option("--seed", min=0, help="seed of the starting points of the fit")] = 1,
    config: Config = None,
) -> None:
    """Fit a regime model (hidden Markov model, GARCH); exit 1 if it forecasts unseen returns no better than one normal."""
    from cli.research.train_regimes import train_regimes as body

    body(CandleFiles((data,), time_zone, columns, interval), states, out, start, end, unseen, seed, config)
