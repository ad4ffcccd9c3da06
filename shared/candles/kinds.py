"""What a series holds: candles of one timeframe, or funding rates; its columns, and its rows in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from shared.domain.timeframes import DURATION, TIMEFRAMES, Timeframe

Kind = Timeframe | Literal["funding"]
FUNDING: Final = "funding"
KINDS: Final[tuple[Kind, ...]] = (*TIMEFRAMES, FUNDING)

#: Some rows of a series: its columns as equally long arrays, the time (UTC ms, int64) first, the others float64.
Chunk = tuple[NDArray[Any], ...]

_CANDLES: Final = ("open_time", "open", "high", "low", "close", "volume")
_RATES: Final = ("funding_time", "funding_rate")


def columns_of(kind: Kind) -> tuple[str, ...]:
    """The names of the columns, the time first: those under which every command that takes files finds them."""
    return _RATES if kind == FUNDING else _CANDLES


def step_of(kind: Kind) -> int | None:
    """Milliseconds from one row to the next; None for funding, whose interval the exchange changes."""
    return None if kind == FUNDING else DURATION[kind]


def rows_of(chunk: Chunk) -> int:
    """How many rows the chunk has."""
    return len(chunk[0])


def part(chunk: Chunk, begin: int, end: int | None = None) -> Chunk:
    """The rows from ``begin`` up to and without ``end``, without copying them."""
    return tuple(column[begin:end] for column in chunk)


def within(chunk: Chunk, start: int, end: int) -> Chunk:
    """The rows whose time is in [start, end), of a chunk in order of time."""
    begin, stop = np.searchsorted(chunk[0], (start, end))
    return part(chunk, int(begin), int(stop))


def joined(chunks: Iterable[Chunk]) -> Chunk:
    """Several chunks, at least one, as one."""
    return tuple(np.concatenate(columns) for columns in zip(*chunks, strict=True))


def rebatched(chunks: Iterable[Chunk], rows: int) -> Iterator[Chunk]:
    """The same rows in chunks of exactly ``rows``, the last one shorter. Holds less than ``rows`` and one chunk."""
    waiting: list[Chunk] = []
    count = 0
    for chunk in chunks:
        waiting.append(chunk)
        count += rows_of(chunk)
        if count < rows:
            continue
        whole = joined(waiting)
        for begin in range(0, count - rows + 1, rows):
            yield part(whole, begin, begin + rows)
        left = count % rows
        # Copied, so that a short rest does not keep the whole chunk alive.
        waiting = [tuple(column.copy() for column in part(whole, count - left))] if left else []
        count = left
    if count:
        yield joined(waiting)


def year_of(time: int) -> int:
    """The UTC year of an instant, UTC ms."""
    return datetime.fromtimestamp(time / 1000, UTC).year


def start_of_year(year: int) -> int:
    """The first instant of a UTC year, UTC ms."""
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000


def split_by_year(chunks: Iterable[Chunk]) -> Iterator[tuple[int, Chunk]]:
    """The same rows; every piece lies within one UTC year, which is given beside it. The chunks are in order of time."""
    for chunk in chunks:
        while rows_of(chunk):
            year = year_of(int(chunk[0][0]))
            count = int(np.searchsorted(chunk[0], start_of_year(year + 1)))
            yield year, part(chunk, 0, count)
            chunk = part(chunk, count)
