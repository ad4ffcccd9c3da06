"""From the options of a command that plays many backtests to the market they play on, and to whoever plays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from rich.console import Console

from cli.backtest.choosing import Choice, deciding
from cli.backtest.columns import require_told
from cli.data.options import BadOption, parse_data
from cli.data.store import parse_span
from cli.play.progress import Bar
from cli.play.session import load_to_play, open_market
from cli.run.configuration import refuse
from cli.settings import Settings
from research.backtest.beside import PRICES, Reads, reads_of
from research.backtest.sections import Sections, sections_of
from research.backtest.tape import tape_of
from research.jobs.executor import Executor, Stopped
from research.jobs.job import Outcome
from research.jobs.kept import Kept
from research.jobs.playing import Playing
from research.jobs.ray_cluster import NoCluster
from research.jobs.running import outcomes
from research.validation.walk_forward import Span
from services.ingest.candle_source import SourceRefused
from shared.domain.timeframes import MINUTE
from shared.runtime.process.exits import Exit

#: What a backtest builds of the configuration, and what is therefore checked before anything is read.
_SERVICES = ("market", "ingest", "analysis", "signals", "risk", "execution")
_GOES_ON: Final = "What was done is kept: the same command goes on from there"
_WITHOUT_SERVERS: dict[str, Any] = {"layout": "embedded", "store": {"url": "memory:"}}


class Opened(NamedTuple):
    """settings: those that decide, as JSON has them. playing: the market."""

    settings: dict[str, Any]
    playing: Playing

    @property
    def span(self) -> Span:
        """Of the candles."""
        return Span(self.playing.tape.first - MINUTE, self.playing.tape.last)


def sections_from(settings: Mapping[str, Any]) -> Sections:
    """The sections of settings that decide, as JSON has them. Raises pydantic.ValidationError."""
    whole = Settings.model_validate({name: value for name, value in settings.items() if name != "funding_rate"})
    return sections_of(whole, whole)


def open_playing(
    console: Console, config: Sequence[Path] | None, choice: Choice, lead: int, reads: Reads = PRICES
) -> Opened:
    """Open the market. Ends the command where it cannot be.

    lead: ms before each span that strategies see. reads: what the tape keeps beside what the chosen strategies read.
    """
    try:
        parse_span(choice.start, choice.end)
        files, overrides = choice.files(), choice.overrides()
        funding = parse_data(choice.funding, "--funding")
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    settings = load_to_play(_SERVICES, config, overrides | _WITHOUT_SERVERS)
    settings, source = open_market(settings, files, choice.start, choice.end, funding)
    try:
        with Bar(console, "candles read", len(source) * len(source.symbols)) as bar:
            own = reads_of(settings.signals)
            tape = tape_of(source, bar.at, Reads(flow=own.flow or reads.flow, funding=own.funding or reads.funding))
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    require_told(console, settings.signals, tape)
    return Opened(deciding(settings.model_dump(mode="json")), Playing(tape, source.fundings, sections_from, lead))


def refuse_unusable(values: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """End the command if settings with ``values`` in them cannot be used, and say which."""
    try:
        sections_from(settings)
    except (ValidationError, ValueError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        named = ", ".join(f"{path}={value}" for path, value in values.items())
        refuse(f"{named}: these settings cannot be used: {first}", Exit.USAGE)


class PlayedWithJobs:
    """Plays (settings, span) pairs with an executor, under a progress bar. Ends the command where it cannot."""

    def __init__(self, console: Console, playing: Playing, kept: Path, executor: Executor) -> None:
        self._console = console
        self._playing = playing
        self._kept = Kept(kept)
        self._executor = executor

    def __call__(self, asked: Sequence[tuple[Mapping[str, Any], Span]]) -> list[Outcome]:
        jobs = [self._playing.job(settings, span) for settings, span in asked]
        try:
            with Bar(self._console, "backtests done", len({job.key for job in jobs})) as bar:
                return outcomes(jobs, self._playing, self._kept, self._executor, bar.at)
        except Stopped as error:
            refuse(f"{error}. {_GOES_ON}", Exit.CRASHED)
        except NoCluster as error:
            refuse(f"--ray: {error}. {_GOES_ON}", Exit.UNREACHABLE)
        except OSError as error:
            refuse(f"--kept {self._kept.directory}: {error.strerror or error}; what was done is kept", Exit.NEGATIVE)
