"""Parquet, Feather and CSV as batches of numpy columns, whatever types the file has; pyarrow is loaded on first use.

Only one batch is in memory at a time. A column that cannot be read as what it should be is a Defect with its row, never a
silent NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from services.ingest.candle_source import Defect, DefectReason
from shared.runtime.extras import require

if TYPE_CHECKING:
    import pyarrow as pa

#: One batch: the time column as int64 milliseconds under its name, the others as float64.
Columns = Mapping[str, NDArray[Any]]
_Rows = Iterator["pa.RecordBatch"]


class FileDefect(Exception):
    """What makes a file unreadable."""

    def __init__(self, path: Path, reason: DefectReason, text: str, row: int = 0) -> None:
        self.defect = Defect(file=str(path), row=row, reason=reason, text=text)
        super().__init__(str(self.defect))


def read_columns(path: Path, time: str, numbers: Sequence[str], rows: int) -> Iterator[Columns]:
    """Batches of at most ``rows`` rows with the columns ``time`` and ``numbers``; other columns are not read.

    ``time`` may be integers or strings of epoch milliseconds (nothing is guessed: other units come out as they are), Arrow
    timestamps, ISO strings (UTC) or those of MetaTrader (``2022.10.10 00:15:00``). A column is also found when its name
    differs in case only, and the time under ``date``; the batches have the names asked for. Raises FileDefect, and
    Leave when pyarrow is not installed.
    """
    require("pyarrow", f"reading {path}")
    import pyarrow as pa

    offset = 0
    wanted = (time, *numbers)
    try:
        for batch in _open(path)(path, wanted, rows):
            names = dict(zip(wanted, _found(wanted, batch.schema.names), strict=True))
            columns: dict[str, NDArray[Any]] = {time: _times(path, time, batch.column(names[time]), offset)}
            for name in numbers:
                columns[name] = _numbers(path, name, batch.column(names[name]), offset)
            offset += batch.num_rows
            yield columns
    except (pa.ArrowException, OSError) as error:
        kind = path.suffix.lstrip(".")
        raise FileDefect(path, "unreadable", f"not a readable {kind} file ({error}); write it again") from error


def _open(path: Path) -> Callable[[Path, Sequence[str], int], _Rows]:
    """The reader for the file's name. Raises FileDefect."""
    if not path.is_file():
        raise FileDefect(path, "missing_file", "there is no such file; check the path")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise FileDefect(
            path,
            "unknown_format",
            f"the name ends with {path.suffix or 'nothing'!r}, known are {', '.join(_READERS)}; unpack or convert it",
        )
    return reader


def _parquet(path: Path, columns: Sequence[str], rows: int) -> _Rows:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, pre_buffer=False) as file:
        chosen = _require(path, columns, file.schema_arrow.names)
        yield from file.iter_batches(batch_size=rows, columns=chosen, use_threads=False)


def _feather(path: Path, columns: Sequence[str], rows: int) -> _Rows:
    import pyarrow as pa
    from pyarrow import ipc

    with pa.memory_map(str(path)) as mapped:
        schema = ipc.open_file(mapped).schema
        chosen = sorted(schema.names.index(name) for name in _require(path, columns, schema.names))
        file = ipc.open_file(mapped, options=ipc.IpcReadOptions(included_fields=chosen, use_threads=False))
        for index in range(file.num_record_batches):
            batch = file.get_batch(index)
            for start in range(0, batch.num_rows, rows):
                yield batch.slice(start, rows)


def _csv(path: Path, columns: Sequence[str], rows: int) -> _Rows:
    import pyarrow as pa
    from pyarrow import csv

    if path.stat().st_size == 0:
        raise FileDefect(path, "empty", "the file is empty; write it again")
    torn: list[csv.InvalidRow] = []

    def keep_torn(row: csv.InvalidRow) -> str:
        torn.append(row)
        return "error"

    with path.open("rb") as file:
        # Everything is read as text: what is no number is then found with its row, and no type is guessed from a block.
        names = file.readline().decode("utf-8-sig", "replace").strip().split(",")
        chosen = _require(path, columns, [name.strip().strip('"') for name in names])
        file.seek(0)
        try:
            reader = csv.open_csv(
                file,
                read_options=csv.ReadOptions(use_threads=False),
                parse_options=csv.ParseOptions(invalid_row_handler=keep_torn),
                convert_options=csv.ConvertOptions(include_columns=chosen, column_types=dict.fromkeys(chosen, pa.string())),
            )
            for batch in reader:
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)
        except pa.ArrowInvalid:
            if not torn:
                raise
            row = torn[0]
            raise FileDefect(
                path,
                "unreadable",
                f"{row.actual_columns} fields where {row.expected_columns} are due: {row.text!r}; repair or cut the line",
                0 if row.number is None else row.number - 1,
            ) from None


