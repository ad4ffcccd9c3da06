"""One reader of both sides of history: the cold one, which is the repository's, and the hot one, of a running system.

What is stored cold is believed; the hot side adds what the cold one does not have, mostly what is newer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from shared.candles.kinds import Chunk, columns_of, rows_of, step_of, widened
from shared.candles.merging import Tally, merged
from shared.candles.series import FOREVER, Series
from shared.candles.year_file import GROUP_ROWS

#: Gives the hot rows with a time in [start, end), UTC ms, in order, with the columns of order flow.
Hot = Callable[[int, int], Iterator[Chunk]]


class Seam(msgspec.Struct, kw_only=True):
    """How both sides fit, as far as they were read.

    cold, hot: rows of each; hot counts those that only it has. differing: rows that both have with other numbers, of which
    the cold ones were taken; first_differing: time of the first, UTC ms, else -1. missing: candles that lack between the
    last cold one and the first hot one behind it; gap: open time of the first of them, UTC ms, else -1.
    """

    cold: int = 0
    hot: int = 0
    differing: int = 0
    first_differing: int = -1
    missing: int = 0
    gap: int = -1


class BothSides:
    """The candles of one series, and those of a hot store beside it. ``seam`` is whole when ``chunks`` came to its end."""

    def __init__(self, series: Series, hot: Hot) -> None:
        self._series = series
        self._hot = hot
        self.seam = Seam()

    def chunks(self, start: int = 0, end: int = FOREVER, rows: int = GROUP_ROWS, *, flow: bool = False) -> Iterator[Chunk]:
        """As ``Series.chunks``, of both sides. Holds two chunks. Raises Damaged, and what the hot side raises."""
        seam, tally = Seam(), Tally()
        width = len(columns_of(self._series.kind))
        cold = _counted(self._series.chunks(start, end, rows, flow=True), seam)
        for chunk in merged(cold, self._beyond(self._hot(start, end), seam), tally):
            yield chunk if flow else chunk[:width]
        seam.hot, seam.differing, seam.first_differing = tally.new, tally.differing, tally.first_differing
        self.seam = seam

    def roll(self) -> Seam:
        """Store cold what only the hot side has; return how they fitted. Again, it stores nothing.

        It belongs inside ``with series.locked()``. What was stored before an exception stays, and is whole. Raises Damaged,
        OSError, and what the hot side raises.
        """
        seam = Seam(cold=sum(file.rows for file in self._series.manifest.files))
        tally = self._series.add(self._beyond(self._hot(0, FOREVER), seam))
        seam.hot, seam.differing, seam.first_differing = tally.new, tally.differing, tally.first_differing
        return seam

    def _beyond(self, hot: Iterator[Chunk], seam: Seam) -> Iterator[Chunk]:
        """The hot rows; notes whether candles lack between the last cold one and the first of them behind it."""
        files, step = self._series.manifest.files, step_of(self._series.kind)
        last, found = (files[-1].last if files else -1), False
        for chunk in hot:
            place = int(np.searchsorted(chunk[0], last, side="right"))
            if last >= 0 and step is not None and not found and place < rows_of(chunk):
                found = True
                seam.missing = max(0, (int(chunk[0][place]) - last) // step - 1)
                seam.gap = last + step if seam.missing else -1
            yield widened(chunk, self._series.kind)


def _counted(chunks: Iterator[Chunk], seam: Seam) -> Iterator[Chunk]:
    for chunk in chunks:
        seam.cold += rows_of(chunk)
        yield chunk
