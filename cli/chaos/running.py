"""Runs one drill on the servers that were named or on some of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from cli.chaos.drill import Drill
from cli.chaos.drilled import Drilled
from cli.chaos.own_servers import own
from cli.chaos.plan import Server, Strike
from cli.chaos.servers import OwnServer, Servers


async def run_drill(
    seed: int,
    strikes: Sequence[Strike],
    urls: dict[Server, str] | None,
    directory: Path,
    *,
    speed: float,
    entries: int,
    minutes: float,
    over: float,
) -> Drilled:
    """Run it, and say on stderr how far it is. urls: of the servers; None = servers of its own.

    Raises DrillFailed, NotStarted, ExchangeFailed, NoServer, OSError, sqlite3.Error.
    """
    owned: dict[Server, OwnServer] = {}
    if urls is None:
        owned = await own(directory)
        urls = {name: server.url for name, server in owned.items()}
    async with Servers(urls, owned) as servers:
        drill = Drill(
            seed=seed,
            strikes=strikes,
            servers=servers,
            directory=directory,
            speed=speed,
            entries=entries,
            longest_s=minutes * 60,
            over_s=over * 60,
            say=lambda text: typer.echo(text, err=True),
        )
        try:
            return await drill.run()
        except ExceptionGroup as several:  # of what runs beside each other the first is the cause
            raise several.exceptions[0] from several
