"""``ict measure``: what every strategy says of recorded candles, as counts, in a file that the documents show."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from cli.data.options import CandleFiles
from cli.explain.replaying import open_replay
from cli.play.progress import Bar
from cli.printing import printable, shell_line
from cli.research.measure_anywhere import measured_by
from cli.research.measure_processes import Work, measured
from cli.research.measured_words import lasted
from cli.research.output import output
from cli.run.configuration import refuse
from cli.settings import Settings
from cli.workers import Workers
from research.jobs.executor import Stopped
from research.jobs.ray_cluster import NoCluster
from research.measure.counting import Origin
from research.measure.record import Measured, MeasuredSet, MeasuredStrategy, encode, read
from services.ingest.candle_source import SourceRefused
from services.signals.strategies import STRATEGIES
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit

#: Reasons that are printed of a strategy; the file has all.
_REASONS_SHOWN: Final = 3
#: The name of the set of ``--data SYMBOL=FILE``.
DEFAULT_SET: Final = "candles"


def measure(
    config: Sequence[Path] | None,
    data: CandleFiles,
    start: str | None,
    end: str | None,
    strategies: Sequence[str],
    out: Path,
    workers: Workers,
    *,
    add: bool,
) -> None:
    """Run the command. Exit 1 for a file with defects, one that cannot be written, and strategies with errors."""
    require("pyarrow", "reading candle files")
    check_place(out)
    known = _known(out) if add else Measured(sets=())
    console = Console(stderr=True)
    executor = workers.executor()
    names = tuple(strategies) or tuple(each.name for each in STRATEGIES.values() if not each.drill)
    work: list[Work] = []
    for name, options in sets_of(data.data).items():
        files = data._replace(data=options)
        settings, source = open_replay(console, config, files, start, end, names)
        paths = {symbol: printable(path.name) for symbol, path in files.paths().items()}
        command = f"ict {shell_line(sys.argv[1:])}"
        origin = Origin(name, _engine(), _are_defaults(settings), command, paths)
        work.append(Work(origin=origin, settings=settings, source=source))
    with Bar(console, "measured", sum(each.minutes for each in work)) as bar:
        try:
            sets = measured_by(executor, work, bar.at) if workers.ray else measured(work, workers.jobs, bar.at)
        except SourceRefused as error:
            refuse(str(error), Exit.NEGATIVE)
        except Stopped as error:
            refuse(f"nothing was written: {error}", Exit.NEGATIVE)
        except NoCluster as error:
            refuse(f"--ray: {error}", Exit.UNREACHABLE)
        except KeyboardInterrupt:
            refuse("stopped: nothing was written", Exit.INTERRUPTED)
        except ValueError as error:
            refuse(f"the strategies cannot be run on this: {error}", Exit.CONFIG_INVALID)
    with output(out) as file:
        file.write(encode(known.with_sets(sets)))
    _show(sets)
    console.print(f"written: {out}", highlight=False, markup=False, emoji=False, soft_wrap=True)
    wrong = sorted({each.strategy for one in sets for each in one.strategies if each.errors})
    if wrong:
        refuse(f"strategies with errors: {', '.join(wrong)}; `ict why-not` shows them at one close", Exit.NEGATIVE)


def _known(out: Path) -> Measured:
    try:
        return read(out) if out.exists() else Measured(sets=())
    except OSError as error:
        refuse(f"--out {out}: cannot be read: {error.strerror or error}", Exit.NEGATIVE)
    except ValueError as error:
        refuse(f"--add: {error}; leave --add out to write it anew", Exit.NEGATIVE)


def check_place(out: Path, option: str = "--out") -> None:
    """End the command when the file cannot be written there: better now than after half an hour of work."""
    if out.is_dir():
        refuse(f"{option} {out}: this is a directory; name a file", Exit.USAGE)
    folder = next(each for each in out.absolute().parents if each.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        refuse(f"{option} {out}: cannot be written: {folder} takes no file", Exit.NEGATIVE)


def sets_of(options: Sequence[str]) -> dict[str, list[str]]:
    """``SET:SYMBOL=FILE`` options → set → its ``SYMBOL=FILE``; without a set it is ``candles``."""
    found: dict[str, list[str]] = {}
    for option in options:
        typed, equals, path = option.partition("=")
        name, colon, symbol = typed.rpartition(":")
        if colon and not name:
            refuse(f"--data {option}: write it as SET:SYMBOL=FILE, for example spot-2023:BTCUSDT=btc.parquet", Exit.USAGE)
        found.setdefault(name or DEFAULT_SET, []).append(f"{symbol}{equals}{path}")
    return found


def _engine() -> str:
    try:
        return version("ict-trader")
    except PackageNotFoundError:
        return "unknown"


def _are_defaults(settings: Settings) -> bool:
    """Whether nothing but the names of the strategies differs from the built-in settings of what was used."""
    plain = Settings()
    names = {"strategies", "drill", "paused"}
    used, built_in = (each.signals.model_dump(exclude=names) for each in (settings, plain))
    return (
        used == built_in
        and not settings.signals.paused
        and (settings.ingest, settings.analysis) == (plain.ingest, plain.analysis)
        and (settings.timeframes, settings.partitions) == (plain.timeframes, plain.partitions)
    )


def _show(sets: Sequence[MeasuredSet]) -> None:
    console = Console()
    for one in sets:
        for each in one.symbols:
            rows = [row for row in one.strategies if row.symbol == each.symbol]
            console.print(_table(f"{one.name}, {each.symbol}: {each.candles:,} candles", rows))
            for row in rows:
                reasons = ", ".join(f"{reason} {count:,}" for reason, count in list(row.reasons.items())[:_REASONS_SHOWN])
                text = f"{row.strategy}, why not: {reasons or 'no refusal'}"
                console.print(text, highlight=False, markup=False, emoji=False)
            console.print()
    console.print("How long a position would last is counted on candles, without costs: it is no evidence of profit.")


def _table(title: str, rows: Sequence[MeasuredStrategy]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("strategy", no_wrap=True)
    for name in ("closes", "long", "short", "chosen", "expired", "median", "p90"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row.strategy, f"{row.closes:,}", f"{row.longs:,}", f"{row.shorts:,}", f"{row.chosen:,}", f"{row.expired:,}",
            lasted(row.median_minutes), lasted(row.p90_minutes),
        )  # fmt: skip
    return table
