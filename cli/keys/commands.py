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
        Path | None, typer.Option("--out", help="directory to write the keys to, as secret files; default: print them")
    ] = None,
) -> None:
    """Make two pairs: risk signs what it approves, an operator signs commands; others verify.

    Modes testnet and live need pairs of your own.
    """
    from cli.keys.new import new_keys

    new_keys(out)
