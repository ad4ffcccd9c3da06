"""What a series holds: candles of one timeframe, funding rates, and what else is published; its rows in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from shared.domain.timeframes import DURATION, MINUTE, TIMEFRAMES, Timeframe

#: What the exchange publishes as archives alone. mark, premium: candles of one minute without volume, of the mark price and
#: of the premium index (a fraction). aggTrades: trades, added up to minutes. metrics: open interest and who holds it, every
#: five minutes. bookDepth: what rests in the order book near the price, several times a minute.
Published = Literal["mark", "premium", "aggTrades", "metrics", "bookDepth"]
Kind = Timeframe | Literal["funding"] | Published
FUNDING: Final = "funding"
PUBLISHED: Final[tuple[Published, ...]] = ("mark", "premium", "aggTrades", "metrics", "bookDepth")
KINDS: Final[tuple[Kind, ...]] = (*TIMEFRAMES, FUNDING, *PUBLISHED)

#: Some rows of a series: its columns as equally long arrays, the time (UTC ms, int64) first, the others float64.
Chunk = tuple[NDArray[Any], ...]

_CANDLES: Final = ("open_time", "open", "high", "low", "close", "volume")
#: Beside them where a source has them: what takers bought of the volume, base currency, and the number of trades.
_FLOW: Final = ("taker_buy_volume", "trades")
#: Percent of the price, below and above it, within which the resting orders are added up.
DEPTHS: Final = (1, 2, 3, 4, 5)
_PRICES: Final = ("open_time", "open", "high", "low", "close")
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    FUNDING: ("funding_time", "funding_rate"),
    "mark": _PRICES,
    "premium": _PRICES,
    "aggTrades": (*_CANDLES, *_FLOW),
    # Base currency, quote currency; longs to shorts: of the largest accounts by number and by position, of all accounts;
    # volume that takers bought to volume that they sold.
    "metrics": (
        "time", "open_interest", "open_interest_value", "top_accounts_ratio", "top_positions_ratio", "accounts_ratio",
        "taker_ratio",
    ),
    # Notional of the bids (asks) at most so many percent below (above) the price, quote currency.
    "bookDepth": ("time", *(f"bids_{each}" for each in DEPTHS), *(f"asks_{each}" for each in DEPTHS)),
}  # fmt: skip
_STEPS: Final[dict[str, int]] = {"mark": MINUTE, "premium": MINUTE, "aggTrades": MINUTE, "metrics": 5 * MINUTE}


def columns_of(kind: Kind) -> tuple[str, ...]:
    """The names of the columns, the time first: those under which every command that takes files finds them."""
    return _COLUMNS.get(kind, _CANDLES)


def flow_columns_of(kind: Kind) -> tuple[str, ...]:
    """The names of the columns of order flow that a series may have as well; NaN stands for what is not known."""
    return () if kind in _COLUMNS else _FLOW


def timeframe_of(kind: Kind) -> Timeframe | None:
    """The timeframe of the exchange's candles; None for everything else."""
    return next((each for each in TIMEFRAMES if each == kind), None)


def step_of(kind: Kind) -> int | None:
    """Milliseconds from one row to the next; None where they come as they come: of funding, and of the order book."""
    timeframe = timeframe_of(kind)
    return _STEPS.get(kind) if timeframe is None else DURATION[timeframe]


def rows_of(chunk: Chunk) -> int:
    """How many rows the chunk has."""
    return len(chunk[0])


def part(chunk: Chunk, begin: int, end: int | None = None) -> Chunk:
    """The rows from ``begin`` up to and without ``end``, without copying them."""
    return tuple(column[begin:end] for column in chunk)


def widened(chunk: Chunk, kind: Kind) -> Chunk:
    """The rows with all columns of order flow, NaN where there were none."""
    lacking = len(columns_of(kind)) + len(flow_columns_of(kind)) - len(chunk)
    return (*chunk, *(np.full(rows_of(chunk), np.nan) for _ in range(lacking)))


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
