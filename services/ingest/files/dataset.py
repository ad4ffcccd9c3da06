"""Several files of one symbol as one table: put in order by their times, merged where they overlap.

Only one batch of each file that overlaps with the present one is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.ingest.candle_source import Defect, Repair
from services.ingest.files.defects import FileDefect
from services.ingest.files.findings import Chunk, alike, gap_text
from services.ingest.files.inspection import Inspection, inspect, sorted_chunks
from services.ingest.files.members import fingerprint, members_of, symbol_as_written, symbol_named
from services.ingest.files.reading import AS_THEY_ARE, Reading
from shared.domain.timeframes import DURATION, FINEST, Timeframe

_MORE: Final = "further statements are left out"


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a set of files after its examination. ``path``: as the user wrote it.

    files: in order of their first candles. first, last: open times of the first and last candle within the span asked for,
    UTC ms; -1 when there is none. overlapping: the files have to be merged.
    """

    path: Path
    reading: Reading
    files: tuple[Inspection, ...]
    first: int
    last: int
    overlapping: bool
    defects: tuple[Defect, ...]
    repairs: tuple[Repair, ...]

    @property
    def changed(self) -> list[Inspection]:
        """The files that are no longer what was examined."""
        return [file for file in self.files if fingerprint(file.member.path) != file.fingerprint]


def examine(
    path: Path,
    start: int,
    end: int,
    *,
    repair: bool,
    batch_rows: int,
    most_stated: int,
    interval: Timeframe = FINEST,
    reading: Reading = AS_THEY_ARE,
) -> DataSet:
    """Examine every file that ``path`` stands for, and how they fit together; see ``inspection.inspect`` for the options.

    A candle that two files have alike is dropped once and stated; one that they have with other numbers is a defect.
    """
    try:
        members = members_of(path)
    except FileDefect as error:
        return DataSet(
            path=path, reading=reading, files=(), first=-1, last=-1, overlapping=False, defects=(error.defect,), repairs=()
        )
    files = [
        inspect(
            member, start, end, repair=repair, batch_rows=batch_rows, most_stated=most_stated,
            interval=interval, reading=reading, alone=len(members) == 1,
        )
        for member in members
    ]  # fmt: skip
    files.sort(key=lambda file: file.span)
    defects = [defect for file in files for defect in file.defects]
    symbols = {symbol: symbol_as_written(member) for member in members if (symbol := symbol_named(member)) is not None}
    if len(symbols) > 1:
        named = sorted(symbols)[:5]
        example = _pattern(path, symbols[named[0]])
        text = f"its files are named {', '.join(named)}; give those of one symbol, for example {example}"
        defects.insert(0, Defect(file=str(path), row=0, reason="mixed_symbols", text=text))
    repairs = [repair for file in files for repair in file.repairs]
    overlapping = any(later.span[0] <= earlier.span[1] for earlier, later in pairwise(files))
    inside = [file for file in files if file.first >= 0]
    found = DataSet(
        path=path,
        reading=reading,
        files=tuple(files),
        first=min((file.first for file in inside), default=-1),
        last=max((file.last for file in inside), default=-1),
        overlapping=overlapping,
        defects=tuple(defects),
        repairs=tuple(repairs),
    )
    if defects or len(files) == 1:
        return found
    if overlapping:
        kept = [repair for repair in repairs if repair.what != "gap"]
        contradictions, more = _compared(found, DURATION[interval], batch_rows, most_stated)
        return msgspec.structs.replace(found, defects=contradictions, repairs=_bounded([*kept, *more], most_stated))
    for earlier, later in pairwise(files):
        step = later.span[0] - earlier.span[1]
        if step > DURATION[interval]:
            text = gap_text(earlier.span[1], step, DURATION[interval])
            repairs.append(Repair(file=str(later.member), row=1, what="gap", text=text))
    return msgspec.structs.replace(found, repairs=_bounded(repairs, most_stated))


def chunks_of(data: DataSet, rows: int) -> Iterator[Chunk]:
    """The candles of all files in order, each once. Raises FileDefect."""
    if not data.overlapping:
        for file in data.files:
            yield from sorted_chunks(file, rows, data.reading)
        return
    for chunk, _ in _merged(data.files, rows, data.reading):
        new = np.diff(chunk[0], prepend=-1) > 0
        yield chunk if new.all() else tuple(column[new] for column in chunk)


