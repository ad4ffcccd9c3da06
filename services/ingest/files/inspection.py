"""Examines one file before anything of it is played: what is wrong, what can be put right.

A file is read once, batch by batch; only when its rows are out of order is it read whole, to be sorted. The judgement on
numbers is the quality gate's, on columns instead of candles; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.ingest.candle_source import Defect, Repair
from services.ingest.files.defects import FileDefect
from services.ingest.files.findings import Chunk, Findings, Order
from services.ingest.files.members import Member, fingerprint, interval_named
from services.ingest.files.readers import CandleFile
from services.ingest.files.reading import AS_THEY_ARE, CANDLE_COLUMNS, FLOW_COLUMNS, Reading
from services.ingest.files.table import Layout
from services.ingest.files.times import TIME_RANGE
from services.ingest.quality import PRICE_LIMIT, VOLUME_LIMIT, NumberFault
from shared.domain.timeframes import DURATION, FINEST, MINUTE, Timeframe, open_time

TIME: Final = CANDLE_COLUMNS[0]
NUMBERS: Final = CANDLE_COLUMNS[1:]


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a file after its examination.

    span: open times of its first and last candle, UTC ms. first, last: the same within the span asked for, -1 when it has
    none there. in_order: its rows can be played as they stand. fingerprint: size and modification time, to notice a change
    between examination and playing. layout, packing, units, clocks: what the file is; empty when it cannot be read.
    flow: which of the columns of order flow it has.
    """

    member: Member
    rows: int
    span: tuple[int, int]
    first: int
    last: int
    in_order: bool
    defects: tuple[Defect, ...]
    repairs: tuple[Repair, ...]
    fingerprint: tuple[int, int]
    layout: Layout | None
    packing: str
    units: tuple[str, ...]
    clocks: tuple[str, ...]
    flow: tuple[str, ...] = ()


def inspect(
    member: Member,
    start: int,
    end: int,
    *,
    repair: bool,
    batch_rows: int,
    most_stated: int,
    interval: Timeframe = FINEST,
    reading: Reading = AS_THEY_ARE,
    alone: bool = True,
) -> Inspection:
    """Examine one file; every defect is in the result, none is raised.

    start, end: the span asked for: open time of its first and close time of its last candle, UTC ms.
    repair: sort the rows and drop exact duplicates, instead of refusing them. most_stated: repairs stated at most.
    alone: the file is a whole data set.
    """
    duration = DURATION[interval]
    mark = fingerprint(member.path)
    findings = Findings(member, most_stated)
    order = Order(findings, repair, duration)
    rows, first, last, in_order = 0, -1, -1, True
    span = (-1, -1)
    file: CandleFile | None = None
    unreadable: tuple[Defect, ...] = ()
    try:
        file = _opened(member, reading)
        findings.time = file.layout.names[0]
        for chunk in _chunks(file, batch_rows):
            times = chunk[0]
            numbers = np.arange(rows + 1, rows + 1 + len(times))
            rows += len(times)
            if not len(times) or not _plausible_times(findings, times, numbers, interval):
                continue
            for reason, failing in number_faults(chunk):
                findings.rows(reason, numbers[failing])
            findings.rows("flow_out_of_range", numbers[flow_faults(chunk)])
            order.look(chunk, numbers)
            span = _widened(span, times)
            inside = times[(times >= start) & (times <= end - duration)]
            if len(inside):
                first, last = _widened((first, last), inside)
        if rows == 0:
            findings.file("empty")
        in_order = comparable = order.backward == 0
        if not in_order and not repair:
            findings.rows("unsorted", np.array([order.backward_row]))
        elif not in_order and not findings.defects():
            findings, order = _inspect_sorted(member, batch_rows, most_stated, order, duration, reading)
            comparable = True
        if comparable:
            _doubt_interval(findings, member, order, interval, reading, enough=alone or rows > 2)
    except FileDefect as error:
        unreadable = (error.defect,)
    return Inspection(
        member=member,
        rows=rows,
        span=span,
        first=first,
        last=last,
        in_order=in_order,
        defects=(*unreadable, *findings.defects()),
        repairs=findings.repairs(),
        fingerprint=mark,
        layout=None if file is None else file.layout,
        packing="" if file is None else file.packing,
        units=() if file is None else tuple(sorted(file.times.units)),
        clocks=() if file is None else tuple(sorted(file.times.clocks)),
        flow=() if file is None else file.found,
    )


def number_faults(chunk: Chunk) -> Iterator[tuple[NumberFault, NDArray[np.bool_]]]:
    """For each reason the rows it applies to, each row once at most: ``quality.number_fault`` on columns."""
    _, opened, high, low, close, volume = chunk[:6]
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


