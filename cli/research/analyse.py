"""``ict analyse``: run the engine, or the rules of smartmoneyconcepts, over recorded candles; write lines or a table."""

from __future__ import annotations

import heapq
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from cli.data.options import CandleFiles
from cli.play.progress import Bar
from cli.research.output import output
from cli.research.recorded import open_market
from cli.run.configuration import load_settings, refuse
from cli.settings import Settings
from research.events import stream
from research.market import Market
from shared.runtime.extras import require
from shared.runtime.process.exits import Exit


def analyse_files(
    data: CandleFiles,
    timeframe: str,
    start: str | None,
    end: str | None,
    compat: str | None,
    out: Path | None,
    config: Sequence[Path] | None,
) -> None:
    """Run the command. The output of a shorter range is a prefix of the output of a longer one."""
    if compat not in (None, "smc"):
        refuse(f"--compat {compat}: only smc is known", Exit.USAGE)
    if _is_table(out):
        require("pyarrow", "a table of events")
    if out is not None and os.path.isdir(out):
        refuse(f"--out {out}: this is a directory; name a file", Exit.USAGE)
    settings = load_settings(config)
    console = Console(stderr=True)
    market = open_market(console, settings, data, timeframe, start, end)
    target: AbstractContextManager[BinaryIO] = nullcontext(sys.stdout.buffer) if out is None else output(out)
    count = 0
    with target as file, _written(file, out, compat) as write, Bar(console, "analysed", market.last - market.first) as bar:
        for line in _lines(market, settings, compat, lambda at: bar.at(at - market.first)):
            write(line)
            count += 1
    where = "" if out is None else f" written to {out}"
    console.print(f"{count:,} events of {', '.join(market.symbols)} {market.timeframe}{where}", highlight=False)


@contextmanager
def _written(file: BinaryIO, out: Path | None, compat: str | None) -> Iterator[Callable[[bytes], None]]:
    """Yield the function that writes one event: a row of a table if ``out`` ends in .parquet, else a line."""
    if not _is_table(out):
        yield lambda line: file.writelines((line, b"\n"))
        return
    from research.event_table import COMPAT, ENGINE, EventTable

    with EventTable(file, ENGINE if compat is None else COMPAT) as table:
        yield table.write


def _is_table(out: Path | None) -> bool:
    return out is not None and out.suffix.lower() == ".parquet"


def _lines(market: Market, settings: Settings, compat: str | None, on_close: Callable[[int], None]) -> Iterator[bytes]:
    if compat is None:
        return (event.line for event in stream(market, settings.analysis, on_close))
    return _compat_lines(market, settings.analysis.swing_length, on_close)


def _compat_lines(market: Market, swing_length: int, on_close: Callable[[int], None]) -> Iterator[bytes]:
    """Yield the events of smartmoneyconcepts' rules. They need the whole frame, so all candles are in memory."""
    from research.columns import of_candles
    from research.compat_smc.events import events
    from research.events import canonical

    found = [events(of_candles(list(market.candles(symbol))), swing_length) for symbol in market.symbols]
    on_close(market.last)
    return (canonical(event) for event in heapq.merge(*found, key=lambda event: (event.confirmed_at, event.symbol)))
