"""One run of a market from the command line: open it, play it under a progress bar, show what became of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import uvloop
from rich.console import Console

from cli.data.options import BadOption, CandleFiles
from cli.play.market import open_source, parse_date, parse_speed, with_symbols_of
from cli.play.progress import Bar
from cli.play.summary import as_json, show
from cli.printing import echo_json
from cli.run.configuration import load_settings, load_to_start, refuse
from cli.settings import Settings
from services.ingest.candle_source import CandleSource
from services.ingest.files.file_source import SourceRefused
from shared.runtime.process.exits import Exit
from shared.runtime.process.logs import configure
from shared.runtime.service import ServiceDied
from simulator.market.funded_source import FundedSource
from simulator.recorder import Recorder


class Play(Protocol):
    """Plays a market to its end: `demo.play` in this process, `replay.play_to_services` over RabbitMQ."""

    def __call__(
        self,
        settings: Settings,
        source: CandleSource,
        recorder: Recorder,
        *,
        speed: float | None,
        on_step: Callable[[int], None] | None = None,
    ) -> Coroutine[object, object, None]: ...


def load_to_play(
    services: Sequence[str] | None, config: Sequence[Path] | None, overrides: Mapping[str, object] | None = None
) -> Settings:
    """Load the settings of a command that plays a market to ``services`` (None: all). Another mode than sim ends it.

    From then on the log goes to stderr: what building a service says would else stand before a result of ``--json``.
    """
    configure("WARNING", "console")
    mode = load_settings(config, overrides).mode
    if mode != "sim":
        refuse(f"mode {mode} has a market of its own; this command plays one, in mode sim. See `ict run --help`", Exit.USAGE)
    return load_to_start(services, config, overrides)


def open_market(
    settings: Settings,
    data: CandleFiles,
    start: str | None,
    end: str | None,
    fundings: Mapping[str, Path] = MappingProxyType({}),
) -> tuple[Settings, FundedSource]:
    """Open the market of the options; the settings come back with its symbols. A wrong option or file ends the command.

    fundings: symbol → file of rates, of symbols that are played.
    """
    try:
        files = data.paths()
        settings = with_symbols_of(settings, files)
        begin, stop = parse_date("--from", start), parse_date("--to", end)
        for stranger in sorted(fundings.keys() - set(settings.symbols)):
            refuse(f"--funding {stranger}: it is not played here; played: {', '.join(settings.symbols)}", Exit.USAGE)
        return settings, open_source(settings, files, begin, stop, data.reading(), fundings)
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)


def speed_of(text: str) -> float | None:
    """Read ``--speed``: None for as fast as possible, else market seconds a second. A wrong one ends the command."""
    try:
        return parse_speed(text)
    except BadOption as error:
        refuse(str(error), Exit.USAGE)


def make_directory(out: Path | None) -> None:
    """Make the directory of ``--out``. Ends the command with exit 1 when it cannot be made."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse(f"--out {out}: no directory can be made here: {error.strerror or error}", Exit.NEGATIVE)


def play_session(
    play: Play, settings: Settings, source: CandleSource, out: Path | None, *, speed: float | None, json: bool
) -> None:
    """Run ``play`` to the market's end and print its summary: tables, or one JSON object.

    ``out``: directory for the record of the run; None = no record. Exit 70 when a service dies.
    """
    console = Console(stderr=json)
    make_directory(out)
    for repair in getattr(source, "repairs", ()):
        console.print(f"note: {repair}", style="yellow", highlight=False, markup=False, emoji=False, soft_wrap=True)
    began = time.perf_counter()
    try:
        with (
            Recorder(out) as recorder,
            Bar(console, "minutes played", len(source)) as bar,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(play(settings, source, recorder, speed=speed, on_step=bar.step))
    except ServiceDied as error:
        refuse(f"stopped: {error}", Exit.CRASHED)
    seconds = time.perf_counter() - began
    candles = len(source) * len(source.symbols)
    if json:
        echo_json(as_json(recorder.summary, seconds, candles))
        return
    show(console, recorder.summary, seconds, candles)
    if out is not None:
        names = ", ".join(sorted(path.name for path in out.iterdir()))
        console.print(f"written to {out}: {names}", markup=False, emoji=False)
