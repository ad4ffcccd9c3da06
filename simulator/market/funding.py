"""Funding rates of a simulated market: one constant rate, or recorded rates from files."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from services.ingest.candle_source import Defect, SourceRefused
from services.ingest.files.defects import FileDefect
from services.ingest.files.members import members_of
from services.ingest.files.readers import read_columns
from shared.domain.order_flow import SettledFunding, known_at
from shared.domain.timeframes import MINUTE

DEFAULT_RATE: Final = Decimal("0.0001")
HOUR: Final = 60 * MINUTE


#: A settlement that is announced: time (UTC ms) and rate (fraction).
Announced = tuple[int, Decimal]


class ConstantFunding:
    """One ``rate`` (fraction) for every symbol, settled every ``hours`` hours from 00:00 UTC.

    The exchange's usual rate is 0.01 % every 8 h. Longs pay a positive rate to shorts. Raises ValueError if 24 is not a
    multiple of ``hours``.
    """

    def __init__(self, symbols: Sequence[str], rate: Decimal | str = DEFAULT_RATE, hours: int = 8) -> None:
        if hours < 1 or 24 % hours:
            raise ValueError(f"funding every {hours} hours: the exchange settles every 1, 2, 3, 4, 6, 8, 12 or 24")
        self._rates = dict.fromkeys(symbols, Decimal(rate))
        self._period = hours * HOUR

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Return symbol → rate if funding is settled at ``close_time`` (UTC ms), else an empty dict."""
        return dict(self._rates) if close_time % self._period == 0 else {}

    def next_of(self, symbol: str, now: int) -> Announced | None:
        """Return the symbol's first settlement after ``now`` (UTC ms); None for a symbol without funding."""
        rate = self._rates.get(symbol)
        return None if rate is None else (now - now % self._period + self._period, rate)

    def known(self, symbol: str, close_time: int) -> SettledFunding | None:
        """Return the last settlement that the symbol's candle knows which closes at ``close_time`` (UTC ms)."""
        rate = self._rates.get(symbol)
        settled = (close_time - 1) // self._period * self._period
        return None if rate is None else known_at(close_time, float(rate), settled)

    def settled(self, symbol: str, start: int, end: int) -> Iterator[tuple[int, float]]:
        """Yield time (UTC ms) and rate of the settlements in [start, end) that candles may know, in order."""
        if symbol in self._rates:
            for time in range(-(-start // self._period) * self._period, end, self._period):
                yield time, float(self._rates[symbol])


class RecordedFunding:
    """Rates from files, one per symbol, with the columns funding_time and funding_rate (or Binance's names for them).

    The exchange stamps some settlements a few milliseconds late, so a time counts for the minute in which it lies.
    start: start of the market, UTC ms; a file without a rate within a day of it is refused, as a run without funding would
    pass for one with it. Raises SourceRefused with the defects of all files.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        *,
        start: int | None = None,
        batch_rows: int = 8_192,
        largest_rate: float = 0.1,
    ) -> None:
        self._start = start
        self._rates: dict[int, dict[str, Decimal]] = {}
        self._times: dict[str, list[int]] = {}
        defects: list[Defect] = []
        for symbol, path in sorted(files.items()):
            try:
                self._read(symbol, Path(path), batch_rows, largest_rate)
            except FileDefect as error:
                defects.append(error.defect)
        if defects:
            raise SourceRefused(defects)
        for minute in sorted(self._rates):
            for symbol in self._rates[minute]:
                self._times.setdefault(symbol, []).append(minute)

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Return symbol → rate for symbols with a funding time in the minute that begins at ``close_time`` (UTC ms)."""
        return dict(self._rates.get(close_time, {}))

    def next_of(self, symbol: str, now: int) -> Announced | None:
        """Return the symbol's first settlement after ``now`` (UTC ms), at its minute; None after the file's last row."""
        times = self._times.get(symbol, [])
        number = bisect_right(times, now)
        return (times[number], self._rates[times[number]][symbol]) if number < len(times) else None

    def known(self, symbol: str, close_time: int) -> SettledFunding | None:
        """Return the last settlement that the symbol's candle knows which closes at ``close_time`` (UTC ms)."""
        times = self._times.get(symbol, [])
        number = bisect_left(times, close_time)
        return known_at(close_time, float(self._rates[times[number - 1]][symbol]), times[number - 1]) if number else None

    def settled(self, symbol: str, start: int, end: int) -> Iterator[tuple[int, float]]:
        """Yield time (UTC ms) and rate of the settlements in [start, end) that candles may know, in order."""
        times = self._times.get(symbol, [])
        for time in times[bisect_left(times, start) : bisect_left(times, end)]:
            yield time, float(self._rates[time][symbol])

    def _read(self, symbol: str, path: Path, batch_rows: int, largest_rate: float) -> None:
        first, last = -1, -1
        for member in members_of(path):
            row = 0
            for columns in read_columns(member, "funding_time", ("funding_rate",), batch_rows):
                for at, rate in zip(columns["funding_time"].tolist(), columns["funding_rate"].tolist(), strict=True):
                    row += 1
                    if not -largest_rate <= rate <= largest_rate:
                        text = f"funding_rate {rate} is beyond ±{largest_rate}; rates are fractions (0.0001 = 0.01 %)"
                        raise FileDefect(member, "out_of_range", text, row)
                    first, last = (at if first < 0 else min(first, at)), max(last, at)
                    known = self._rates.setdefault(at - at % MINUTE, {})
                    value = Decimal(repr(rate))
                    if known.setdefault(symbol, value) != value:
                        raise FileDefect(member, "conflicting_duplicate", f"funding_time {at} again with another rate", row)
        if first < 0:
            raise FileDefect(path, "empty", "the file has no rows; write it again")
        if self._start is not None and not (first <= self._start + 24 * HOUR and self._start <= last):
            text = f"fundings from {first} to {last}, and the market begins at {self._start}; give the file of that time"
            raise FileDefect(path, "nothing_in_range", text)


class PlayedFunding:
    """Recorded rates for symbols with a file, the constant rate for the others. After a file's last row: no funding.

    The constant rate is what a holder is assumed to pay, and nothing that a strategy may know.
    """

    def __init__(self, symbols: Sequence[str], rate: Decimal | str, files: Mapping[str, Path], start: int) -> None:
        """Read the files (symbol → path). ``rate``: for the other symbols; ``start``: UTC ms. Raises SourceRefused."""
        self._recorded = RecordedFunding(files, start=start)
        self._constant = ConstantFunding([symbol for symbol in symbols if symbol not in files], rate)

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Return symbol → rate for symbols with funding in the minute that begins at ``close_time`` (UTC ms)."""
        return self._constant.rates_at(close_time) | self._recorded.rates_at(close_time)

    def next_of(self, symbol: str, now: int) -> Announced | None:
        """Return the symbol's first settlement after ``now`` (UTC ms); None after the last row of its file."""
        return self._constant.next_of(symbol, now) or self._recorded.next_of(symbol, now)

    def known(self, symbol: str, close_time: int) -> SettledFunding | None:
        """Return the last settlement that the symbol's candle knows which closes at ``close_time`` (UTC ms)."""
        return self._recorded.known(symbol, close_time)

    def settled(self, symbol: str, start: int, end: int) -> Iterator[tuple[int, float]]:
        """Yield time (UTC ms) and rate of the settlements in [start, end) that candles may know, in order."""
        return self._recorded.settled(symbol, start, end)
