"""``ict simulator --replay FILE``: a server that answers from a recorded session instead of a market."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import typer

from cli.data.options import BadOption
from cli.run.configuration import load_settings, refuse
from cli.run.simulator import parse_motion
from shared.runtime.process.exits import Exit
from shared.runtime.process.logs import configure
from simulator.wire_log.reading import WireLog, WireLogUnreadable, read_wire_log
from simulator.wire_log.replay_server import replaying


def serve_recording(
    config: Sequence[Path] | None, path: Path, speed: str, host: str | None, port: int | None, *, unused: Sequence[str]
) -> None:
    """Serve until SIGINT or SIGTERM. ``unused``: options of a market that were given; with a recording there is none."""
    server = load_settings(config).server
    configure("WARNING", "console")
    at = host or server.host, server.port if port is None else port
    if unused:
        refuse(f"--replay answers from the recording alone; leave out {', '.join(unused)}", Exit.USAGE)
    try:
        pace = parse_motion(speed)
        log = read_wire_log(path)
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    except WireLogUnreadable as error:
        refuse(str(error), Exit.NEGATIVE)
    if pace == 0:
        refuse("--speed step needs a market; with --replay write 1, max, or how much faster than recorded", Exit.USAGE)
    try:
        asyncio.run(_serve(log, path, *at, pace))
    except OSError as error:
        refuse(f"cannot listen on {at[0]}:{at[1]}: {error.strerror}; choose --port", Exit.NEGATIVE)


async def _serve(log: WireLog, path: Path, host: str, port: int, speed: float | None) -> None:
    stopped = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    if log.torn:
        typer.echo(f"{path}: the last line is torn, because the recording was cut off; it is left out", err=True)
    async with replaying(log, host, port, speed) as (server, found):
        url = f"http://{host}:{found}"
        typer.echo(f"listening on {url} (streams ws://{host}:{found}; what was asked and what was not: {url}/sim/state)")
        typer.echo(f"{len(log.asked)} requests and {len(log.sockets)} WebSockets of {log.session.rest}")
        await stopped.wait()
        unknown = server.state()["unknown"]
        for name in dict.fromkeys([*unknown["requests"], *unknown["sockets"]]):
            typer.echo(f"asked for and not recorded: {name}", err=True)
