"""``ict topology``: the table of broker queues, printed or declared on the broker."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import typer
from rich.console import Console
from rich.table import Table

from cli.printing import echo_json
from cli.run.broker import connected, plainly_connected
from cli.run.configuration import load_settings
from cli.settings import Settings
from cli.wiring import topology
from shared.bus.rabbitmq.objects import delete_leftovers
from shared.bus.topology import MIB, Layout, build


def show_topology(config: Sequence[Path] | None, *, apply: bool, json: bool) -> None:
    """Print the table; ``apply`` also declares it and deletes the empty queues of other layouts."""
    settings = load_settings(config)
    table = topology(settings)
    if apply:
        for name in asyncio.run(_apply(settings)):
            typer.echo(
                f"queue {name} belongs to another layout and is not empty or still read: drain it, then apply again",
                err=True,
            )
    if json:
        echo_json([dataclasses.asdict(queue) for queue in table.queues])
        return
    view = Table(title=f"Queues of layout {settings.layout} (namespace {table.namespace})", title_justify="left")
    for name in ("queue", "read by", "bound to", "kind", "overflow", "bound", "MiB", "prefetch", "ttl"):
        view.add_column(name, overflow="fold")
    for queue in table.queues:
        view.add_row(
            queue.name, queue.consumer, " ".join(queue.bindings), queue.kind, queue.overflow, f"{queue.max_length:,}",
            str(queue.max_bytes // MIB),
            str(queue.prefetch), f"{queue.ttl_ms / 1000:g} s" if queue.ttl_ms else "",
        )  # fmt: skip
    console = Console()
    console.print(view)


async def _apply(settings: Settings) -> list[str]:
    """Declare the table and delete what other layouts left. Returns the queues that could not be deleted."""
    table = topology(settings)
    async with connected(settings, "topology"):
        pass  # connecting declares the table
    others = [
        build(layout, settings.partitions.count, settings.timeframes, settings.namespace) for layout in get_args(Layout)
    ]
    async with plainly_connected(settings) as connection:
        return await delete_leftovers(connection, table, others)
