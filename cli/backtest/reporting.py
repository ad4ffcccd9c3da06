"""``ict report``: writes the page of a run that was played before, from its record and its candles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from cli.data.options import CandleFiles
from cli.play.progress import Bar
from cli.play.session import load_to_play, open_market
from cli.run.configuration import refuse
from research.backtest.result import UnreadableResult, read_result
from research.backtest.tape import tape_of
from research.report.build import NotItsCandles
from research.report.record import UnreadableRecord
from research.report.write import write
from services.ingest.candle_source import SourceRefused
from shared.domain.timeframes import DAY, MINUTE
from shared.runtime.process.exits import Exit


def report(run: Path, config: Sequence[Path] | None, data: CandleFiles) -> None:
    """Run the command. Exit 1 where there is no run, its record is damaged, or these are not its candles."""
    console = Console()
    try:
        result = read_result(run)
        length = (result.last - result.first + MINUTE) / DAY
        overrides = {"symbols": list(result.data)} | ({} if data.data or config else {"market": {"days": length}})
        settings = load_to_play(("market",), config, overrides)
        start, end = (None, None) if not data.data else (_date(result.first - MINUTE), _date(result.last))
        settings, source = open_market(settings, data, start, end)
        with Bar(console, "candles read", len(source) * len(source.symbols)) as bar:
            tape = tape_of(source, bar.at)
        path = write(run, tape)
    except FileNotFoundError:
        refuse(f"{run}: there is no result of a run; `ict runs list` names those that there are", Exit.NEGATIVE)
    except NotItsCandles as error:
        refuse(f"{run}: {error}; --data takes what `ict backtest` took", Exit.NEGATIVE)
    except (UnreadableResult, UnreadableRecord, SourceRefused) as error:
        refuse(str(error), Exit.NEGATIVE)
    except OSError as error:
        refuse(f"{run}: the report cannot be written: {error.strerror or error}", Exit.NEGATIVE)
    console.print(f"written: {path}", markup=False, emoji=False, highlight=False, soft_wrap=True)


def _date(time: int) -> str:
    """An instant, UTC ms, as ``--from`` takes it."""
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
