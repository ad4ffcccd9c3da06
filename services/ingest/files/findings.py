"""Collects what an examination of one file finds: defects, one of each kind, and repairs, up to a bound."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.ingest.candle_source import Defect, DefectReason, Repair, RepairKind
from shared.domain.timeframes import MINUTE

#: Open time, open, high, low, close, volume, taker buy volume, trades: equally long arrays; NaN: the file does not tell.
Chunk = tuple[NDArray[Any], ...]

_ADVICE: Final[dict[DefectReason, str]] = {
    "not_finite": "NaN or infinite; delete the row (a gap is allowed)",
    "not_positive": "a price is zero or negative; delete the row (a gap is allowed)",
    "negative_volume": "the volume is negative; delete the row (a gap is allowed)",
    "flow_out_of_range": "takers bought more than was traded, or a number below zero; delete the row (a gap is allowed)",
    "out_of_range": "a number is larger than any market's; delete the row (a gap is allowed)",
    "inverted": "high and low do not enclose open and close; delete the row (a gap is allowed)",
    "off_minute": "{time} is not a whole minute; use the opening times of one-minute candles",
    "off_interval": "{time} lies between those of the file's other candles; delete the row (a gap is allowed)",
    "unsorted": "earlier than the row before; sort the file by {time} (`ict demo`, `replay`, `simulator` do it themselves)",
    "duplicate": "the same candle again; delete the row (`ict demo`, `replay` and `simulator` leave it out themselves)",
    "conflicting_duplicate": "the same minute again with other numbers; delete the wrong one",
    "empty": "the file has no rows; write it again",
}


class Findings:
    """Defects and repairs of one file. A million bad rows are one defect: the first of them, and how many more.

    file: its name in messages. most: repairs stated at most. time: what the file calls its column of opening times.
    """

    def __init__(self, file: object, most: int, time: str = "open_time") -> None:
        self._file = str(file)
        self._most = most
        self.time = time
        self._first: dict[DefectReason, tuple[int, str]] = {}
        self._count: dict[DefectReason, int] = {}
        self._repairs: list[Repair] = []
        self._left_out = 0

    def rows(self, reason: DefectReason, rows: NDArray[np.int64], text: str = "") -> None:
        """Record a defect of these data rows (1-based); does nothing when there are none."""
        if len(rows):
            self._first.setdefault(reason, (int(rows[0]), text or self._advice(reason)))
            self._count[reason] = self._count.get(reason, 0) + len(rows)

    def file(self, reason: DefectReason, text: str = "") -> None:
        """Record a defect of the whole file."""
        self._first.setdefault(reason, (0, text or self._advice(reason)))

    def repaired(self, what: RepairKind, row: int, text: str) -> None:
        """Record a repair, or count it where the bound is reached."""
        if len(self._repairs) < self._most:
            self._repairs.append(Repair(file=self._file, row=row, what=what, text=text))
        else:
            self._left_out += 1

    def defects(self) -> tuple[Defect, ...]:
        """Every defect, in row order, those of the whole file first."""
        found = []
        for reason, (row, text) in sorted(self._first.items(), key=lambda item: item[1][0]):
            more = self._count.get(reason, 1) - 1
            said = f"{text} (and {more} more rows)" if more else text
            found.append(Defect(file=self._file, row=row, reason=reason, text=said))
        return tuple(found)

    def repairs(self) -> tuple[Repair, ...]:
        """Every repair in the order in which it was recorded; at most the bound, and one that counts the others."""
        if not self._left_out:
            return tuple(self._repairs)
        more = Repair(file=self._file, row=0, what="more", text=f"{self._left_out} further statements are left out")
        return (*self._repairs, more)

    def _advice(self, reason: DefectReason) -> str:
        return _ADVICE[reason].format(time=self.time or "the first column")


class Order:
    """Examines the order of a file's rows: is each later than the one before, by how much, is a repetition an exact one.

    interval: length of a candle, ms. backward: rows so far that are earlier than the one before; backward_row: the first
    of them. closest: shortest step forward so far, ms; 0 when there was none.
    """

    def __init__(self, findings: Findings, repair: bool, interval: int = MINUTE) -> None:
        self._findings = findings
        self._repair = repair
        self._interval = interval
        self._before: Chunk | None = None
        self.backward = 0
        self.backward_row = 0
        self.closest = 0

    def look(self, chunk: Chunk, rows: NDArray[np.int64]) -> None:
        """Examine the next rows, at least one; ``rows`` has the data row (1-based) that each of them came from."""
        before = self._before
        if before is None:
            # The first row has none before it: let it follow a candle that differs from it in nothing but the time.
            before = (chunk[0][:1] - self._interval, *(column[:1] for column in chunk[1:]))
        joined = tuple(np.concatenate((last, column)) for last, column in zip(before, chunk, strict=True))
        steps = np.diff(joined[0])
        own = steps[1:] if self._before is None else steps
        forward = own[own > 0]
        if len(forward):
            smallest = int(forward.min())
            self.closest = min(self.closest, smallest) if self.closest else smallest
        backward = rows[steps < 0]
        if len(backward) and not self.backward:
            self.backward_row = int(backward[0])
        self.backward += len(backward)
        self._repeated(joined, steps == 0, rows)
        for place in np.flatnonzero(steps > self._interval).tolist():
            text = gap_text(int(joined[0][place]), int(steps[place]), self._interval)
            self._findings.repaired("gap", int(rows[place]), text)
        self._before = tuple(column[-1:] for column in chunk)

    def _repeated(self, joined: Chunk, again: NDArray[np.bool_], rows: NDArray[np.int64]) -> None:
        if not again.any():
            return
        same = np.logical_and.reduce([alike(column[1:], column[:-1]) for column in joined])
        self._findings.rows("conflicting_duplicate", rows[again & ~same])
        exact = rows[again & same]
        if not self._repair:
            self._findings.rows("duplicate", exact)
        elif len(exact):
            text = f"{len(exact)} rows from here repeat the candle before them and were dropped"
            self._findings.repaired("duplicates_dropped", int(exact[0]), text)


def alike(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two columns have the same number, or one of them has none."""
    same: NDArray[np.bool_] = ~(np.abs(one - other) > 0)
    return same


def gap_text(before: int, step: int, interval: int) -> str:
    """The statement of a gap: ``step`` ms lie between the candle that opened at ``before`` and the next one."""
    last_minute = np.datetime64(before, "ms").astype("datetime64[m]")
    return f"{(step - interval) // MINUTE} minutes without a candle after {last_minute}Z"
