"""The body of ``ict parity``: read the journal day by day, replay it, compare the last day, tell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec
import typer
from rich.console import Console

from cli.data.options import BadOption
from cli.journal import refusing_journal
from cli.parity.limits import Mode, limits
from cli.parity.showing import show
from cli.play.market import parse_date
from cli.play.progress import Bar
from cli.printing import echo_json
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from research.backtest.sections import Sections, sections_of
from research.parity.differences import Difference, differences
from research.parity.replay import Replay, Story, told
from services.journal import read
from services.journal.span import Commanded, Extent, extent, recorded
from services.signals.wording import moment
from shared.approval.settings import ApprovalSettings, OperatorSettings
from shared.domain.timeframes import DAY, MINUTE
from shared.runtime.process.exits import Exit


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The result for machines. closes: replayed in the day. compared: subject → how many were recorded.

    not_compared: sentences on what could not be. Times in UTC ms.
    """

    day: str
    journal: str
    replayed_from: int
    closes: int
    compared: dict[str, int]
    differences: tuple[Difference, ...]
    not_compared: tuple[str, ...]


def parity(config: Sequence[Path] | None, day: str, journal: str | None, start: str | None, *, json: bool) -> None:
    """Run the command. Exit 1 when something differs or the journal has nothing of the day, 4 when it cannot be read."""
    try:
        begun, since = _day(day), parse_date("--from", start)
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    if since is not None and since > begun:
        refuse(f"--from {start}: it is after the begin of {day}; leave it out, or begin before the day", Exit.USAGE)
    settings = load_settings(config)
    with refusing_journal():
        found = asyncio.run(_compared(Console(stderr=True), settings, journal or settings.journal.url, day, begun, since))
    if json:
        echo_json(found)
    else:
        show(Console(), found.day, found.compared, found.differences, found.not_compared, found.closes)
    if found.differences:
        raise typer.Exit(Exit.NEGATIVE)


def _day(text: str) -> int:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise BadOption(f"{text}: write a day like 2025-05-04") from None
    begun = parse_date("DAY", text)
    assert begun is not None, "it is a date"
    return begun


async def _compared(console: Console, settings: Settings, url: str, day: str, begun: int, since: int | None) -> Compared:
    """Replay from ``since`` to the end of the day. Ends the command where the journal has nothing to replay."""
    async with read.reading(url) as connection:
        held = await extent(connection, since or 0)
        first = _first(settings, held, day, begun)
        mode = Mode.of(held.owner)
        sections = _replayed(settings, held)
        armed = mode.begins_armed(settings.layout) or since is not None
        replay = _replay(sections, held.first_decision or first, begun, armed=armed)
        replay.take(await recorded(connection, since or 0, first - MINUTE))  # coarser candles of the warm-up
        story = Story()
        commands: list[Commanded] = []
        with Bar(console, "replayed", (begun + DAY - first) // MINUTE) as bar:
            after = first - MINUTE
            while after < begun + DAY:
                until = min(after - after % DAY + DAY, begun + DAY)
                span = await recorded(connection, after, until)
                replay.take(span)
                commands += span.commands
                if after >= begun:
                    story = told(span, sections.common.symbols)
                after = until
                bar.at((after - first) // MINUTE)
    return Compared(
        day=day,
        journal=held.owner,
        replayed_from=first - MINUTE,
        closes=replay.closes,
        compared={
            "decision": len(story.decisions),
            "verdict": len(story.verdicts),
            "order": len(story.orders) if mode.simulated else 0,
            "fill": sum(map(len, story.fills.values())) if mode.simulated else 0,
        },
        differences=tuple(differences(story, replay.story, exact=mode.simulated)),
        not_compared=tuple(limits(mode, settings, held, commands, since)),
    )


def _first(settings: Settings, held: Extent, day: str, begun: int) -> int:
    """The close at which the replay begins, UTC ms."""
    first, begins, last = held.first_candle, held.first_decision, held.last_decision
    if first is None or begins is None or last is None:
        refuse(
            "the journal has no candles and no decisions: nothing can be replayed; name another with --journal",
            Exit.NEGATIVE,
        )
    if not set(held.symbols) & set(settings.symbols):
        theirs, ours = ", ".join(held.symbols), ", ".join(settings.symbols)
        refuse(f"the journal is of {theirs}, the configuration of {ours}: give the day's with --config", Exit.NEGATIVE)
    if begins > begun + DAY or last <= begun:
        span = f"{moment(begins)} to {moment(last)}"
        refuse(f"{day}: the journal has no decision of this day; it has those of {span}", Exit.NEGATIVE)
    return first


def _replay(sections: Sections, begins: int, after: int, *, armed: bool) -> Replay:
    """Build the cores. Ends the command with exit 3 when the strategies cannot be run as it is configured."""
    try:
        return Replay(sections, begins, after, armed=armed)
    except ValueError as error:
        refuse(f"the strategies cannot be run on this journal: {error}", Exit.CONFIG_INVALID)


def _replayed(settings: Settings, held: Extent) -> Sections:
    """The settings as a replay has them: the symbols of the journal, the wallet of its first statement, keys of its own."""
    wallet = held.wallet if held.wallet is not None and held.wallet > 0 else settings.simulator.starting_wallet
    changed = settings.model_copy(
        update={
            "mode": "sim",
            "symbols": tuple(each for each in settings.symbols if each in held.symbols),
            "layout": "embedded",
            "approval": ApprovalSettings(),
            "operator": OperatorSettings(),
            "simulator": settings.simulator.model_copy(update={"starting_wallet": wallet}),
        }
    )
    return sections_of(changed, changed)
