"""The body of ``ict backtest``: load the candles, play them, keep and show the results."""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from cli.backtest.choosing import Choice, deciding
from cli.backtest.columns import require_told
from cli.backtest.showing import as_json, show_run
from cli.data.options import BadOption, parse_data
from cli.data.store import parse_span
from cli.play.progress import Bar
from cli.play.session import load_to_play, make_directory, open_market
from cli.printing import echo_json
from cli.run.configuration import refuse
from cli.settings import Settings
from research.backtest import fast, stepwise
from research.backtest.beside import reads_of
from research.backtest.cache.cache import Cache
from research.backtest.cache.store import Store
from research.backtest.result import RESULT, Played, Result, played, result_of, write_result
from research.backtest.sections import sections_of
from research.backtest.tape import Tape, tape_of
from research.report.resting import zones_file
from research.report.write import REPORT, write_measured
from services.ingest.candle_source import CandleSource, SourceRefused
from shared.domain.timeframes import MINUTE
from shared.runtime.process.exits import Exit
from simulator.market.funded_source import Fundings
from simulator.recorder import Recorder

#: What a backtest builds of the configuration, and what is therefore checked before anything is read.
_SERVICES = ("market", "ingest", "analysis", "signals", "risk", "execution")


class Interrupted(Exception):
    """Somebody pressed Ctrl-C, or the process is to end: what was played is kept."""


def backtest(
    config: Sequence[Path] | None,
    choice: Choice,
    out: Path | None,
    below: Path,
    *,
    every_minute: bool,
    cached: bool,
    json: bool,
) -> None:
    """Play the chosen market with the chosen settings. Exit 130 when it was interrupted, after what was played is kept.

    out: the run's directory; None = one in ``below``, named after the run. every_minute: on the slow path. cached: read what
    an earlier run has kept, and keep what it has not.
    """
    try:
        parse_span(choice.start, choice.end)
        files, overrides = choice.files(), choice.overrides()
        funding = parse_data(choice.funding, "--funding")
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    settings = load_to_play(_SERVICES, config, overrides | {"layout": "embedded", "store": {"url": "memory:"}})
    console = Console(stderr=json)
    settings, source = open_market(settings, files, choice.start, choice.end, funding)
    for repair in getattr(source, "repairs", ()):
        console.print(f"note: {repair}", style="yellow", highlight=False, markup=False, emoji=False, soft_wrap=True)
    try:
        tape = _read(console, source, settings)
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    require_told(console, settings.signals, tape)
    what = played(deciding(settings.model_dump(mode="json")), tape)
    directory = out or below / _name(settings, what)
    make_directory(directory)
    cache = _cache(console, settings, what) if cached and not every_minute else None
    began = time.perf_counter()
    result, stopped = _play(console, settings, tape, source.fundings, what, directory, cache, every_minute=every_minute)
    seconds = time.perf_counter() - began
    read = cache.read if cache is not None else []
    if json:
        echo_json(as_json(result, seconds, directory) | {"read_from_cache": read})
    else:
        show_run(console, result, seconds)
        if read:
            where = settings.backtest.cache
            console.print(f"read from {where}: {', '.join(read)}", markup=False, emoji=False, highlight=False)
        console.print(f"written to {directory}", markup=False, emoji=False, highlight=False)
    if stopped:
        refuse(f"interrupted; what was played is in {directory}, marked unfinished", Exit.INTERRUPTED)


def _cache(console: Console, settings: Settings, what: Played) -> Cache | None:
    """The cache of what is played; None where nothing may be kept."""
    limit = settings.backtest.cache_mb << 20
    if not limit:
        return None

    def tell(sentence: str) -> None:
        console.print(f"note: {sentence}", style="yellow", highlight=False, markup=False, emoji=False, soft_wrap=True)

    return Cache(Store(settings.backtest.cache, limit, tell), what.data)


def _read(console: Console, source: CandleSource, settings: Settings) -> Tape:
    with Bar(console, "candles read", len(source) * len(source.symbols)) as bar:
        return tape_of(source, bar.at, reads_of(settings.signals))


def _name(settings: Settings, what: Played) -> str:
    """A run's directory is named after its strategies and after what decides it: the same run has the same one."""
    data = "".join(_short(what.data[symbol]) for symbol in sorted(what.data))
    strategies = settings.signals.strategies
    named = strategies[0] if len(strategies) == 1 else f"{strategies[0]}+{len(strategies) - 1}"
    return f"{named}-{what.settings_digest[:8]}-{data[:8]}"


def _short(digest: str) -> str:
    """Four characters that differ where prices do, or what is read beside them."""
    return hashlib.sha256(digest.encode()).hexdigest()[:4] if "+" in digest else digest[:4]


def _play(
    console: Console,
    settings: Settings,
    tape: Tape,
    rates: Fundings,
    what: Played,
    directory: Path,
    cache: Cache | None,
    *,
    every_minute: bool,
) -> tuple[Result, bool]:
    """Play; return the result, and whether somebody interrupted it. A result that is written is whole."""
    for name in (RESULT, REPORT):
        (directory / name).unlink(missing_ok=True)  # the record is about to be another run's
    reached = what.first - MINUTE
    stopped = False
    with (
        Recorder(directory) as recorder,
        zones_file(directory) as resting,
        Bar(console, "minutes played", len(tape)) as bar,
        _interrupts() as pressed,
    ):

        def on_step(close_time: int) -> None:
            nonlocal reached
            reached = close_time
            bar.at((close_time - what.first) // MINUTE + 1)
            if pressed:
                raise Interrupted

        try:
            sections = sections_of(settings, settings)
            if every_minute:
                stepwise.run(sections, tape, rates, recorder, on_step, resting=resting)
            else:
                fast.run(sections, tape, rates, recorder, on_step, resting=resting, cache=cache)
        except Interrupted:
            stopped = True
    result = result_of(what, recorder.summary, reached)
    write_result(directory, result)
    try:
        result = write_measured(directory, tape)
    except OSError as error:
        reason = error.strerror or error
        console.print(f"no {REPORT}: {reason}; `ict report` writes it later", markup=False, highlight=False, soft_wrap=True)
    return result, stopped


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM, so that no line and no step is cut in two; the second one ends at once."""
    pressed: list[int] = []
    kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _: FrameType | None) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            raise KeyboardInterrupt

    for each in kept:
        signal.signal(each, note)
    try:
        yield pressed
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
