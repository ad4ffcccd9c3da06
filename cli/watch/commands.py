"""The command: binds a queue of its own to the feed, and prints until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import typer
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from cli.printing import echo_json
from cli.run.broker import plainly_connected
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from cli.watch.lines import Wanted, lines
from shared.bus.port import InvalidMessage
from shared.bus.rabbitmq import wire
from shared.bus.rabbitmq.objects import exchange_name
from shared.bus.topology import exchange_of
from shared.domain.judgements import JudgementBundle
from shared.runtime.process.exits import Exit

#: Messages that wait for a slow terminal; then the oldest go.
_WAITING: Final = 100


def watch(config: Sequence[Path] | None, wanted: Wanted, *, json: bool) -> None:
    """Print a line for each judgement that is wanted, until Ctrl-C (exit 0).

    Exit 2 for a strategy or symbol that does not run, 3 when the configuration publishes no judgements, 4 when the broker is
    not there, has not this deployment, or goes away.
    """
    settings = load_settings(config)
    _require(settings, wanted)
    asyncio.run(_follow(settings, wanted, json=json))


def _require(settings: Settings, wanted: Wanted) -> None:
    """End the command where nothing would ever be printed."""
    if wanted.strategy and wanted.strategy not in settings.signals.strategies:
        known = ", ".join(settings.signals.strategies)
        refuse(f"--strategy {wanted.strategy}: no such strategy runs; signals.strategies has {known}", Exit.USAGE)
    if wanted.symbol and wanted.symbol not in settings.symbols:
        refuse(f"--symbol {wanted.symbol}: it is not traded; symbols has {', '.join(settings.symbols)}", Exit.USAGE)
    if settings.layout == "embedded":
        refuse("layout embedded keeps everything in one process, without a broker to listen at", Exit.CONFIG_INVALID)
    if not settings.signals.publish_judgements:
        refuse(
            "signals.publish_judgements is off, so nothing is published: set it to true, and start signals (layout fused: "
            "engine) again",
            Exit.CONFIG_INVALID,
        )


async def _follow(settings: Settings, wanted: Wanted, *, json: bool) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
    lost: list[BaseException | None] = []

    def note_loss(sender: Any, error: BaseException | None = None) -> None:
        lost.append(error)
        ended.set()

    async def hear(message: AbstractIncomingMessage) -> None:
        try:
            bundle = wire.decode(message.type, message.headers, message.body)
        except InvalidMessage as error:
            typer.echo(f"a message was left out: {error}. Run `ict watch` of the version that signals have", err=True)
            return
        if isinstance(bundle, JudgementBundle):
            _print(bundle, wanted, json=json)

    async with plainly_connected(settings) as connection:
        connection.close_callbacks.add(note_loss)
        await _listen(connection, settings, hear)
        typer.echo("Listening; a strategy judges when a candle of its timeframe closes. Ctrl-C ends this.", err=True)
        await ended.wait()
        connection.close_callbacks.discard(note_loss)
    if lost:
        refuse(f"RabbitMQ at {settings.bus.url} went away: {lost[0]}. Run it again", Exit.UNREACHABLE)


async def _listen(connection: AbstractConnection, settings: Settings, hear: Any) -> None:
    channel = await connection.channel()
    limits: dict[str, Any] = {"x-max-length": _WAITING, "x-overflow": "drop-head"}
    queue = await channel.declare_queue(exclusive=True, auto_delete=True, arguments=limits)
    exchange = exchange_name(settings.namespace, exchange_of("judgement"))
    try:
        await queue.bind(exchange, routing_key="judgement.#")
    except ChannelNotFoundEntity:
        text = f"RabbitMQ at {settings.bus.url} has no exchange {exchange}: run `ict topology --apply`, or correct namespace"
        refuse(text, Exit.UNREACHABLE)
    await queue.consume(hear, no_ack=True)


def _print(bundle: JudgementBundle, wanted: Wanted, *, json: bool) -> None:
    if not json:
        for line in lines(bundle, wanted):
            typer.echo(line)
        return
    for each in bundle.judgements:
        if wanted.shows(each):
            echo_json({"close_time": bundle.close_time, "judgement": each})
