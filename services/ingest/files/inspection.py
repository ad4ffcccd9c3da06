"""The examination of a candle file before anything of it is played: what is wrong, what can be put right (DATA-3).

A file is read once, batch by batch; only when its rows are out of order is it read whole, to be sorted. The judgement on
numbers is the quality gate's, on columns instead of candles; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.ingest.candle_source import Defect, Repair
from services.ingest.files.findings import Chunk, Findings, Order
from services.ingest.files.readers import FileDefect, read_columns
from services.ingest.quality import PRICE_LIMIT, VOLUME_LIMIT, NumberFault
from shared.domain.timeframes import DURATION, FINEST, MINUTE, Timeframe, open_time

NUMBERS: Final = ("open", "high", "low", "close", "volume")
#: Epoch milliseconds of 1973 … 2099. Seconds, micro- and nanoseconds of our century lie outside.
TIME_RANGE: Final = (10**11, 4_102_444_800_000)


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file. ``first``, ``last``: open times of its first and last candle within the span asked for.

    Both are -1 when it has none there. ``fingerprint``: size and modification time, to notice a change between examination
    and playing.
    """

    path: Path
    first: int
    last: int
    in_order: bool
    defects: tuple[Defect, ...]
    repairs: tuple[Repair, ...]
    fingerprint: tuple[int, int]


def fingerprint(path: Path) -> tuple[int, int]:
    """Size and modification time (ns); zeros when there is no such file."""
    if not path.is_file():
        return 0, 0
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def inspect(
    path: Path,
    start: int,
    end: int,
    *,
    repair: bool,
    batch_rows: int,
    most_stated: int,
    interval: Timeframe = FINEST,
) -> Inspection:
    """Examine one file. ``start``, ``end``: the span asked for, open time of its first and close time of its last candle."""
    duration = DURATION[interval]
    mark = fingerprint(path)
    findings = Findings(path, most_stated)
    order = Order(findings, repair, duration)
    rows, first, last, in_order = 0, -1, -1, True
    unreadable: tuple[Defect, ...] = ()
    try:
        for chunk in read_chunks(path, batch_rows):
            times = chunk[0]
            numbers = np.arange(rows + 1, rows + 1 + len(times))
            rows += len(times)
            if not len(times) or not _plausible_times(findings, times, numbers, interval):
                continue
            for reason, failing in number_faults(chunk):
                findings.rows(reason, numbers[failing])
            order.look(chunk, numbers)
            inside = times[(times >= start) & (times <= end - duration)]
            if len(inside):
                first = int(inside.min()) if first < 0 else min(first, int(inside.min()))
                last = max(last, int(inside.max()))
        if rows == 0:
            findings.file("empty")
        in_order = comparable = order.backward == 0
        if not in_order and not repair:
            findings.rows("unsorted", np.array([order.backward_row]))
        elif not in_order and not findings.defects():
            findings, order = _inspect_sorted(path, batch_rows, most_stated, order, duration)
            comparable = True
        if interval == FINEST and comparable and order.closest > MINUTE:
            text = f"the candles are at least {order.closest // MINUTE} minutes apart; give a file of one-minute candles"
            findings.file("not_one_minute", text)
    except FileDefect as error:
        unreadable = (error.defect,)
    return Inspection(
        path=path,
        first=first,
        last=last,
        in_order=in_order,
        defects=(*unreadable, *findings.defects()),
        repairs=findings.repairs(),
        fingerprint=mark,
    )


def number_faults(chunk: Chunk) -> Iterator[tuple[NumberFault, NDArray[np.bool_]]]:
    """For each reason the rows it applies to, each row once at most: ``quality.number_fault`` on columns."""
    _, opened, high, low, close, volume = chunk
    highest = np.maximum.reduce((opened, high, low, close))
    lowest = np.minimum.reduce((opened, high, low, close))
    left = np.ones(len(opened), dtype=np.bool_)
    tests: tuple[tuple[NumberFault, NDArray[np.bool_]], ...] = (
        ("not_finite", ~(np.isfinite(highest) & np.isfinite(lowest) & np.isfinite(volume))),
        ("not_positive", lowest <= 0.0),
        ("negative_volume", volume < 0.0),
        ("out_of_range", (highest >= PRICE_LIMIT) | (volume >= VOLUME_LIMIT)),
        ("inverted", (highest > high) | (lowest < low)),
    )
    for reason, failing in tests:
        yield reason, failing & left
        left &= ~failing


def read_chunks(path: Path, rows: int) -> Iterator[Chunk]:
    """The file as it is. Raises FileDefect."""
    for columns in read_columns(path, "open_time", NUMBERS, rows):
        yield (columns["open_time"], *(columns[name] for name in NUMBERS))


def sorted_chunks(inspection: Inspection, rows: int) -> Iterator[Chunk]:
    """The file in order and without duplicates; in memory as a whole only when it has to be sorted."""
    chunks = read_chunks(inspection.path, rows)
    if not inspection.in_order:
        whole = _sorted(list(chunks))[1]
        chunks = (tuple(column[at : at + rows] for column in whole) for at in range(0, len(whole[0]), rows))
    before = -1
    for chunk in chunks:
        if len(chunk[0]):
            new = np.diff(chunk[0], prepend=before) > 0
            before = int(chunk[0][-1])
            yield chunk if new.all() else tuple(column[new] for column in chunk)


def _inspect_sorted(path: Path, batch_rows: int, most_stated: int, found: Order, interval: int) -> tuple[Findings, Order]:
    """The statements about a file that has to be sorted: neighbours, and so gaps and duplicates, are others now."""
    findings = Findings(path, most_stated)
    text = f"{found.backward} rows, this one first, were earlier than the row before; the file was sorted"
    findings.repaired("sorted", found.backward_row, text)
    order = Order(findings, repair=True, interval=interval)
    rows, chunk = _sorted(list(read_chunks(path, batch_rows)))
    order.look(chunk, rows)
    return findings, order


def _plausible_times(findings: Findings, times: NDArray[np.int64], numbers: NDArray[np.int64], interval: Timeframe) -> bool:
    wrong = (times < TIME_RANGE[0]) | (times >= TIME_RANGE[1])
    if wrong.any():
        example = int(times[wrong][0])
        guess = "no time of this century"
        if example >= 10**17:
            guess = "nanoseconds: divide it by 1000000"
        elif example >= TIME_RANGE[1]:
            guess = "microseconds: divide it by 1000"
        elif example >= 10**8:
            guess = "seconds: multiply it by 1000"
        text = f"open_time {example} is not in milliseconds; it looks like {guess}"
        findings.rows("wrong_time_unit", numbers[wrong], text)
        return False
    duration = DURATION[interval]
    off = (times - open_time(0, interval)) % duration != 0
    findings.rows("off_minute" if interval == FINEST else "off_interval", numbers[off])
    return True


def _sorted(chunks: list[Chunk]) -> tuple[NDArray[np.int64], Chunk]:
    """The data rows and the columns in time order; equal times keep the file's order."""
    whole = tuple(np.concatenate(columns) for columns in zip(*chunks, strict=True))
    places = np.argsort(whole[0], kind="stable")
    return places + 1, tuple(column[places] for column in whole)
