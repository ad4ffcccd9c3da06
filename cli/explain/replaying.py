"""Opens the candles and the strategies of ``ict why-not`` and ``ict scan``, or refuses with what to type instead."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from cli.data.options import BadOption, CandleFiles
from cli.play.market import open_source, parse_date, with_symbols_of
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from research.decisions import Deciding, See
from services.ingest.candle_source import CandleSource, SourceRefused
from services.signals.core import Watch
from services.signals.settings import SignalsSettings
from shared.runtime.process.exits import Exit

#: Most notes about one file that are printed one by one.
_NOTES_SHOWN = 3


def open_replay(
    console: Console,
    config: Sequence[Path] | None,
    data: CandleFiles,
    start: str | None,
    end: str | None,
    strategies: Sequence[str],
) -> tuple[Settings, CandleSource]:
    """Open the files, with the named strategies instead of the configured ones.

    Ends the command: 2 for a wrong option, 1 for a file with defects, 3 for a wrong configuration.
    """
    settings = load_settings(config)
    try:
        files = data.paths()
        settings = with_symbols_of(settings, files)
        if strategies:
            settings = settings.model_copy(update={"signals": _only(settings.signals, tuple(dict.fromkeys(strategies)))})
        source = open_source(settings, files, parse_date("--from", start), parse_date("--to", end), data.reading())
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    for _, repairs in groupby(getattr(source, "repairs", ()), key=lambda repair: repair.file):
        stated = list(repairs)
        for text in [f"note: {repair}" for repair in stated[:_NOTES_SHOWN]]:
            say(console, text)
        if len(stated) > _NOTES_SHOWN:
            say(console, f"note: {len(stated) - _NOTES_SHOWN} more of {stated[0].file}; `ict data check` shows them")
    return settings, source


def deciding(settings: Settings, watch: Watch | None = None, see: See | None = None) -> Deciding:
    """Build the cores. Ends the command with exit 3 when the strategies cannot be run as it is configured."""
    try:
        return Deciding(settings, settings.ingest, settings.analysis, settings.signals, watch, see)
    except ValueError as error:
        refuse(f"the strategies cannot be run on this: {error}", Exit.CONFIG_INVALID)


def chosen_symbols(source: CandleSource, asked: Sequence[str]) -> frozenset[str]:
    """Return the symbols of ``--symbol``, all without one. Ends the command for one that has no file."""
    wanted = [symbol.upper() for symbol in asked]
    for symbol in wanted:
        if symbol not in source.symbols:
            refuse(f"--symbol {symbol}: the files are of {', '.join(source.symbols)}; give its file with --data", Exit.USAGE)
    return frozenset(wanted or source.symbols)


def say(console: Console, text: str) -> None:
    """Print one line for a person, as it is, on stderr."""
    console.print(text, style="yellow", highlight=False, markup=False, emoji=False, soft_wrap=True)


def _only(signals: SignalsSettings, names: tuple[str, ...]) -> SignalsSettings:
    """The settings with these strategies; each keeps the settings that it has. Drills may run: nothing is traded here."""
    kept = signals.model_dump()
    for of_strategies in (kept["plugins"], kept["presets"], kept["regimes"]["routes"]):
        for stranger in of_strategies.keys() - set(names):
            del of_strategies[stranger]
    paused = tuple(name for name in signals.paused if name in names)
    try:
        return SignalsSettings.model_validate({**kept, "strategies": names, "paused": paused, "drill": True})
    except ValidationError as error:
        first = error.errors()[0]["msg"].removeprefix("Value error, ")  # what follows is often only its echo
        raise BadOption(f"--strategy {' '.join(names)}: {first}") from None
