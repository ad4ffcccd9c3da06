"""``ict halt`` and ``ict rearm``: commands of an operator to the running services, over RabbitMQ."""

from __future__ import annotations

import asyncio
import getpass
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

import typer

from cli.run.broker import PATIENCE, connected
from cli.run.configuration import load_settings, refuse
from shared.domain.bounds import REASON_LENGTH
from shared.domain.control import Command, Control
from shared.runtime.process.exits import Exit


def send_control(config: Sequence[Path] | None, command: Command, reason: str) -> None:
    """Send a command and wait until each queue that receives it has it on disk.

    Exit 2 for an empty or too long reason, 4 without a broker.
    """
    if not reason.strip():
        refuse(f"--reason {reason!r}: say why; the journal and the alert repeat it", Exit.USAGE)
    if len(reason) > REASON_LENGTH:
        refuse(f"--reason has {len(reason)} characters; at most {REASON_LENGTH} are taken", Exit.USAGE)
    settings = load_settings(config)

    async def send() -> None:
        control = Control(id=uuid.uuid4().hex, command=command, by=_operator(), reason=reason)
        async with connected(settings, "control") as bus, asyncio.timeout(PATIENCE):
            await bus.publish([control])

    try:
        asyncio.run(send())
    except TimeoutError:
        refuse(
            f"RabbitMQ at {settings.bus.url} did not confirm the command within {PATIENCE:g} s; "
            "it may still arrive: look at the state before you send it again",
            Exit.UNREACHABLE,
        )
    typer.echo(f"{command} sent: risk and execution obey it before every message that reaches their queues after it")


def _operator() -> str:
    """Name who typed the command: the user's name, or its number where the machine has no name for it (containers)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
