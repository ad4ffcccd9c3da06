"""Fetching from an archive server that fails: right candles or a right sentence, nothing half-done, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.ingest.history import fetching
from services.ingest.history.archives import Archive, days_instead, needed
from services.ingest.history.downloading import Downloads, Unreachable
from services.ingest.history.fetching import Fetched, SeriesFetch
from services.ingest.history.unpacking import rows_of_archive
from shared.candles.kinds import Kind, within
from shared.candles.repository import Repository
from shared.candles.series import Series
from shared.domain.timeframes import DAY, MINUTE
from shared.exchange.errors import ExchangeError
from shared.exchange.model.market_data import FundingRate, Kline
from tests.support.candles.rows import Held, alike, candles, stored
from tests.support.ingest.archive_server import ArchiveServer, Fault, rows_of_span, serving


def ms(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]  # year, month, day, …


HOUR = 60 * MINUTE
#: The time of every test: the running day is the tenth of March.
NOW = ms(2023, 3, 10, 12)
START, END = ms(2023, 1, 1), ms(2023, 3, 8)


class Rest:
    """The two questions of the port that a fetch asks, answered from the same candles; nothing before ``first``."""

    def __init__(self, first: int = 0, error: ExchangeError | None = None) -> None:
        self.first = first
        self.error = error
        self.asked: list[tuple[int, int]] = []

    async def klines(self, symbol: str, timeframe: Kind, *, start: int, end: int, limit: int) -> tuple[Kline, ...]:
        self.asked.append((start, end))
        if self.error is not None:
            raise self.error
        step = HOUR if timeframe == "1h" else MINUTE
        begin = max(start + -start % step, self.first)
        rows = candles(max(0, min((end - begin) // step + 1, limit)), begin, step)
        return tuple(
            Kline(
                symbol=symbol, timeframe="1h", open_time=at, open=opened, high=high, low=low, close=close, volume=volume,
                quote_volume=1.0, trades=1, taker_volume=0.5, closed=at + step <= NOW,
            )
            for at, opened, high, low, close, volume in zip(*(column.tolist() for column in rows), strict=True)
        )  # fmt: skip

    async def funding_history(self, symbol: str, *, start: int, end: int, limit: int) -> tuple[FundingRate, ...]:
        self.asked.append((start, end))
        times = [at for at in range(start + -start % (8 * HOUR), end + 1, 8 * HOUR) if at <= NOW]
        return tuple(FundingRate(symbol=symbol, time=at, rate=Decimal("0.0001")) for at in times[:limit])


@pytest.fixture
async def server() -> AsyncIterator[ArchiveServer]:
    async with serving(ArchiveServer()) as running:
        yield running


@pytest.fixture
def series(tmp_path: Path) -> Series:
    return Repository(tmp_path).series("BTCUSDT", "1h")


def publish(server: ArchiveServer, kind: Kind = "1h", end: int = END) -> None:
    """Months and days of the span, up to and without ``end``."""
    archives = needed("BTCUSDT", kind, START, end, end, ())
    server.publish([*archives, *(day for each in archives if each.monthly for day in days_instead(each, ()))])


async def fetch(
    server: ArchiveServer, series: Series, start: int = START, end: int = END, rest: Rest | None = None, **options: Any
) -> Fetched:
    async def no_pause(_: float) -> None:
        await asyncio.sleep(0)

    async def opened() -> Any:
        return rest

    async with Downloads(server.url, attempts=3, pause=no_pause, **options) as downloads:
        return await SeriesFetch(series, start, end, NOW, downloads, opened if rest else None).run()


def expected(start: int, end: int) -> Any:
    return candles((end - start) // HOUR, start, HOUR)


async def test_months_then_days_make_the_whole_span(server: ArchiveServer, series: Series) -> None:
    """DATA-6: monthly files where the month is whole, then daily."""
    publish(server)
    done = await fetch(server, series)
    assert (done.archives, done.new, done.rest, done.absent, done.failed) == (9, (END - START) // HOUR, 0, [], [])
    assert alike(stored(series), expected(START, END))
    assert not (series.directory / ".downloads").exists()
    server.asked.clear()
    again = await fetch(server, series)
    assert (again.archives, again.new, dict(server.asked)) == (0, 0, {})


async def test_month_that_is_not_published_yet_comes_day_by_day(server: ArchiveServer, series: Series) -> None:
    """DATA-6: a month is 404 for some days after its end."""
    server.monthly = False
    publish(server)
    done = await fetch(server, series)
    assert done.archives == 31 + 28 + 7
    assert alike(stored(series), expected(START, END))


async def test_days_without_an_archive_are_told_and_not_guessed(server: ArchiveServer, series: Series) -> None:
    """DATA-6, DATA-7: before the listing there is nothing."""
    server.first = ms(2023, 1, 20, 7)
    publish(server)
    done = await fetch(server, series)
    assert done.absent == [(START, ms(2023, 1, 20))]
    assert alike(stored(series), expected(ms(2023, 1, 20, 7), END))


async def test_rest_gives_what_no_archive_has_up_to_the_last_closed_candle(server: ArchiveServer, series: Series) -> None:
    """DATA-6: REST for the rest; what it gave is not asked for again."""
    publish(server)
    rest = Rest()
    done = await fetch(server, series, end=NOW + DAY, rest=rest)
    assert done.rest == (NOW - END) // HOUR
    assert alike(stored(series), expected(START, NOW))
    rest.asked.clear()
    again = await fetch(server, series, end=NOW, rest=rest)
    assert (again.new, rest.asked) == (0, [])


async def test_days_that_neither_archive_nor_exchange_has_are_told(server: ArchiveServer, series: Series) -> None:
    """DATA-6: REST begins at the listing."""
    done = await fetch(server, series, ms(2023, 3, 1), NOW, Rest(ms(2023, 3, 5)))
    assert done.absent == [(ms(2023, 3, 1), ms(2023, 3, 5))]
    assert alike(stored(series), expected(ms(2023, 3, 5), NOW))


async def test_candles_of_a_week_leave_no_day_out(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6: a week is seven days that are there, and a Wednesday is no week that is missing."""
    weeks = Repository(tmp_path).series("BTCUSDT", "1w")
    with weeks.locked():
        weeks.add([candles(20, ms(2022, 12, 26), 7 * DAY)])
    rest = Rest()
    done = await fetch(server, weeks, ms(2023, 1, 4), ms(2023, 3, 1), rest)
    assert (done.absent, rest.asked) == ([], [])


