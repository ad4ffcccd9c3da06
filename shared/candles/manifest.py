"""The manifest of a series: which files are whole, pinned by their hashes, and which archives they were made of.

It is written last and at once (a new file, renamed over the old one). A file that it does not name does not exist for any
reader, so that whatever is interrupted leaves the state of before.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Final

import msgspec

from shared.candles.errors import Damaged
from shared.candles.kinds import Kind
from shared.domain.symbols import SYMBOL_PATTERN

MANIFEST: Final = "manifest.json"
#: Raised when a reader of before would misread what is written now.
FORMAT: Final = 1
#: What begins with it is half-written, and belongs to nobody.
UNFINISHED: Final = ".unfinished-"

Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
#: No separators: a name from a manifest never leads out of the series' directory.
FileName = Annotated[str, msgspec.Meta(pattern=r"^[^/\\.][^/\\]{0,199}$")]
Count = Annotated[int, msgspec.Meta(ge=0)]


class YearFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Parquet file: all rows of a UTC year. first, last: times of its first and last row, UTC ms. bytes: its size."""

    year: int
    name: FileName
    sha256: Hash
    bytes: Count
    rows: Count
    first: Count
    last: Count


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An archive whose rows are in the files: its name, the hash of its bytes, the number of its rows."""

    name: str
    sha256: Hash
    rows: Count


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is known of a series. files: in order of years. sources: in order of names."""

    format: int = FORMAT
    symbol: Annotated[str, msgspec.Meta(pattern=SYMBOL_PATTERN)]
    kind: Kind
    files: tuple[YearFile, ...] = ()
    sources: tuple[Source, ...] = ()


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As it stands in the file: ``seal`` is the hash of the manifest, so that a change by hand is noticed."""

    seal: str
    manifest: msgspec.Raw


def read_manifest(directory: Path) -> Manifest | None:
    """The manifest of a series; None when there is none. Raises Damaged."""
    path = directory / MANIFEST
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}; check its rights") from error
    try:
        sealed = msgspec.json.decode(text, type=_Sealed)
        manifest = msgspec.json.decode(sealed.manifest, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} is no manifest of ours ({error}); {advice(directory)}") from error
    if manifest.format != FORMAT:
        text_of_format = f"{path} is of format {manifest.format}, and this version reads {FORMAT}"
        raise Damaged(f"{text_of_format}; use the version that wrote it, or {advice(directory)}")
    if sealed.seal != _seal(manifest):
        raise Damaged(f"{path} was altered: its content does not have the hash that stands in it; {advice(directory)}")
    return manifest


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Replace the manifest at once; a crash leaves the old one or the new one. Raises OSError."""
    sealed = _Sealed(_seal(manifest), msgspec.Raw(msgspec.json.encode(manifest)))
    temporary = directory / f"{UNFINISHED}{MANIFEST}"
    with temporary.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(sealed), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(directory / MANIFEST)
    sync_directory(directory)


def sync_directory(directory: Path) -> None:
    """Make renames within the directory outlive a power cut. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def advice(directory: Path) -> str:
    """The end of every sentence about damage."""
    symbol = directory.parent.name
    return (
        f"put it back from a copy; or delete {directory} and fetch it again "
        f"(ict data fetch {symbol} --from DATE) or import your files again (ict data import)"
    )


def _seal(manifest: Manifest) -> str:
    return hashlib.sha256(msgspec.json.encode(manifest)).hexdigest()