def _merged(files: Sequence[Inspection], rows: int, reading: Reading) -> Iterator[tuple[Chunk, NDArray[np.int64]]]:
    """Blocks in time order, and the file (its place) that each row is of. Equal times are always in one block."""
    waiting = list(range(len(files)))
    streams: dict[int, Iterator[Chunk]] = {}
    heads: dict[int, Chunk] = {}
    while waiting or heads:
        horizon = min((int(head[0][-1]) for head in heads.values()), default=-1)
        while waiting and (not heads or files[waiting[0]].span[0] <= horizon):
            place = waiting.pop(0)
            streams[place] = sorted_chunks(files[place], rows, reading)
            heads[place] = next(streams[place])
            horizon = min(int(head[0][-1]) for head in heads.values())
        parts, sources = [], []
        for place, head in sorted(heads.items()):
            count = int(np.searchsorted(head[0], horizon, side="right"))
            if count:
                parts.append(tuple(column[:count] for column in head))
                sources.append(np.full(count, place))
            left: Chunk | None = tuple(column[count:] for column in head) if count < len(head[0]) else None
            left = next(streams[place], None) if left is None else left
            if left is None:
                del heads[place]
            else:
                heads[place] = left
        together = tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
        order = np.argsort(together[0], kind="stable")
        yield tuple(column[order] for column in together), np.concatenate(sources)[order]


def _compared(data: DataSet, duration: int, rows: int, most: int) -> tuple[tuple[Defect, ...], list[Repair]]:
    """Contradictions between files, and the statements about them: what was dropped from which, what is missing in all."""
    names = [str(file.member) for file in data.files]
    read = [0] * len(names)
    dropped: dict[int, tuple[int, int]] = {}
    against: dict[int, Defect] = {}
    gaps: list[Repair] = []
    before = -1
    for chunk, sources in _merged(data.files, rows, data.reading):
        times = chunk[0]
        own_rows = np.empty(len(times), np.int64)
        for place in np.unique(sources).tolist():
            mine = sources == place
            own_rows[mine] = np.arange(read[place] + 1, read[place] + 1 + int(mine.sum()))
            read[place] += int(mine.sum())
        steps = np.diff(times, prepend=before if before >= 0 else times[0] - duration)
        same = np.logical_and.reduce([alike(column, np.roll(column, 1)) for column in chunk[1:]])
        for at in np.flatnonzero(steps == 0).tolist():
            place, row = int(sources[at]), int(own_rows[at])
            if same[at]:
                first, count = dropped.get(place, (row, 0))
                dropped[place] = (first, count + 1)
            elif place not in against:
                other = names[int(sources[at - 1])]
                text = f"the candle of {_shown(int(times[at]))} has other numbers than in {other}; remove one of the two"
                against[place] = Defect(file=names[place], row=row, reason="conflicting_duplicate", text=text)
        for at in np.flatnonzero(steps > duration).tolist()[: most + 1]:
            text = gap_text(int(times[at] - steps[at]), int(steps[at]), duration)
            gaps.append(Repair(file=names[int(sources[at])], row=int(own_rows[at]), what="gap", text=text))
        before = int(times[-1])
    stated = [
        Repair(
            file=names[place], row=row, what="duplicates_dropped",
            text=f"{count} candles from here on are in another file as well, alike, and were dropped",
        )
        for place, (row, count) in sorted(dropped.items())
    ]  # fmt: skip
    return tuple(against.values()), [*stated, *gaps]


def _bounded(repairs: list[Repair], most: int) -> tuple[Repair, ...]:
    if len(repairs) <= most + 1:
        return tuple(repairs)
    more = Repair(file=repairs[most].file, row=0, what="more", text=f"{len(repairs) - most} {_MORE}")
    return (*repairs[:most], more)


def _shown(time: int) -> str:
    return f"{np.datetime64(time, 'ms').astype('datetime64[m]')}Z"


def _pattern(path: Path, beginning: str) -> str:
    return f"'{path / f'{beginning}*'}'" if path.is_dir() else f"'{beginning}*'"
