"""The ``ict`` command. Imports of anything heavy stay inside the commands, so that ``ict --help`` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.backtest.commands import app as backtest_commands
from cli.bench.commands import bench
from cli.chaos.commands import chaos
from cli.config.commands import app as config_commands
from cli.data.commands import app as data_commands
from cli.data.options import CandleFiles, Columns, Interval, TimeZone
from cli.doubt.commands import app as doubt_commands
from cli.emergency.commands import app as emergency_commands
from cli.evidence.commands import app as evidence_commands
from cli.exchange.commands import app as exchange_commands
from cli.explain.commands import app as explain_commands
from cli.keys.commands import app as keys_commands
from cli.parity.commands import app as parity_commands
from cli.research.commands import app as research_commands
from cli.run.dead_letter_commands import dead_letters
from cli.run.health import DEFAULT_URL

app = typer.Typer(
    name="ict",
    help="Automated trading of Binance USD-M perpetuals by ICT (Smart Money) rules. Simulated unless configured otherwise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Config = Annotated[
    list[Path] | None,
    typer.Option(
        "--config", "-c", help="YAML file; several are merged, later ones win. Default: the built-in sim settings."
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="SYMBOL=FILE with 1m candles, once per symbol; FILE: see `ict data check --help`. Default: a generated market.",
    ),
]
From = Annotated[str | None, typer.Option("--from", help="first candle, UTC: 2025-05-04 or 2025-05-04T12:00")]
To = Annotated[str | None, typer.Option("--to", help="end, UTC, not included")]
Speed = Annotated[str, typer.Option("--speed", help="max, or market seconds per second")]
Out = Annotated[
    Path | None, typer.Option("--out", help="directory for decisions, orders, fills and equity as canonical JSON lines")
]
ReplayBus = Literal["rabbitmq", "memory"]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout instead of tables")]


@app.command()
def demo(
    config: Config = None,
    data: Data = None,
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    speed: Speed = "max",
    out: Out = None,
    days: Annotated[float | None, typer.Option("--days", help="length of the generated market, days")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="seed of the generated market")] = None,
    json: Json = False,
) -> None:
    """Run the whole system in this process on a simulated exchange: no keys, no broker, no network."""
    from cli.play.demo import demo as body

    files = CandleFiles(data or (), time_zone, columns, interval)
    market = {key: value for key, value in (("days", days), ("seed", seed)) if value is not None}
    body(config, files, start, end, speed, out, json=json, market=market)


@app.command()
def replay(
    config: Config = None,
    data: Data = None,
    start: From = None,
    end: To = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    speed: Speed = "max",
    out: Out = None,
    bus: Annotated[
        ReplayBus, typer.Option("--bus", help="rabbitmq: drive the running services; memory: as `ict demo`")
    ] = "rabbitmq",
    json: Json = False,
) -> None:
    """Drive separately running services (`ict run …`) in lock-step; same decisions, byte for byte, as `ict demo`."""
    files = CandleFiles(data or (), time_zone, columns, interval)
    if bus == "memory":
        from cli.play.demo import demo as in_this_process

        in_this_process(config, files, start, end, speed, out, json=json, market={})
        return
    from cli.play.replay import replay as body

    body(config, files, start, end, speed, out, json=json)


@app.command()
def run(
    service: Annotated[
        str,
        typer.Argument(
            help="ingest, analysis, signals, risk (layout fused: engine for the last three), execution, journal, notifier; "
            "guardian, which needs neither RabbitMQ nor Redis; "
            "in mode sim also market, which plays the market to them; or all: every service in this process"
        ),
    ],
    config: Config = None,
) -> None:
    """Run one service over RabbitMQ and Redis until SIGTERM, which drains it."""
    if service == "guardian":
        from cli.run.guardian import run_guardian

        run_guardian(config)
    from cli.run.service import run_service

    run_service(service, config)


@app.command()
def simulator(
    config: Config = None,
    data: Data = None,
    time_zone: TimeZone = None,
    columns: Columns = None,
    interval: Interval = None,
    ticks: Annotated[
        list[str] | None,
        typer.Option("--ticks", help="SYMBOL=FILE with recorded stream messages (hftbacktest's gzip)"),
    ] = None,
    funding: Annotated[
        list[str] | None,
        typer.Option(
            "--funding",
            help="SYMBOL=FILE with the columns funding_time (UTC ms) and funding_rate; other symbols have the constant rate",
        ),
    ] = None,
    speed: Annotated[
        str, typer.Option("--speed", help="1 = real time, max, step = only on command, or market seconds per second")
    ] = "1",
    host: Annotated[str | None, typer.Option("--host", help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option("--port", help="port to listen on; 0 = any free one")] = None,
    tls: Annotated[
        Path | None, typer.Option("--tls", help="folder with certificate.pem and key.pem: serve HTTPS and WSS")
    ] = None,
    scenario: Annotated[Path | None, typer.Option("--scenario", help="faults and prices at set times, YAML")] = None,
    now: Annotated[bool, typer.Option("--now", help="the generated market's time is the real time")] = False,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="the generated market's seed")] = None,
    recording: Annotated[
        Path | None, typer.Option("--replay", help="answer from a file that `ict exchange record` wrote; no market runs")
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="send user events only in the forms that users of the exchange have seen them in"),
    ] = False,
) -> None:
    """Serve a simulated exchange that speaks Binance USD-M (REST and streams), with faults on command."""
    from cli.run.simulator import serve

    if recording is not None:
        from cli.run.recorded_exchange import serve_recording

        market = {
            "--data": data,
            "--ticks": ticks,
            "--funding": funding,
            "--scenario": scenario,
            "--now": now,
            "--strict": strict,
            "--tls": tls,
        }
        serve_recording(config, recording, speed, host, port, unused=[name for name, value in market.items() if value])
        return
    given = {
        "host": host,
        "port": port,
        "tls": tls,
        "scenario": scenario,
        "start": "now" if now else None,
        "strict_user_streams": strict or None,
    }
    overrides = {name: value for name, value in given.items() if value is not None}
    serve(config, CandleFiles(data or (), time_zone, columns, interval), ticks or [], funding or [], speed, overrides, seed)


@app.command()
def check(config: Config = None, json: Json = False) -> None:
    """Validate the configuration: every error at once, with its place and what is allowed. Start nothing."""
    from cli.run.check import check_config

    check_config(config, json=json)


@app.command()
def doctor(config: Config = None, json: Json = False) -> None:
    """Check what the configuration needs (Python, broker, store, exchange, key, disk), with what to type next."""
    from cli.doctor.report import doctor as body

    body(config, json=json)


@app.command()
def status(
    config: Config = None,
    json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="look again every 2 s, until Ctrl-C")] = False,
) -> None:
    """Show the account, positions, orders, limits and health of the running services; exit 1 if something is unreachable."""
    from cli.status.commands import status as body

    body(config, json=json, watch=watch)


@app.command()
def watch(
    config: Config = None,
    near: Annotated[int, typer.Option("--near", min=0, help="also setups of which at most so many gates do not hold")] = 1,
    everything: Annotated[bool, typer.Option("--all", help="every judgement")] = False,
    strategy: Annotated[str, typer.Option("--strategy", help="only this strategy, such as ob_fvg")] = "",
    symbol: Annotated[str, typer.Option("--symbol", help="only this symbol, such as BTCUSDT")] = "",
    json: Json = False,
) -> None:
    """Print signals and setups that were close as strategies judge them, until Ctrl-C (signals.publish_judgements)."""
    from cli.watch.commands import watch as body
    from cli.watch.lines import Wanted

    body(config, Wanted(near, everything, strategy, symbol), json=json)


@app.command()
def topology(
    config: Config = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="declare it on the broker and remove what another layout left")
    ] = False,
    json: Json = False,
) -> None:
    """Print the broker table: every queue, its topics, its largest length and what happens beyond it."""
    from cli.run.topology import show_topology

    show_topology(config, apply=apply, json=json)


@app.command()
def health(
    url: Annotated[str, typer.Argument(help="a service's /readyz")] = DEFAULT_URL,
) -> None:
    """Ask a service whether it is ready; exit 0 or 1 (the image's health check)."""
    from cli.run.health import ask_health

    ask_health(url)


@app.command(hidden=True)
def docs(
    to: Annotated[Path, typer.Option("--to", help="directory of the pages")] = Path("docs"),
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; exit 1 when a page disagrees with the code")
    ] = False,
) -> None:
    """Write the reference pages that are made from the code: settings, queues, life cycles, metrics, reasons, measures."""
    from cli.docs.write_pages import write_docs

    write_docs(to, check=check)


app.add_typer(data_commands, name="data")
app.add_typer(backtest_commands)
app.add_typer(doubt_commands)
app.add_typer(evidence_commands)
app.add_typer(research_commands)
app.add_typer(explain_commands)
app.add_typer(parity_commands)
app.add_typer(emergency_commands)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(config_commands, name="config")
app.add_typer(exchange_commands, name="exchange")
app.add_typer(keys_commands, name="keys")
app.command()(chaos)
app.add_typer(bench, name="bench")
