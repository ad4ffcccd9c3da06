"""Reads the archives of what the exchange publishes beside candles: mark price, premium, trades, metrics, order book.

A file is read in blocks, and becomes a few rows: a month of trades is added up to minutes while it is read.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from services.ingest.candle_source import DefectReason
from services.ingest.files.defects import FileDefect
from services.ingest.files.members import Member
from services.ingest.history.archives import Archive
from services.ingest.history.trade_minutes import TradeMinutes
from shared.candles.kinds import DEPTHS, Chunk, columns_of
from shared.domain.timeframes import MINUTE

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_BYTES: Final = 1 << 20
#: Microseconds since the epoch are larger, milliseconds smaller until the year 5138.
_MICROSECONDS: Final = 10**14
_KLINE: Final = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count", "taker_buy_volume",
    "taker_buy_quote_volume", "ignore",
)  # fmt: skip
#: The columns of each archive in their order, for files without a line of names, and those of them that are read.
_ORDER: Final[dict[str, tuple[str, ...]]] = {
    "mark": _KLINE,
    "premium": _KLINE,
    "aggTrades": (
        "agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker",
    ),
    "metrics": (
        "create_time", "symbol", "sum_open_interest", "sum_open_interest_value", "count_toptrader_long_short_ratio",
        "sum_toptrader_long_short_ratio", "count_long_short_ratio", "sum_taker_long_short_vol_ratio",
    ),
    "bookDepth": ("timestamp", "percentage", "depth", "notional"),
}  # fmt: skip
_READ: Final[dict[str, tuple[str, ...]]] = {
    "mark": _KLINE[:5],
    "premium": _KLINE[:5],
    "aggTrades": ("transact_time", "price", "quantity", "first_trade_id", "last_trade_id", "is_buyer_maker"),
    "metrics": ("create_time", *_ORDER["metrics"][2:]),
    "bookDepth": ("timestamp", "percentage", "notional"),
}
#: Written as text, such as 2023-01-01 00:05:00.
_TEXT_TIMES: Final = ("create_time", "timestamp")
#: Cells that may be empty: the exchange did not know them at that moment.
_MAY_LACK: Final = ("metrics",)


def published_rows(archive: Archive, member: Member) -> Chunk:
    """The rows of an archive in order, each time once. Raises FileDefect for what is not such a file."""
    if archive.kind == "aggTrades":
        minutes = TradeMinutes(archive.start, archive.end)
        for batch in _batches(archive.kind, member):
            times, price, quantity, first, last, maker = batch
            if not (price > 0.0).all() or not (quantity > 0.0).all() or (last < first).any():
                raise FileDefect(member, "out_of_range", "a trade without price, quantity or number; download it again")
            if times.min() < archive.start or times.max() >= archive.end:
                shown = np.datetime64(int(times[0]), "ms").astype("datetime64[m]")
                text = f"it is the archive of {archive.period} and has a trade of {shown}Z; download it again, or report it"
                raise FileDefect(member, "out_of_range", text)
            minutes.add(times, price, quantity, last - first + 1.0, maker == 0.0)
        return _not_empty(member, minutes.rows())
    whole = [np.concatenate(columns) for columns in zip(*_batches(archive.kind, member), strict=True)]
    rows = _in_order(member, tuple(whole)) if archive.kind != "bookDepth" else _pivoted(tuple(whole))
    rows = _not_empty(member, rows)
    if archive.kind in ("mark", "premium"):
        _refuse_impossible(archive, member, rows)
    return rows


def _batches(kind: str, member: Member) -> Iterator[Chunk]:
    """The columns that are read, the time first, in UTC ms. Raises FileDefect."""
    import pyarrow as pa
    from pyarrow import csv

    try:
        with zipfile.ZipFile(member.path) as packed, packed.open(member.entry or packed.namelist()[0]) as file:
            names = _names(kind, member, file)
            file.seek(0)
            types = {name: pa.timestamp("ms") if name in _TEXT_TIMES else pa.float64() for name in _READ[kind]}
            types |= {each: pa.int64() for each in ("open_time", "transact_time") if each in types}
            types |= {each: pa.bool_() for each in ("is_buyer_maker",) if each in types}
            reader = csv.open_csv(
                file,
                read_options=csv.ReadOptions(block_size=_BLOCK_BYTES, column_names=names, use_threads=False),
                convert_options=csv.ConvertOptions(column_types=types, include_columns=list(_READ[kind])),
            )
            for batch in reader:
                if batch.num_rows:
                    yield tuple(_column(member, kind, column) for column in batch.columns)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise FileDefect(member, "unreadable", f"the zip archive is cut or damaged ({error}); download it again") from error
    except pa.ArrowException as error:
        text = f"it is not what the exchange publishes as {kind} ({str(error)[:200]}); report it"
        raise FileDefect(member, "unreadable", text) from error


def _names(kind: str, member: Member, file: IO[bytes]) -> list[str] | None:
    """The names of the columns for a file without a line of them; None where its first line has them."""
    first = file.readline(4_096).decode("utf-8", "replace").strip()
    if not first:
        raise FileDefect(member, "empty", "the file has no rows; download it again")
    cells = [cell.strip().strip('"') for cell in first.split(",")]
    if set(_READ[kind]) <= set(cells):
        return None
    if not cells[0][:1].isdigit() or len(cells) != len(_ORDER[kind]):
        text = f"its columns are {first[:120]}, and those of {kind} are {','.join(_ORDER[kind])}; report it"
        raise FileDefect(member, "missing_columns", text)
    return list(_ORDER[kind])


def _column(member: Member, kind: str, column: pa.Array) -> NDArray[Any]:
    import pyarrow as pa

    if column.null_count and kind not in _MAY_LACK:
        raise FileDefect(member, "not_a_number", "a cell is empty where a number is due; download it again")
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.cast(pa.int64()))
    if pa.types.is_integer(column.type):
        times = np.asarray(column, dtype=np.int64)
        return np.where(times > _MICROSECONDS, times // 1_000, times)
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _in_order(member: Member, rows: Chunk) -> Chunk:
    """Rows by time, exact repetitions dropped. Raises FileDefect for two rows of one time."""
    order = np.argsort(rows[0], kind="stable")
    found = tuple(column[order] for column in rows)
    again = np.diff(found[0], prepend=-1) == 0
    if again.any():
        alike = np.logical_and.reduce([~(np.abs(np.diff(column, prepend=np.nan)) > 0) for column in found[1:]])
        if (again & ~alike).any():
            at = np.datetime64(int(found[0][again & ~alike][0]), "ms").astype("datetime64[s]")
            raise FileDefect(member, "conflicting_duplicate", f"two rows of one moment, such as {at}Z; download it again")
    return tuple(column[~again] for column in found)


def _pivoted(rows: Chunk) -> Chunk:
    """Order books: of (time, percent, notional) a row a time, NaN where a depth was not told."""
    times, places = np.unique(rows[0], return_inverse=True)
    wanted: Mapping[float, int] = {
        **{-float(each): number for number, each in enumerate(DEPTHS)},
        **{float(each): len(DEPTHS) + number for number, each in enumerate(DEPTHS)},
    }
    table = np.full((2 * len(DEPTHS), len(times)), np.nan)
    for percent, number in wanted.items():
        chosen = rows[1] == percent
        table[number, places[chosen]] = rows[2][chosen]
    return (times.astype(np.int64), *table)


def _not_empty(member: Member, rows: Chunk) -> Chunk:
    if not len(rows[0]):
        raise FileDefect(member, "empty", "the file has no rows; download it again")
    return rows


def _refuse_impossible(archive: Archive, member: Member, rows: Chunk) -> None:
    """Raise FileDefect for candles that cannot be; a premium may be negative."""
    times, opened, high, low, close = rows
    faults: dict[DefectReason, NDArray[np.bool_]] = {
        "not_finite": ~np.isfinite(np.stack(rows[1:])).all(axis=0),
        "off_minute": times % MINUTE != 0,
        "inverted": (high < np.maximum(opened, close)) | (low > np.minimum(opened, close)),
        "not_positive": low <= 0.0 if archive.kind == "mark" else np.zeros(len(times), dtype=np.bool_),
    }
    for reason, failing in faults.items():
        if failing.any():
            at = np.datetime64(int(times[failing][0]), "ms").astype("datetime64[s]")
            raise FileDefect(member, reason, f"the candle of {at}Z cannot be ({reason}); download it again, or report it")


assert all(len(_READ[kind]) == len(columns_of(kind)) for kind in ("mark", "premium", "metrics"))
