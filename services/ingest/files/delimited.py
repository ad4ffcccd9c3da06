"""CSV and its kin: comma, semicolon, tab or bar between the columns, with a header or without, packed or not.

The text is read in blocks; only one is in memory at a time.
"""

from __future__ import annotations

import csv as stdlib_csv
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from services.ingest.files.contents import HEAD_BYTES, opened
from services.ingest.files.defects import FileDefect, quoted
from services.ingest.files.headers import is_time, places_by_name, places_said, places_without_header, starts_with_data
from services.ingest.files.members import Member
from services.ingest.files.reading import Reading
from services.ingest.files.table import Layout

if TYPE_CHECKING:
    import pyarrow as pa

_SEPARATORS: Final = (";", "\t", "|", ",")
_SPOKEN: Final = {";": "semicolon", "\t": "tab", "|": "bar", ",": "comma"}
#: What pyarrow says of a row with too few or too many fields; it counts rows from 1, skipped ones included.
_TORN: Final = re.compile(
    r"(?:Row #(?P<row>\d+): )?Expected (?P<expected>\d+) columns, got (?P<actual>\d+): (?P<text>.*)", re.DOTALL
)


class DelimitedText:
    """A table as ``table.Table`` defines it, of one text file. Raises FileDefect."""

    def __init__(self, member: Member, head: bytes, wanted: Sequence[str], reading: Reading) -> None:
        self._member = member
        self._wanted = tuple(wanted)
        lines = re.split(r"\r\n|\n|\r", head.decode("utf-8", "replace"))
        first = next((place for place, line in enumerate(lines) if line.strip()), None)
        if first is None:
            raise FileDefect(member, "empty", "the file is empty; write it again")
        if first == len(lines) - 1 and len(head) >= HEAD_BYTES - 3:
            raise FileDefect(
                member, "unreadable", f"the first line is longer than {HEAD_BYTES:,} bytes; this is no table of candles"
            )
        self._separator = max(_SEPARATORS, key=lambda each: len(_cells(lines[first], each)))
        cells = [cell.strip() for cell in _cells(lines[first], self._separator)]
        names: Sequence[str] = wanted
        if reading.columns:
            self._places = places_said(member, wanted, reading.columns, len(cells))
            header = not is_time(cells[self._places[0]])
        elif starts_with_data(cells):
            self._places = places_without_header(member, wanted, cells)
            header = False
        else:
            self._places = places_by_name(member, wanted, cells)
            header = True
            names = [cells[place] for place in self._places]
        self._width = len(cells)
        self._skipped = first + header
        self.layout = Layout(
            kind="CSV",
            detail=f"{_SPOKEN[self._separator]}s, {'with' if header else 'without'} header",
            names=tuple(names),
        )

    def batches(self, rows: int) -> Iterator[list[pa.Array]]:
        """See ``table.Table``."""
        import pyarrow as pa
        from pyarrow import csv

        chosen = [str(place) for place in self._places]
        with opened(self._member) as (file, _):
            try:
                # Read as text: what is no number is then found with its row, and no type is guessed from a block.
                reader = csv.open_csv(
                    file,
                    read_options=csv.ReadOptions(
                        use_threads=False, column_names=[str(place) for place in range(self._width)], skip_rows=self._skipped
                    ),
                    parse_options=csv.ParseOptions(delimiter=self._separator),
                    convert_options=csv.ConvertOptions(
                        include_columns=chosen, column_types=dict.fromkeys(chosen, pa.string())
                    ),
                )
                for batch in reader:
                    for start in range(0, batch.num_rows, rows):
                        piece = batch.slice(start, rows)
                        yield [piece.column(name) for name in chosen]
            except pa.ArrowInvalid as error:
                # Read from the message: a handler of torn rows would get their text, and fail where it is no UTF-8.
                if torn := _TORN.search(str(error)):
                    due = f"{torn['actual']} fields where {torn['expected']} are due"
                    text = f"{due}: {quoted(torn['text'])}; repair or cut the line"
                    number = max(0, int(torn["row"] or 0) - self._skipped)
                    raise FileDefect(self._member, "unreadable", text, number) from None
                if "straddling" in str(error) or "straddles" in str(error):
                    text = "a line is longer than a megabyte; this is no table of candles"
                    raise FileDefect(self._member, "unreadable", text) from None
                raise


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(stdlib_csv.reader([line], delimiter=separator), [])
    except stdlib_csv.Error:
        return [line]
