"""``ict check``: would everything start with this configuration? Builds what the services build, and starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from cli.printing import echo_json
from cli.run.configuration import try_load_with_origins
from cli.run.startup import everything, refuse_start
from services.analysis.cross.placement import unread_pairs
from shared.config.load import ConfigInvalid
from shared.runtime.process.exits import Exit


def check_config(config: Sequence[Path] | None, *, json: bool) -> None:
    """Print every error of the configuration and leave with exit 3, or say in a sentence what it means."""
    try:
        loaded = try_load_with_origins(config)
        refuse_start(loaded, everything(loaded.settings))
    except ConfigInvalid as error:
        if json:
            echo_json({"valid": False, "errors": [str(each) for each in error.errors]})
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(Exit.CONFIG_INVALID) from None
    settings = loaded.settings
    notes = unread_pairs(settings.analysis.cross, settings)
    if json:
        echo_json({"valid": True, "notes": notes} if notes else {"valid": True})
        return
    partitions = settings.partitions.count
    typer.echo(
        f"configuration is valid: mode {settings.mode}, layout {settings.layout}, {', '.join(settings.symbols)}, "
        f"{len(settings.timeframes)} timeframes, {partitions} partition{'s' if partitions != 1 else ''}"
    )
    for note in notes:
        typer.echo(f"note: {note}")
