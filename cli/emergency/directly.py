"""``ict flatten --direct`` and ``ict cancel --direct``: ask, act at the exchange, print what was done."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from cli.emergency.confirming import confirm
from cli.emergency.direct import Direct, Result
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from shared.domain.client_ids import lineage
from shared.exchange.errors import ExchangeError
from shared.exchange.open import make_exchange
from shared.runtime.process.exits import Exit


def run_directly(config: Sequence[Path] | None, *, close: bool, yes: bool) -> None:
    """Close everything and cancel entries (``close``), or cancel entries alone, past every service.

    Exit 2 in a mode without an exchange, 5 without a key, 4 when the exchange does not answer, 1 when something is left.
    """
    settings = load_settings(config)
    if settings.simulated:
        refuse(f"--direct is for modes testnet and live: in mode {settings.mode} no order leaves this system", Exit.USAGE)
    if not settings.exchange.has_key:
        refuse("--direct signs orders: set exchange.key and exchange.secret, as execution has them", Exit.REFUSED)
    where = f"account {settings.account.name}, mode {settings.mode}"
    confirm("FLATTEN", f"EVERY position is closed at the market, also others' than ours: {where}.", yes=yes)
    began = time.monotonic()
    try:
        result = asyncio.run(_act(settings, close=close))
    except ExchangeError as error:
        refuse(f"The exchange cannot be read: {error}. Nothing more was done; close in its app", Exit.UNREACHABLE)
    _print(result, time.monotonic() - began)
    if result.left:
        raise typer.Exit(Exit.NEGATIVE)


async def _act(settings: Settings, *, close: bool) -> Result:
    exchange = make_exchange("mainnet" if settings.mode == "live" else "demo", settings.exchange, None, "execution")
    try:
        await exchange.start()
        direct = Direct(exchange, lineage(settings.mode, settings.namespace), uuid.uuid4().hex)
        return await (direct.flatten() if close else direct.cancel())
    finally:
        await exchange.close()


def _print(result: Result, seconds: float) -> None:
    table = Table("symbol", "what", "outcome", box=None)
    for act in sorted(result.acts, key=lambda each: (each.symbol, each.what)):
        table.add_row(act.symbol, act.what, act.outcome)
    if result.acts:
        Console(width=140, highlight=False).print(table)
    else:
        typer.echo("There was nothing to do.")
    for each in result.left:
        typer.echo(f"LEFT {each}", err=True)
    if not result.left:
        typer.echo(f"Done in {seconds:.2f} s. A running execution halts at the sight of these orders, until `ict rearm`.")
