"""Declares ``ict walk-forward`` and ``ict optimise``. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.data.options import CandleFiles, Columns, Interval, TimeZone
from cli.ray_option import Ray

app = typer.Typer()


WarmUp = Annotated[
    float, typer.Option("--warm-up", min=0, help="days before each span that strategies see and may not trade")
]
Measure = Annotated[
    str, typer.Option("--measure", help="what the best one is chosen by: sharpe, expectancy (mean R) or return")
]
LeastTrades = Annotated[
    int, typer.Option("--least-trades", min=1, help="with fewer closed trades in its training nothing is chosen")
]
Config = Annotated[
    list[Path] | None,
    typer.Option(
        "--config", "-c", help="YAML file; several are merged, later ones win. Default: the built-in sim settings."
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", help="as of `ict backtest`. Default: the configured market"),
]
Symbols = Annotated[str | None, typer.Option("--symbols", help="as of `ict backtest`")]
From = Annotated[str | None, typer.Option("--from", help="first candle, UTC: 2025-05-04 or 2025-05-04T12:00")]
To = Annotated[str | None, typer.Option("--to", help="end, UTC, not included")]
Funding = Annotated[list[str] | None, typer.Option("--funding", help="as of `ict backtest`")]
Strategy = Annotated[
    list[str] | None,
    typer.Option("--strategy", help="strategy that judges; once per strategy, instead of the configured"),
]
Preset = Annotated[list[str] | None, typer.Option("--preset", help="STRATEGY=NAME: a named set of the strategy's settings")]
SettingValues = Annotated[
    list[str] | None, typer.Option("--set", help="SETTING=VALUE, for example risk.risk_per_trade=0.005")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=64, help="backtests at once, each in a process")]
Kept = Annotated[Path, typer.Option("--kept", help="directory of backtests that were done; they are not played again")]


@app.command("walk-forward")
def walk_forward(
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", help="SETTING=VALUE,VALUE,…: values that are tried in each training; repeatable"),
    ] = None,
    train: Annotated[float, typer.Option("--train", min=0.01, help="length of a training, days")] = 90.0,
    test: Annotated[float, typer.Option("--test", min=0.01, help="length of a test, days")] = 30.0,
    purge: Annotated[float, typer.Option("--purge", min=0, help="the longest that a trade is held, days")] = 2.0,
    embargo: Annotated[
        float, typer.Option("--embargo", min=0, help="days between training and test beyond the purge")
    ] = 1.0,
    warm_up: WarmUp = 7.0,
    anchored: Annotated[
        bool, typer.Option("--anchored", help="every training begins at the start and grows; else it rolls")
    ] = False,
    measure: Measure = "sharpe",
    least_trades: LeastTrades = 10,
    config: Config = None,
    data: Data = None,
    symbols: Symbols = None,
    start: From = None,
    end: To = None,
    funding: Funding = None,
    strategy: Strategy = None,
    preset: Preset = None,
    set_: SettingValues = None,
    jobs: Jobs = 1,
    ray: Ray = None,
    kept: Kept = Path("runs/jobs"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="seed of the confidence intervals")] = 1,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout instead of tables")] = False,
) -> None:
    """Choose settings on a span of time, judge them on the one after it, move on: a result on data it has not seen."""
    from cli.backtest.choosing import Choice
    from cli.doubt.walk_forward import Plan
    from cli.doubt.walk_forward import walk_forward as body
    from cli.workers import Workers

    choice = Choice(
        CandleFiles(data or (), time_zone, columns, interval), symbols, start, end, tuple(funding or ()),
        tuple(strategy or ()), tuple(preset or ()), tuple(set_ or ()),
    )  # fmt: skip
    plan = Plan(train, test, purge, embargo, warm_up, measure, least_trades, seed, anchored=anchored)
    body(config, choice, tuple(vary or ()), plan, Workers(jobs, ray), kept, json=json)


@app.command("optimise")
def optimise(
    search: Annotated[str, typer.Argument(help="strategy whose declared ranges are searched")],
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--range", help="SETTING, SETTING=LOW..HIGH or SETTING=A,B: search these only; repeatable. Default: all"
        ),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, max=100_000, help="trials of the study, with those it has")] = 50,
    parts: Annotated[
        int, typer.Option("--parts", min=1, max=50, help="equal parts of the time; a trial is given up early by them")
    ] = 4,
    study: Annotated[
        str,
        typer.Option(
            "--study", help="database that keeps the study: sqlite:///FILE, or postgresql://… for several machines"
        ),
    ] = "sqlite:///runs/studies.sqlite",
    name: Annotated[str | None, typer.Option("--name", help="name of the study. Default: the strategy's")] = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="also write a page with pictures of the plateau, one HTML file")
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1_000, help="trials shown")] = 10,
    warm_up: WarmUp = 7.0,
    measure: Measure = "sharpe",
    least_trades: LeastTrades = 10,
    config: Config = None,
    data: Data = None,
    symbols: Symbols = None,
    start: From = None,
    end: To = None,
    funding: Funding = None,
    preset: Preset = None,
    set_: SettingValues = None,
    jobs: Jobs = 1,
    ray: Ray = None,
    kept: Kept = Path("runs/jobs"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="seed of the search")] = 1,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout instead of tables")] = False,
) -> None:
    """Search a strategy's settings within the ranges that they declare; the best are those whose neighbours do well too."""
    from cli.backtest.choosing import Choice
    from cli.doubt.optimise import Search
    from cli.doubt.optimise import optimise as body
    from cli.workers import Workers

    choice = Choice(
        CandleFiles(data or (), time_zone, columns, interval), symbols, start, end, tuple(funding or ()),
        (search,), tuple(preset or ()), tuple(set_ or ()),
    )  # fmt: skip
    wanted = Search(search, tuple(only or ()), trials, parts, study, name or search, warm_up, measure, least_trades, seed)
    body(config, choice, wanted, Workers(jobs, ray), kept, top, page, json=json)
