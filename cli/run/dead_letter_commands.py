"""The ``ict dead-letters`` commands. Bodies are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

dead_letters = typer.Typer(
    help="Messages that no service could read or handle: look at them, put them back, or delete them.", no_args_is_help=True
)

Config = Annotated[
    list[Path] | None,
    typer.Option("--config", "-c", help="YAML file; its bus and namespace are used. Default: the built-in sim settings."),
]
Queue = Annotated[str, typer.Argument(help="the queue that the messages came from: risk, signals.p0, … (`ict topology`)")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="the id of a message; several times for several")]
Everything = Annotated[bool, typer.Option("--all", help="every dead letter of the queue")]


@dead_letters.command("show")
def show(
    queue: Annotated[str | None, typer.Argument(help="a queue; without one: how many each queue has, and why")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="show the oldest so many")] = 20,
    json: Annotated[bool, typer.Option("--json", help="one JSON list on stdout")] = False,
    config: Config = None,
) -> None:
    """List dead letters with their reasons; of one queue also with their contents, decoded. Takes nothing out."""
    from cli.run.dead_letters import show as body

    body(queue, limit, config, json=json)


@dead_letters.command("requeue")
def requeue(queue: Queue, ids: Ids = None, everything: Everything = False, config: Config = None) -> None:
    """Put dead letters back into the queue that they came from, once the cause is fixed."""
    from cli.run.dead_letters import requeue as body

    body(queue, ids or [], everything, config)


@dead_letters.command("drop")
def drop(
    queue: Queue,
    ids: Ids = None,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    config: Config = None,
) -> None:
    """Delete dead letters for ever, after the queue's name was typed."""
    from cli.run.dead_letters import drop as body

    body(queue, ids or [], everything, yes, config)
