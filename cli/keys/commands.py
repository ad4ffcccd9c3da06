"""``ict keys``: make the keys with which services sign and verify. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make keys.", no_args_is_help=True)


@app.callback()
def _keys() -> None:
    """Make keys."""


@app.command()
def new(
    out: Annotated[
        Path | None, typer.Option("--out", help="directory to write both keys to, as secret files; default: print them")
    ] = None,
) -> None:
    """Make the pair with which risk signs what it approves and execution verifies it.

    Modes testnet and live need a pair of your own.
    """
    from cli.keys.new import new_keys

    new_keys(out)
