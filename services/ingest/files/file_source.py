"""Recorded candles from files: Parquet, Feather or CSV, examined before the first step, played in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from services.ingest.candle_source import Defect, DefectReason, Repair, SourceRefused
from services.ingest.files.inspection import TIME_RANGE, Inspection, fingerprint, inspect, sorted_chunks
from shared.domain.candles import RawCandle
from shared.domain.timeframes import DURATION, FINEST, Timeframe

__all__ = ["FileSource", "SourceRefused"]

#: As in ``shared.domain.message.Symbol``.
_SYMBOL: Final = re.compile(r"[A-Z0-9]{2,30}")


class FileSource:
    """One file of one-minute candles a symbol: columns open_time (UTC ms), open, high, low, close, volume; others ignored.

    ``start`` and ``end`` (UTC ms) cut the span: the candles that open at ``start`` or later and close at ``end`` or earlier.
    All files are examined whole before anything is played; SourceRefused lists every defect of every file. What DATA-3
    allows to be put right is put right and stated in ``repairs``: exact duplicates dropped, rows sorted (such a file is held
    in memory), gaps stated. With ``repair=False`` duplicates and disorder are defects as well; gaps never are.

    ``interval``: the timeframe of the candles, one minute unless told otherwise; a step is then one of those candles.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        start: int | None = None,
        end: int | None = None,
        *,
        interval: Timeframe = FINEST,
        repair: bool = True,
        batch_rows: int = 8_192,
        most_stated: int = 100,
    ) -> None:
        if not files:
            raise ValueError("no candle files are given: name at least one symbol and its file")
        self._symbols = tuple(sorted(files))
        self._batch_rows = batch_rows
        self._duration = DURATION[interval]
        self._start = TIME_RANGE[0] if start is None else start
        self._end = TIME_RANGE[1] if end is None else end
        self._inspections = [
            inspect(
                Path(files[symbol]),
                self._start,
                self._end,
                repair=repair,
                batch_rows=batch_rows,
                most_stated=most_stated,
                interval=interval,
            )
            for symbol in self._symbols
        ]
        defects = [defect for inspection in self._inspections for defect in inspection.defects]
        for symbol, inspection in zip(self._symbols, self._inspections, strict=True):
            if not _SYMBOL.fullmatch(symbol):
                defects.append(_against(inspection, "bad_symbol", f"{symbol!r} is no symbol; write it like BTCUSDT"))
            if inspection.first < 0 and not inspection.defects:
                text = "no candle lies within the span asked for; ask for another span, or give another file"
                defects.append(_against(inspection, "nothing_in_range", text))
        if defects:
            raise SourceRefused(defects)
        self._first_open = min(inspection.first for inspection in self._inspections)
        self._last_open = max(inspection.last for inspection in self._inspections)

    @property
    def symbols(self) -> tuple[str, ...]:
        """In alphabetical order."""
        return self._symbols

    @property
    def first(self) -> int:
        return self._first_open + self._duration

    @property
    def last(self) -> int:
        return self._last_open + self._duration

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was put right or stated, file by file."""
        return tuple(repair for inspection in self._inspections for repair in inspection.repairs)

    def __len__(self) -> int:
        return (self._last_open - self._first_open) // self._duration + 1

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        """See the port. Raises SourceRefused when a file was changed since it was examined."""
        changed = [inspection for inspection in self._inspections if fingerprint(inspection.path) != inspection.fingerprint]
        if changed:
            text = "the file was changed after it was examined; open the source again"
            raise SourceRefused([_against(inspection, "changed", text) for inspection in changed])
        cursors = [
            self._candles(symbol, inspection) for symbol, inspection in zip(self._symbols, self._inspections, strict=True)
        ]
        heads = [next(cursor, None) for cursor in cursors]
        for open_time in range(self._first_open, self._last_open + self._duration, self._duration):
            found = []
            for place, head in enumerate(heads):
                if head is not None and head.open_time == open_time:
                    found.append(head)
                    heads[place] = next(cursors[place], None)
            yield open_time + self._duration, tuple(found)

    def _candles(self, symbol: str, inspection: Inspection) -> Iterator[RawCandle]:
        for chunk in sorted_chunks(inspection, self._batch_rows):
            times = chunk[0]
            inside = (times >= inspection.first) & (times <= inspection.last)
            if not inside.any():
                continue
            columns = (column[inside].tolist() for column in chunk)
            for at, opened, high, low, close, volume in zip(*columns, strict=True):
                yield RawCandle(symbol=symbol, open_time=at, open=opened, high=high, low=low, close=close, volume=volume)


def _against(inspection: Inspection, reason: DefectReason, text: str) -> Defect:
    return Defect(file=str(inspection.path), row=0, reason=reason, text=text)
