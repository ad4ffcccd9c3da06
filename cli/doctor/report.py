"""The doctor's round: all checks of a configuration, printed a line each."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import typer

from cli.doctor import account, exchange, machine, services
from cli.doctor.check import Check, Outcome, examine, exit_code
from cli.printing import echo_json
from cli.run.configuration import load_settings
from cli.settings import Settings
from services.ingest.service import ENDPOINTS
from services.journal.database import database_url
from shared.runtime.process.logs import configure


def checks_of(settings: Settings) -> list[Check]:
    """Every check, in the order in which a newcomer meets what it looks at."""
    return [
        Check("python", partial(asyncio.to_thread, machine.python)),
        Check("compiler", partial(asyncio.to_thread, machine.engine)),
        Check(
            "disk", partial(asyncio.to_thread, machine.disk, settings.journal.url), "set journal.url to a disk that answers"
        ),
        Check("rabbitmq", partial(services.broker, settings), "see what listens at bus.url, and restart it"),
        Check("store", partial(services.store, settings), "see what listens at store.url, and restart it"),
        Check("journal", partial(services.journal, settings), "see what listens at journal.url, and restart it"),
        Check("exchange", partial(exchange.reachable, settings), "look at the network and the exchange's status page"),
        Check("clock", partial(exchange.clock, settings), "look at the network and the exchange's status page"),
        Check("key", partial(exchange.key, settings), "look at the network and the exchange's status page"),
        Check("symbols", partial(account.symbols, settings), "look at the network and the exchange's status page"),
        Check("account", partial(account.account, settings), "look at the network and the exchange's status page"),
    ]


def doctor(config: Sequence[Path] | None, *, json: bool) -> None:
    """Run the checks and print them. Exit 0 when none failed, 4 when something does not answer, else 1."""
    settings = load_settings(config)
    configure("CRITICAL", "console")  # what the clients log of their failures is said better here
    _load_clients(settings)
    outcomes = asyncio.run(examine(checks_of(settings)))
    code = exit_code(outcomes)
    if json:
        echo_json({"ok": code == 0, "checks": [outcome.as_json() for outcome in outcomes]})
    else:
        for outcome in outcomes:
            typer.echo(_line(outcome))
    raise typer.Exit(code)


def _load_clients(settings: Settings) -> None:
    """Import what the checks would import late: on a slow machine that takes seconds, which are no answer's fault."""
    if settings.mode in ENDPOINTS:
        importlib.import_module("shared.exchange.binance.exchange")
    if database_url(settings.journal.url).get_backend_name() == "postgresql":
        importlib.import_module("asyncpg")


def _line(outcome: Outcome) -> str:
    cure = f" -> {outcome.next}" if outcome.next and outcome.verdict != "ok" else ""
    return f"{outcome.verdict:<4}  {outcome.name:<9} {outcome.text}{cure}"
