"""``ict config show``: the configuration in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.runtime.process.exits import Exit

app = typer.Typer(name="config", help="Show the configuration in force.", no_args_is_help=True)


@app.callback()
def _config() -> None:
    """Show the configuration in force."""


@app.command()
def show(
    section: Annotated[
        str | None, typer.Argument(help="a section or setting, for example risk or risk.max_positions; default: everything")
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option(
            "--config", "-c", help="YAML file; several are merged, later ones win. Default: the built-in settings."
        ),
    ] = None,
    origin: Annotated[
        bool, typer.Option("--origin", help="say behind each value where it comes from: default, file:line, environment, …")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="one JSON object; with --origin a value and an origin by path")
    ] = False,
) -> None:
    """Print every setting in force as YAML, secrets masked; docs/settings.md says what each means."""
    from cli.printing import echo_json
    from cli.run.configuration import load_with_origins, refuse
    from shared.config.document import document, leaves, values
    from shared.config.tree import dotted

    loaded = load_with_origins(config)
    path = tuple(section.split(".")) if section else ()
    try:
        found = values(loaded.settings, path)
    except KeyError:
        refuse(f"{section}: there is no such setting{loaded.suggestion(section or '')}", Exit.USAGE)
    if json and origin:
        table = {dotted(at): {"value": value, "origin": loaded.origin_of(at)} for at, value in leaves(found, path)}
        echo_json(table)
    elif json:
        echo_json(found)
    else:
        typer.echo(document(loaded.settings, path, loaded.origin_of if origin else None), nl=False)
