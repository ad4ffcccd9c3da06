"""Recorded candles of several symbols on one timeframe, made from files of that or a finer one by the rules of ingest."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from services.ingest.aggregator import Aggregator
from services.ingest.candle_source import Defect, Repair, SourceRefused
from services.ingest.files.defects import FileDefect
from services.ingest.files.file_source import FileSource
from services.ingest.files.interval import interval_of
from services.ingest.files.reading import AS_THEY_ARE, Reading
from services.ingest.quality import candle_of, judge
from services.ingest.saved import Trust
from services.ingest.settings import IngestSettings
from shared.domain.candles import Candle, RawCandle
from shared.domain.timeframes import MINUTE, Timeframe


class Market:
    """Files of each symbol, of any interval up to ``timeframe``; examined whole before the first candle is given.

    ``start`` and ``end`` in UTC ms as for ``FileSource``. What live ingest does is done here: implausible candles are judged
    (``disputed``), coarser candles are folded from finer ones, one that lacks some of them is disputed, one that began
    before the first of them is left out. Unlike there nothing is repaired: files are refused for disorder and duplicates
    too, only gaps are stated (``gaps``). Raises SourceRefused with every defect of every file.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        timeframe: Timeframe,
        settings: IngestSettings,
        start: int | None = None,
        end: int | None = None,
        reading: Reading = AS_THEY_ARE,
    ) -> None:
        self.timeframe: Timeframe = timeframe
        self._settings = settings
        self._sources: dict[str, tuple[Timeframe, FileSource]] = {}
        defects: list[Defect] = []
        for symbol in sorted(files):
            try:
                interval = interval_of(files[symbol], timeframe, reading=reading)
                path = {symbol: files[symbol]}
                source = FileSource(path, start, end, interval=interval, repair=False, reading=reading)
            except FileDefect as error:
                defects.append(error.defect)
            except SourceRefused as error:
                defects += error.defects
            else:
                self._sources[symbol] = (interval, source)
        if defects:
            raise SourceRefused(defects)

    @property
    def symbols(self) -> tuple[str, ...]:
        """In alphabetical order."""
        return tuple(self._sources)

    @property
    def intervals(self) -> dict[str, Timeframe]:
        """The timeframe of each symbol's file."""
        return {symbol: interval for symbol, (interval, _) in self._sources.items()}

    @property
    def gaps(self) -> tuple[Repair, ...]:
        """What is missing, and what two files had alike, symbol by symbol."""
        return tuple(repair for _, source in self._sources.values() for repair in source.repairs)

    @property
    def first(self) -> int:
        """Close time (UTC ms) of the first candle of any file."""
        return min(source.first for _, source in self._sources.values())

    @property
    def last(self) -> int:
        """Close time (UTC ms) of the last candle of any file."""
        return max(source.last for _, source in self._sources.values())

    def candles(self, symbol: str) -> Iterator[Candle]:
        """The closed candles of one symbol in order; where none can be made, none is given."""
        interval, source = self._sources[symbol]
        trust = Trust()
        settings = self._settings
        if interval == self.timeframe:
            for _, raws in source.steps():
                for raw in raws:
                    yield _candle(raw, interval, trust, settings)
            return
        aggregator = Aggregator((symbol,), (self.timeframe,))
        last: int | None = None
        longest_gap = settings.max_gap_minutes * MINUTE
        for close_time, raws in source.steps():
            for raw in raws:
                if last is None or raw.open_time - last > longest_gap:
                    aggregator.begin(raw.open_time)
                last = close_time
                aggregator.add(0, _candle(raw, interval, trust, settings))
            for closed in aggregator.close(close_time):
                yield from closed.candles

    def closes(self) -> Iterator[tuple[int, tuple[Candle, ...]]]:
        """Every instant at which some symbol closed a candle, with those candles in order of symbols."""
        merged = heapq.merge(*(self.candles(symbol) for symbol in self.symbols), key=_close_time)
        for close_time, together in groupby(merged, key=_close_time):
            yield close_time, tuple(together)


def _close_time(candle: Candle) -> int:
    return candle.close_time


def _candle(raw: RawCandle, interval: Timeframe, trust: Trust, settings: IngestSettings) -> Candle:
    return candle_of(raw, judge(raw, trust, settings.max_move, settings.repricing_minutes), interval)
