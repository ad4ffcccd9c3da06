"""Reads an archive's rows in order; an archive that holds anything else than its span promises is refused whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from services.ingest.candle_source import Defect
from services.ingest.files.defects import FileDefect
from services.ingest.files.inspection import inspect, sorted_chunks
from services.ingest.files.members import Member, members_of
from services.ingest.files.readers import read_columns
from services.ingest.files.reading import Reading
from services.ingest.history.archives import Archive
from services.ingest.history.importing import in_order
from services.ingest.history.published import published_rows
from shared.candles.kinds import FUNDING, Chunk, columns_of, rows_of, timeframe_of
from shared.domain.timeframes import Timeframe

_BATCH_ROWS: Final = 16_384


def rows_of_archive(archive: Archive, path: Path) -> tuple[int, Iterator[Chunk]]:
    """How many rows the archive has, and they in order, each time once. The file is examined whole before.

    Raises FileDefect for what cannot be read, or is not what the archive's name says.
    """
    members = members_of(path)
    if len(members) != 1:
        raise FileDefect(path, "unreadable", f"it holds {len(members)} files, and one is due; download it again")
    if archive.kind == FUNDING:
        return _rates(archive, members[0])
    timeframe = timeframe_of(archive.kind)
    if timeframe is not None:
        return _candles(archive, timeframe, members[0])
    whole = published_rows(archive, members[0])
    _refuse_other_days(archive, members[0], int(whole[0][0]), int(whole[0][-1]))
    return rows_of(whole), iter([whole])


def _candles(archive: Archive, timeframe: Timeframe, member: Member) -> tuple[int, Iterator[Chunk]]:
    reading = Reading(interval=timeframe)
    found = inspect(
        member, archive.start, archive.end,
        repair=True, batch_rows=_BATCH_ROWS, most_stated=1, interval=timeframe, reading=reading,
    )  # fmt: skip
    if found.defects:
        raise _failed(found.defects[0])
    _refuse_other_days(archive, member, *found.span)
    return found.rows, sorted_chunks(found, _BATCH_ROWS, reading)


def _rates(archive: Archive, member: Member) -> tuple[int, Iterator[Chunk]]:
    """A month has some hundred payments at most: they are read whole."""
    time, rate = columns_of(FUNDING)
    chunks = [(batch[time], batch[rate]) for batch in read_columns(member, time, (rate,), _BATCH_ROWS)]
    whole = in_order(member, chunks)
    times = whole[0]
    _refuse_other_days(archive, member, int(times[0]), int(times[-1]))
    return rows_of(whole), iter([whole])


def _refuse_other_days(archive: Archive, member: Member, first: int, last: int) -> None:
    if first < archive.start or last >= archive.end:
        other = first if first < archive.start else last
        shown = f"{np.datetime64(other, 'ms').astype('datetime64[m]')}Z"
        text = f"it is the archive of {archive.period} and has a row of {shown}; download it again, or report it"
        raise FileDefect(member, "out_of_range", text)


def _failed(defect: Defect) -> FileDefect:
    return FileDefect(defect.file, defect.reason, defect.text, defect.row)
