"""Rows of a series as chunks, and how many of them a reader or writer holds at once."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from shared.candles.kinds import Chunk, joined
from shared.candles.series import Series
from shared.domain.timeframes import MINUTE

#: 2023-01-01T00:00Z, UTC ms.
NEW_YEAR = 1_672_531_200_000


def candles(count: int, start: int = NEW_YEAR, step: int = MINUTE) -> Chunk:
    """Candles without a gap; the numbers of each tell its time, so that the same candle is always alike."""
    times = start + np.arange(count, dtype=np.int64) * step
    price = 20_000.0 + (times // MINUTE % 997) / 10
    return times, price, price + 5.5, price - 4.5, price + 0.1, 1.0 + (times // MINUTE % 13)


def stored(series: Series, start: int = 0, end: int = 4_102_444_800_000, rows: int = 1_000) -> Chunk:
    """All rows of a span together; none at all is a chunk of nothing."""
    chunks = list(series.chunks(start, end, rows))
    return joined(chunks) if chunks else candles(0)


def alike(one: Chunk, other: Chunk) -> bool:
    """The same rows, to the bit."""
    return all(np.array_equal(left, right) for left, right in zip(one, other, strict=True))


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below a directory that a reader would see, by name."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


class Held:
    """Counts rows that are alive: ``watched`` passes chunks through, ``most`` is how many were held at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    def watched(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        for chunk in chunks:
            own = tuple(np.array(column) for column in chunk)  # views keep these alive
            self.now += len(own[0])
            self.most = max(self.most, self.now)
            weakref.finalize(own[0], self._dropped, len(own[0]))
            yield own
            del own, chunk

    def _dropped(self, rows: int) -> None:
        self.now -= rows
