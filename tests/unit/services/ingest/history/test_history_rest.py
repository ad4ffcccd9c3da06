"""What the exchange is asked for: the parts that lack, page by page, and nothing that is still running."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.candle_source import SourceRefused
from services.ingest.files.defects import FileDefect
from services.ingest.history.archives import Archive, needed
from services.ingest.history.importing import rates_in
from services.ingest.history.rest import missing_spans, rows_by_rest
from services.ingest.history.unpacking import rows_of_archive
from shared.candles.kinds import Kind, joined
from shared.candles.repository import Repository
from shared.domain.timeframes import DAY, MINUTE
from shared.exchange.model.market_data import FundingRate, Kline
from tests.support.candles.rows import NEW_YEAR, alike, candles
from tests.support.ingest.archive_server import ArchiveServer, Fault, rows_of_span
from tests.support.ingest.candle_file_kinds import text, zipped

HOURS_8 = 480 * MINUTE


class Paged:
    """The exchange's two answers, of rows that exist from NEW_YEAR to ``end``; the last candle is still running."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.pages = 0

    async def klines(self, symbol: str, timeframe: Any, *, start: int, end: int, limit: int) -> tuple[Kline, ...]:
        self.pages += 1
        begin = max(start, NEW_YEAR)
        rows = candles(max(0, min((min(end + 1, self.end) - begin) // MINUTE, limit)), begin)
        return tuple(
            Kline(
                symbol=symbol, timeframe=timeframe, open_time=at, open=opened, high=high, low=low, close=close,
                volume=volume, quote_volume=1.0, trades=1, taker_volume=0.5, closed=at + MINUTE < self.end,
            )
            for at, opened, high, low, close, volume in zip(*(column.tolist() for column in rows), strict=True)
        )  # fmt: skip

    async def funding_history(self, symbol: str, *, start: int, end: int, limit: int) -> tuple[FundingRate, ...]:
        self.pages += 1
        begin = max(start + -start % HOURS_8, NEW_YEAR)
        times = range(begin, min(end + 1, self.end), HOURS_8)
        return tuple(FundingRate(symbol=symbol, time=at, rate=Decimal("0.0001")) for at in times[:limit])


async def asked(exchange: Paged, kind: Kind, start: int, end: int) -> list[int]:
    pages = [page async for page in rows_by_rest(exchange, "BTCUSDT", kind, start, end)]  # type: ignore[arg-type]  # two answers
    return joined(pages)[0].tolist() if pages else []


@pytest.mark.parametrize("count", [0, 1, 2, 1_499, 1_500, 1_501, 3_001, 4_000])
async def test_minutes_come_page_by_page_and_without_the_running_one(count: int) -> None:
    """DATA-6."""
    exchange = Paged(NEW_YEAR + count * MINUTE)
    found = await asked(exchange, "1m", NEW_YEAR - DAY, NEW_YEAR + 10 * DAY)
    assert found == [NEW_YEAR + minute * MINUTE for minute in range(count - 1)]
    assert exchange.pages <= 1 + count // 1_499


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001, 2_500])
async def test_rates_come_page_by_page(count: int) -> None:
    """DATA-8."""
    found = await asked(Paged(NEW_YEAR + count * HOURS_8), "funding", NEW_YEAR, NEW_YEAR + 4_000 * HOURS_8)
    assert found == [NEW_YEAR + place * HOURS_8 for place in range(count)]


@settings(max_examples=40)
@given(st.sets(st.integers(0, 99)), st.integers(-5, 105), st.integers(-5, 105), st.integers(0, 1))
def test_missing_spans_are_what_is_not_stored(places: set[int], begin: int, end: int, odd: int) -> None:
    """DATA-6: nothing that is stored is asked for, and nothing that lacks is left out."""
    start, stop = NEW_YEAR + begin * MINUTE - odd * 1_000, NEW_YEAR + end * MINUTE
    with TemporaryDirectory() as root:
        series = Repository(Path(root)).series("BTCUSDT")
        if places:
            with series.locked():
                series.add([tuple(column[sorted(places)] for column in candles(100))])
        spans = missing_spans(series, start, stop)
    found = [at for span in spans for at in range(*span, MINUTE)]
    assert found == [NEW_YEAR + minute * MINUTE for minute in range(begin, end) if minute not in places]


(JANUARY,) = needed("BTCUSDT", "1h", NEW_YEAR, NEW_YEAR + 31 * DAY, NEW_YEAR + 99 * DAY, ())
(RATES,) = needed("BTCUSDT", "funding", NEW_YEAR, NEW_YEAR + 31 * DAY, NEW_YEAR + 99 * DAY, ())


def written(tmp_path: Path, archive: Archive, fault: Fault | None = None) -> Path:
    path = tmp_path / f"{archive.name}.zip"
    path.write_bytes(ArchiveServer().content(archive, fault))
    return path


@pytest.mark.parametrize("archive", [JANUARY, RATES], ids=["1h", "funding"])
def test_archive_gives_its_rows(archive: Archive, tmp_path: Path) -> None:
    """DATA-6, DATA-8."""
    rows, chunks = rows_of_archive(archive, written(tmp_path, archive))
    found = joined(chunks)
    assert rows == len(found[0])
    bare = rows_of_span(archive)
    assert alike(found[: len(bare)], bare)
    assert len(found) == (2 if archive.kind == "funding" else 8), "with what takers bought, and how many trades"


@pytest.mark.parametrize("archive", [JANUARY, RATES], ids=["1h", "funding"])
@pytest.mark.parametrize("fault", ["cut_zip", "other_days", "no_csv"])
def test_archive_with_other_contents_is_refused(archive: Archive, fault: Fault, tmp_path: Path) -> None:
    """DATA-6."""
    with pytest.raises(FileDefect):
        rows_of_archive(archive, written(tmp_path, archive, fault))


def test_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "two.zip", {"a.csv": "1,2\n", "b.csv": "1,2\n"})
    with pytest.raises(FileDefect, match="it holds 2 files"):
        rows_of_archive(JANUARY, path)


RATE_ROWS = {
    "nothing": ("", "the file has no rows"),
    "a rate of half the notional": (f"{NEW_YEAR},0.5\n", "is none"),
    "no number": (f"{NEW_YEAR},nan\n", "is none"),
    "a time of no year": ("5,0.0001\n", "not between 1973 and 2099"),
    "a contradiction": (f"{NEW_YEAR},0.0001\n{NEW_YEAR},0.0002\n", "two rates of one moment, such as 2023-01-01T00:00Z"),
}


@pytest.mark.parametrize("kind", RATE_ROWS)
def test_rates_that_cannot_be_right_are_refused(kind: str, tmp_path: Path) -> None:
    """DATA-8."""
    rows, says = RATE_ROWS[kind]
    path = text(tmp_path / "BTCUSDT-funding.csv", f"funding_time,funding_rate\n{rows}")
    with pytest.raises(SourceRefused, match=says):
        rates_in(path)


def test_rates_are_sorted_and_each_kept_once(tmp_path: Path) -> None:
    """DATA-8."""
    rows = f"{NEW_YEAR + HOURS_8},0.0002\n{NEW_YEAR},0.0001\n{NEW_YEAR + HOURS_8},0.0002\n"
    taken = rates_in(text(tmp_path / "BTCUSDT-funding.csv", f"funding_time,funding_rate\n{rows}"))
    (found,) = taken.chunks
    assert (taken.symbol, taken.kind, taken.rows) == ("BTCUSDT", "funding", 2)
    assert alike(found, (np.array([NEW_YEAR, NEW_YEAR + HOURS_8]), np.array([0.0001, 0.0002])))