async def test_rates_that_lie_before_those_that_are_stored_are_asked_for(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-8: also in the middle; what is stored is not asked for."""
    rates = Repository(tmp_path).series("BTCUSDT", "funding")
    times = candles(9, ms(2023, 2, 10), 8 * HOUR)[0]
    times = times[[0, 1, 2, 5, 6, 7, 8]] + 3
    with rates.locked():
        rates.add([(times, times * 0 + 0.0001)])
    rest = Rest()
    await fetch(server, rates, ms(2023, 2, 9), ms(2023, 2, 13), rest)
    assert rest.asked == [
        (ms(2023, 2, 9), ms(2023, 2, 10) + 2),
        (ms(2023, 2, 10, 16) + 4, ms(2023, 2, 11, 16) + 2),
        (ms(2023, 2, 12, 16) + 4, ms(2023, 2, 13) - 1),
    ]  # fmt: skip


async def test_archives_are_asked_for_as_they_are(server: ArchiveServer, series: Series) -> None:
    """DATA-6: a checksum that is packed on the way would be none."""
    publish(server)
    seen = set()
    answer = server.answer

    async def noting(request: Any) -> Any:
        seen.add(request.headers["Accept-Encoding"])
        return await answer(request)

    server.answer = noting  # type: ignore[method-assign]
    async with serving(server):
        await fetch(server, series)
    assert seen == {"identity"}


async def test_exchange_that_refuses_is_told_and_the_archives_are_kept(server: ArchiveServer, series: Series) -> None:
    publish(server)
    error = ExchangeError("retry", 0, "nobody there", call="GET klines")
    done = await fetch(server, series, end=NOW, rest=Rest(error=error))
    assert len(done.failed) == 1
    assert "type the same line again" in done.failed[0]
    assert alike(stored(series), expected(START, END))


JANUARY = "data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip"


@pytest.mark.parametrize("fault", ["503", "cut", "slow", "wrong_checksum"])
async def test_fault_that_passes_is_tried_again(server: ArchiveServer, series: Series, fault: Fault) -> None:
    """DATA-6: retries with a limit."""
    publish(server)
    server.faults[JANUARY] = (fault, 2)
    done = await fetch(server, series, silent_after=0.3)
    assert done.failed == []
    assert alike(stored(series), expected(START, END))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("wrong_checksum", "its checksum file says 000000000000…"),
        ("no_checksum", "is published without its checksum"),
        ("junk_checksum", "CHECKSUM holds no sha256"),
        ("cut_zip", "not a whole zip archive"),
        ("other_days", "it is the archive of 2023-01 and has a row of 2023-03-03T23:00Z"),
        ("no_csv", "BTCUSDT-1h-2023-01.zip was published so"),
    ],
)
async def test_archive_that_is_broken_at_its_source_is_told_and_left_out(
    server: ArchiveServer, series: Series, fault: Fault, says: str
) -> None:
    """DATA-6: checksums are verified; the other archives are stored, and the broken one is asked for again next time."""
    publish(server)
    server.faults[JANUARY] = (fault, -1)
    done = await fetch(server, series)
    assert len(done.failed) == 1
    assert says in done.failed[0]
    assert alike(stored(series), expected(ms(2023, 2, 1), END))
    server.faults.clear()
    assert (await fetch(server, series)).archives == 1
    assert alike(stored(series), expected(START, END))


@pytest.mark.parametrize("fault", ["503", "cut", "slow"])
async def test_server_that_stays_away_ends_the_fetch_with_what_was_done(
    server: ArchiveServer, series: Series, fault: Fault
) -> None:
    """DATA-6: the years before are stored; the same call goes on from there."""
    archives = needed("BTCUSDT", "1h", ms(2022, 12, 1), END, END, ())
    server.publish(archives)
    server.faults[JANUARY] = (fault, -1)
    with pytest.raises(Unreachable, match="type the same line again"):
        await fetch(server, series, ms(2022, 12, 1), silent_after=0.3)
    assert alike(within(stored(series), 0, START), expected(ms(2022, 12, 1), START))
    server.faults.clear()
    server.asked.clear()
    await fetch(server, series, ms(2022, 12, 1))
    assert not [path for path in server.asked if "2022-12" in path]
    assert alike(stored(series), expected(ms(2022, 12, 1), END))


async def test_server_that_is_not_there_is_unreachable(server: ArchiveServer, series: Series) -> None:
    server.url = "http://127.0.0.1:9"
    with pytest.raises(Unreachable, match=r"http://127.0.0.1:9 cannot be reached"):
        await fetch(server, series)


@pytest.mark.parametrize(("header", "microseconds"), [(False, False), (True, True), (False, True)])
async def test_archives_of_every_age_give_the_same_candles(
    server: ArchiveServer, series: Series, header: bool, microseconds: bool
) -> None:
    """DATA-6: with and without header, ms and µs."""
    server.header, server.microseconds = header, microseconds
    publish(server)
    await fetch(server, series)
    assert alike(stored(series), expected(START, END))


async def test_verified_download_of_a_killed_run_is_taken(server: ArchiveServer, series: Series) -> None:
    """DATA-6: SIGKILL between download and storing costs nothing twice; a half of a file is fetched again."""
    publish(server)
    january, february = (archive for archive in server.archives.values() if archive.monthly)
    staging = series.directory / ".downloads"
    staging.mkdir(parents=True)
    (staging / f"{january.name}.zip").write_bytes(server.content(january))
    (staging / f"{february.name}.zip").write_bytes(server.content(february)[:100])
    await fetch(server, series)
    assert (server.asked[january.path], server.asked[february.path]) == (0, 1)
    assert alike(stored(series), expected(START, END))


async def test_downloads_at_once_are_bounded(server: ArchiveServer, series: Series) -> None:
    """DATA-6: parallel with a bound."""
    server.monthly = False
    publish(server)
    running, most = 0, 0
    answer = server.answer

    async def counted(request: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            await asyncio.sleep(0)
            return await answer(request)
        finally:
            running -= 1

    server.answer = counted  # type: ignore[method-assign]
    async with serving(server):
        await fetch(server, series, at_once=3)
    assert 1 < most <= 3


async def test_rows_held_do_not_grow_with_the_span(
    server: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DATA-6: of three months of minutes, all downloaded together, less than the half is held while they are stored."""
    held = Held()

    def watched(archive: Archive, path: Path) -> Any:
        rows, chunks = rows_of_archive(archive, path)
        return rows, held.watched(chunks)

    monkeypatch.setattr(fetching, "rows_of_archive", watched)
    minutes = Repository(tmp_path).series("BTCUSDT")
    server.publish(needed("BTCUSDT", "1m", ms(2022, 7, 1), ms(2022, 10, 1), NOW, ()))
    done = await fetch(server, minutes, ms(2022, 7, 1), ms(2022, 10, 1))
    assert (done.archives, done.new) == (3, 92 * 1_440)
    assert 0 < held.most < done.new / 2


async def test_funding_comes_by_month_and_the_rest_by_rest(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-8: funding rates beside the candles."""
    rates = Repository(tmp_path).series("BTCUSDT", "funding")
    archives = needed("BTCUSDT", "funding", START, ms(2023, 3, 1), ms(2023, 3, 1), ())
    server.publish(archives)
    done = await fetch(server, rates, end=NOW, rest=Rest())
    assert (done.archives, done.failed, done.absent) == (2, [], [])
    found = stored(rates)
    assert alike(within(found, 0, ms(2023, 2, 1)), rows_of_span(archives[0]))
    assert found[0].tolist() == list(range(START, NOW + 1, 8 * HOUR))[: len(found[0])]
    assert done.rest == 9 * 3 + 2


async def test_stored_candles_stay_when_the_exchange_says_otherwise(server: ArchiveServer, series: Series) -> None:
    """DATA-5: the exchange rewrites candles now and then; that is told, with the first of them."""
    publish(server)
    other = tuple(column.copy() for column in expected(START, START + 10 * HOUR))
    other[4][4] += 0.5
    with series.locked():
        series.add([other])
    done = await fetch(server, series)
    assert (done.differing, done.first_differing) == (1, START + 4 * HOUR)
    assert alike(within(stored(series), 0, START + 10 * HOUR), other)
