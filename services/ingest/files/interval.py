"""Reads the timeframe of candle files from their times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.ingest.files.defects import FileDefect
from services.ingest.files.members import Member, members_of, timeframe_named
from services.ingest.files.readers import read_columns
from services.ingest.files.reading import AS_THEY_ARE, Reading
from services.ingest.files.times import TIME_RANGE
from shared.domain.timeframes import DURATION, MINUTE, Timeframe


def interval_of(path: Path, coarsest: Timeframe, batch_rows: int = 65_536, reading: Reading = AS_THEY_ARE) -> Timeframe:
    """The timeframe of the candles of ``path``, a file or a set of them: the step that most neighbouring rows are apart.

    The most common step, not the shortest: one stray row is then a defect of that row. Where fewer than two times are
    there, the file's name tells, else it is ``coarsest``. What the user says goes before all of that. Raises FileDefect
    ``wrong_interval`` when the step is no timeframe, a longer one than ``coarsest``, or not the same in all files; and
    others for files that cannot be read.
    """
    if reading.interval is not None:
        return _not_coarser(path, reading.interval, coarsest)
    found: dict[Timeframe, Member] = {}
    single: list[int] = []
    members = members_of(path)
    for member in members:
        counts, times = _steps(member, batch_rows, reading)
        if counts:
            timeframe = _timeframe(member, counts, coarsest)
            for other, of in found.items():
                if other != timeframe:
                    text = f"most candles are {timeframe} apart, and those of {of} {other}; give files of one interval"
                    raise FileDefect(member, "wrong_interval", text)
            found[timeframe] = member
        else:
            single += times
    if not found and len(set(single)) > 1:
        found[_timeframe(path, _counted(np.unique(np.array(single))), coarsest)] = members[0]
    named = timeframe_named(members[0])
    if not found and named is not None:
        return _not_coarser(members[0], named, coarsest)
    return next(iter(found), coarsest)


def usual_step(member: Member, reading: Reading = AS_THEY_ARE, batch_rows: int = 65_536) -> int:
    """The step that most neighbouring rows of one file are apart, ms; 0 when it cannot be told. Raises FileDefect."""
    counts, _ = _steps(member, batch_rows, reading)
    return _most_common(counts) if counts else 0


def _steps(member: Member, batch_rows: int, reading: Reading) -> tuple[dict[int, int], list[int]]:
    """Step in ms → how often it was met; and the first times. Nothing for times of no known unit: the examination tells."""
    counts: dict[int, int] = {}
    last = np.empty(0, dtype=np.int64)
    for columns in read_columns(member, "open_time", (), batch_rows, reading):
        times = np.concatenate((last, columns["open_time"]))
        if len(times) and not TIME_RANGE[0] <= times.min() <= times.max() < TIME_RANGE[1]:
            return {}, []
        for step, number in _counted(times).items():
            counts[step] = counts.get(step, 0) + number
        last = times[-1:]
    return counts, last.tolist()


def _counted(times: NDArray[np.int64]) -> dict[int, int]:
    steps, numbers = np.unique(np.abs(np.diff(times)), return_counts=True)
    return {step: number for step, number in zip(steps.tolist(), numbers.tolist(), strict=True) if step}


def _most_common(counts: dict[int, int]) -> int:
    return max(counts, key=lambda step: (counts[step], -step))


def _timeframe(file: object, counts: dict[int, int], coarsest: Timeframe) -> Timeframe:
    usual = _most_common(counts)
    for timeframe, duration in DURATION.items():
        if duration == usual:
            return _not_coarser(file, timeframe, coarsest)
    apart = f"{usual // MINUTE} minutes" if usual % MINUTE == 0 else f"{usual / 1000:g} seconds"
    text = (
        f"most candles are {apart} apart, which is no timeframe; give candles of {', '.join(DURATION)}, "
        "or say --interval if most candles are missing"
    )
    raise FileDefect(file, "wrong_interval", text)


def _not_coarser(file: object, timeframe: Timeframe, coarsest: Timeframe) -> Timeframe:
    if DURATION[timeframe] > DURATION[coarsest]:
        text = f"candles of {timeframe} cannot make candles of {coarsest}; ask for --timeframe {timeframe} or a coarser one"
        raise FileDefect(file, "wrong_interval", text)
    return timeframe
