"""``ict explain``: the story of an id from the journal, and its numbers and facts from the candles."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.padding import Padding

from cli.data.options import CandleFiles
from cli.explain import telling
from cli.explain.replaying import open_replay, say
from cli.explain.searching import Found, search
from cli.explain.showing import as_json, show
from cli.journal import refusing_journal
from cli.printing import echo_json
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from services.journal import read
from services.journal.story import Story, story
from services.signals.wording import moment
from shared.domain.decisions import Signal
from shared.domain.timeframes import DURATION, Timeframe
from shared.runtime.process.exits import Exit

#: Candles that the picture shows, and how many of them follow the close of a decision or fact.
_CANDLES, _AFTER = 120, 40


def explain_id(
    config: Sequence[Path] | None,
    asked: str,
    journal: str | None,
    data: CandleFiles,
    start: str | None,
    end: str | None,
    picture: Path | None,
    *,
    json: bool,
) -> None:
    """Run the command. Exit 1 for an id that nobody knows, 4 for a journal that cannot be read."""
    console = Console(stderr=True)
    if picture is not None and not data.data:
        refuse("--picture: a picture needs candles; give them with --data SYMBOL=FILE", Exit.USAGE)
    if picture is not None and picture.suffix.lower() not in (".png", ".html"):
        refuse(f"--picture {picture}: end it with .png or .html", Exit.USAGE)
    settings = load_settings(config)
    told = _told(console, journal, settings.journal.url, asked, optional=bool(data.data))
    found = Found()
    if data.data:
        settings, source = open_replay(console, config, data, start, end, ())
        found = search(console, settings, source, asked, told)
    if told is None and not found:
        refuse(_unknown(asked, candles=bool(data.data)), Exit.NEGATIVE)
    if json:
        echo_json(_as_json(asked, told, found))
    else:
        _show(Console(), told, found, candles=bool(data.data))
    if picture is not None:
        _draw(config, settings, data, start, picture, told, found)


def _told(console: Console, journal: str | None, configured: str, asked: str, *, optional: bool) -> Story | None:
    """What the journal has. ``optional``: a configured journal that is not there is only said."""

    async def ask() -> Story | None:
        async with read.reading(journal or configured) as connection:
            return await story(connection, asked)

    with refusing_journal():
        try:
            return asyncio.run(ask())
        except FileNotFoundError as error:
            if journal is not None or not optional:
                raise
            say(console, f"note: {error}; only the candles are asked")
            return None


def _unknown(asked: str, *, candles: bool) -> str:
    where = "neither the journal nor these candles have it" if candles else "the journal does not have it"
    more = "" if candles else ", or give the candles with --data: facts that no signal rests on are only in them"
    return (
        f"{asked}: {where}. An id is a decision's, a signal's, an intent's (which is its trade's), an order's (its client "
        f"id) or a fact's: `ict scan --json` and `ict analyse` print them, and so does the journal. Check it{more}"
    )


def _show(console: Console, told: Story | None, found: Found, *, candles: bool) -> None:
    if found.life:
        for part in telling.life(found.life):
            console.print(part)
        console.print()
    if told is not None:
        console.print(telling.heading(told))
    show(console, found.said)
    if told is None:
        return
    if not found.explained:
        for each in told.decision.judgements:
            if told.strategy in ("", each.strategy):
                console.print(Padding(telling.judgement(each), (0, 0, 0, 2)))
        hint = "these candles do not reach it" if candles else "give the candles with --data SYMBOL=FILE"
        console.print(f"For its gates, numbers and facts: {hint}.\n", highlight=False)
    for name in _differing(told, found):
        console.print(f"Computed again from these candles, {name} says something else than was recorded.\n")
    for part in telling.aftermath(told):
        console.print(part)


def _differing(told: Story, found: Found) -> list[str]:
    """The strategies whose signal or reasons, computed again, are not those of the journal."""
    recorded = {each.strategy: each for each in told.decision.judgements}
    again = {} if found.decision is None else {each.strategy: each for each in found.decision.judgements}
    return [name for name, each in again.items() if name in recorded and recorded[name] != each]


def _as_json(asked: str, told: Story | None, found: Found) -> dict[str, object]:
    return {
        "id": asked,
        "kind": told.kind if told is not None else "fact" if found.life else "decision",
        "journal": told,
        "computed": [as_json(each) for each in found.said],
        "differs": _differing(told, found) if told is not None else [],
        "fact": found.life,
    }


def _draw(
    config: Sequence[Path] | None,
    settings: Settings,
    data: CandleFiles,
    start: str | None,
    picture: Path,
    told: Story | None,
    found: Found,
) -> None:
    from cli.research.plot import plot_files

    frame: Timeframe
    signals: list[Signal] = []
    if found.life:
        symbol, frame = found.life[0].symbol, found.life[0].timeframe
        end, kinds = found.life[0].fact.confirmed_at + _AFTER * DURATION[frame], frozenset({found.life[0].fact.kind})
    elif found.explained:
        first = found.explained[0]
        symbol, frame, end = first.symbol, first.timeframe, first.close_time
        judge = next(each for each in settings.signals.enabled() if each.name == first.strategy)
        kinds = judge.scope.kinds(frame)
        signals = [each.judgement.signal for each in found.explained if each.judgement.signal is not None]
        end += _AFTER * DURATION[frame]
    else:
        decision = told.decision if told is not None else found.decision
        assert decision is not None  # something was found
        symbol, frame, end, kinds = decision.symbol, "15m", decision.close_time, frozenset()
    own = CandleFiles(
        [each for each in data.data if each.partition("=")[0].upper() == symbol], data.time_zone, data.columns, data.interval
    )
    if not own.data:
        refuse(f"--picture: there are no candles of {symbol}; add --data {symbol}=FILE", Exit.USAGE)
    until = moment(end).removesuffix(" UTC").replace(" ", "T")
    shown = ",".join(sorted(kinds))
    plot_files(own, picture, frame, start, until, _CANDLES, shown, "dark", "UTC", "1600x900", config, signals)
