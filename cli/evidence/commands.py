"""Declares ``ict evidence``. Its body is imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.data.options import CandleFiles, Columns, Interval, TimeZone
from cli.doubt.commands import Config, From, Funding, Jobs, Kept, SettingValues, To, WarmUp
from cli.ray_option import Ray

app = typer.Typer()


@app.command("evidence")
def evidence(
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            help="SET:SYMBOL=FILE with 1m candles (or repo:), once per symbol; symbols of a set are played together. "
            "Without a set its name is candles. Default: the configured market",
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option("--strategy", help="strategy that is judged, with its presets; repeatable. Default: all"),
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            help="SETTING=VALUE,VALUE,…: tried of every strategy that has the setting. Default: reward_risk=1.5,2,3",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="file for the result")] = Path("evidence.json"),
    add: Annotated[bool, typer.Option("--add", help="keep the other sets of that file")] = False,
    page: Annotated[
        Path | None, typer.Option("--page", help="also write a page with pictures, one HTML file that needs no network")
    ] = None,
    config: Config = None,
    start: From = None,
    end: To = None,
    funding: Funding = None,
    set_: SettingValues = None,
    warm_up: WarmUp = 7.0,
    jobs: Jobs = 1,
    ray: Ray = None,
    kept: Kept = Path("runs/jobs"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="seed of everything that is drawn")] = 1,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
) -> None:
    """Judge strategies and presets by everything that speaks against them; the verdict is most often "nothing shown"."""
    from cli.evidence.judge import Wanted
    from cli.evidence.judge import evidence as body
    from cli.workers import Workers

    wanted = Wanted(
        CandleFiles(data or (), time_zone, columns, interval), tuple(strategy or ()), tuple(vary or ()), start, end,
        tuple(funding or ()), tuple(set_ or ()), warm_up, seed,
    )  # fmt: skip
    body(config, wanted, out, page, Workers(jobs, ray), kept, add=add)
