"""The candles of a source as bytes in memory, for machines that do not have its files."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from research.jobs.by_content import Piece
from services.ingest.candle_source import CandleSource
from shared.domain.candles import RawCandle

#: Minutes that are packed, and become objects again, at a time.
_AT_ONCE: Final = 1_440
#: Candles are packed once and sent over a network: most of what can be saved is saved at once.
_LEVEL: Final = 1

_Step = tuple[int, tuple[RawCandle, ...]]


class Packed:
    """A ``CandleSource`` with everything that the source has of a candle, order flow and funding too, number for number."""

    def __init__(self, source: CandleSource, on_minute: Callable[[int], None] | None = None) -> None:
        """Read ``source`` to its end. ``on_minute``: called now and then with how many minutes were read.

        Raises SourceRefused when a file was changed since it was opened.
        """
        self.symbols: Final = source.symbols
        self.first: Final = source.first
        self.last: Final = source.last
        self._minutes: Final = len(source)
        self._blocks: Final[list[Piece]] = []
        waiting: list[_Step] = []
        for step in source.steps():
            waiting.append(step)
            if len(waiting) == _AT_ONCE:
                self._pack(waiting)
                if on_minute is not None:
                    on_minute(len(self._blocks) * _AT_ONCE)
        self._pack(waiting)

    def __len__(self) -> int:
        return self._minutes

    def steps(self) -> Iterator[_Step]:
        """See the port."""
        for block in self._blocks:
            yield from pickle.loads(zlib.decompress(block.data))  # noqa: S301  packed by ourselves, checked by their hash

    def _pack(self, steps: list[_Step]) -> None:
        if steps:
            self._blocks.append(np.frombuffer(zlib.compress(pickle.dumps(steps, protocol=5), _LEVEL), dtype=np.uint8))
            steps.clear()
