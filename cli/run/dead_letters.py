"""``ict dead-letters``: look at the messages that no service could read or handle, put them back, or delete them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.printing import echo_json, one_line
from cli.run.broker import plainly_connected
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from cli.wiring import topology
from shared.bus.dead_letters import DeadLetter, Unreadable, plain
from shared.bus.rabbitmq import parked
from shared.runtime.process.exits import Exit

#: Characters of a reason that the overview shows.
_REASON: Final = 100
#: Messages of each queue whose reasons the overview counts.
_COUNTED: Final = 1_000


def show(queue: str | None, limit: int, config: Sequence[Path] | None, *, json: bool) -> None:
    """Print an overview of all queues, or the letters of one with their bodies decoded. Nothing is taken out."""
    settings = load_settings(config)
    if queue is None:
        found = asyncio.run(_overview(settings))
        if json:
            echo_json(found)
        else:
            _print_overview(found)
        return
    _known(settings, queue)
    letters = asyncio.run(_look(settings, queue, limit))
    if json:
        echo_json([_as_json(letter) for letter in letters])
        return
    for letter in letters:
        shown = _as_json(letter)
        body = msgspec.json.format(msgspec.json.encode(shown.get("body", shown)), indent=2).decode()
        typer.echo(
            f"{one_line(letter.message_id) or '(no id)'}  {one_line(letter.topic)}\n{one_line(letter.reason)}\n{body}\n"
        )
    typer.echo(f"{len(letters)} shown of queue {queue}" if letters else f"queue {queue} has no dead letters")


def requeue(queue: str, ids: Sequence[str], everything: bool, config: Sequence[Path] | None) -> None:
    """Put letters back into the queue that they came from. Exit 1 when an id is not there, when the queue takes no more, and
    when a letter is not there whole."""
    settings = load_settings(config)
    chosen = _chosen(settings, queue, ids, everything)
    cut: list[DeadLetter] = []

    def wanted(letter: DeadLetter) -> bool:
        if chosen(letter) and letter.cut_from:
            cut.append(letter)
        return chosen(letter)

    async def put_back() -> list[DeadLetter]:
        async with plainly_connected(settings) as connection:
            return await parked.put_back(connection, settings.namespace, queue, wanted)

    try:
        done = asyncio.run(put_back())
    except parked.NotTaken as error:
        refuse(
            f"{error.done} put back, then no more: {error}. The others are still parked; "
            "start the service that reads it (or `ict topology --apply`), and run this again",
            Exit.NEGATIVE,
        )
    _report([*done, *cut], ids, f"put back into queue {queue}", len(done))
    if cut:
        which = ", ".join(f"{one_line(letter.message_id) or '(no id)'} ({one_line(letter.cut_from)})" for letter in cut)
        refuse(
            f"still parked, because only their beginnings were kept: {which}; `ict dead-letters drop` deletes them",
            Exit.NEGATIVE,
        )


def drop(queue: str, ids: Sequence[str], everything: bool, yes: bool, config: Sequence[Path] | None) -> None:
    """Delete letters for ever, after the operator has typed the queue's name. Exit 1 when an id is not there."""
    settings = load_settings(config)
    wanted = _chosen(settings, queue, ids, everything)
    if not yes:
        which = "every dead letter" if everything else f"{len(ids)} dead letter(s)"
        typed = typer.prompt(f"This deletes {which} of queue {queue} for ever. Type {queue} to go on", err=True)
        if typed.strip() != queue:
            refuse("not confirmed; nothing was deleted", Exit.REFUSED)

    async def delete() -> list[DeadLetter]:
        async with plainly_connected(settings) as connection:
            return await parked.delete(connection, settings.namespace, queue, wanted)

    done = asyncio.run(delete())
    _report(done, ids, f"deleted from the dead letters of queue {queue}", len(done))


def _chosen(settings: Settings, queue: str, ids: Sequence[str], everything: bool) -> Callable[[DeadLetter], bool]:
    _known(settings, queue)
    if everything == bool(ids):
        refuse(
            f"say which: --all, or --id ID; `ict dead-letters show {queue}` lists them",
            Exit.USAGE,
        )
    chosen = frozenset(ids)
    return lambda letter: everything or letter.message_id in chosen


def _known(settings: Settings, queue: str) -> None:
    names = topology(settings).index
    if queue not in names:
        refuse(f"{queue!r}: this configuration has no such queue; it has: {', '.join(names)}", Exit.USAGE)


def _report(found: Sequence[DeadLetter], ids: Sequence[str], what: str, done: int) -> None:
    typer.echo(f"{done} {what}")
    missing = sorted(set(ids) - {letter.message_id for letter in found})
    if missing:
        refuse(f"not there: {', '.join(map(one_line, missing))}", Exit.NEGATIVE)


async def _look(settings: Settings, queue: str, limit: int) -> list[DeadLetter]:
    async with plainly_connected(settings) as connection:
        return await parked.look(connection, settings.namespace, queue, limit)


async def _overview(settings: Settings) -> list[dict[str, Any]]:
    """Of each queue with dead letters: how many, and the reasons of the oldest thousand with their counts."""
    rows = []
    async with plainly_connected(settings) as connection:
        for queue, count in (await parked.counts(connection, topology(settings))).items():
            if count:
                letters = await parked.look(connection, settings.namespace, queue, _COUNTED)
                reasons = Counter(one_line(letter.reason)[:_REASON] for letter in letters)
                rows.append({"queue": queue, "messages": count, "reasons": dict(reasons.most_common())})
    return rows


def _print_overview(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        typer.echo("no dead letters")
        return
    table = Table(title="Dead letters", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("queue", no_wrap=True)
    table.add_column("messages", justify="right")
    table.add_column("reason", overflow="fold")
    for row in rows:
        for number, (reason, count) in enumerate(row["reasons"].items()):
            table.add_row("" if number else row["queue"], f"{count:,}", reason)
    Console(markup=False, highlight=False).print(table)
    typer.echo("`ict dead-letters show QUEUE` prints them; requeue and drop take --id or --all")


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": letter.message_id, "topic": letter.topic, "reason": letter.reason}
    if letter.cut_from:
        shown["cut_from"] = letter.cut_from
    try:
        return {**shown, "body": plain(letter.body)}
    except Unreadable as error:
        return {**shown, "unreadable": str(error), "bytes": letter.body[:200].hex()}
