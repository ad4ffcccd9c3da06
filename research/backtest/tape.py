"""The candles of a backtest in columns: a place for every minute of the span, NaN where a symbol has no candle."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, runtime_checkable

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from research.backtest.beside import ALL, PRICES, REACH, Reads, Settled, flow_of, settled_of, sound, told_flow
from services.ingest.candle_source import CandleSource
from shared.domain.candles import RawCandle
from shared.domain.timeframes import MINUTE
from simulator.market.funded_source import FundedSource

#: The columns, as rows of ``Tape.columns``.
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)
_NUMBERS: Final = 5
#: Minutes that become objects at a time where a tape is played.
_PLAYED: Final = 1_440

#: symbol, open times (UTC ms), then open, high, low, close, volume, and maybe taker buy volume and trades, of some rows.
Chunk = tuple[str, NDArray[np.int64], tuple[NDArray[np.float64], ...]]


@runtime_checkable
class _InColumns(Protocol):
    """A source that has its candles in columns already."""

    def chunks(self) -> Iterator[Chunk]: ...


class Tape:
    """Columns of the symbols over one span; a ``CandleSource`` itself, with the candles that it was made of.

    columns: symbol → array of shape (5, minutes): open, high, low, close (quote currency), volume (base currency).
    flows: symbol → array of shape (2, minutes), settled: symbol → fundings; see ``research.backtest.beside``. Empty where
    nobody reads them.
    """

    def __init__(self, symbols: tuple[str, ...], first: int, minutes: int) -> None:
        """``first``: close time of the first minute, UTC ms. All candles are absent until ``columns`` is written to."""
        self._symbols: Final = symbols
        self._first: Final = first
        self._minutes = minutes
        self.columns: Final = {symbol: np.full((5, minutes), np.nan) for symbol in symbols}
        self.flows: Final[dict[str, NDArray[np.float64]]] = {}
        self.settled: Final[dict[str, Settled]] = {}

    @property
    def symbols(self) -> tuple[str, ...]:
        """In the order in which a step lists their candles."""
        return self._symbols

    @property
    def first(self) -> int:
        """Close time of the first minute, UTC ms."""
        return self._first

    @property
    def last(self) -> int:
        """Close time of the last minute, UTC ms."""
        return self.close_time(self._minutes - 1)

    def __len__(self) -> int:
        return self._minutes

    def close_time(self, row: int) -> int:
        """When the minute in this row closes, UTC ms."""
        return self._first + row * MINUTE

    def part(self, begin: int, end: int, reads: Reads = ALL) -> Tape:
        """Rows ``begin`` to before ``end`` as a tape of their own, with ``reads`` beside prices; the columns are views."""
        found = Tape(self._symbols, self.close_time(begin), 0)
        found._minutes = end - begin
        found.columns.update({symbol: columns[:, begin:end] for symbol, columns in self.columns.items()})
        if reads.flow:
            found.flows.update({symbol: flow[:, begin:end] for symbol, flow in self.flows.items()})
        if reads.funding and end > begin:
            span = found.first, found.last
            found.settled.update({symbol: each.between(*span) for symbol, each in self.settled.items()})
        return found

    def price_digest(self, symbol: str) -> str:
        """The hash of a symbol's prices and volumes with their times, whatever file they came from."""
        found = hashlib.sha256(f"{symbol} {self._first} {self._minutes}".encode())
        found.update(np.ascontiguousarray(self.columns[symbol], dtype="<f8").data)
        return found.hexdigest()

    def digest(self, symbol: str) -> str:
        """``price_digest``, and behind a ``+`` the hash of what is kept beside the prices."""
        if not (self.flows or self.settled):
            return self.price_digest(symbol)
        found = hashlib.sha256()
        if symbol in self.flows:
            found.update(np.ascontiguousarray(self.flows[symbol], dtype="<f8").data)
        if symbol in self.settled:
            settled = self.settled[symbol]
            found.update(b"settled" + settled.times.astype("<i8").tobytes() + settled.rates.astype("<f8").tobytes())
        return f"{self.price_digest(symbol)}+{found.hexdigest()}"

    def candles(self, row: int) -> tuple[RawCandle, ...]:
        """The candles of one minute."""
        opened = self.close_time(row) - MINUTE
        found = []
        for symbol, columns in self.columns.items():
            numbers = columns[:, row].tolist()
            if numbers[CLOSE] == numbers[CLOSE]:
                found.append(_candle(symbol, opened, *numbers))
        return self._telling(row, found) if self.flows or self.settled else tuple(found)

    def steps(self) -> Iterator[tuple[int, tuple[RawCandle, ...]]]:
        """Yield every minute with its candles; see the port."""
        for begin in range(0, self._minutes, _PLAYED):
            end = min(begin + _PLAYED, self._minutes)
            rows = [zip(*columns[:, begin:end].tolist(), strict=True) for columns in self.columns.values()]
            for row, minute in enumerate(zip(*rows, strict=True), begin):
                opened = self.close_time(row) - MINUTE
                found = [
                    _candle(symbol, opened, *numbers)
                    for symbol, numbers in zip(self._symbols, minute, strict=True)
                    if numbers[CLOSE] == numbers[CLOSE]  # NaN is not equal to itself
                ]
                yield opened + MINUTE, (self._telling(row, found) if self.flows or self.settled else tuple(found))

    def _telling(self, row: int, candles: Sequence[RawCandle]) -> tuple[RawCandle, ...]:
        """The candles of one row with what is kept beside them."""
        found = []
        for each in candles:
            flow = flow_of(*self.flows[each.symbol][:, row].tolist()) if self.flows else None
            funding = self.settled[each.symbol].known(each.open_time + MINUTE) if self.settled else None
            found.append(structs.replace(each, flow=flow, funding=funding))
        return tuple(found)


