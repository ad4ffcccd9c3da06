"""The exchange's public archives: their names and addresses, and which of them a span of time needs.

Candles are published as files of a month and of a day, funding rates of a month only, metrics and the order book of a day
only; a file appears some hours or days
after its span has ended. Every file stands beside its checksum.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from shared.candles.kinds import FUNDING, Kind
from shared.domain.timeframes import DAY

#: Below the server's address: contracts settled in USDT or USDC.
_ROOT: Final = "data/futures/um"
#: The folder of what is not klines of the kind's own name, and whether it has one of the timeframe below the symbol's.
_FOLDERS: Final[dict[str, tuple[str, str]]] = {
    FUNDING: ("fundingRate", ""),
    "mark": ("markPriceKlines", "1m"),
    "premium": ("premiumIndexKlines", "1m"),
    "aggTrades": ("aggTrades", ""),
    "metrics": ("metrics", ""),
    "bookDepth": ("bookDepth", ""),
}
_MONTHLY_ALONE: Final = (FUNDING,)
_DAILY_ALONE: Final = ("metrics", "bookDepth")


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """One archive. period: ``2023-01`` or ``2023-01-02``. Its rows have times in [start, end), UTC ms."""

    symbol: str
    kind: Kind
    period: str
    start: int
    end: int

    @property
    def monthly(self) -> bool:
        return len(self.period) == len("2023-01")

    @property
    def days(self) -> int:
        """How many days it holds."""
        return (self.end - self.start) // DAY

    @property
    def name(self) -> str:
        """Of its file, without the ending; the manifest names it so."""
        folder, timeframe = _FOLDERS.get(self.kind, ("klines", self.kind))
        return f"{self.symbol}-{timeframe or folder}-{self.period}"

    @property
    def path(self) -> str:
        """Of its file, below the server's address."""
        folder, timeframe = _FOLDERS.get(self.kind, ("klines", self.kind))
        place = "/".join(filter(None, (folder, self.symbol, timeframe)))
        return f"{_ROOT}/{'monthly' if self.monthly else 'daily'}/{place}/{self.name}.zip"


def needed(symbol: str, kind: Kind, start: int, end: int, today: int, known: Collection[str]) -> list[Archive]:
    """The archives to ask for, so that [start, end) is there: a month's where the month is over and wholly asked for, else
    those of days that are over.

    today: start of the running UTC day, ms. known: names of archives that are stored, of which none is asked for again.
    """
    found: list[Archive] = []
    for month in _months(symbol, kind, start, end):
        days = _days(month, start, end, today)
        over = month.end <= today
        if month.name in known:
            continue
        alone = kind in _MONTHLY_ALONE
        if over and kind not in _DAILY_ALONE and (alone or (start <= month.start and month.end <= end)):
            if not all(day.name in known for day in days) or alone:
                found.append(month)
        elif not alone:
            found += [day for day in days if day.name not in known]
    return found


def days_instead(month: Archive, known: Collection[str]) -> list[Archive]:
    """The archives of its days, for a month that is not published (yet); none for funding rates, which have none."""
    if month.kind in _MONTHLY_ALONE:
        return []
    return [day for day in _days(month, month.start, month.end, month.end) if day.name not in known]


def uncovered(symbol: str, kind: Kind, start: int, end: int, known: Collection[str]) -> list[tuple[int, int]]:
    """The parts of [start, end) of which no archive is stored, longest possible, UTC ms."""
    spans: list[tuple[int, int]] = []
    for month in _months(symbol, kind, start, end):
        if month.name in known:
            continue
        for day in _days(month, start, end, month.end):
            if day.name in known:
                continue
            begin, stop = max(day.start, start), min(day.end, end)
            if spans and spans[-1][1] == begin:
                spans[-1] = (spans[-1][0], stop)
            else:
                spans.append((begin, stop))
    return spans


def _months(symbol: str, kind: Kind, start: int, end: int) -> Iterator[Archive]:
    """Every month that has a part of [start, end)."""
    first = datetime.fromtimestamp(start / 1000, UTC)
    year, month = first.year, first.month
    while (begin := _ms(year, month)) < end:
        following = (year + 1, 1) if month == 12 else (year, month + 1)
        yield Archive(symbol=symbol, kind=kind, period=f"{year}-{month:02}", start=begin, end=_ms(*following))
        year, month = following


def _days(month: Archive, start: int, end: int, until: int) -> list[Archive]:
    """The days of a month that have a part of [start, end) and are over at ``until``."""
    return [
        Archive(
            symbol=month.symbol,
            kind=month.kind,
            period=f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}",
            start=at,
            end=at + DAY,
        )
        for at in range(month.start, month.end, DAY)
        if at < end and at + DAY > start and at + DAY <= until
    ]


def _ms(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
