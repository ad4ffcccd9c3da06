"""Funding rates of a played market: a constant one, or recorded ones from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from services.ingest.candle_source import Defect, SourceRefused
from services.ingest.files.defects import FileDefect
from services.ingest.files.members import members_of
from services.ingest.files.readers import read_columns
from shared.domain.timeframes import MINUTE

DEFAULT_RATE: Final = Decimal("0.0001")
HOUR: Final = 60 * MINUTE


class ConstantFunding:
    """``rate`` for every symbol every ``hours`` hours from 00:00 UTC (the exchange's usual 0.01 % every 8 h).

    A positive rate is paid by longs to shorts. Raises ValueError when ``hours`` does not divide the day.
    """

    def __init__(self, symbols: Sequence[str], rate: Decimal | str = DEFAULT_RATE, hours: int = 8) -> None:
        if hours < 1 or 24 % hours:
            raise ValueError(f"funding every {hours} hours: the exchange settles every 1, 2, 3, 4, 6, 8, 12 or 24")
        self._rates = dict.fromkeys(symbols, Decimal(rate))
        self._period = hours * HOUR

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Symbol → rate when funding is settled at ``close_time`` (UTC ms), else nothing."""
        return dict(self._rates) if close_time % self._period == 0 else {}


class RecordedFunding:
    """Rates from files with the columns funding_time and funding_rate (or Binance's names of them), one path a symbol.

    The exchange stamps some settlements a few milliseconds late: a time counts for the minute that it lies in. ``start``:
    where the market begins, UTC ms; a file that has nothing within a day of it is refused, because a market without funding
    looks like one with. Raises SourceRefused with the defects of all files.
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
        defects: list[Defect] = []
        for symbol, path in sorted(files.items()):
            try:
                self._read(symbol, Path(path), batch_rows, largest_rate)
            except FileDefect as error:
                defects.append(error.defect)
        if defects:
            raise SourceRefused(defects)

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Symbol → rate of those that have a funding time in the minute that begins at ``close_time`` (UTC ms)."""
        return dict(self._rates.get(close_time, {}))

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
    """Recorded rates for symbols that have a file, the constant one for the others; after a file's last row, none."""

    def __init__(self, symbols: Sequence[str], rate: Decimal | str, files: Mapping[str, Path], start: int) -> None:
        """Raises SourceRefused."""
        self._recorded = RecordedFunding(files, start=start)
        self._constant = ConstantFunding([symbol for symbol in symbols if symbol not in files], rate)

    def rates_at(self, close_time: int) -> dict[str, Decimal]:
        """Symbol → rate of those that are settled in the minute that begins at ``close_time`` (UTC ms)."""
        return self._constant.rates_at(close_time) | self._recorded.rates_at(close_time)
