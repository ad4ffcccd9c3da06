"""One file of the cache: a head that says what it is, then frames; whole, or noticed not to be.

The head holds the key of the contents and a hash of everything behind it. A file that was cut, changed, or belongs to
another key or version is refused before its first frame is read.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_MAGIC: Final = b"ict-cache 2\n"
_KEY: Final = 32
_HASH: Final = 32
_HEAD: Final = len(_MAGIC) + _KEY + _HASH
_LENGTH: Final = struct.Struct("<I")
#: Set in the length of a frame that is packed.
_PACKED: Final = 1 << 31
#: Bytes that are hashed at a time, where an entry is verified.
_READ: Final = 1 << 20
#: The quickest level: frames are read more often than written, and are mostly repetition.
_LEVEL: Final = 1


class Damaged(Exception):
    """A file that is no whole entry of this key; the text says what is wrong with it."""


class TooLarge(Exception):
    """More was to be written than an entry may take."""


class Draft:
    """An entry while it is written, under another name. ``finish`` makes it whole; ``drop`` removes it. Raises OSError."""

    def __init__(self, path: Path, key: bytes, largest: int) -> None:
        """``largest``: bytes that it may take. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._left = largest - _HEAD
        self._key = key
        self._hash = hashlib.blake2b(digest_size=_HASH)
        self._file: BinaryIO = self._part.open("w+b")
        self._file.write(bytes(_HEAD))

    def add(self, frame: bytes, *, packed: bool = True) -> None:
        """Write one frame; ``packed``: smaller, and slower to write and to read. Raises OSError, TooLarge."""
        kept = zlib.compress(frame, _LEVEL) if packed else frame
        self._left -= len(kept) + _LENGTH.size
        if self._left < 0:
            raise TooLarge(self._path.name)
        for each in (_LENGTH.pack(len(kept) | (_PACKED if packed else 0)), kept):
            self._hash.update(each)
            self._file.write(each)

    def finish(self) -> None:
        """Give the entry its name, with everything on the disk. Raises OSError."""
        self._file.seek(0)
        self._file.write(_MAGIC + self._key + self._hash.digest())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)

    def drop(self) -> None:
        """Forget what was written; of a finished entry nothing. Raises OSError."""
        try:
            self._file.close()  # a full disk may refuse what the buffer still holds
        finally:
            self._part.unlink(missing_ok=True)


def frames_of(path: Path, key: bytes) -> Iterator[bytes]:
    """Verify an entry, then return its frames, which are read as they are asked for. Raises OSError, Damaged."""
    file = path.open("rb")
    try:
        _verify(file, key)
    except BaseException:
        file.close()
        raise
    return _frames(file)


def _verify(file: BinaryIO, key: bytes) -> None:
    head = file.read(_HEAD)
    if len(head) < _HEAD or not head.startswith(_MAGIC):
        raise Damaged("it is no entry of this version's cache")
    if head[len(_MAGIC) : -_HASH] != key:
        raise Damaged("it holds something else than its name says")
    found = hashlib.blake2b(digest_size=_HASH)
    while block := file.read(_READ):
        found.update(block)
    if found.digest() != head[-_HASH:]:
        raise Damaged("it was changed or cut since it was written")
    file.seek(_HEAD)


def _frames(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while head := file.read(_LENGTH.size):
            length = _LENGTH.unpack(head)[0]
            kept = file.read(length & ~_PACKED)
            yield zlib.decompress(kept) if length & _PACKED else kept
