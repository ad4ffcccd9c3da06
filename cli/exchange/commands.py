"""``ict exchange``: record what an exchange says. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Record what an exchange says.", no_args_is_help=True)


@app.callback()
def _exchange() -> None:
    """Record what an exchange says."""


@app.command()
def record(
    out: Annotated[Path, typer.Option("--out", help="file to write, one JSON object a line; it must not exist")],
    config: Annotated[
        list[Path] | None, typer.Option("--config", "-c", help="YAML file; several are merged, later ones win")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="what to ask about; default: the first configured")] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=86_400, help="how long streams are read")] = 60.0,
    orders: Annotated[
        bool, typer.Option("--orders", help="mode testnet only: also place, fill and cancel the smallest orders")
    ] = False,
    serve: Annotated[
        int | None,
        typer.Option(
            "--serve", metavar="PORT", min=1, max=65_535, help="ask nothing: record what other clients ask at this port"
        ),
    ] = None,
) -> None:
    """Write every request, answer and frame of a session with the mode's exchange to a file; secrets are blanked.

    `ict simulator --replay FILE` answers from it afterwards, without key and network.
    """
    from cli.exchange.record import record as body

    body(config, out, symbol, seconds, serve, orders=orders)