def flow_faults(chunk: Chunk) -> NDArray[np.bool_]:
    """The rows whose order flow cannot be theirs; the last digit of what a program has computed is no fault."""
    volume, bought, trades = chunk[5:8]
    return (bought < 0.0) | (bought > volume * (1.0 + 1e-9)) | (trades < 0.0) | (trades >= 2.0**53)


def sorted_chunks(inspection: Inspection, rows: int, reading: Reading = AS_THEY_ARE) -> Iterator[Chunk]:
    """The file in order and without duplicates; in memory as a whole only when it has to be sorted. Raises FileDefect."""
    chunks = _chunks(_opened(inspection.member, reading), rows)
    if not inspection.in_order:
        whole = _sorted(list(chunks))[1]
        chunks = (tuple(column[at : at + rows] for column in whole) for at in range(0, len(whole[0]), rows))
    before = -1
    for chunk in chunks:
        if len(chunk[0]):
            new = np.diff(chunk[0], prepend=before) > 0
            before = int(chunk[0][-1])
            yield chunk if new.all() else tuple(column[new] for column in chunk)


def _opened(member: Member, reading: Reading) -> CandleFile:
    return CandleFile(member, TIME, NUMBERS, reading, FLOW_COLUMNS)


def _chunks(file: CandleFile, rows: int) -> Iterator[Chunk]:
    for columns in file.batches(rows):
        flow = (columns[name] if name in file.found else np.full(len(columns[TIME]), np.nan) for name in FLOW_COLUMNS)
        yield (columns[TIME], *(columns[name] for name in NUMBERS), *flow)


def _inspect_sorted(
    member: Member, batch_rows: int, most_stated: int, found: Order, interval: int, reading: Reading
) -> tuple[Findings, Order]:
    """The statements about a file that has to be sorted: neighbours, and so gaps and duplicates, are others now."""
    file = _opened(member, reading)
    findings = Findings(member, most_stated, file.layout.names[0])
    which = f"{found.backward} rows, this one first, were" if found.backward > 1 else "this row was"
    text = f"{which} earlier than the row before; the rows were sorted"
    findings.repaired("sorted", found.backward_row, text)
    order = Order(findings, repair=True, interval=interval)
    rows, chunk = _sorted(list(_chunks(file, batch_rows)))
    order.look(chunk, rows)
    return findings, order


def _doubt_interval(
    findings: Findings, member: Member, order: Order, interval: Timeframe, reading: Reading, *, enough: bool
) -> None:
    """Refuse candles of another length than is asked for, or than the file's name says. What the user says is believed."""
    if reading.interval is not None:
        return
    if interval == FINEST and order.closest > MINUTE and enough:
        text = (
            f"the candles are at least {order.closest // MINUTE} minutes apart; give a file of one-minute candles, "
            "or say --interval 1m if the other minutes are missing"
        )
        findings.file("not_one_minute", text)
    named = interval_named(member)
    if named not in (None, interval) and order.closest == DURATION[interval]:
        text = (
            f"the name says {named} and the candles are {interval} apart; "
            f"rename the file, or say --interval {interval} if the candles are right"
        )
        findings.file("wrong_interval", text)


def _plausible_times(findings: Findings, times: NDArray[np.int64], numbers: NDArray[np.int64], interval: Timeframe) -> bool:
    wrong = (times < TIME_RANGE[0]) | (times >= TIME_RANGE[1])
    if wrong.any():
        text = (
            f"{findings.time or 'the first column'} {int(times[wrong][0])} is no time between 1973 and 2099 in seconds, "
            "milliseconds, microseconds or nanoseconds since 1970; correct or delete the row"
        )
        findings.rows("wrong_time_unit", numbers[wrong], text)
        return False
    duration = DURATION[interval]
    off = (times - open_time(0, interval)) % duration != 0
    findings.rows("off_minute" if interval == FINEST else "off_interval", numbers[off])
    return True


def _widened(span: tuple[int, int], times: NDArray[np.int64]) -> tuple[int, int]:
    low, high = int(times.min()), int(times.max())
    return (low, high) if span[0] < 0 else (min(span[0], low), max(span[1], high))


def _sorted(chunks: list[Chunk]) -> tuple[NDArray[np.int64], Chunk]:
    """The data rows and the columns in time order; equal times keep the file's order."""
    whole = tuple(np.concatenate(columns) for columns in zip(*chunks, strict=True))
    places = np.argsort(whole[0], kind="stable")
    return places + 1, tuple(column[places] for column in whole)
