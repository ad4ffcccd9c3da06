"""Reports on the quality of one stored series: gaps, disorder, impossible numbers, outliers, silent runs, jumps.

Read in blocks; the lists are bounded, the counts are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import numpy as np

from services.ingest.files.inspection import number_faults
from shared.candles.kinds import FUNDING, Chunk, Kind, rebatched, rows_of, step_of, timeframe_of
from shared.domain.timeframes import MINUTE

#: Candles that are judged together: the usual range is that of these. A day of minutes.
BLOCK_ROWS: Final = 1_440
#: A candle is an outlier when its range is so many times the block's median, and at least this share of the price.
OUTLIER_TIMES: Final = 30.0
OUTLIER_SHARE: Final = 0.01
#: So many candles in a row without a trade are a silent run.
SILENT_CANDLES: Final = 10
#: The open may differ from the close before it by this share.
JUMP_SHARE: Final = 0.005
#: Funding is paid every eight hours at most; minutes more are the exchange's own delay. The order book is published about
#: twice a minute.
_PAUSES: Final[dict[str, int]] = {FUNDING: 8 * 60 * MINUTE + 5 * MINUTE, "bookDepth": 5 * MINUTE}
_MOST_LISTED: Final = 100


class Spot(msgspec.Struct, frozen=True):
    """A place in the series. at: UTC ms, of the first row concerned. size: in the unit of its list."""

    at: int
    size: float


class Spots(msgspec.Struct):
    """How many places, and the first of them, at most a hundred; ``worst`` is the largest of all."""

    count: int = 0
    worst: Spot | None = None
    first: list[Spot] = msgspec.field(default_factory=list)

    def add(self, at: int, size: float) -> None:
        """Record a place."""
        spot = Spot(at, size)
        self.count += 1
        if self.worst is None or size > self.worst.size:
            self.worst = spot
        if len(self.first) < _MOST_LISTED:
            self.first.append(spot)


class QualityReport(msgspec.Struct, kw_only=True):
    """What was found. first, last: times of the first and last row, UTC ms, -1 without rows.

    gaps: size in rows that are missing (of funding and of the order book: hours without one). disorder: rows whose time
    does not rise. faults: reason → rows. outliers: size in percent of the price. silent: runs without a trade, size in
    candles. jumps: from a close to the next open, size in percent.
    """

    symbol: str
    kind: Kind
    rows: int = 0
    first: int = -1
    last: int = -1
    missing: int = 0
    gaps: Spots = msgspec.field(default_factory=Spots)
    disorder: int = 0
    faults: dict[str, int] = msgspec.field(default_factory=dict)
    outliers: Spots = msgspec.field(default_factory=Spots)
    silent: Spots = msgspec.field(default_factory=Spots)
    jumps: Spots = msgspec.field(default_factory=Spots)

    @property
    def good(self) -> bool:
        """True unless the rows cannot be right. Gaps, outliers, silence and jumps happen on real markets."""
        return not self.disorder and not self.faults


def report_on(symbol: str, kind: Kind, chunks: Iterable[Chunk]) -> QualityReport:
    """Judge a whole series; ``chunks`` in the order of the file."""
    report = QualityReport(symbol=symbol, kind=kind)
    silence = _Silence(report.silent)
    before: Chunk | None = None
    for block in rebatched(chunks, BLOCK_ROWS):
        _look_at_times(report, before, block)
        if timeframe_of(kind) is not None:
            for reason, failing in number_faults(block):
                if count := int(failing.sum()):
                    report.faults[reason] = report.faults.get(reason, 0) + count
            _look_for_outliers(report, block)
            _look_for_jumps(report, before, block)
            silence.look(block)
        before = tuple(column[-1:] for column in block)
    silence.end()
    return report


def _look_at_times(report: QualityReport, before: Chunk | None, block: Chunk) -> None:
    times = block[0]
    report.rows += rows_of(block)
    report.first = int(times[0]) if report.first < 0 else report.first
    report.last = int(times[-1])
    joined = times if before is None else np.concatenate((before[0], times))
    steps = np.diff(joined)
    report.disorder += int((steps <= 0).sum())
    step = step_of(report.kind)
    longest = _PAUSES.get(report.kind, step)
    assert longest is not None, "a kind has a step, or a longest pause"
    for place in np.flatnonzero(steps > longest).tolist():
        pause = int(steps[place])
        if step is None:
            report.gaps.add(int(joined[place]), round(pause / (60 * MINUTE), 2))
        else:
            report.missing += pause // step - 1
            report.gaps.add(int(joined[place]) + step, pause // step - 1)


def _look_for_outliers(report: QualityReport, block: Chunk) -> None:
    times, _, high, low, close, _ = block
    with np.errstate(all="ignore"):  # impossible numbers are counted as faults
        ranges = (high - low) / close
        usual = float(np.nanmedian(ranges)) if rows_of(block) else 0.0
        wide = ranges >= max(OUTLIER_SHARE, OUTLIER_TIMES * usual)
    for place in np.flatnonzero(wide).tolist():
        report.outliers.add(int(times[place]), round(float(ranges[place]) * 100, 3))


def _look_for_jumps(report: QualityReport, before: Chunk | None, block: Chunk) -> None:
    """Only between neighbours: over a gap the price may have gone anywhere."""
    times, opened, close = block[0], block[1], block[4]
    if before is not None:
        times = np.concatenate((before[0], times))
        opened = np.concatenate((before[1], opened))
        close = np.concatenate((before[4], close))
    with np.errstate(all="ignore"):
        moves = np.abs(opened[1:] - close[:-1]) / close[:-1]
        jumped = (moves > JUMP_SHARE) & (np.diff(times) == step_of(report.kind))
    for place in np.flatnonzero(jumped).tolist():
        report.jumps.add(int(times[place + 1]), round(float(moves[place]) * 100, 3))


class _Silence:
    """Finds runs of candles without volume, also over the ends of blocks."""

    def __init__(self, spots: Spots) -> None:
        self._spots = spots
        self._since = -1
        self._count = 0

    def look(self, block: Chunk) -> None:
        """Take the next block."""
        times, still = block[0], block[5] == 0.0
        if not still.any():
            self.end()
            return
        edges = np.flatnonzero(np.diff(still)) + 1
        for begin, stop in zip([0, *edges.tolist()], [*edges.tolist(), len(still)], strict=True):
            if not still[begin]:
                self.end()
                continue
            if not self._count:
                self._since = int(times[begin])
            self._count += stop - begin

    def end(self) -> None:
        """No candle of the run follows."""
        if self._count >= SILENT_CANDLES:
            self._spots.add(self._since, self._count)
        self._count = 0
