"""The ``ict bench`` commands. Bodies are imported late."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout instead of tables")]

bench = typer.Typer(help="Measure: JSON, repeatable, beside a reference in the same run.", no_args_is_help=True)


@bench.callback()
def _bench() -> None:
    """Measure: JSON, repeatable, beside a reference in the same run."""
    from shared.runtime.process.logs import configure

    configure("ERROR", "console")  # to stderr: stdout is the result's; a benchmark's orders are refused by the thousand


@bench.command("pipeline")
def bench_pipeline(
    samples: Annotated[int, typer.Option("--samples", min=20, help="closes measured per case")] = 300,
    json: Json = False,
) -> None:
    """Candle → order over RabbitMQ in each layout, beside a raw aio-pika chain of as many hops; and embedded throughput."""
    from cli.bench.pipeline import main as measure

    measure(samples, as_json=json)


@bench.command("analysis")
def bench_analysis(json: Json = False) -> None:
    """The ICT engine: columns, candle by candle, start-up, beside the common library on the same candles."""
    from cli.bench.analysis import main as measure

    measure(as_json=json)


@bench.command("codec")
def bench_codec(json: Json = False) -> None:
    """One bundle of facts through msgspec and through pydantic."""
    from cli.bench.codec import main as measure

    measure(as_json=json)


@bench.command("ingest")
def bench_ingest(
    rate: Annotated[int, typer.Option(help="messages a second", min=1, max=200_000)] = 5_000,
    seconds: Annotated[float, typer.Option(help="length of the sustained part", min=1, max=600)] = 10.0,
    json: Json = False,
) -> None:
    """Live ingest: stream messages a second on one core, and how late they are."""
    from cli.bench.ingest import main as measure

    measure(rate=rate, seconds=seconds, as_json=json)


@bench.command("flood")
def bench_flood(
    messages: Annotated[int, typer.Option("--messages", min=1_000, help="micro messages to flood the bus with")] = 200_000,
    json: Json = False,
) -> None:
    """Flood the bus with order flow while candles pass: bounds, drops, and the order latency beside a quiet bus."""
    from cli.bench.flood import main as measure

    measure(messages, as_json=json)


@bench.command("exchange")
def bench_exchange(
    events: Annotated[int, typer.Option("--events", min=1_000, help="price events a run")] = 200_000,
    json: Json = False,
) -> None:
    """Price events through the matching core with 100 resting orders, beside the core asking every order every time."""
    from cli.bench.exchange import main as measure

    measure(events, as_json=json)


@bench.command("exchange-http")
def bench_exchange_http(
    samples: Annotated[int, typer.Option("--samples", min=20, help="orders of each kind")] = 500,
    json: Json = False,
) -> None:
    """Order round trips over HTTP to `ict simulator`, beside a ping of the same server."""
    from cli.bench.exchange_http import main as measure

    measure(samples, as_json=json)