def tape_of(source: CandleSource, on_minute: Callable[[int], None] | None = None, reads: Reads = PRICES) -> Tape:
    """Read a source to its end, and of what its candles tell beside their prices only what is in ``reads``.

    ``on_minute``: called now and then with how many candles were read. Raises SourceRefused when a file was changed since
    it was opened.
    """
    tape = Tape(source.symbols, source.first, len(source))
    if reads.flow:
        tape.flows.update({symbol: np.full((2, len(source)), np.nan) for symbol in source.symbols})
    settled: dict[str, dict[int, float]] = {symbol: {} for symbol in source.symbols}
    inner = source
    if isinstance(source, FundedSource):
        inner = source.source
        if reads.funding:
            for symbol, known in settled.items():
                known.update(source.fundings.settled(symbol, source.first - REACH, source.last))
    chunks = inner.chunks() if isinstance(inner, _InColumns) else _in_chunks(inner, reads, settled)
    done = 0
    for symbol, opened, numbers in chunks:
        rows = (opened - (source.first - MINUTE)) // MINUTE
        for column, values in enumerate(numbers[:_NUMBERS]):
            tape.columns[symbol][column, rows] = values
        if reads.flow and len(numbers) > _NUMBERS:
            tape.flows[symbol][:, rows] = sound(numbers[VOLUME], np.stack(numbers[_NUMBERS:]))
        done += len(rows)
        if on_minute is not None:
            on_minute(done)
    if reads.funding:
        tape.settled.update({symbol: settled_of(known.items()) for symbol, known in settled.items()})
    return tape


def _in_chunks(source: CandleSource, reads: Reads, settled: dict[str, dict[int, float]]) -> Iterator[Chunk]:
    """The candles of a source that has them as objects, a few hours at a time. settled: takes the fundings they tell."""
    waiting: dict[str, list[RawCandle]] = {symbol: [] for symbol in source.symbols}
    for _, candles in source.steps():
        for each in candles:
            found = waiting[each.symbol]
            found.append(each)
            if each.funding is not None:
                settled[each.symbol][each.funding.time] = each.funding.rate
            if len(found) == _PLAYED:
                yield _columns(each.symbol, found, reads)
                found.clear()
    for symbol, found in waiting.items():
        if found:
            yield _columns(symbol, found, reads)


def _columns(symbol: str, found: list[RawCandle], reads: Reads) -> Chunk:
    opened = np.array([each.open_time for each in found], dtype=np.int64)
    table = np.array([(each.open, each.high, each.low, each.close, each.volume) for each in found])
    return symbol, opened, (*table.T, *(told_flow(found) if reads.flow else ()))


def _candle(symbol: str, opened: int, first: float, high: float, low: float, last: float, volume: float) -> RawCandle:
    return RawCandle(symbol=symbol, open_time=opened, open=first, high=high, low=low, close=last, volume=volume)
