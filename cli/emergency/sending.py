"""Sends a signed command over RabbitMQ, and waits until those who obey it say so."""

from __future__ import annotations

import asyncio
import getpass
import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typer

from cli.emergency.answers import Answers, listening
from cli.emergency.confirming import confirm
from cli.emergency.strategies import lanes, require_strategy
from cli.run.broker import connected
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from shared.approval.commands import EXPIRY_MS, WORDS, sign
from shared.domain.bounds import REASON_LENGTH
from shared.domain.control import OF_STRATEGIES, Command, Control
from shared.domain.symbols import is_symbol
from shared.runtime.process.exits import Exit

#: Seconds that an operator waits for an answer, and for a flat account after a flatten.
_ANSWER_S: Final = 10.0
_FLAT_S: Final = 30.0
#: The name under which a command is typed, where that is another.
_TYPED: Final[dict[Command, str]] = {"halt": "pause", "pause": "pause --strategy", "resume": "resume --strategy"}
#: Who must answer; to commands about strategies the lanes of signals.
_EXECUTION: Final = frozenset({"execution"})
_BOTH: Final = frozenset({"execution", "risk"})
_OBEY: Final[dict[Command, frozenset[str]]] = {
    "halt": _BOTH, "flatten": _BOTH, "rearm": _BOTH, "cancel": _EXECUTION, "close": _EXECUTION,
}  # fmt: skip


def send(
    config: Sequence[Path] | None,
    command: Command,
    reason: str,
    *,
    yes: bool = True,
    symbol: str | None = None,
    strategy: str | None = None,
) -> None:
    """Sign a command, send it, and print what those who obey it answer.

    Exit 2 for a bad reason, symbol or strategy, 3 without the operator's key, 4 when nobody answers, 5 when it is refused,
    1 when a flatten has not closed everything in time.
    """
    if not reason.strip():
        refuse(f"--reason {reason!r}: say why; the journal and the alert repeat it", Exit.USAGE)
    if len(reason) > REASON_LENGTH:
        refuse(f"--reason has {len(reason)} characters; at most {REASON_LENGTH} are taken", Exit.USAGE)
    if symbol is not None and not is_symbol(symbol):
        refuse(f"{symbol!r} is no symbol: write it like BTCUSDT", Exit.USAGE)
    settings = load_settings(config)
    if command in OF_STRATEGIES:
        require_strategy(settings, command, strategy, symbol)
    try:
        signer = settings.command_signer()
    except ValueError as error:
        refuse(str(error), Exit.CONFIG_INVALID)
    confirm(*_question(settings, command, symbol), yes=yes)
    control = Control(
        id=uuid.uuid4().hex,
        command=command,
        by=_operator(),
        reason=reason,
        sent_at=time.time_ns() // 1_000_000,
        symbol=symbol,
        strategy=strategy,
    )
    asyncio.run(_send(settings, sign(control, signer)))


def _question(settings: Settings, command: Command, symbol: str | None) -> tuple[str, str]:
    where = f"account {settings.account.name}, mode {settings.mode}"
    if command == "rearm":
        return "REARM", f"New entries are allowed again: {where}."
    if command == "close":
        return str(symbol), f"Everything that is held in {symbol} is closed at the market: {where}."
    return "FLATTEN", f"EVERY position is closed at the market, also others' than ours: {where}."


async def _send(settings: Settings, control: Control) -> None:
    of_strategy, typed = control.command in OF_STRATEGIES, _TYPED.get(control.command, control.command)
    wanted = lanes(settings, control.symbol) if of_strategy else _OBEY[control.command]
    direct = not settings.simulated and not of_strategy and control.command != "rearm"
    advice = " `ict flatten --direct` needs no broker." if direct else ""
    async with connected(settings, "control", advice) as bus, listening(settings, control.id) as answers:
        # A full queue of somebody else, such as the journal's, holds the confirmation up, and not the command.
        publishing = asyncio.create_task(bus.publish([control]), name="the command")
        try:
            await answers.until(lambda: wanted <= answers.taken.keys() or bool(answers.refused), _ANSWER_S)
            _print(answers, wanted, typed, advice)
            if control.command == "flatten":
                await _await_flat(answers)
        finally:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)


def _print(answers: Answers, wanted: frozenset[str], typed: str, advice: str) -> None:
    """Print the answers; end the command where one is a refusal, or is missing."""
    for source, text in sorted(answers.taken.items()):
        typer.echo(f"{source}: {text}")
    for source, text in sorted(answers.refused.items()):
        typer.echo(f"{source}: {text}", err=True)
    if answers.refused:
        key = answers.faults & WORDS.keys()  # what else is refused says what to do
        advised = ": look at operator.private_key, mode, namespace and account.name" if key else ""
        refuse(f"ict {typed} was refused{advised}", Exit.REFUSED)
    missing = ", ".join(sorted(wanted - answers.taken.keys()))
    if missing:
        refuse(
            f"No answer from {missing} within {_ANSWER_S:g} s. The command waits in the queue, and is obeyed if that "
            f"service takes it within {EXPIRY_MS // 1000} s of sending; later it is refused. "
            f"See whether the service runs.{advice}",
            Exit.UNREACHABLE,
        )


async def _await_flat(answers: Answers) -> None:
    if not await answers.until(lambda: answers.flat, _FLAT_S):
        refuse(
            f"Not every position was closed within {_FLAT_S:g} s; execution goes on. Look at the exchange, or close by "
            "`ict flatten --direct`",
            Exit.NEGATIVE,
        )
    typer.echo("execution: every position is closed")


def _operator() -> str:
    """Name who typed the command: the user's name, or its number where the machine has no name for it (containers)."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
