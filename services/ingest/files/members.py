"""From a path to the files of one data set: a file, a directory, a pattern, and what a zip archive holds."""

from __future__ import annotations

import glob
import re
import zipfile
from pathlib import Path
from typing import Final

import msgspec

from services.ingest.files.defects import FileDefect, printable
from shared.candles.errors import Damaged
from shared.candles.manifest import MANIFEST
from shared.candles.repository import stored_below
from shared.domain.timeframes import DURATION, FINEST, Timeframe

#: More files than that are no data set of one symbol.
MOST_FILES: Final = 10_000
_NOT_CANDLES: Final = (".checksum", ".md5", ".sha256", ".sha256sum")
_INTERVAL: Final = re.compile(r"(?<![^\s_.,-])(\d{1,2}[mhdw])(?![^\s_.,-])")
_QUOTES: Final = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "BTC", "ETH", "BNB", "EUR", "KRW", "JPY")
_BASE: Final = r"([^\W_a-z]{1,20})"
_QUOTE: Final = "|".join(_QUOTES)
_END: Final = r"(?![^\W_])"
#: How names begin with a symbol, the first that fits counts; groups: base, quote.
_SYMBOLS: Final = (
    re.compile(rf"{_BASE}[_-]?({_QUOTE})[_-](?:\1|\2){_END}"),  # with the coin it settles in: BTC_USDT_USDT, ETH_USD_ETH
    re.compile(rf"{_BASE}[_-]?({_QUOTE}){_END}(?![_-](?:{_QUOTE}){_END})"),  # BTCUSDT, BTC_USDT, BTC_BUSD
    re.compile(rf"[A-Z]+_{_BASE}[_-]?({_QUOTE}){_END}"),  # after the exchange's name: BINANCE_BTCUSDT, KRAKEN_BTC_USD
)


class Member(msgspec.Struct, frozen=True):
    """One table of candles: a file, or the entry of a zip archive. ``alone``: the archive has no other."""

    path: Path
    entry: str = ""
    alone: bool = True

    def __str__(self) -> str:
        """What messages call it."""
        return str(self.path) if self.alone else f"{self.path}/{self.entry}"

    @property
    def title(self) -> str:
        """The name that may tell symbol and interval, without folders."""
        return (self.entry or self.path.name).rpartition("/")[2]


def members_of(path: Path) -> tuple[Member, ...]:
    """Every table that ``path`` stands for, in order of names. Raises FileDefect when there is none, or too many.

    A directory stands for the files directly in it, hidden ones and checksums left out; a path that does not exist and has
    ``*``, ``?`` or ``[`` for those that match; a zip archive for its entries; a directory of the candle repository for the
    files of its manifest (a symbol's: of its minutes), each compared with its hash.
    """
    try:
        found: list[Member] = []
        for file in _files(path):
            found += _entries(file)
            if len(found) > MOST_FILES:
                raise FileDefect(
                    path, "unreadable", f"more than {MOST_FILES} files; name fewer with a pattern like dir/*2025*.zip"
                )
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise FileDefect(printable(path), "unreadable", f"cannot be opened ({_reason(error)}); check the path") from error
    if not found:
        raise FileDefect(path, "empty", "no candle file in it; name another directory or archive")
    return tuple(found)


def symbol_named(member: Member) -> str | None:
    """The symbol that the file's name begins with, None if it tells none: ``BTC_USDT_USDT-5m-futures`` is BTCUSDT."""
    match = _symbol_match(member)
    return None if match is None else match[1] + match[2]


def symbol_as_written(member: Member) -> str:
    """What the file's name begins with, up to the end of its symbol: ``BTC_USDT_USDT``; empty if it tells none."""
    match = _symbol_match(member)
    return "" if match is None else match[0]


def interval_named(member: Member) -> str | None:
    """The candle length in the file's name, such as ``5m``; None if it has none or several."""
    lengths = set(_INTERVAL.findall(member.title))
    return lengths.pop() if len(lengths) == 1 else None


def timeframe_named(member: Member) -> Timeframe | None:
    """As ``interval_named``, but None for lengths that are no timeframe here."""
    name = interval_named(member)
    return next((timeframe for timeframe in DURATION if timeframe == name), None)


def fingerprint(path: Path) -> tuple[int, int]:
    """Size and modification time (ns); zeros when there is no such file."""
    if not path.is_file():
        return 0, 0
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _symbol_match(member: Member) -> re.Match[str] | None:
    matches = (form.match(member.title) for form in _SYMBOLS)
    return next((match for match in matches if match is not None), None)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        for series in (path, path / FINEST):
            if (series / MANIFEST).is_file():
                return _stored(series)
        return sorted(file for file in path.iterdir() if file.is_file() and _may_be_candles(file.name))
    if path.exists():
        raise FileDefect(path, "unreadable", "not a plain file: files are read more than once; write it to a file first")
    if not glob.has_magic(str(path)):
        raise FileDefect(path, "missing_file", "there is no such file; check the path")
    matching = sorted(Path(name) for name in glob.iglob(str(path), recursive=True))
    files = [file for file in matching if file.is_file() and _may_be_candles(file.name)]
    if not files:
        raise FileDefect(path, "missing_file", "no file matches this pattern; check the path, and quote the pattern")
    return files


def _stored(directory: Path) -> list[Path]:
    """The files that the manifest of a series names; no others of its directory are whole."""
    found = stored_below(directory)
    try:
        files = [file for series in found for file in series.verified_files()]
    except Damaged as error:
        raise FileDefect(directory, "unreadable", str(error)) from error
    if not files:
        raise FileDefect(directory, "empty", "nothing is stored here yet; fetch or import something (ict data --help)")
    return files


def _may_be_candles(name: str) -> bool:
    return not name.startswith((".", "__MACOSX")) and not name.lower().endswith(_NOT_CANDLES)


def _entries(path: Path) -> list[Member]:
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return [Member(path)]
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError) as error:
        raise FileDefect(path, "unreadable", f"not a whole zip archive ({_reason(error)}); download it again") from error
    if "[Content_Types].xml" in names:
        raise FileDefect(path, "unknown_format", "this is a spreadsheet; export the sheet as CSV")
    chosen = [name for name in names if not name.startswith("__MACOSX/") and _may_be_candles(name.rpartition("/")[2])]
    return [Member(path, name, len(chosen) == 1) for name in chosen]


def _reason(error: Exception) -> str:
    return printable(getattr(error, "strerror", None) or error)
