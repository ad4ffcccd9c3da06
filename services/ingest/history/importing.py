"""Takes candles and funding rates out of files of every known kind, examined whole before the first row is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from services.ingest.candle_source import Defect, Repair, SourceRefused
from services.ingest.files.dataset import chunks_of, examine
from services.ingest.files.defects import FileDefect
from services.ingest.files.interval import interval_of
from services.ingest.files.members import members_of, symbol_named, timeframe_named
from services.ingest.files.readers import read_columns
from services.ingest.files.reading import AS_THEY_ARE, Reading
from services.ingest.files.times import TIME_RANGE
from shared.candles.kinds import FUNDING, Chunk, Kind, columns_of, joined, rows_of

_BATCH_ROWS: Final = 16_384
_MOST_STATED: Final = 100


class Importable(NamedTuple):
    """Files that can be stored. symbol: as the first file's name tells, None when it tells none. repairs: what was put right
    or is missing. chunks: the rows in order, each time once.
    """

    symbol: str | None
    kind: Kind
    rows: int
    repairs: tuple[Repair, ...]
    chunks: Iterator[Chunk]


def candles_in(path: Path, reading: Reading = AS_THEY_ARE) -> Importable:
    """The candles of a file, directory or pattern, of whatever timeframe they are.

    Rows out of order are sorted, exact repetitions dropped. Raises SourceRefused with every defect.
    """
    try:
        interval = interval_of(path, "1w", reading=reading)
    except FileDefect as error:
        raise SourceRefused([error.defect]) from error
    data = examine(
        path, *TIME_RANGE,
        repair=True, batch_rows=_BATCH_ROWS, most_stated=_MOST_STATED, interval=interval, reading=reading,
    )  # fmt: skip
    if data.defects:
        raise SourceRefused(data.defects)
    first = data.files[0].member
    if data.first == data.last and reading.interval is None and timeframe_named(first) is None:
        text = "one candle does not say how long it is; say --interval 1m (or 5m, 15m, …)"
        raise SourceRefused([Defect(file=str(path), row=0, reason="wrong_interval", text=text)])
    rows = sum(file.rows for file in data.files)
    chunks = chunks_of(data, _BATCH_ROWS)
    if not any(file.flow for file in data.files):
        chunks = (chunk[: len(columns_of(interval))] for chunk in chunks)
    return Importable(symbol_named(first), interval, rows, data.repairs, chunks)


def rates_in(path: Path, reading: Reading = AS_THEY_ARE) -> Importable:
    """The funding rates of a file, directory or pattern; three a day are held in memory. Raises SourceRefused."""
    time, rate = columns_of(FUNDING)
    parts: list[Chunk] = []
    try:
        members = members_of(path)
        for member in members:
            parts += [(batch[time], batch[rate]) for batch in read_columns(member, time, (rate,), _BATCH_ROWS, reading)]
        whole = in_order(path, parts)
    except FileDefect as error:
        raise SourceRefused([error.defect]) from error
    return Importable(symbol_named(members[0]), FUNDING, rows_of(whole), (), iter([whole]))


#: A tenth of the notional in one payment: several times what the exchange's own bounds allow.
_RATE_LIMIT: Final = 0.1


def in_order(file: object, parts: Sequence[Chunk]) -> Chunk:
    """Rates in order of time, each once. Raises FileDefect for no rows, for no rate or time, and for contradictions."""
    if not any(rows_of(part) for part in parts):
        raise FileDefect(file, "empty", "the file has no rows; write it again")
    rates = joined(parts)
    order = np.argsort(rates[0], kind="stable")
    times, values = rates[0][order], rates[1][order]
    wrong = ~(np.abs(values) < _RATE_LIMIT)
    if wrong.any():
        text = f"funding_rate {values[wrong][0]} is none: rates are fractions (0.0001 = 0.01 %); correct the row"
        raise FileDefect(file, "out_of_range", text)
    if times[0] < TIME_RANGE[0] or times[-1] >= TIME_RANGE[1]:
        raise FileDefect(file, "wrong_time_unit", "a time is not between 1973 and 2099; correct the row")
    again = np.diff(times, prepend=-1) == 0
    if (again & (np.diff(values, prepend=np.nan) != 0)).any():
        at = np.datetime64(int(times[again][0]), "ms").astype("datetime64[m]")
        text = f"two rates of one moment, such as {at}Z; delete the wrong one"
        raise FileDefect(file, "conflicting_duplicate", text)
    return times[~again], values[~again]