_READERS: Final[dict[str, Callable[[Path, Sequence[str], int], _Rows]]] = {
    ".parquet": _parquet,
    ".feather": _feather,
    ".arrow": _feather,
    ".csv": _csv,
}


def _found(wanted: Sequence[str], names: Sequence[str]) -> list[str]:
    """The file's name for each column wanted, empty where it has none: as it is, in other case, the time also as a date."""
    by_lower = {name.lower(): name for name in names}
    aliases = {"open_time": by_lower.get("date", "")}
    return [name if name in names else by_lower.get(name, aliases.get(name, "")) for name in wanted]


def _require(path: Path, wanted: Sequence[str], found: Sequence[str]) -> list[str]:
    """The file's names of the columns wanted. Raises FileDefect naming those that it does not have."""
    chosen = _found(wanted, found)
    lacking = [name for name, own in zip(wanted, chosen, strict=True) if not own]
    if not lacking:
        return chosen
    advice = "rename the columns"
    if all(name.replace(".", "", 1).isdigit() for name in found[:2]):
        advice = f"the file seems to have no header row: put the line {','.join(wanted)} first"
    shown = ", ".join(found[:20]) or "none"
    raise FileDefect(path, "missing_columns", f"no column {', '.join(lacking)}; found are {shown}; {advice}")


def _times(path: Path, name: str, column: pa.Array, offset: int) -> NDArray[np.int64]:
    import pyarrow as pa

    _no_nulls(path, name, column, offset)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        # ISO dates carry a "-" (2025-05-04…) and MetaTrader's a "." (2025.05.04…), epoch numbers neither.
        first = column[0].as_py()[1:] if len(column) else ""
        if first.count(".") == 2:
            import pyarrow.compute as pc

            column = pc.replace_substring(column, pattern=".", replacement="-", max_replacements=2)
        dated = "-" in first or first.count(".") == 2
        column = _cast(path, name, column, pa.timestamp("ms") if dated else pa.int64(), offset)
        kind = column.type
    if pa.types.is_timestamp(kind):
        return np.asarray(_cast(path, name, column, pa.timestamp("ms", kind.tz), offset).cast(pa.int64()), dtype=np.int64)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.asarray(_cast(path, name, column, pa.int64(), offset), dtype=np.int64)
    raise FileDefect(path, "wrong_type", f"{name} is of type {kind}; write it as integers, UTC epoch milliseconds")


def _numbers(path: Path, name: str, column: pa.Array, offset: int) -> NDArray[np.float64]:
    import pyarrow as pa

    _no_nulls(path, name, column, offset)
    kind = column.type
    readable = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_string, pa.types.is_large_string)
    if not any(is_kind(kind) for is_kind in readable):
        raise FileDefect(path, "wrong_type", f"{name} is of type {kind}; write it as float64")
    return np.asarray(_cast(path, name, column, pa.float64(), offset), dtype=np.float64)


def _no_nulls(path: Path, name: str, column: pa.Array, offset: int) -> None:
    if column.null_count:
        row = int(np.flatnonzero(np.asarray(column.is_null()))[0])
        raise FileDefect(
            path, "not_a_number", f"{name} has no value; fill it in or delete the row (a gap is allowed)", offset + row + 1
        )


def _cast(path: Path, name: str, column: pa.Array, kind: pa.DataType, offset: int) -> pa.Array:
    """The column as ``kind``. Raises FileDefect naming the first value that is none."""
    import pyarrow as pa

    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        for row in range(len(column)):
            try:
                column.slice(row, 1).cast(kind)
            except pa.ArrowInvalid:
                text = f"{name} is {column[row].as_py()!r}, which is not a {kind}; correct or delete the row"
                raise FileDefect(path, "not_a_number", text, offset + row + 1) from None
        raise
