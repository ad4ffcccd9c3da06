"""Declares the ``ict bench`` commands. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout instead of tables")]

bench = typer.Typer(help="Run a benchmark, with a reference measured in the same run.", no_args_is_help=True)


@bench.callback()
def _bench() -> None:
    """Run a benchmark, with a reference measured in the same run."""
    from shared.runtime.process.logs import configure

    configure("ERROR", "console")  # to stderr: stdout is for the result; only errors, as the market refuses every order


@bench.command("pipeline")
def bench_pipeline(
    samples: Annotated[int, typer.Option("--samples", min=20, help="number of closes measured per case")] = 300,
    json: Json = False,
) -> None:
    """Measure candle-to-order latency over RabbitMQ, against a raw aio-pika chain; and the throughput of layout embedded."""
    from cli.bench.pipeline import main as measure

    measure(samples, as_json=json)


@bench.command("execution")
def bench_execution(
    samples: Annotated[int, typer.Option("--samples", min=20, help="number of orders of each kind")] = 200,
    json: Json = False,
) -> None:
    """Measure execution from a signed intent to the request at the exchange, against a bare write and POST; and its news."""
    from cli.bench.execution import main as measure

    measure(samples, as_json=json)


@bench.command("analysis")
def bench_analysis(json: Json = False) -> None:
    """Measure the ICT engine: by columns, candle by candle, start-up; against smartmoneyconcepts on the same candles."""
    from cli.bench.analysis import main as measure

    measure(as_json=json)


@bench.command("signals")
def bench_signals(
    days: Annotated[float, typer.Option("--days", min=0.1, max=60, help="length of the generated market, days")] = 14.0,
    json: Json = False,
) -> None:
    """Measure a decision with every strategy on: at a minute, at the full hour, its size, and the pipeline's throughput."""
    from cli.bench.signals import main as measure

    measure(days, as_json=json)


@bench.command("backtest")
def bench_backtest(
    days: Annotated[float, typer.Option("--days", min=1, max=3_660, help="length of the generated market, days")] = 60.0,
    strategy: Annotated[str, typer.Option("--strategy", help="strategy that judges")] = "top_down",
    runs: Annotated[int, typer.Option("--runs", min=1, max=100, help="how often the market is played")] = 3,
    symbols: Annotated[str | None, typer.Option("--symbols", help="BTCUSDT,ETHUSDT. Default: the configured ones")] = None,
    peer: Annotated[
        Path | None,
        typer.Option("--peer", help="Python of a virtual environment that has backtesting.py, to be measured beside"),
    ] = None,
    json: Json = False,
) -> None:
    """Measure a backtest, all costs: 1m candles a second, with and without the cache; beside a bare loop on the same."""
    from cli.bench.backtest import main as measure

    measure(days, strategy, runs, symbols, peer, as_json=json)


@bench.command("codec")
def bench_codec(json: Json = False) -> None:
    """Measure encoding and decoding of one bundle of facts, msgspec against pydantic."""
    from cli.bench.codec import main as measure

    measure(as_json=json)


@bench.command("ingest")
def bench_ingest(
    rate: Annotated[int, typer.Option(help="messages per second", min=1, max=200_000)] = 5_000,
    seconds: Annotated[float, typer.Option(help="length of the sustained part, seconds", min=1, max=600)] = 10.0,
    json: Json = False,
) -> None:
    """Measure live ingest: stream messages per second on one core, and their lag."""
    from cli.bench.ingest import main as measure

    measure(rate=rate, seconds=seconds, as_json=json)


@bench.command("flood")
def bench_flood(
    messages: Annotated[
        int, typer.Option("--messages", min=1_000, help="number of order-flow messages published")
    ] = 200_000,
    json: Json = False,
) -> None:
    """Measure queue length, drops and order latency while order flow floods the bus, against a quiet bus."""
    from cli.bench.flood import main as measure

    measure(messages, as_json=json)


@bench.command("exchange")
def bench_exchange(
    events: Annotated[int, typer.Option("--events", min=1_000, help="number of price events per run")] = 200_000,
    json: Json = False,
) -> None:
    """Measure price events per second of the matching engine with 100 orders, against a scan of all orders per event."""
    from cli.bench.exchange import main as measure

    measure(events, as_json=json)


@bench.command("exchange-http")
def bench_exchange_http(
    samples: Annotated[int, typer.Option("--samples", min=20, help="number of orders of each kind")] = 500,
    json: Json = False,
) -> None:
    """Measure round trips of orders over HTTP to `ict simulator`, against a ping of the same server."""
    from cli.bench.exchange_http import main as measure

    measure(samples, as_json=json)


@bench.command("exchange-streams")
def bench_exchange_streams(
    stalled: Annotated[int, typer.Option("--stalled", min=1, max=500, help="number of clients that never read")] = 5,
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=600, help="length of each measurement, seconds")] = 20.0,
    speed: Annotated[str, typer.Option("--speed", help="market seconds per second, or max")] = "60",
    json: Json = False,
) -> None:
    """Measure what a stream client of `ict simulator` gets beside clients that never read, against the same one alone."""
    from cli.bench.exchange_streams import main as measure

    measure(stalled, seconds, speed, as_json=json)
