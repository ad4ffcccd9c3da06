"""Declares ``ict parity``. Its body is imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def parity(
    day: Annotated[str, typer.Argument(metavar="DAY", help="the UTC day that is compared: 2025-05-04")],
    journal: Annotated[
        str | None,
        typer.Option("--journal", help="URL of the journal, for example sqlite:///PATH; default: the configured one"),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", help="where the replay begins, UTC. Default: with the journal, so that its state is the same"
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout instead of tables")] = False,
    config: Annotated[
        list[Path] | None,
        typer.Option("--config", "-c", help="YAML file that the day was traded with. Default: the built-in settings."),
    ] = None,
) -> None:
    """Replay a recorded day through the same cores, and list what comes out differently. Exit 1 when something does."""
    from cli.parity.parity import parity as body

    body(config, day, journal, start, json=json)
