"""What an examination of one file found: defects, one of each kind, and repairs, up to a bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.ingest.candle_source import Defect, DefectReason, Repair, RepairKind
from shared.domain.timeframes import MINUTE

#: Open time, open, high, low, close, volume: equally long arrays.
Chunk = tuple[NDArray[Any], ...]

_ADVICE: Final[dict[DefectReason, str]] = {
    "not_finite": "NaN or infinite; delete the row (a gap is allowed)",
    "not_positive": "a price is zero or negative; delete the row (a gap is allowed)",
    "negative_volume": "the volume is negative; delete the row (a gap is allowed)",
    "out_of_range": "a number is larger than any market's; delete the row (a gap is allowed)",
    "inverted": "high and low do not enclose open and close; delete the row (a gap is allowed)",
    "off_minute": "open_time is not a whole minute; use the opening times of one-minute candles",
    "off_interval": "open_time lies between those of the file's other candles; delete the row (a gap is allowed)",
    "unsorted": "earlier than the row before, and repairs are not allowed here; sort the file by open_time",
    "duplicate": "the same candle again, and repairs are not allowed here; delete the row",
    "conflicting_duplicate": "the same minute again with other numbers; delete the wrong one",
    "empty": "the file has no rows; write it again",
}


class Findings:
    """Collects for one file. A million bad rows are one defect: the first of them, and how many more."""

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self._first: dict[DefectReason, tuple[int, str]] = {}
        self._count: dict[DefectReason, int] = {}
        self._repairs: list[Repair] = []
        self._left_out = 0

    def rows(self, reason: DefectReason, rows: NDArray[np.int64], text: str = "") -> None:
        """These data rows have the defect; nothing happens when there are none."""
        if len(rows):
            self._first.setdefault(reason, (int(rows[0]), text or _ADVICE[reason]))
            self._count[reason] = self._count.get(reason, 0) + len(rows)

    def file(self, reason: DefectReason, text: str = "") -> None:
        """The whole file has the defect."""
        self._first.setdefault(reason, (0, text or _ADVICE[reason]))

    def repaired(self, what: RepairKind, row: int, text: str) -> None:
        if len(self._repairs) < self._most:
            self._repairs.append(Repair(file=str(self._path), row=row, what=what, text=text))
        else:
            self._left_out += 1

    def defects(self) -> tuple[Defect, ...]:
        """In row order, those of the whole file first."""
        found = []
        for reason, (row, text) in sorted(self._first.items(), key=lambda item: item[1][0]):
            more = self._count.get(reason, 1) - 1
            said = f"{text} (and {more} more rows)" if more else text
            found.append(Defect(file=str(self._path), row=row, reason=reason, text=said))
        return tuple(found)

    def repairs(self) -> tuple[Repair, ...]:
        if not self._left_out:
            return tuple(self._repairs)
        more = Repair(file=str(self._path), row=0, what="more", text=f"{self._left_out} further statements are left out")
        return (*self._repairs, more)


class Order:
    """The examination of times: is each later than the one before, by how much, and is a repetition an exact one.

    After the last ``look``: ``backward`` rows were earlier than the one before, ``backward_row`` is the first of them;
    ``closest`` is the shortest step forward in ms, 0 when there was none. ``interval``: length of a candle in ms.
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
        """The next rows; ``rows`` has the data row that each of them came from. Empty chunks are not allowed."""
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
            lost = (int(steps[place]) - self._interval) // MINUTE
            last_minute = np.datetime64(int(joined[0][place]), "ms").astype("datetime64[m]")
            self._findings.repaired("gap", int(rows[place]), f"{lost} minutes without a candle after {last_minute}Z")
        self._before = tuple(column[-1:] for column in chunk)

    def _repeated(self, joined: Chunk, again: NDArray[np.bool_], rows: NDArray[np.int64]) -> None:
        if not again.any():
            return
        same = np.logical_and.reduce([column[1:] == column[:-1] for column in joined])
        self._findings.rows("conflicting_duplicate", rows[again & ~same])
        exact = rows[again & same]
        if not self._repair:
            self._findings.rows("duplicate", exact)
        elif len(exact):
            text = f"{len(exact)} rows from here repeat the candle before them and were dropped"
            self._findings.repaired("duplicates_dropped", int(exact[0]), text)
