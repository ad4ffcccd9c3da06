"""The time column of a file as UTC epoch milliseconds: epochs of any unit, text with an offset, text of a known zone.

The unit of a number is certain where it lies between 1973 and 2099: seconds, milliseconds, micro- and nanoseconds of those
years do not overlap. Each value is taken by its own unit, so that files which change it need no word about it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from services.ingest.files.defects import FileDefect, quoted

if TYPE_CHECKING:
    import pyarrow as pa

#: Epoch milliseconds of 1973 … 2099.
TIME_RANGE: Final = (10**11, 4_102_444_800_000)
_QUARTER: Final = 900_000
_OFFSET: Final = re.compile(r"(Z|[+-]\d{2}(:?\d{2})?)$")
#: Characters of the longest offset, and those that are none.
_OFFSET_LENGTH: Final = 6
_ZERO: Final = frozenset({"Z", "+00:00", "+0000", "+00"})
_UTC_WORD: Final = r" ?(UTC|GMT)$"
_COMMAS: Final = re.compile(r"-?\d+(,\d+)+(\.\d*)?|-?\d+(\.\d{3})*,\d+")
_EPOCH: Final = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
#: Unit → how many of it are a millisecond; seconds are the other way round.
_FINER: Final = (("us", 1_000), ("ns", 1_000_000))
_PER_MS: Final = {"ms": 1, "us": 1_000, "ns": 1_000_000}


class TimeColumn:
    """Reads the batches of one file's time column. ``units`` and ``clocks`` collect what was met, for a person to read."""

    def __init__(self, file: object, name: str, zone: str | None) -> None:
        self._file = file
        self._name = name or "the first column"
        self._zone = zone
        self.units: set[str] = set()
        self.clocks: set[str] = set()

    def read(self, column: pa.Array, offset: int) -> NDArray[np.int64]:
        """One batch; ``offset`` rows came before it. Raises FileDefect naming the row.

        Values of no year between 1973 and 2099 come out as they are.
        """
        import pyarrow as pa

        kind = column.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return self._text(column, offset)
        if pa.types.is_date(kind):
            column, kind = column.cast(pa.timestamp("ms")), pa.timestamp("ms")
        if pa.types.is_timestamp(kind):
            return self._timestamps(column, offset)
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return self._epochs(cast(self._file, self._name, column, pa.int64(), offset))
        text = f"{self._name} is of type {kind}; write it as integers (UTC epoch) or as text like 2025-05-04T12:00:00Z"
        raise FileDefect(self._file, "wrong_type", text)

    def _epochs(self, column: pa.Array) -> NDArray[np.int64]:
        values = np.asarray(column, dtype=np.int64)
        if not len(values):
            return values
        if values.min() >= TIME_RANGE[0] and values.max() < TIME_RANGE[1]:
            self.units.add("ms")
            return values
        made = values.copy()
        seconds = (values >= TIME_RANGE[0] // 1_000) & (values < TIME_RANGE[1] // 1_000)
        made[seconds] *= 1_000
        found = {"s": seconds, "ms": (values >= TIME_RANGE[0]) & (values < TIME_RANGE[1])}
        for unit, parts in _FINER:
            within = found[unit] = (values >= TIME_RANGE[0] * parts) & (values < TIME_RANGE[1] * parts)
            made[within] = _whole_up(made[within], parts)
        self.units |= {unit for unit, within in found.items() if within.any()}
        return made

    def _timestamps(self, column: pa.Array, offset: int) -> NDArray[np.int64]:
        import pyarrow as pa

        kind = column.type
        values = np.asarray(column.cast(pa.int64()), dtype=np.int64)
        in_seconds = kind.unit == "s"
        made = np.clip(values, -(2**52), 2**52) * 1_000 if in_seconds else _whole_up(values, _PER_MS[kind.unit])
        self.units.add(f"timestamp[{kind.unit}]")
        if kind.tz is not None:  # Arrow keeps these in UTC, whatever zone they are shown in
            self.clocks.add(kind.tz)
        elif self._zone is not None:
            made = self._from_local(made, offset)
        else:
            self.clocks.add("none named, taken for UTC as such files keep it")
        return made

    def _text(self, column: pa.Array, offset: int) -> NDArray[np.int64]:
        import pyarrow as pa
        import pyarrow.compute as pc

        first = column[0].as_py().strip() if len(column) else ""
        if not first or _EPOCH.fullmatch(first):
            try:
                numbers = column.cast(pa.int64())
            except pa.ArrowInvalid:
                column = pc.utf8_trim_whitespace(column)
                numbers = cast(self._file, self._name, column, pa.float64(), offset)
                numbers = cast(self._file, self._name, numbers, pa.int64(), offset)
            return self._epochs(numbers)
        column = written = pc.utf8_trim_whitespace(column)
        if first[1:].count(".") >= 2:  # 2025.05.04 12:00
            column = pc.replace_substring(column, pattern=".", replacement="-", max_replacements=2)
        elif first.count("/") == 2:
            column = pc.replace_substring(column, pattern="/", replacement="-", max_replacements=2)
        if re.search(_UTC_WORD, first):
            column = pc.replace_substring_regex(column, pattern=_UTC_WORD, replacement="+00:00")
        self.units.add("text")
        offset_said = _OFFSET.search(column[0].as_py()[10:])
        if offset_said is not None:
            self.clocks |= _offsets(column)
            whole = cast(self._file, self._name, column, pa.timestamp("ns", "UTC"), offset, written)
            return _whole_up(np.asarray(whole.cast(pa.int64()), dtype=np.int64), 1_000_000)
        local = cast(self._file, self._name, column, pa.timestamp("ns"), offset, written)
        if self._zone is None:
            text = (
                f"{self._name} has times without an offset, such as {quoted(first)}: their zone is not known; "
                "say it with --time-zone UTC (or Asia/Seoul, …)"
            )
            raise FileDefect(self._file, "no_time_zone", text, offset + 1)
        return self._from_local(_whole_up(np.asarray(local.cast(pa.int64()), dtype=np.int64), 1_000_000), offset)

    def _from_local(self, local: NDArray[np.int64], offset: int) -> NDArray[np.int64]:
        """UTC of times on the clock of ``zone``. Raises FileDefect for an hour that comes twice, or never, on that clock."""
        zone = self._zone or "UTC"
        self.clocks.add(f"{zone} (by option)" if self._zone else "UTC (the file names no zone)")
        if zone == "UTC" or not len(local):
            return local
        quarters, places = np.unique(local // _QUARTER, return_inverse=True)
        clock = ZoneInfo(zone)
        early, late = np.empty(len(quarters), np.int64), np.empty(len(quarters), np.int64)
        for place, quarter in enumerate(quarters.tolist()):
            if not 0 <= quarter * _QUARTER < TIME_RANGE[1]:
                early[place] = late[place] = 0
                continue
            moment = datetime(1970, 1, 1) + timedelta(milliseconds=quarter * _QUARTER)  # noqa: DTZ001  a local time, on purpose
            early[place] = _offset_ms(moment.replace(tzinfo=clock, fold=0))
            late[place] = _offset_ms(moment.replace(tzinfo=clock, fold=1))
        unclear = (early != late)[places]
        if unclear.any():
            row = int(np.flatnonzero(unclear)[0])
            shown = datetime.fromtimestamp(int(local[row]) / 1000, UTC).strftime("%Y-%m-%d %H:%M")
            text = f"{self._name} {shown} comes twice or never on the clock of {zone}; write the times with their offsets"
            raise FileDefect(self._file, "no_time_zone", text, offset + row + 1)
        made: NDArray[np.int64] = local - early[places]
        return made


def cast(
    file: object, name: str, column: pa.Array, kind: pa.DataType, offset: int, written: pa.Array | None = None
) -> pa.Array:
    """Convert the column to ``kind``. Raises FileDefect with row and value of the first cell that cannot be converted.

    offset: rows that came before this batch. written: the cells as they stand in the file, where ``column`` was changed.
    """
    import pyarrow as pa

    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        for row in range(len(column)):
            try:
                column.slice(row, 1).cast(kind)
            except pa.ArrowInvalid:
                cell = (column if written is None else written)[row].as_py()
                what = "a whole number" if pa.types.is_int64(kind) else "a number"
                cure = "correct or delete the row"
                if pa.types.is_timestamp(kind) and (row or offset):
                    what = "a time like the first one"
                elif pa.types.is_timestamp(kind):
                    what = "a time like 2025-05-04T12:00:00Z"
                    cure = "write the times so, or as seconds or milliseconds since 1970"
                elif isinstance(cell, str) and _COMMAS.fullmatch(cell):
                    cure = "write numbers with a decimal point and no other separator, like 1234.5"
                text = f"{name} is {quoted(cell)}, which is not {what}; {cure}"
                raise FileDefect(file, "not_a_number", text, offset + row + 1) from None
        raise


def no_nulls(file: object, name: str, column: pa.Array, offset: int) -> None:
    """Raises FileDefect naming the first row without a value."""
    if column.null_count:
        row = int(np.flatnonzero(np.asarray(column.is_null()))[0])
        text = f"{name} has no value; fill it in or delete the row (a gap is allowed)"
        raise FileDefect(file, "not_a_number", text, offset + row + 1)


def _offsets(column: pa.Array) -> set[str]:
    """Every offset that the times end with: clocks are put on and back, and files are put together."""
    import pyarrow.compute as pc

    tails = pc.unique(pc.utf8_slice_codeunits(column, start=-_OFFSET_LENGTH)).to_pylist()
    said = {found[1] for tail in tails if (found := _OFFSET.search(tail or "")) is not None}
    return {"UTC" if each in _ZERO else f"offset {each}" for each in said}


def _whole_up(values: NDArray[Any], parts: int) -> NDArray[np.int64]:
    """Milliseconds, rounded up: what is not whole stays off the minute, and is found."""
    made: NDArray[np.int64] = -(-values // parts)
    return made


def _offset_ms(moment: datetime) -> int:
    offset = moment.utcoffset() or timedelta(0)
    return int(offset.total_seconds() * 1000)
