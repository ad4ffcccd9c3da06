"""The candles around one trade: the finest timeframe on which the trade fits, as small whole numbers."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from research.backtest.tape import CLOSE, HIGH, LOW, OPEN, VOLUME, Tape
from research.columns import Floats
from shared.domain.timeframes import DURATION, MINUTE, Timeframe

#: Coarsest first would waste; these are tried from the left.
_FRAMES: Final[tuple[Timeframe, ...]] = ("1m", "5m", "15m", "1h", "4h", "1d")
#: Most candles of what has to be seen: signal, entry, exits; then what is drawn before and behind it.
_INSIDE: Final = 80
_BEFORE: Final = 50
_AFTER: Final = 20
#: Further back a chart reaches for a zone that was drawn before it begins.
_FOR_ZONES: Final = 50
#: Most digits behind the point that prices are written with.
_DIGITS: Final = 10


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Candles from ``start`` (UTC ms), ``step`` ms each. Prices are whole numbers of 10 ** -digits USDT.

    bars: four numbers a candle: open less the last close, close less open, high less the body, body less low; a minute
    without a candle is one None. The first open is counted from 0.
    """

    timeframe: Timeframe
    start: int
    step: int
    digits: int
    bars: list[int | None]


def chart_of(tape: Tape, symbol: str, begin: int, end: int, earliest: int, digits: int) -> Chart:
    """Draw what happened between ``begin`` and ``end``; reach back to ``earliest`` as far as there is room. UTC ms."""
    frame = next((each for each in _FRAMES if end - begin <= _INSIDE * DURATION[each]), _FRAMES[-1])
    step = DURATION[frame]
    most = _INSIDE + _BEFORE + _FOR_ZONES + _AFTER  # of a trade that lasted for years the end is shown
    opened = tape.first - MINUTE
    last = min(end + _AFTER * step, tape.last)
    first = max(
        min(begin - _BEFORE * step, max(earliest - 3 * step, begin - (_BEFORE + _FOR_ZONES) * step)), last - most * step
    )
    first = max(first, opened) // step * step
    return Chart(timeframe=frame, start=first, step=step, digits=digits, bars=_bars(tape, symbol, first, last, step, digits))


def digits_of(prices: Floats) -> int:
    """Digits behind the point with which every price is written exactly, ``_DIGITS`` at most."""
    known = prices[~np.isnan(prices)]
    for digits in range(_DIGITS):
        scaled = known * 10.0**digits
        if np.all(np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.maximum(np.abs(scaled), 1.0) + 1e-6):
            return digits
    return _DIGITS


def _bars(tape: Tape, symbol: str, first: int, last: int, step: int, digits: int) -> list[int | None]:
    rows = tape.columns[symbol][:VOLUME]
    minutes = step // MINUTE
    opened = tape.first - MINUTE
    begin = (first - opened) // MINUTE
    count = -(-((last - opened) // MINUTE - begin) // minutes)
    part = np.full((VOLUME, count * minutes), np.nan)
    there = rows[:, max(begin, 0) : begin + count * minutes]
    part[:, max(-begin, 0) : max(-begin, 0) + there.shape[1]] = there
    whole = np.rint(part * 10.0**digits).reshape(VOLUME, count, minutes)
    known = ~np.isnan(whole[OPEN])
    head, tail = known.argmax(axis=1), minutes - 1 - known[:, ::-1].argmax(axis=1)
    places = np.arange(count)
    table = np.stack(
        (
            whole[OPEN, places, head],
            np.fmax.reduce(whole[HIGH], axis=1),
            np.fmin.reduce(whole[LOW], axis=1),
            whole[CLOSE, places, tail],
        )
    )
    bars: list[int | None] = []
    before = 0
    for there_is, prices in zip(known.any(axis=1).tolist(), table.T.tolist(), strict=True):
        if not there_is:
            bars.append(None)
            continue
        a, b, c, d = (int(each) for each in prices)
        bars += (a - before, d - a, b - max(a, d), min(a, d) - c)
        before = d
    return bars
