"""What a file holds, told from its first bytes and not from its name; unpacks gzip and zip, up to a bound."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, Final, Literal

from services.ingest.files.defects import FileDefect, printable
from services.ingest.files.members import Member

Content = Literal["parquet", "feather", "json", "text"]
Packing = Literal["", "gzip", "zip"]

#: So much of the beginning is looked at.
HEAD_BYTES: Final = 65_536
#: Candles pack to a fifth or a tenth. What grows more than a hundredfold, beyond this size, is not candles.
_GROWTH: Final = 100
_FREE_BYTES: Final = 64 * 2**20
#: No packed file may hold more, whatever its size.
_MOST_BYTES: Final = 16 * 2**30
_BOM: Final = b"\xef\xbb\xbf"
_KNOWN: Final[tuple[tuple[bytes, Content], ...]] = ((b"PAR1", "parquet"), (b"ARROW1", "feather"))
_FOREIGN: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xfd7zXZ", "packed with xz; unpack it"),
    (b"BZh", "packed with bzip2; unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd; unpack it"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it"),
    (b"Rar!", "a RAR archive; unpack it"),
    (b"\x1f\x8b", "packed twice; unpack it once"),
    (b"PK\x03\x04", "an archive in an archive; unpack the outer one"),
    (b"PK", "an empty or broken zip archive; download it again"),
    (b"FEA1", "Feather of version 1; write it again as Feather (version 2) or Parquet"),
    (b"\x89HDF", "HDF5; convert it to Feather, Parquet or CSV"),
    (b"SQLite format 3", "an SQLite database; export the candles as CSV"),
    (b"\xff\xfe", "text in UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16; save it as UTF-8"),
)  # fmt: skip


class _Bounded(io.RawIOBase):
    """A stream that is being unpacked. Raises OSError for what cannot be unpacked, and beyond ``most`` bytes."""

    def __init__(self, inner: BinaryIO, most: int) -> None:
        self._inner = inner
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer; BufferedReader gives this
        try:
            data = self._inner.read(len(buffer))
        except (zlib.error, EOFError, zipfile.BadZipFile, lzma.LZMAError, NotImplementedError, ValueError) as error:
            raise OSError(f"it breaks off or is damaged: {error}") from error
        self._left -= len(data)
        if self._left < 0:
            raise OSError("unpacked it is more than a hundred times larger, which candles are not")
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def opened(member: Member) -> Iterator[tuple[BinaryIO, Packing]]:
    """The member's bytes, unpacked. Raises OSError for what cannot be unpacked, also while reading."""
    with ExitStack() as stack:
        packed: BinaryIO
        if member.entry:
            try:
                archive = stack.enter_context(zipfile.ZipFile(member.path))
                packed = stack.enter_context(archive.open(member.entry))  # type: ignore[assignment]  # IO[bytes] is one
                size = archive.getinfo(member.entry).compress_size
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, ValueError) as error:
                raise OSError(f"the archive's entry cannot be unpacked: {error}") from error
            yield _bounded(packed, size), "zip"
            return
        plain = stack.enter_context(member.path.open("rb"))
        if plain.read(2) != b"\x1f\x8b":
            plain.seek(0)
            yield plain, ""
            return
        plain.seek(0)
        size = member.path.stat().st_size
        packed = stack.enter_context(gzip.GzipFile(fileobj=plain))  # type: ignore[assignment]  # a readable binary file
        yield _bounded(packed, size), "gzip"


def head_of(member: Member) -> tuple[bytes, Packing]:
    """The first bytes, unpacked, without a byte order mark. Raises OSError."""
    with opened(member) as (file, packing):
        return file.read(HEAD_BYTES).removeprefix(_BOM), packing


def content_of(member: Member, head: bytes, packing: Packing) -> Content:
    """What the bytes are. Raises FileDefect for an empty file and for what is no format of candles."""
    if not head.strip():
        raise FileDefect(member, "empty", "the file is empty; write it again")
    for magic, content in _KNOWN:
        if head.startswith(magic):
            if packing:
                raise FileDefect(member, "unknown_format", f"a {content} file within {packing}; unpack it")
            return content
    for magic, text in _FOREIGN:
        if head.startswith(magic):
            raise FileDefect(member, "unknown_format", text)
    if b"\0" in head:
        text = "binary contents of no known kind; known are Parquet, Feather, CSV and JSON, also in gzip or zip"
        raise FileDefect(member, "unknown_format", text)
    return "json" if head.lstrip()[:1] in (b"[", b"{") else "text"


def unreadable(member: Member, what: str, error: Exception) -> FileDefect:
    """What a reader's own error becomes."""
    return FileDefect(member, "unreadable", f"not a readable {what} ({printable(error)}); write or download it again")


def _bounded(packed: BinaryIO, size: int) -> BinaryIO:
    return io.BufferedReader(_Bounded(packed, min(_MOST_BYTES, max(_FREE_BYTES, _GROWTH * size))), HEAD_BYTES)
