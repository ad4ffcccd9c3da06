"""The command: asks, puts together, prints, and with ``--watch`` begins again."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.live import Live

from cli.printing import echo_json
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from cli.status.asking import ask
from cli.status.report import StatusReport, assemble
from cli.status.showing import page
from shared.runtime.process.exits import Exit
from shared.runtime.process.logs import configure

#: Seconds between two looks of ``--watch``.
AGAIN: Final = 2.0
#: Seconds after which Ctrl-C is seen.
_SLICE: Final = 0.1


def status(config: Sequence[Path] | None, *, json: bool, watch: bool) -> None:
    """Print the report. Exit 0 when it is whole, 1 when something could not be reached; Ctrl-C ends ``--watch`` with that.

    Exit 3 when the configuration names nobody to ask.
    """
    settings = load_settings(config)
    configure("CRITICAL", "console")  # what the HTTP client logs of its failures is said better here
    addresses = addresses_of(settings)
    if not addresses:
        refuse(
            "nobody to ask: http.port is 0 and status.addresses names no process. Set http.port and start the services with "
            "it, or name them: status: {addresses: {risk: http://127.0.0.1:9100}}",
            Exit.CONFIG_INVALID,
        )
    console = Console()
    report = look(settings, addresses)
    if not watch:
        _print(report, console, json=json)
        raise typer.Exit(_code(report))
    raise typer.Exit(_code(_watched(report, lambda: look(settings, addresses), console, json=json)))


def _watched(report: StatusReport, again: Callable[[], StatusReport], console: Console, *, json: bool) -> StatusReport:
    """Show and look again until Ctrl-C; return the last report.

    The signal only leaves a note: as an exception it can be raised where Python swallows it, and the command would go on.
    """
    noted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: noted.append(number))
    plain = json or not console.is_terminal
    try:
        with nullcontext() if plain else Live(console=console, auto_refresh=False, screen=True) as live:
            while True:
                if live is None:
                    _print(report, console, json=json)
                else:
                    live.update(page(report), refresh=True)
                until = time.monotonic() + AGAIN
                while not noted and time.monotonic() < until:
                    time.sleep(_SLICE)
                if noted:
                    return report
                report = again()
    finally:
        signal.signal(signal.SIGINT, before)


def addresses_of(settings: Settings) -> Mapping[str, str]:
    """Return whom to ask, name → address; nobody without ``status.addresses`` and ``http.port``."""
    if settings.status.addresses:
        return settings.status.addresses
    if not settings.http.port:
        return {}
    host = settings.http.host
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104  what the service listens on; it is asked on this machine
    host = "127.0.0.1" if everywhere else host
    return {"this machine": f"http://{f'[{host}]' if ':' in host else host}:{settings.http.port}"}


def look(settings: Settings, addresses: Mapping[str, str]) -> StatusReport:
    """Ask everybody once."""
    answers = asyncio.run(ask(addresses))
    return assemble(answers, settings.mode, settings.account.name, time.time_ns() // 1_000_000)


def _print(report: StatusReport, console: Console, *, json: bool) -> None:
    if json:
        echo_json(report)
    else:
        console.print(page(report))


def _code(report: StatusReport) -> Exit:
    return Exit.OK if report.ok else Exit.NEGATIVE
