"""The candle repository: a directory with the history of many symbols.

``history/BTCUSDT/1m/BTCUSDT-1m-2023-<hash>.parquet``, with ``manifest.json`` beside it; ``funding`` stands beside ``1m``,
and so does whatever else the exchange publishes of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from shared.candles.absence import listed_since, read_absence
from shared.candles.kinds import KINDS, Kind, step_of, timeframe_of
from shared.candles.manifest import MANIFEST
from shared.candles.series import Series
from shared.domain.symbols import is_symbol

#: Where commands look without another word, below the present directory.
DEFAULT_ROOT: Final = Path("history")


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """What the manifest says of one series. first, last: times of its first and last row, UTC ms; -1 when it has none.

    missing: rows that would make it whole from first to last; None where they come as they come. bytes: size of its files.
    listed: the first row's time where it is known that nobody has one of the day before, UTC ms; else None.
    """

    symbol: str
    kind: Kind
    rows: int
    first: int
    last: int
    missing: int | None
    files: int
    bytes: int
    archives: int
    listed: int | None


class Repository:
    """Everything that is stored below ``root``, which need not exist."""

    def __init__(self, root: Path = DEFAULT_ROOT) -> None:
        self.root = root

    def series(self, symbol: str, kind: Kind = "1m") -> Series:
        """The series of a symbol, stored or not. Raises ValueError for what is no symbol."""
        if not is_symbol(symbol):
            raise ValueError(f"{symbol!r} is no symbol; write it like BTCUSDT")
        return Series(self.root / symbol / kind, symbol, kind)

    def stored(self) -> list[Series]:
        """Every series that is stored, in order of symbols, 1m first."""
        if not self.root.is_dir():
            return []
        symbols = sorted(path.name for path in self.root.iterdir() if path.is_dir() and is_symbol(path.name))
        every = (self.series(symbol, kind) for symbol in symbols for kind in KINDS)
        return [series for series in every if series.exists]

    def listed(self, start: int, end: int) -> list[str]:
        """The universe of a span of time: symbols with candles from before ``end`` on and until ``start`` or later, UTC ms.

        What was delisted since is among them, if it is stored. Known is what is stored: a symbol that was fetched from 2023
        on is not said to have traded before. Raises Damaged.
        """
        found: dict[str, None] = {}
        for series in self.stored():
            extent = extent_of(series)
            if timeframe_of(series.kind) is not None and extent.rows and extent.first < end and extent.last >= start:
                found[series.symbol] = None
        return list(found)


def extent_of(series: Series) -> Extent:
    """What the series' manifest says. Raises Damaged."""
    manifest = series.manifest
    files = manifest.files
    rows = sum(file.rows for file in files)
    first, last = (files[0].first, files[-1].last) if files else (-1, -1)
    step = step_of(series.kind)
    return Extent(
        symbol=series.symbol,
        kind=series.kind,
        rows=rows,
        first=first,
        last=last,
        missing=None if step is None or not rows else (last - first) // step + 1 - rows,
        files=len(files),
        bytes=sum(file.bytes for file in files),
        archives=len(manifest.sources),
        listed=listed_since(first, read_absence(series.directory).days),
    )


def stored_below(path: Path) -> list[Series]:
    """The series that a path stands for: a repository, a symbol of it, or one series; empty when it is none of them."""
    if (path / MANIFEST).is_file():
        here = path.resolve()
        kind = next((each for each in KINDS if each == here.name), None)
        known = kind is not None and is_symbol(here.parent.name)
        return [Series(path, here.parent.name, kind)] if known and kind is not None else []
    if not path.is_dir():
        return []
    found = [series for kind in KINDS if (path / kind / MANIFEST).is_file() for series in stored_below(path / kind)]
    return found or Repository(path).stored()
