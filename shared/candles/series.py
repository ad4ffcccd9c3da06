"""One series of the repository: the candles of one timeframe, or the funding rates, of one symbol."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec

from shared.candles.errors import Busy
from shared.candles.kinds import Chunk, Kind, columns_of, rows_of, split_by_year, widened
from shared.candles.manifest import MANIFEST, UNFINISHED, Manifest, Source, YearFile, read_manifest, write_manifest
from shared.candles.merging import Tally, merged
from shared.candles.year_file import GROUP_ROWS, has_flow, read_year, verify, write_year

#: Later than every candle, UTC ms.
FOREVER: Final = 4_102_444_800_000
_LOCK: Final = ".lock"


class Series:
    """The files of one symbol and kind in ``directory``. Reading needs no lock; writing is for one process at a time."""

    def __init__(self, directory: Path, symbol: str, kind: Kind) -> None:
        self.directory = directory
        self.symbol = symbol
        self.kind: Kind = kind
        self._writable = False
        self._verified: set[str] = set()

    @property
    def manifest(self) -> Manifest:
        """What is stored at this moment; nothing when there is no manifest. Raises Damaged."""
        found = read_manifest(self.directory)
        return Manifest(symbol=self.symbol, kind=self.kind) if found is None else found

    @property
    def exists(self) -> bool:
        """True when something was stored."""
        return (self.directory / MANIFEST).is_file()

    def verified_files(self) -> list[Path]:
        """The Parquet files, in order of years, each compared with its hash. Raises Damaged."""
        files = self.manifest.files
        for file in files:
            self._verify(file)
        return [self.directory / file.name for file in files]

    def chunks(self, start: int = 0, end: int = FOREVER, rows: int = GROUP_ROWS, *, flow: bool = False) -> Iterator[Chunk]:
        """The rows with a time in [start, end), UTC ms, in order, at most ``rows`` at a time; only those are held.

        flow: with the columns of order flow, NaN where none is stored.
        Each file is compared with its hash before its first row is given, once. Raises Damaged.
        """
        for file in self.manifest.files:
            if file.last >= start and file.first < end:
                self._verify(file)
                yield from read_year(self.directory, file, self.kind, start, end, rows, flow=flow)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Allow ``add``; removes what an interrupted writer left. Raises Busy when another process writes, and OSError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = f"another process writes {self.directory}; wait for its end, then type the same line again"
                raise Busy(text) from None
            self._writable = True
            try:
                self._sweep(self.manifest)
                yield
            finally:
                self._writable = False

    def add(self, chunks: Iterable[Chunk], sources: Sequence[Source] = (), *, fill: bool = False) -> Tally:
        """Store rows whose times rise, year by year; see ``Tally`` for rows that are stored already.

        The rows may have the columns of order flow or not; a year that has any of them keeps them for all its rows.
        sources: the archives whose rows these are, noted in the manifest with the last year. fill: see ``merged``. What was
        stored before an exception stays, and is whole. Holds two chunks and a row group. Raises Damaged, OSError, ValueError
        for disorder.
        """
        assert self._writable, "add belongs inside `with series.locked()`"
        whole = Tally()
        for year, pieces in groupby(split_by_year(chunks), key=itemgetter(0)):
            whole.add(self._add_year(year, (piece for _, piece in pieces if rows_of(piece)), fill=fill))
        if sources:
            manifest = self.manifest
            known = {source.name: source for source in (*manifest.sources, *sources)}
            noted = tuple(known[name] for name in sorted(known))
            write_manifest(self.directory, msgspec.structs.replace(manifest, sources=noted))
        return whole

    def _add_year(self, year: int, pieces: Iterator[Chunk], *, fill: bool) -> Tally:
        manifest = self.manifest
        stored: Iterator[Chunk] = iter(())
        first = next(pieces, None)
        if first is None:
            return Tally()
        flow = len(first) > len(columns_of(self.kind))
        for file in manifest.files:
            if file.year == year:
                self._verify(file)
                flow = flow or has_flow(self.directory, file, self.kind)
                stored = read_year(self.directory, file, self.kind, 0, FOREVER, GROUP_ROWS, flow=flow)
        tally = Tally()
        added: Iterator[Chunk] = chain([first], pieces)
        if flow:
            added = (widened(piece, self.kind) for piece in added)
        written = write_year(self.directory, self.symbol, self.kind, year, merged(stored, added, tally, fill=fill))
        self._verified.add(written.sha256)
        files = {file.year: file for file in manifest.files} | {year: written}
        manifest = msgspec.structs.replace(manifest, files=tuple(files[each] for each in sorted(files)))
        write_manifest(self.directory, manifest)
        self._sweep(manifest)
        return tally

    def _verify(self, file: YearFile) -> None:
        if file.sha256 not in self._verified:
            verify(self.directory, file)
            self._verified.add(file.sha256)

    def _sweep(self, manifest: Manifest) -> None:
        """Delete what no manifest names: half-written files, and those that were replaced."""
        named = {file.name for file in manifest.files}
        for path in self.directory.iterdir():
            if path.name.startswith(UNFINISHED) or (path.suffix == ".parquet" and path.name not in named):
                with suppress(FileNotFoundError):
                    path.unlink()
