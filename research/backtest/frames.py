"""Candles of the coarser timeframes of a tape, added up in columns: those that ingest's aggregator makes, bit for bit.

Only of a tape without flaws: every number a candle's, and no move that ingest would dispute. Minutes may be absent: a candle
with some of its minutes is disputed, one without any is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from research.backtest.tape import CLOSE, HIGH, LOW, OPEN, VOLUME, Tape
from services.ingest.quality import PRICE_LIMIT, VOLUME_LIMIT
from shared.domain.candles import Candle, CandleBundle
from shared.domain.timeframes import DURATION, MINUTE, Timeframe, is_boundary, next_boundary

#: A move is disputed from ``max_move`` on; what falls short of it by less than this is left to ingest to judge.
_MARGIN: Final = 1e-6
#: Most decimals of a volume, and the largest number below which whole numbers in float64 are exact.
_DECIMALS: Final = 12
_EXACT: Final = 1e15
#: Buckets that become objects at a time; minutes that are looked at, or added up, at a time.
_MADE: Final = 512
_LOOKED_AT: Final = 262_144


def flawless(tape: Tape, max_move: float) -> bool:
    """Whether ingest would publish every minute of every symbol that is there as it is, and none of them as disputed."""
    return all(_sound(columns, max_move) for columns in tape.columns.values())


def whole(tape: Tape) -> bool:
    """Whether every minute of every symbol is there."""
    return not any(bool(np.isnan(columns[CLOSE]).any()) for columns in tape.columns.values())


def _sound(columns: NDArray[np.float64], max_move: float) -> bool:
    """Look in parts, so that ten years of minutes do not stand in memory several times."""
    known = np.nan  # the last close before the part; there is none at first
    for begin in range(0, columns.shape[1], _LOOKED_AT):
        part = columns[:, begin : begin + _LOOKED_AT]
        opened, high, low, close, volume = part
        absent = np.isnan(part).all(axis=0)
        numbers = (low > 0.0) & (low <= opened) & (opened <= high) & (low <= close) & (close <= high) & (high < PRICE_LIMIT)
        if not bool((absent | (numbers & (volume >= 0.0) & (volume < VOLUME_LIMIT))).all()):
            return False
        before = np.concatenate(([known], close))
        if absent.any() or begin == 0:
            places = np.maximum.accumulate(np.where(np.isnan(before), 0, np.arange(len(before))))
            before = before[places]  # where a minute is absent, the close before it stands
        near = max_move * (1.0 - _MARGIN) * before[:-1]
        moved = (high - before[:-1] >= near) | (before[:-1] - low >= near)  # of what is not known, nothing is beyond
        if bool(moved.any()):
            return False
        known = float(before[-1])
    return True


class Frame:
    """The candles of one timeframe and some symbols; ``bundle`` is asked for each close once, in order of time.

    Raises Inexact for volumes that cannot be added up exactly.
    """

    def __init__(self, tape: Tape, symbols: Sequence[str], timeframe: Timeframe) -> None:
        self.timeframe: Final = timeframe
        self._symbols = tuple(symbols)
        opened = tape.first - MINUTE
        self._begin = opened if is_boundary(opened, timeframe) else next_boundary(opened, timeframe)
        rows, start = DURATION[timeframe] // MINUTE, (self._begin - opened) // MINUTE
        whole = max(0, len(tape) - start) // rows
        span = slice(start, start + whole * rows)
        self._table = {}
        self._partial: dict[int, set[str]] = {}  # row → symbols of which some of its minutes are absent
        for symbol in symbols:
            minutes = [column[span].reshape(whole, rows) for column in tape.columns[symbol]]
            present = ~np.isnan(minutes[CLOSE])
            if present.all():
                self._table[symbol] = _added(minutes, symbol)
            else:
                self._table[symbol] = _added_with_holes(minutes, present, symbol)
                minutes_there = present.sum(axis=1)
                for row in np.flatnonzero((minutes_there > 0) & (minutes_there < rows)).tolist():
                    self._partial.setdefault(row, set()).add(symbol)
        self._made: list[tuple[Candle, ...]] = []
        self._made_from = 0

    def bundle(self, partition: int, close_time: int) -> CandleBundle:
        """The candles that close at ``close_time``, UTC ms; missing where one began before the tape."""
        candles = self.candles(close_time)
        missing: tuple[str, ...] = ()
        if len(candles) < len(self._symbols):
            there = {each.symbol for each in candles}
            missing = tuple([each for each in self._symbols if each not in there])
        return CandleBundle(
            partition=partition, timeframe=self.timeframe, close_time=close_time, candles=candles, missing=missing
        )

    def candles(self, close_time: int) -> tuple[Candle, ...]:
        """The candles that close at ``close_time``, UTC ms, of symbols with any minutes; disputed where some are absent."""
        row = (close_time - self._begin) // DURATION[self.timeframe] - 1
        if row < 0 or not self._symbols:
            return ()
        candles, partial = self._at(row), self._partial.get(row)
        if partial is None:
            return candles
        return tuple([structs.replace(each, state="disputed") if each.symbol in partial else each for each in candles])

    def _at(self, row: int) -> tuple[Candle, ...]:
        if not self._made_from <= row < self._made_from + len(self._made):
            self._made_from, duration = row, DURATION[self.timeframe]
            columns = [self._table[symbol][:, row : row + _MADE].tolist() for symbol in self._symbols]
            self._made = [
                tuple(
                    Candle(
                        symbol=symbol, timeframe=self.timeframe, open_time=self._begin + number * duration, open=first,
                        high=high, low=low, close=last, volume=volume,
                    )
                    for symbol, (first, high, low, last, volume) in zip(self._symbols, bucket, strict=True)
                    if last == last  # NaN is not equal to itself
                )
                for number, bucket in enumerate(zip(*(zip(*each, strict=True) for each in columns), strict=True), row)
            ]  # fmt: skip
        return self._made[row - self._made_from]


class Inexact(Exception):
    """Volumes of a symbol have too many digits to be added up in columns."""


def _added(minutes: Sequence[NDArray[np.float64]], symbol: str) -> NDArray[np.float64]:
    """Minutes in buckets, each column of shape (buckets, minutes), as candles, shape (5, buckets)."""
    found = np.empty((5, len(minutes[OPEN])))
    if not found.size:
        return found
    found[OPEN], found[CLOSE] = minutes[OPEN][:, 0], minutes[CLOSE][:, -1]
    found[HIGH], found[LOW] = minutes[HIGH].max(axis=1), minutes[LOW].min(axis=1)
    count = max(1, _LOOKED_AT // minutes[VOLUME].shape[1])
    for begin in range(0, found.shape[1], count):
        found[VOLUME, begin : begin + count] = exact_sums(minutes[VOLUME][begin : begin + count], symbol)
    return found


def _added_with_holes(
    minutes: Sequence[NDArray[np.float64]], present: NDArray[np.bool_], symbol: str
) -> NDArray[np.float64]:
    """As ``_added``, of the minutes that are there; NaN, and no volume, for a bucket without any."""
    found = np.empty((5, len(minutes[OPEN])))
    buckets = np.arange(found.shape[1])
    found[OPEN] = minutes[OPEN][buckets, present.argmax(axis=1)]
    found[CLOSE] = minutes[CLOSE][buckets, present.shape[1] - 1 - present[:, ::-1].argmax(axis=1)]
    found[HIGH], found[LOW] = np.fmax.reduce(minutes[HIGH], axis=1), np.fmin.reduce(minutes[LOW], axis=1)
    count = max(1, _LOOKED_AT // present.shape[1])
    for begin in range(0, found.shape[1], count):
        rows = slice(begin, begin + count)
        found[VOLUME, rows] = exact_sums(np.where(present[rows], minutes[VOLUME][rows], 0.0), symbol)
    return found


def exact_sums(minutes: NDArray[np.float64], symbol: str) -> NDArray[np.float64]:
    """The sum of each bucket as decimals add up: in whole units of the last digit. Raises Inexact."""
    for decimals in range(_DECIMALS + 1):
        scaled = np.rint(minutes * 10.0**decimals)
        if bool((scaled / 10.0**decimals == minutes).all()):
            added = scaled.sum(axis=1)
            if float(added.max()) >= _EXACT:
                break
            return np.asarray(added / 10.0**decimals)
    raise Inexact(symbol)
