"""Where to cut candles off, so that few cuts find what looks ahead: not only anywhere, but where a leak would show."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from research.lookahead import cuts_of
from shared.domain.timeframes import DURATION, Timeframe, next_boundary

#: Coarser candles that are running just behind a boundary.
_COARSER: Final[tuple[Timeframe, ...]] = ("15m", "1h", "4h", "1d")


def telling_cuts(closes: Sequence[int], said_at: Iterable[int], number: int, seed: int) -> list[int]:
    """Cuts (numbers of candles) of candles that close at ``closes``, sorted, each once.

    They are: ``number`` spread at random; as many of the closes ``said_at``, at which something was said, with the last of
    them; one candle before the end; and one candle behind a boundary of each coarser timeframe, where its candle has most
    of its future. Times in UTC ms.
    """
    if not closes:
        return []
    draw = random.Random(seed)  # noqa: S311  cuts must be repeatable, not secret
    found = {*cuts_of(len(closes), number, seed), len(closes) - 1}
    spoken = sorted({bisect_right(closes, each) for each in said_at} - {0, len(closes)})
    found |= {*draw.sample(spoken, min(number, len(spoken))), *spoken[-1:]}
    for frame in _COARSER:
        boundaries = range(next_boundary(closes[0] - 1, frame), closes[-1], DURATION[frame])
        if boundaries:
            found.add(bisect_right(closes, draw.choice(boundaries)) + 1)
    return sorted(each for each in found if 1 <= each < len(closes))
