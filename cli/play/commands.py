"""The bodies of the short commands."""

from __future__ import annotations

import asyncio
import getpass
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from cli.run.configuration import load_settings, refuse, try_load
from cli.settings import Settings
from shared.config.load import ConfigInvalid
from shared.domain.control import Command, Control
from shared.runtime.process.exits import Exit


def play_market(
    config: Sequence[Path] | None,
    data: Sequence[str],
    start: str | None,
    end: str | None,
    speed: str,
    out: Path | None,
    *,
    json: bool,
    bus: str,
    market: Mapping[str, object],
) -> None:
    """``ict demo`` and ``ict replay``: open the market, play it, show what became of it."""
    import uvloop

    from cli.play.demo import play
    from cli.play.market import BadOption, open_source, parse_data, parse_date, parse_speed, with_symbols_of
    from cli.play.replay import replay
    from cli.play.summary import as_json, show
    from services.ingest.files.source import SourceRefused
    from shared.runtime.process.logs import configure
    from shared.runtime.service import ServiceDied
    from simulator.recorder import Recorder

    if bus not in ("memory", "rabbitmq"):
        refuse(f"--bus {bus}: choose rabbitmq or memory", Exit.USAGE)
    settings = load_settings(config, {"market": dict(market)} if market else None)
    configure("WARNING", "console")
    try:
        files = parse_data(data)
        pace = parse_speed(speed)
        settings = with_symbols_of(settings, files)
        source = open_source(settings, files, parse_date("--from", start), parse_date("--to", end))
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    if bus == "memory":
        settings = _with_own_journal(settings, out)  # only now: a refused run leaves the files of the one before alone
    console = Console(stderr=json)
    for repair in getattr(source, "repairs", ()):
        console.print(f"repaired: {repair}", style="yellow")
    run = play if bus == "memory" else replay
    began = time.perf_counter()
    try:
        with (
            Recorder(out) as recorder,
            _progress(console, len(source)) as on_step,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(run(settings, source, recorder, speed=pace, on_step=on_step))
    except ServiceDied as error:
        refuse(f"stopped: {error}", Exit.CRASHED)
    seconds = time.perf_counter() - began
    candles = len(source) * len(source.symbols)
    if json:
        import msgspec

        typer.echo(msgspec.json.encode(as_json(recorder.summary, seconds, candles)))
        return
    show(console, recorder.summary, seconds, candles)
    if out is not None:
        console.print(f"written to {out}: {', '.join(sorted(path.name for path in out.iterdir()))}")


def _with_own_journal(settings: Settings, out: Path | None) -> Settings:
    """A run in one process records into a journal of its own: beside its files, else in memory.

    Into an older run's journal it could not write: the same closes have the same ids there, and the first word stays.
    """
    url = "sqlite+aiosqlite:///:memory:"
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for leftover in out.glob("journal.sqlite*"):
            leftover.unlink()
        url = f"sqlite+aiosqlite:///{out / 'journal.sqlite'}"
    return settings.model_copy(update={"journal": settings.journal.model_copy(update={"url": url})})


class _progress:  # noqa: N801  used as a with-statement's word
    """A bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self, console: Console, total: int) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn(),
            console=console, disable=not console.is_terminal,
        )  # fmt: skip
        self._console = console
        self._total = total
        self._done = 0
        self._shown = time.monotonic()

    def __enter__(self) -> Callable[[int], None]:
        self._bar.start()
        self._task = self._bar.add_task("minutes played", total=self._total)
        return self._step

    def __exit__(self, *_: object) -> None:
        self._bar.update(self._task, completed=self._done)
        self._bar.stop()

    def _step(self, _: int) -> None:
        self._done += 1
        if self._done % 200:
            return
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self._done)
        elif time.monotonic() - self._shown > 5:
            self._shown = time.monotonic()
            self._console.print(f"minutes played: {self._done:,} of {self._total:,}")


def check_config(config: Sequence[Path] | None, *, json: bool) -> None:
    """``ict check``."""
    from services.analysis.cross.placement import unread_pairs

    try:
        settings = try_load(config)
    except ConfigInvalid as error:
        if json:
            import msgspec

            typer.echo(msgspec.json.encode({"valid": False, "errors": [str(each) for each in error.errors]}))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(Exit.CONFIG_INVALID) from None
    notes = unread_pairs(settings.analysis.cross, settings)
    if json:
        import msgspec

        typer.echo(msgspec.json.encode({"valid": True, "notes": notes} if notes else {"valid": True}))
        return
    typer.echo(
        f"configuration is valid: mode {settings.mode}, layout {settings.layout}, {', '.join(settings.symbols)}, "
        f"{len(settings.timeframes)} timeframes, {settings.partitions.count} partition(s)"
    )
    for note in notes:
        typer.echo(f"note: {note}")


def show_topology(config: Sequence[Path] | None, *, apply: bool, json: bool) -> None:
    """``ict topology``."""
    from cli.wiring import topology

    settings = load_settings(config)
    table = topology(settings)
    if apply:
        for name in asyncio.run(_apply(settings)):
            typer.echo(
                f"queue {name} belongs to another layout and is not empty or still read: drain it, then apply again",
                err=True,
            )
    if json:
        import dataclasses

        import msgspec

        typer.echo(msgspec.json.encode([dataclasses.asdict(queue) for queue in table.queues]))
        return
    view = Table(title=f"Queues of layout {settings.layout} (namespace {table.namespace})", title_justify="left")
    for name in ("queue", "read by", "bound to", "kind", "overflow", "bound", "prefetch", "ttl"):
        view.add_column(name, overflow="fold")
    for queue in table.queues:
        view.add_row(
            queue.name, queue.consumer, " ".join(queue.bindings), queue.kind, queue.overflow, f"{queue.max_length:,}",
            str(queue.prefetch), f"{queue.ttl_ms / 1000:g} s" if queue.ttl_ms else "",
        )  # fmt: skip
    console = Console()
    console.print(view)


async def _apply(settings: Settings) -> list[str]:
    """Declare the table, remove what other layouts left; returns the queues that could not go."""
    from typing import get_args

    import aio_pika

    from cli.wiring import topology
    from shared.bus.rabbitmq.bus import RabbitBus
    from shared.bus.rabbitmq.objects import delete_leftovers
    from shared.bus.topology import Layout, build

    table = topology(settings)
    url = settings.bus.url.get_secret_value()
    bus = RabbitBus(table, url, name="topology")
    await bus.start()
    await bus.close()
    others = [
        build(layout, settings.partitions.count, settings.timeframes, settings.namespace) for layout in get_args(Layout)
    ]
    async with await aio_pika.connect(url) as connection:
        return await delete_leftovers(connection, table, others)


def send_control(config: Sequence[Path] | None, command: Command, reason: str) -> None:
    """``ict halt`` and ``ict rearm``: durable in every queue that must hear it before this returns."""
    from cli.wiring import topology
    from shared.bus.rabbitmq.bus import RabbitBus

    settings = load_settings(config)

    async def send() -> None:
        bus = RabbitBus(topology(settings), settings.bus.url.get_secret_value(), name="control")
        async with asyncio.timeout(10):
            await bus.start()
            await bus.publish([Control(id=uuid.uuid4().hex, command=command, by=getpass.getuser(), reason=reason)])
        await bus.close()

    try:
        asyncio.run(send())
    except TimeoutError:
        refuse(f"the broker at {settings.bus.url} did not answer within 10 s; nothing was sent", Exit.UNREACHABLE)
    typer.echo(f"{command} sent: risk and execution obey it before anything else in their queues that comes later")


def ask_health(url: str) -> None:
    """``ict health``."""
    import urllib.error
    import urllib.request

    if not url.startswith("http://127.0.0.1") and not url.startswith("http://localhost"):
        refuse(f"{url}: only this machine's services are asked", Exit.USAGE)
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310  the scheme and host are checked above
            body: Any = answer.read().decode()
    except (urllib.error.URLError, TimeoutError) as error:
        refuse(f"not ready: {error}", Exit.NEGATIVE)
    typer.echo(body)


def write_docs(directory: Path, *, check: bool) -> None:
    """``ict docs``."""
    from cli.docs import drift, write

    if not directory.is_dir():
        refuse(f"--to {directory}: there is no such directory", Exit.USAGE)
    if not check:
        for path in write(directory):
            typer.echo(f"written: {path}")
        return
    stale = drift(directory)
    if stale:
        refuse(f"these pages do not say what the code says; run `make docs`: {', '.join(map(str, stale))}", Exit.NEGATIVE)
