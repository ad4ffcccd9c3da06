"""Candle files of every kind as batches of numpy columns; pyarrow is loaded on first use.

Only one batch is in memory at a time. A column that cannot be read as what it should be is a Defect with its row, never a
silent NaN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from services.ingest.files.contents import Packing, content_of, head_of, unreadable
from services.ingest.files.defects import FileDefect
from services.ingest.files.members import Member
from services.ingest.files.reading import AS_THEY_ARE, Reading
from services.ingest.files.table import Layout, Table
from services.ingest.files.times import TimeColumn, cast, no_nulls
from shared.runtime.extras import require

if TYPE_CHECKING:
    import pyarrow as pa

#: One batch: the time column as int64 milliseconds under its name, the others as float64.
Columns = Mapping[str, NDArray[Any]]


class CandleFile:
    """One file, opened: what it is is known, its rows are not read yet. Raises FileDefect.

    ``time`` and ``numbers`` are the columns wanted; a column is also found under the names that other programs give it.
    ``optional``: columns that are read where the file has them (``found``: which), the first of them first; an empty cell
    there is NaN. Other columns are not read. The batches have the names wanted. Raises Leave when pyarrow is not installed.
    """

    def __init__(
        self,
        member: Member,
        time: str,
        numbers: Sequence[str],
        reading: Reading = AS_THEY_ARE,
        optional: Sequence[str] = (),
    ) -> None:
        self._member = member
        self._time = time
        self._required = tuple(numbers)
        self.packing: Packing = ""
        self._table, self.found = self._opened_with((time, *numbers), optional, reading)
        self._numbers = (*numbers, *self.found)
        self.times = TimeColumn(member, self.layout.names[0], reading.time_zone)

    @property
    def layout(self) -> Layout:
        """Kind of the file, and its own names of the columns that are read."""
        return self._table.layout

    def batches(self, rows: int) -> Iterator[Columns]:
        """At most ``rows`` rows at a time; times in UTC ms. Raises FileDefect."""
        import pyarrow as pa

        offset = 0
        names = self.layout.names
        try:
            for batch in self._table.batches(rows):
                time, *numbers = (_plain(column) for column in batch)
                no_nulls(self._member, names[0], time, offset)
                columns: dict[str, NDArray[Any]] = {self._time: self.times.read(time, offset)}
                for name, own, column in zip(self._numbers, names[1:], numbers, strict=True):
                    columns[name] = _floats(self._member, own, column, offset, empty=name not in self._required)
                offset += len(time)
                yield columns
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self._member, self.layout.kind, error) from error

    def _opened_with(
        self, wanted: Sequence[str], optional: Sequence[str], reading: Reading
    ) -> tuple[Table, tuple[str, ...]]:
        """The table with as many of the optional columns, from the first on, as it has, and which those are."""
        more = tuple(name for name in optional if not reading.columns or name in reading.columns)
        while more:
            try:
                return self._opened((*wanted, *more), reading), more
            except FileDefect as error:
                if error.defect.reason != "missing_columns":
                    raise
            more = more[:-1]
        return self._opened(wanted, reading), ()

    def _opened(self, wanted: Sequence[str], reading: Reading) -> Table:
        try:
            head, self.packing = head_of(self._member)
        except OSError as error:
            raise unreadable(self._member, "file", error) from error
        content = content_of(self._member, head, self.packing)
        require("pyarrow", f"reading {self._member}")
        import pyarrow as pa

        from services.ingest.files.columnar import FeatherFile, ParquetFile
        from services.ingest.files.delimited import DelimitedText
        from services.ingest.files.documents import JsonRows

        try:
            if content == "parquet":
                return ParquetFile(self._member, wanted, reading)
            if content == "feather":
                return FeatherFile(self._member, wanted, reading)
            if content == "json":
                return JsonRows(self._member, head, wanted, reading)
            return DelimitedText(self._member, head, wanted, reading)
        except (pa.ArrowException, OSError) as error:
            raise unreadable(self._member, content, error) from error


def read_columns(
    member: Member, time: str, numbers: Sequence[str], rows: int, reading: Reading = AS_THEY_ARE
) -> Iterator[Columns]:
    """The batches of one file; see ``CandleFile``. Raises FileDefect."""
    yield from CandleFile(member, time, numbers, reading).batches(rows)


def _plain(column: pa.Array) -> pa.Array:
    """The column without Arrow's dictionary encoding."""
    import pyarrow as pa

    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _floats(member: Member, name: str, column: pa.Array, offset: int, *, empty: bool) -> NDArray[np.float64]:
    """The numbers. empty: a cell may be without one, and is NaN then."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if empty:
        if pa.types.is_null(column.type):
            return np.full(len(column), np.nan)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            trimmed = pc.utf8_trim_whitespace(column)
            column = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)
    else:
        no_nulls(member, name, column, offset)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            return np.asarray(column.cast(pa.float64()), dtype=np.float64)
        except pa.ArrowInvalid:
            column = pc.utf8_trim_whitespace(column)  # only now: few files have spaces, and every column would pay
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise FileDefect(member, "wrong_type", f"{name} is of type {kind}; write it as float64")
    return np.asarray(cast(member, name, column, pa.float64(), offset), dtype=np.float64)
