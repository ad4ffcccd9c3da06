"""Declares ``ict backtest``, ``ict report`` and ``ict runs``. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from cli.data.options import CandleFiles, Columns, Interval, TimeZone

#: Where runs are kept unless a directory is named.
RUNS: Final = Path("runs")

app = typer.Typer(pretty_exceptions_enable=False)  # also run by itself: see cli.entry
runs = typer.Typer(help="Show and compare the results of backtests.", no_args_is_help=True)
app.add_typer(runs, name="runs")

Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout instead of tables")]
In = Annotated[Path, typer.Option("--in", help="directory that holds the runs")]


@app.command()
def backtest(
    config: Annotated[
        list[Path] | None,
        typer.Option(
            "--config", "-c", help="YAML file; several are merged, later ones win. Default: the built-in sim settings."
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            help="SYMBOL=FILE with 1m candles, once per symbol, or SYMBOL=repo: from the candle repository; "
            "with --symbols: repo: or repo:DIR for all of them. Default: the configured market",
        ),
    ] = None,
    symbols: Annotated[
        str | None, typer.Option("--symbols", help="BTCUSDT,ETHUSDT: taken from the candle repository (`ict data fetch`)")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="first candle, UTC: 2025-05-04 or 2025-05-04T12:00")] = None,
    end: Annotated[str | None, typer.Option("--to", help="end, UTC, not included")] = None,
    funding: Annotated[
        list[str] | None,
        typer.Option("--funding", help="SYMBOL=FILE with recorded rates, or SYMBOL=repo:; others pay the constant rate"),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", help="strategy that judges; once per strategy, instead of the configured"),
    ] = None,
    preset: Annotated[
        list[str] | None, typer.Option("--preset", help="STRATEGY=NAME: a named set of the strategy's settings")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="SETTING=VALUE, for example risk.risk_per_trade=0.005")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="directory for the results. Default: one below runs, named after the run")
    ] = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    every_minute: Annotated[
        bool, typer.Option("--every-minute", help="step through every minute: far slower, and the same results")
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="work everything out, and keep nothing of it (setting backtest.cache)")
    ] = False,
    json: Json = False,
) -> None:
    """Play recorded candles to the very cores that trade, as fast as they go, and keep the results."""
    from cli.backtest.choosing import Choice
    from cli.backtest.play import backtest as body

    choice = Choice(
        CandleFiles(data or (), time_zone, columns, interval), symbols, start, end, tuple(funding or ()),
        tuple(strategy or ()), tuple(preset or ()), tuple(set_ or ()),
    )  # fmt: skip
    body(config, choice, out, RUNS, every_minute=every_minute, cached=not no_cache, json=json)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="directory of the run")],
    config: Annotated[
        list[Path] | None, typer.Option("--config", "-c", help="YAML file; its market is used. Default: the built-in one.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="the candles that were played, as for `ict backtest`: SYMBOL=FILE or SYMBOL=repo:"),
    ] = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
) -> None:
    """Write the report of a run again: one page with its figures, and a chart of every trade."""
    from cli.backtest.reporting import report as body

    body(run, config, CandleFiles(data or (), time_zone, columns, interval))


@runs.command("list")
def list_runs(where: In = RUNS, json: Json = False) -> None:
    """List the runs in a directory, with what became of each."""
    from cli.backtest.runs import list_runs as body

    body(where, json=json)


@runs.command("show")
def show(run: Annotated[Path, typer.Argument(help="directory of the run")], json: Json = False) -> None:
    """Show one run: its span, its settings that are no defaults, its trades."""
    from cli.backtest.runs import show as body

    body(run, json=json)


@runs.command("compare")
def compare(runs: Annotated[list[Path], typer.Argument(help="directories of two runs or more")], json: Json = False) -> None:
    """Set runs side by side: figures, and every setting in which they differ."""
    from cli.backtest.runs import compare as body

    body(runs, json=json)
