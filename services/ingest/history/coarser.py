"""Compares stored minutes with the exchange's own candles of a longer timeframe, where both are stored."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from shared.candles.kinds import Chunk, part
from shared.candles.series import Series
from shared.domain.timeframes import DURATION, MINUTE, Timeframe

#: Minutes that are held at a time, at most; a week at least, for candles of a week.
_MINUTES_HELD: Final = 20_160
#: Sums of volumes differ in the last digits by the order of summing.
_VOLUME_SHARE: Final = 1e-6


class Comparison(msgspec.Struct, kw_only=True):
    """What became of the candles of ``timeframe``. compared: those of which every minute is stored. incomplete: the others.

    prices: with another open, high, low or close than their minutes give. volumes: with another volume.
    first_differing: open time of the first of both, UTC ms, else -1.
    """

    timeframe: Timeframe
    compared: int = 0
    incomplete: int = 0
    prices: int = 0
    volumes: int = 0
    first_differing: int = -1


def compare(minutes: Series, coarser: Series, timeframe: Timeframe) -> Comparison:
    """Fold the minutes and compare. Raises Damaged."""
    found = Comparison(timeframe=timeframe)
    duration = DURATION[timeframe]
    rows = max(1, _MINUTES_HELD * MINUTE // duration)
    for candles in coarser.chunks(rows=rows):
        # A chunk may span more than its rows, where candles are missing: then only so many minutes are read at a time.
        places = np.flatnonzero(np.diff(candles[0]) > rows * duration) + 1
        for begin, end in zip([0, *places.tolist()], [*places.tolist(), len(candles[0])], strict=True):
            piece = part(candles, begin, end)
            span = int(piece[0][0]), int(piece[0][-1]) + duration
            _compare(found, piece, list(minutes.chunks(*span)), duration)
    return found


def _compare(found: Comparison, candles: Chunk, chunks: list[Chunk], duration: int) -> None:
    times = candles[0]
    if not chunks:
        found.incomplete += len(times)
        return
    minutes = tuple(np.concatenate(columns) for columns in zip(*chunks, strict=True))
    count = duration // MINUTE
    starts = np.searchsorted(minutes[0], times)
    whole = np.searchsorted(minutes[0], times + duration) - starts == count
    found.compared += int(whole.sum())
    found.incomplete += int((~whole).sum())
    if not whole.any():
        return
    within = starts[whole][:, None] + np.arange(count)
    opened, high, low, close, volume = (column[whole] for column in candles[1:])
    prices = (
        (minutes[1][within[:, 0]] != opened)
        | (minutes[2][within].max(axis=1) != high)
        | (minutes[3][within].min(axis=1) != low)
        | (minutes[4][within[:, -1]] != close)
    )
    volumes = np.abs(minutes[5][within].sum(axis=1) - volume) > _VOLUME_SHARE * np.maximum(volume, 1.0)
    found.prices += int(prices.sum())
    found.volumes += int(volumes.sum())
    differing = times[whole][prices | volumes]
    if len(differing) and found.first_differing < 0:
        found.first_differing = int(differing[0])
