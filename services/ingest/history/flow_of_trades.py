"""Gives stored minutes the order flow that trades tell, where the candles' own source told none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from shared.candles.kinds import Chunk, joined
from shared.candles.series import Series
from shared.domain.timeframes import MINUTE

#: Volumes of the candle and of its trades that differ by less than this share are the same trades.
_SHARE: Final = 1e-6


class Filled(msgspec.Struct, kw_only=True):
    """Minutes without order flow. filled: those that have it now. disagreeing: of another volume than their trades, left as
    they are; first_disagreeing: the first of them, UTC ms, else -1. lacking: of which no trades are stored."""

    symbol: str
    filled: int = 0
    disagreeing: int = 0
    first_disagreeing: int = -1
    lacking: int = 0


def fill_flow(minutes: Series, trades: Series) -> Filled:
    """Fill in what is not known; nothing that is known changes, and a second time fills nothing.

    It belongs inside ``with minutes.locked()``. Holds a row group of each. Raises Damaged, OSError.
    """
    done = Filled(symbol=minutes.symbol)
    minutes.add(_known(minutes, trades, done), fill=True)
    return done


def _known(minutes: Series, trades: Series, done: Filled) -> Iterator[Chunk]:
    """Rows with nothing but a time and its order flow."""
    for chunk in minutes.chunks(flow=True):
        unknown = np.isnan(chunk[6])
        if not unknown.any():
            continue
        times, volume = chunk[0][unknown], chunk[5][unknown]
        read = list(trades.chunks(int(times[0]), int(times[-1]) + MINUTE))
        if not read:
            done.lacking += len(times)
            continue
        told = joined(read)
        places = np.minimum(np.searchsorted(told[0], times), len(told[0]) - 1)
        there = told[0][places] == times
        agree = np.abs(told[5][places] - volume) <= _SHARE * np.maximum(volume, _SHARE)
        # A minute without a volume has no trades: nobody bought, and that is known.
        still = (volume == 0.0) & ~there & (times > told[0][0]) & (times < told[0][-1])
        good = (there & agree) | still
        wrong = there & ~agree
        done.filled += int(good.sum())
        done.disagreeing += int(wrong.sum())
        done.lacking += int((~there & ~still).sum())
        if wrong.any() and done.first_disagreeing < 0:
            done.first_disagreeing = int(times[wrong][0])
        if good.any():
            bought = np.where(still, 0.0, np.minimum(told[6][places], volume))[good]
            count = np.where(still, 0.0, told[7][places])[good]
            nothing = np.full(int(good.sum()), np.nan)
            yield (times[good], *(nothing for _ in range(5)), bought, count)
