"""Opens the recorded market of ``--data``, ``--timeframe``, ``--from`` and ``--to``, or refuses with an exit code."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console

from cli.data.options import BadOption, CandleFiles
from cli.play.market import parse_date
from cli.run.configuration import refuse
from cli.settings import Settings
from research.market import Market
from services.ingest.candle_source import SourceRefused
from shared.domain.timeframes import TIMEFRAMES, Timeframe
from shared.runtime.process.exits import Exit

#: Most gaps of one file that are printed one by one.
_GAPS_SHOWN = 3


def parse_timeframe(text: str) -> Timeframe:
    """Return the text as a timeframe. Raises BadOption if it is none of the eight."""
    for timeframe in TIMEFRAMES:
        if text == timeframe:
            return timeframe
    raise BadOption(f"--timeframe {text}: choose one of {', '.join(TIMEFRAMES)}")


def open_source(
    console: Console, settings: Settings, data: CandleFiles, option: str, start: str | None, end: str | None
) -> tuple[str, Market]:
    """Open the market of one ``SYMBOL=FILE@TIMEFRAME``; return ``SYMBOL=FILE`` and the market. Exits as ``open_market``."""
    given, at, timeframe = option.rpartition("@")
    if not at or timeframe not in TIMEFRAMES:
        refuse(
            f"--data {option}: write it as SYMBOL=FILE@TIMEFRAME, for example BTCUSDT=btc.parquet@15m; "
            f"timeframes are {', '.join(TIMEFRAMES)}",
            Exit.USAGE,
        )
    return given, open_market(console, settings, data._replace(data=(given,)), timeframe, start, end)


def open_market(
    console: Console, settings: Settings, data: CandleFiles, timeframe: str, start: str | None, end: str | None
) -> Market:
    """Open the market of the files and print its gaps. Exits with code 2 for a wrong option, 1 for a file with defects."""
    try:
        files = data.paths()
        asked = parse_timeframe(timeframe)
        begin, stop = parse_date("--from", start), parse_date("--to", end)
        market = Market(files, asked, settings.ingest, begin, stop, data.reading())
    except BadOption as error:
        refuse(str(error), Exit.USAGE)
    except SourceRefused as error:
        refuse(str(error), Exit.NEGATIVE)
    for file, gaps in groupby(market.gaps, key=lambda gap: gap.file):
        stated = list(gaps)
        for gap in stated[:_GAPS_SHOWN]:
            console.print(
                f"gap: {file}, row {gap.row}: {gap.text}",
                style="yellow",
                highlight=False,
                markup=False,
                emoji=False,
                soft_wrap=True,
            )
        if len(stated) > _GAPS_SHOWN:
            more = f"{len(stated) - _GAPS_SHOWN} more gaps in {file}"
            console.print(more, style="yellow", highlight=False, markup=False, emoji=False, soft_wrap=True)
    return market
