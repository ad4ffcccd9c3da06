"""JSON candles, as freqtrade and ccxt keep them and exchanges send them: an array of arrays, or of objects.

The array is read in blocks that end between two rows, so that only one block is in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from services.ingest.files.contents import HEAD_BYTES, opened
from services.ingest.files.defects import FileDefect, printable, quoted
from services.ingest.files.headers import places_by_name, places_said, places_without_header
from services.ingest.files.members import Member
from services.ingest.files.reading import Reading
from services.ingest.files.table import Layout

if TYPE_CHECKING:
    import pyarrow as pa

_Cell = int | float | str | None
_BLOCK_BYTES: Final = 1 << 20
_START: Final = re.compile(rb"\s*\[\s*")
_ARRAYS: Final = msgspec.json.Decoder(list[list[_Cell]])
_OBJECTS: Final = msgspec.json.Decoder(list[dict[str, _Cell]])


class JsonRows:
    """A table as ``table.Table`` defines it, of one JSON file. Raises FileDefect."""

    def __init__(self, member: Member, head: bytes, wanted: Sequence[str], reading: Reading) -> None:
        self._member = member
        start = _START.match(head)
        opening = head[start.end() : start.end() + 1] if start else b""
        if opening not in (b"[", b"{"):
            raise self._unreadable("it is not an array of candles, [[time, open, high, low, close, volume], …]", 0)
        self._closer = b"]" if opening == b"[" else b"}"
        end = head.find(self._closer)
        if end < 0:
            raise self._unreadable(f"its first row is longer than {HEAD_BYTES:,} bytes or has no end", 1)
        first = self._decoded(b"[" + head[start.end() if start else 0 : end + 1] + b"]", 0)[0]
        names: Sequence[str] = wanted
        if isinstance(first, dict):
            self._keys: list[Any] = list(first)
            names = self._keys = [self._keys[place] for place in places_by_name(member, wanted, self._keys)]
            self._width = 0
        elif reading.columns:
            self._keys = places_said(member, wanted, reading.columns, len(first))
            self._width = len(first)
        else:
            self._keys = places_without_header(member, wanted, [str(cell) for cell in first])
            self._width = len(first)
        self.layout = Layout(kind="JSON", detail="objects" if isinstance(first, dict) else "arrays", names=tuple(names))

    def batches(self, rows: int) -> Iterator[list[pa.Array]]:
        """See ``table.Table``."""
        offset = 0
        with opened(self._member) as (file, _):
            for block in self._blocks(file):
                decoded = self._decoded(block, offset)
                for start in range(0, len(decoded), rows):
                    yield self._columns(decoded[start : start + rows], offset + start)
                offset += len(decoded)

    def _blocks(self, file: BinaryIO) -> Iterator[bytes]:
        """The rows as JSON arrays of about a megabyte each."""
        rest = b""
        block = file.read(_BLOCK_BYTES)
        begun = False
        while block:
            following = file.read(_BLOCK_BYTES)
            rest += block
            if not begun:
                rest = rest.removeprefix(b"\xef\xbb\xbf").lstrip()[1:]
                begun = True
            if not following:
                break
            cut = rest.rfind(self._closer) + 1
            if not cut:
                raise self._unreadable("a row is longer than a megabyte", 0)
            yield b"[" + rest[:cut] + b"]"
            rest = rest[cut:].lstrip()
            if rest:
                if not rest.startswith(b","):
                    raise self._unreadable(f"{quoted(rest[:20].decode('utf-8', 'replace'))} stands between two rows", 0)
                rest = rest[1:]
            block = following
        if not rest.rstrip().endswith(b"]"):
            raise self._unreadable("the array has no end; the file may have been cut off", 0)
        last = rest.rstrip()[:-1]
        if last.strip():
            yield b"[" + last + b"]"

    def _decoded(self, block: bytes, offset: int) -> list[Any]:
        try:
            return _ARRAYS.decode(block) if self._closer == b"]" else _OBJECTS.decode(block)
        except msgspec.DecodeError as error:
            place = re.search(r"\$\[(\d+)\]", str(error))
            row = offset + int(place[1]) + 1 if place else 0
            raise self._unreadable(printable(str(error).partition(" - at")[0]), row) from None
        except (RecursionError, UnicodeDecodeError):
            raise self._unreadable("it is nested too deep, or no text in UTF-8", 0) from None

    def _columns(self, rows: Sequence[Any], offset: int) -> list[pa.Array]:
        for number, row in enumerate(rows, start=offset + 1):
            if self._width and len(row) != self._width:
                raise self._unreadable(f"{len(row)} fields where {self._width} are due; repair or cut the row", number)
            if not self._width and not all(key in row for key in self._keys):
                raise self._unreadable(f"the row lacks one of {', '.join(self._keys)}; repair or cut it", number)
        return [_column([row[key] for row in rows]) for key in self._keys]

    def _unreadable(self, text: str, row: int) -> FileDefect:
        return FileDefect(self._member, "unreadable", f"not readable as JSON candles: {text}", row)


def _column(cells: list[_Cell]) -> pa.Array:
    """Numbers as they are; a column that also holds text, or numbers that no column can hold together, as text."""
    import pyarrow as pa

    if not any(isinstance(cell, str) for cell in cells):
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, OverflowError):
            pass  # a number beyond 64 bits beside others
    return pa.array([None if cell is None else str(cell) for cell in cells])
