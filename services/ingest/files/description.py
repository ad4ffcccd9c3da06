"""Describes candle files to a person: what each one is, what its rows say, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.ingest.candle_source import Defect, Repair
from services.ingest.files.dataset import examine
from services.ingest.files.defects import FileDefect
from services.ingest.files.inspection import Inspection
from services.ingest.files.interval import interval_of
from services.ingest.files.members import symbol_named, timeframe_named
from services.ingest.files.reading import AS_THEY_ARE, Reading
from services.ingest.files.times import TIME_RANGE
from shared.domain.timeframes import FINEST, Timeframe

_BATCH_ROWS = 65_536
_MOST_STATED = 100


class FileDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a data set. Texts are empty, and times None, where the file could not be read so far.

    kind: such as ``CSV in zip, commas, without header``.
    columns: the file's own names of time, open, high, low, close and volume.
    time: units that the times have in the file. clock: zones or offsets of times in text.
    first, last: open times of the first and last candle, UTC ms.
    """

    file: str
    kind: str = ""
    columns: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    clock: tuple[str, ...] = ()
    rows: int = 0
    first: int | None = None
    last: int | None = None


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """All that one path stands for. ``symbol``: as the name of its first file tells, None when it tells none.

    interval: length of the candles; None when the rows do not tell.
    defects: what has to be mended, or said, before the files can be read.
    notes: what is missing, and what two files have alike.
    """

    path: str
    symbol: str | None
    interval: Timeframe | None
    files: tuple[FileDescription, ...]
    defects: tuple[Defect, ...]
    notes: tuple[Repair, ...]


def describe(path: Path, reading: Reading = AS_THEY_ARE) -> Description:
    """Read every file of ``path`` as research does: disorder and repetition within a file are defects. Raises nothing."""
    interval: Timeframe | None = None
    denied: tuple[Defect, ...] = ()
    try:
        interval = interval_of(path, "1w", reading=reading)
    except FileDefect as error:
        denied = (error.defect,)
    data = examine(
        path,
        TIME_RANGE[0],
        TIME_RANGE[1],
        repair=False,
        batch_rows=_BATCH_ROWS,
        most_stated=_MOST_STATED,
        interval=interval or FINEST,
        reading=reading,
    )
    defects = data.defects
    if denied and denied[0].reason == "wrong_interval":
        about_times = ("off_minute", "off_interval", "not_one_minute", "wrong_interval")
        defects = (*denied, *(defect for defect in defects if defect.reason not in about_times))
    rows = sum(file.rows for file in data.files)
    if reading.interval is None and _one_moment(data.files):
        interval = None
        text = "one candle does not say how long it is; say --interval 1m (or 5m, 15m, …)"
        lengthless = Defect(file=str(path), row=0, reason="wrong_interval", text=text)
        defects = (*(each for each in defects if each.reason != "off_interval"), lengthless)
    return Description(
        path=str(path),
        symbol=symbol_named(data.files[0].member) if data.files else None,
        interval=interval if rows or not defects else None,
        files=tuple(_described(file) for file in data.files),
        defects=defects,
        notes=() if data.defects else data.repairs,
    )


def _one_moment(files: Sequence[Inspection]) -> bool:
    """Return True when all candles open at one time, and no file's name says how long they are."""
    spans = {file.span for file in files if file.rows}
    first, last = next(iter(spans), (-1, -1))
    return len(spans) == 1 and first == last >= 0 and timeframe_named(files[0].member) is None


def _described(file: Inspection) -> FileDescription:
    if file.layout is None:
        return FileDescription(file=str(file.member))
    packed = f"{file.layout.kind} in {file.packing}" if file.packing else file.layout.kind
    return FileDescription(
        file=str(file.member),
        kind=f"{packed}, {file.layout.detail}" if file.layout.detail else packed,
        columns=file.layout.names,
        time=file.units,
        clock=file.clocks,
        rows=file.rows,
        first=file.span[0] if file.span[0] >= 0 else None,
        last=file.span[1] if file.span[0] >= 0 else None,
    )
