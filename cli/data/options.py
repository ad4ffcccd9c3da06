"""The options with which a command takes candle files: ``--data`` and what a user says about files that do not say it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from services.ingest.files.reading import CANDLE_COLUMNS, FLOW_COLUMNS, IGNORED, Reading
from shared.candles.kinds import FUNDING, Kind
from shared.candles.repository import DEFAULT_ROOT, Repository
from shared.domain.symbols import is_symbol
from shared.domain.timeframes import DURATION, FINEST

#: Begins the path of what is taken from the candle repository: ``repo:`` alone is the one in ``history``.
REPOSITORY: Final = "repo:"

TimeZone = Annotated[
    str | None,
    typer.Option(
        "--time-zone",
        help="zone of the files' times that have no offset: UTC, Asia/Seoul, …; Feather and Parquet without a zone are UTC",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", help="what the files' columns are, from the left: open_time,open,high,low,close,volume,_ (_ = not read)"
    ),
]
Interval = Annotated[
    str | None, typer.Option("--interval", help="length of the files' candles, 1m to 1w. Default: read from their rows")
]


class BadOption(Exception):
    """A command-line option that cannot be used; the text says which and what is allowed."""


class CandleFiles(NamedTuple):
    """``--data`` as it was typed, with the options that belong to it."""

    data: Sequence[str] = ()
    time_zone: str | None = None
    columns: str | None = None
    interval: str | None = None

    def paths(self) -> dict[str, Path]:
        """Symbol → file, directory or pattern. Raises BadOption."""
        return parse_data(self.data)

    def reading(self) -> Reading:
        """What is said about all of the files. Raises BadOption."""
        return parse_reading(self.time_zone, self.columns, self.interval)


def parse_data(options: Sequence[str], name: str = "--data") -> dict[str, Path]:
    """``BTCUSDT=candles.parquet`` options of that name → symbol → path. Small letters become capitals.

    ``BTCUSDT=repo:`` is the symbol's minutes in the candle repository, for ``--funding`` its rates; ``repo:DIR`` in that of
    another directory. Raises BadOption.
    """
    files: dict[str, Path] = {}
    for option in options:
        typed, equals, path = option.partition("=")
        if not equals or not typed or not path:
            raise BadOption(f"{name} {option}: write it as SYMBOL=FILE, for example BTCUSDT=candles.parquet")
        symbol = typed.upper()
        if not is_symbol(symbol):
            raise BadOption(
                f"{name} {option}: {typed!r} is no symbol; write it like BTCUSDT: 2 to 30 letters and digits, "
                "letters A to Z, Chinese, Japanese or Korean"
            )
        if symbol in files:
            raise BadOption(
                f"{name} {option}: {symbol} is given twice; for several files of a symbol name their directory, "
                f"or quote a pattern: '{symbol}=candles/{symbol}-1m-*.zip'"
            )
        files[symbol] = _in_repository(name, option, symbol, path) if path.startswith(REPOSITORY) else Path(path)
    return files


def _in_repository(name: str, option: str, symbol: str, path: str) -> Path:
    """The directory of a symbol's series in the candle repository. Raises BadOption when there is none."""
    root = Path(path.removeprefix(REPOSITORY) or DEFAULT_ROOT)
    kind: Kind = FUNDING if name == "--funding" else FINEST
    series = Repository(root).series(symbol, kind)
    if not series.exists:
        store = "" if root == DEFAULT_ROOT else f" --store {root}"
        what = "funding rates" if kind == FUNDING else "minutes"
        text = f"{root} has no {what} of {symbol}; type: ict data fetch {symbol} --from DATE{store}"
        raise BadOption(f"{name} {option}: {text}")
    return series.directory


def parse_reading(time_zone: str | None, columns: str | None, interval: str | None) -> Reading:
    """The three options about files. Raises BadOption."""
    if time_zone is not None:
        from shared.domain.timezones import known_zone

        try:
            known_zone(time_zone)
        except ValueError as error:
            raise BadOption(f"--time-zone {time_zone}: {error}") from None
    names = tuple(name.strip() for name in columns.split(",")) if columns is not None else ()
    strangers = [name for name in names if name not in (*CANDLE_COLUMNS, *FLOW_COLUMNS, IGNORED)]
    doubled = any(names.count(name) > 1 for name in FLOW_COLUMNS)
    if columns is not None and (strangers or doubled or any(names.count(name) != 1 for name in CANDLE_COLUMNS)):
        raise BadOption(
            f"--columns {columns}: name each of {','.join(CANDLE_COLUMNS)} once, in the order of the files' columns, "
            f"{' and '.join(FLOW_COLUMNS)} where there are such, and {IGNORED} for every other column"
        )
    timeframe = next((each for each in DURATION if each == interval), None)
    if interval is not None and timeframe is None:
        raise BadOption(f"--interval {interval}: choose one of {', '.join(DURATION)}")
    return Reading(time_zone=time_zone, columns=names, interval=timeframe)
