"""Recorded candles from files of any known kind, examined before the first step, played in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.ingest.candle_source import Defect, DefectReason, Repair, SourceRefused
from services.ingest.files.dataset import DataSet, chunks_of, examine
from services.ingest.files.findings import Chunk
from services.ingest.files.reading import AS_THEY_ARE, Reading
from services.ingest.files.times import TIME_RANGE
from shared.domain.candles import RawCandle
from shared.domain.order_flow import traded_flow
from shared.domain.symbols import is_symbol
from shared.domain.timeframes import DURATION, FINEST, Timeframe

__all__ = ["FileSource", "SourceRefused"]


class FileSource:
    """Plays recorded one-minute candles: for each symbol a file, a directory or a pattern of files (``*``).

    What a file may be, and how its columns are found: ``services.ingest.files.readers``. All files are examined whole before
    anything is played. What can be put right is put right and stated in ``repairs``: exact duplicates dropped, rows sorted
    (such a file is held in memory), gaps stated. Raises SourceRefused with every defect of every file.

    start, end: the candles that open at ``start`` or later and close at ``end`` or earlier, UTC ms; None: all.
    interval: the timeframe of the candles; a step is then one of those candles.
    repair: False makes duplicates and disorder within a file defects as well; gaps never are.
    reading: what the user says about the files.
    batch_rows: rows in memory at a time. most_stated: repairs stated at most, a symbol.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        start: int | None = None,
        end: int | None = None,
        *,
        interval: Timeframe = FINEST,
        repair: bool = True,
        reading: Reading = AS_THEY_ARE,
        batch_rows: int = 8_192,
        most_stated: int = 100,
    ) -> None:
        if not files:
            raise ValueError("no candle files are given: name at least one symbol and its file")
        self._symbols = tuple(sorted(files))
        self._batch_rows = batch_rows
        self._duration = DURATION[interval]
        begin = TIME_RANGE[0] if start is None else start
        stop = TIME_RANGE[1] if end is None else end
        self._sets = [
            examine(
                Path(files[symbol]), begin, stop,
                repair=repair, batch_rows=batch_rows, most_stated=most_stated, interval=interval, reading=reading,
            )
            for symbol in self._symbols
        ]  # fmt: skip
        defects = [defect for data in self._sets for defect in data.defects]
        for symbol, data in zip(self._symbols, self._sets, strict=True):
            if not is_symbol(symbol):
                defects.append(_against(data.path, "bad_symbol", f"{symbol!r} is no symbol; write it like BTCUSDT"))
            if data.first < 0 and not data.defects:
                text = "no candle lies within the span asked for; ask for another span, or give another file"
                defects.append(_against(data.path, "nothing_in_range", text))
        if defects:
            raise SourceRefused(defects)
        self._first_open = min(data.first for data in self._sets)
        self._last_open = max(data.last for data in self._sets)

    @property
    def symbols(self) -> tuple[str, ...]:
        """In alphabetical order."""
        return self._symbols

    @property
    def first(self) -> int:
        """Close time of the first step, UTC ms."""
        return self._first_open + self._duration

    @property
    def last(self) -> int:
        """Close time of the last step, UTC ms."""
        return self._last_open + self._duration

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was put right or stated, symbol by symbol."""
        return tuple(repair for data in self._sets for repair in data.repairs)

    def __len__(self) -> int:
        return (self._last_open - self._first_open) // self._duration + 1

    def chunks(self) -> Iterator[tuple[str, NDArray[np.int64], tuple[NDArray[np.float64], ...]]]:
        """Yield the same candles in columns: symbol, open times (UTC ms); open, high, low, close, volume, what takers
        bought of it and the number of trades, NaN where a candle does not tell.

        Raises SourceRefused as ``steps``.
        """
        self._refuse_changed()
        for symbol, data in zip(self._symbols, self._sets, strict=True):
            for times, *columns in self._inside(data):
                volume, bought, trades = columns[4:7]
                with np.errstate(invalid="ignore"):  # NaN is not known
                    told = (bought >= 0.0) & (bought <= volume)
                    counted = told & (trades >= 0.0)
                flow = np.where(told, bought, np.nan), np.where(counted, np.trunc(trades), np.nan)
                yield symbol, times, (*columns[:5], *flow)

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        """See the port. Raises SourceRefused when a file was changed since it was examined."""
        self._refuse_changed()
        cursors = [self._candles(symbol, data) for symbol, data in zip(self._symbols, self._sets, strict=True)]
        heads = [next(cursor, None) for cursor in cursors]
        for open_time in range(self._first_open, self._last_open + self._duration, self._duration):
            found = []
            for place, head in enumerate(heads):
                if head is not None and head.open_time == open_time:
                    found.append(head)
                    heads[place] = next(cursors[place], None)
            yield open_time + self._duration, tuple(found)

    def _refuse_changed(self) -> None:
        changed = [file for data in self._sets for file in data.changed]
        if changed:
            text = "the file was changed after it was examined; open the source again"
            raise SourceRefused([_against(file.member, "changed", text) for file in changed])

    def _inside(self, data: DataSet) -> Iterator[Chunk]:
        for chunk in chunks_of(data, self._batch_rows):
            times = chunk[0]
            inside = (times >= data.first) & (times <= data.last)
            if inside.any():
                yield tuple(column[inside] for column in chunk)

    def _candles(self, symbol: str, data: DataSet) -> Iterator[RawCandle]:
        for chunk in self._inside(data):
            columns = (column.tolist() for column in chunk)
            for at, opened, high, low, close, volume, bought, trades in zip(*columns, strict=True):
                flow = traded_flow(volume, bought, None if isnan(trades) else int(trades))
                yield RawCandle(
                    symbol=symbol, open_time=at, open=opened, high=high, low=low, close=close, volume=volume, flow=flow
                )


def _against(file: object, reason: DefectReason, text: str) -> Defect:
    return Defect(file=str(file), row=0, reason=reason, text=text)
