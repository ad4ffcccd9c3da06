"""``ict chaos``."""

from __future__ import annotations

import asyncio
import json as json_text
import secrets
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn
from urllib.parse import urlsplit

import typer

from shared.runtime.process.exits import Exit

if TYPE_CHECKING:
    from cli.chaos.plan import Server, Strike

#: How far the market of the candles may run ahead, minutes; digits of a number of parts.
_AHEAD: Final = 1_434
_DIGITS: Final = 6
_LIKE: Final = {"--redis": "redis://127.0.0.1:6379/0", "--rabbitmq": "amqp://guest:guest@127.0.0.1:5672/"}


def chaos(
    seed: Annotated[
        int, typer.Option("--seed", help="of the plan: the same seed and options strike the same, in the same order")
    ] = 1,
    kills: Annotated[int, typer.Option("--kills", min=0, max=100_000, help="SIGKILLs and SIGSTOPs, together")] = 24,
    pairs: Annotated[int, typer.Option("--pairs", max=100_000, help="pairs of faults of the exchange; -1 = all")] = 40,
    singles: Annotated[int, typer.Option("--singles", max=100_000, help="faults set alone; -1 = all")] = 0,
    servers: Annotated[
        int, typer.Option("--servers", min=0, max=100_000, help="times that Redis or RabbitMQ is away, silent or slow")
    ] = 6,
    halts: Annotated[int, typer.Option("--halts", min=0, max=100_000, help="times that entries are halted by command")] = 2,
    entries: Annotated[int, typer.Option("--entries", min=1, help="entries below which a run is void")] = 500,
    speed: Annotated[float, typer.Option("--speed", min=1, max=60, help="closes a minute of the drill")] = 24.0,
    minutes: Annotated[float, typer.Option("--minutes", min=0.5, help="longest time of the strikes, minutes")] = 50.0,
    over: Annotated[
        float,
        typer.Option("--over", min=0, help="minutes over which the strikes are spread: a day is --speed 60 --over 24"),
    ] = 0.0,
    naked_ms: Annotated[int, typer.Option("--naked-ms", min=100, help="longest time without a stop, ms")] = 3_000,
    part: Annotated[
        str, typer.Option("--part", help="K/N: of the plan every Nth strike from the Kth on, so that N runs make the whole")
    ] = "1/1",
    own_servers: Annotated[
        bool,
        typer.Option("--own-servers", help="start a Redis and a RabbitMQ of its own, which are also restarted and filled"),
    ] = False,
    redis_url: Annotated[str, typer.Option("--redis", help="Redis of the drill")] = "redis://127.0.0.1:6379/0",
    rabbitmq_url: Annotated[
        str, typer.Option("--rabbitmq", help="RabbitMQ of the drill")
    ] = "amqp://guest:guest@127.0.0.1:5672/",
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="directory in which ledger, journal and logs stay; default: only of a broken run"),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="print the plan of this seed and start nothing")] = False,
    json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout instead of a table")] = False,
) -> None:
    """Drill the whole deployment against the simulated exchange, and let the exchange's ledger judge it.

    Exit 0: every invariant held; 1: one was broken, or the run is void for want of entries; 4: it could not be run.
    """
    from cli.chaos import running
    from cli.chaos.drill import DrillFailed
    from cli.chaos.exchange import ExchangeFailed
    from cli.chaos.own_servers import NoServer
    from cli.chaos.plan import Wanted
    from cli.chaos.plan import plan as planned
    from cli.chaos.processes import NotStarted
    from cli.chaos.verdict import as_json, as_text, verdict
    from shared.runtime.process.logs import configure
    from simulator.ledger.case import Limits

    urls: dict[Server, str] = {"redis": _url("--redis", redis_url), "rabbitmq": _url("--rabbitmq", rabbitmq_url)}
    if not (speed - 1) * minutes <= _AHEAD:
        _usage(
            f"--speed {speed:g}, --minutes {minutes:g}: closes would come from the future; (speed - 1) x minutes may be "
            f"{_AHEAD} at most"
        )
    if over > minutes:
        _usage(f"--over {over:g}, --minutes {minutes:g}: the strikes are spread over more time than they may take")
    if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        _usage(f"--keep {keep}: there is something already; name a directory that is empty, or is not there yet")
    wanted = Wanted(kills, _number(pairs), _number(singles), servers, halts, own_servers)
    strikes = _part(planned(seed, wanted), part)
    if plan:
        typer.echo("\n".join(f"{place:4} {strike}" for place, strike in enumerate(strikes, 1)))
        return
    configure("CRITICAL", "console")  # the drill's own connections are cut too, and that is no news
    directory = keep or Path(tempfile.gettempdir()) / f"ict-chaos-{seed}-{secrets.token_hex(4)}"
    try:
        where = None if own_servers else urls
        drilled = asyncio.run(
            running.run_drill(seed, strikes, where, directory, speed=speed, entries=entries, minutes=minutes, over=over)
        )
    except (DrillFailed, NotStarted, ExchangeFailed, NoServer, OSError, sqlite3.Error) as error:
        typer.echo(f"seed {seed}: the drill could not be run: {error or type(error).__name__}; see {directory}", err=True)
        raise typer.Exit(Exit.UNREACHABLE) from error
    found = verdict(seed, drilled, entries, len(strikes), Limits(naked_ms=naked_ms))
    typer.echo(json_text.dumps(as_json(found), indent=2) if json else as_text(found))
    if found.word != "held":
        typer.echo(f"ledger, journal and logs: {directory}", err=True)
        raise typer.Exit(Exit.NEGATIVE)
    if keep is None:
        shutil.rmtree(directory, ignore_errors=True)


def _part(strikes: list[Strike], text: str) -> list[Strike]:
    """Return the part of the plan that ``K/N`` names. Exits with code 2 for other text."""
    number, slash, count = text.partition("/")
    short = slash and max(len(number), len(count)) <= _DIGITS and number.isdecimal() and count.isdecimal()
    if not (short and 1 <= int(number) <= int(count)):
        _usage(f"--part {text}: write it like 2/8, the second of eight")
    return strikes[int(number) - 1 :: int(count)]


def _number(option: int) -> int | None:
    return None if option < 0 else option


def _url(option: str, text: str) -> str:
    """Exits with code 2 for what names no server."""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        _usage(f"{option} {text}: write the address of a server, like {_LIKE[option]}")
    return text


def _usage(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(Exit.USAGE)
