"""What the exchange publishes beside candles, from an archive server that fails; and what is remembered not to be there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from services.ingest.history.archives import days_instead, needed
from services.ingest.history.downloading import Downloads
from services.ingest.history.fetching import Fetched, SeriesFetch
from services.ingest.history.flow_of_trades import fill_flow
from shared.candles.absence import ABSENT, read_absence
from shared.candles.kinds import PUBLISHED, Kind, joined
from shared.candles.repository import Repository, extent_of
from shared.candles.series import Series
from shared.domain.timeframes import DAY, MINUTE
from tests.support.candles.rows import alike, candles, contents, stored
from tests.support.ingest import published_archives
from tests.support.ingest.archive_server import ArchiveServer, Fault, serving


def ms(*date: int) -> int:
    return int(datetime(*date, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]  # year, month, day


NOW, START, END = ms(2023, 3, 20), ms(2023, 1, 30), ms(2023, 2, 3)


@pytest.fixture
async def server() -> AsyncIterator[ArchiveServer]:
    async with serving(ArchiveServer()) as running:
        yield running


def publish(server: ArchiveServer, kind: Kind, start: int = START, end: int = END) -> None:
    archives = needed("BTCUSDT", kind, start, end, NOW, ())
    server.publish([*archives, *(day for each in archives if each.monthly for day in days_instead(each, ()))])


async def fetch(server: ArchiveServer, series: Series, start: int = START, end: int = END, now: int = NOW) -> Fetched:
    async def no_pause(_: float) -> None:
        await asyncio.sleep(0)

    async with Downloads(server.url, at_once=4, attempts=3, silent_after=0.2, pause=no_pause) as downloads:
        return await SeriesFetch(series, start, end, now, downloads, None).run()


@pytest.mark.parametrize("kind", PUBLISHED)
@pytest.mark.parametrize("header", [True, False], ids=["names", "no names"])
async def test_published_rows_are_stored_one_for_one(
    server: ArchiveServer, tmp_path: Path, kind: Kind, header: bool
) -> None:
    """DATA-6, DATA-8: with and without a line of names; a second fetch asks for nothing."""
    server.header = header
    publish(server, kind)
    series = Repository(tmp_path).series("BTCUSDT", kind)
    done = await fetch(server, series)
    assert (done.failed, done.absent, done.archives) == ([], [], 4)
    days = [each for each in server.archives.values() if START <= each.start < END]
    expected = joined([published_archives.rows_of(each) for each in sorted(days, key=lambda each: each.start)])
    assert alike(joined(series.chunks()), expected)
    server.asked.clear()
    assert (await fetch(server, series)).new == 0
    assert not server.asked
    (extent,) = [extent_of(each) for each in Repository(tmp_path).stored()]
    assert (extent.kind, extent.rows) == (kind, len(expected[0]))
    assert Repository(tmp_path).listed(START, END) == [], "a universe is of what has candles"


async def test_a_month_comes_whole_where_there_is_one(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6: of the mark price; the order book has days alone."""
    for kind, paths in (("mark", 1), ("bookDepth", 28)):
        archives = needed("BTCUSDT", kind, ms(2023, 2, 1), ms(2023, 3, 1), NOW, ())  # type: ignore[arg-type]  # two kinds
        assert len(archives) == paths
    publish(server, "mark", ms(2023, 2, 1), ms(2023, 3, 1))
    series = Repository(tmp_path).series("BTCUSDT", "mark")
    assert (await fetch(server, series, ms(2023, 2, 1), ms(2023, 3, 1))).new == 28 * 1_440


@pytest.mark.parametrize("fault", ["wrong_checksum", "cut_zip", "no_csv"])
@pytest.mark.parametrize("kind", ["aggTrades", "bookDepth"])
async def test_a_broken_archive_is_told_and_left_out(
    server: ArchiveServer, tmp_path: Path, kind: Kind, fault: Fault
) -> None:
    """DATA-6: the days around it are stored, and the fault names the archive."""
    publish(server, kind)
    path = next(each for each in server.archives if each.endswith("2023-01-31.zip"))
    server.faults[path] = (fault, -1)
    series = Repository(tmp_path).series("BTCUSDT", kind)
    done = await fetch(server, series)
    assert (done.archives, done.absent) == (3, [(ms(2023, 1, 31), ms(2023, 2, 1))])
    assert len(done.failed) == 1
    assert path in done.failed[0]
    server.faults.clear()
    again = await fetch(server, series)
    assert (again.archives, again.failed, again.absent) == (1, [], [])


@pytest.mark.parametrize("fault", ["503", "cut", "slow"])
async def test_a_fault_that_passes_costs_nothing(server: ArchiveServer, tmp_path: Path, fault: Fault) -> None:
    """DATA-6: the connection is cut, or nothing comes."""
    publish(server, "aggTrades")
    server.faults[next(iter(sorted(server.archives)))] = (fault, 1)
    done = await fetch(server, Repository(tmp_path).series("BTCUSDT", "aggTrades"))
    assert (done.archives, done.failed) == (4, [])


async def test_trades_give_minutes_the_order_flow_that_they_lack(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6, ICT-14: what is known stays; a volume that is not the trades' is told; a second time changes no byte."""
    publish(server, "aggTrades")
    repository = Repository(tmp_path)
    minutes, trades = repository.series("BTCUSDT"), repository.series("BTCUSDT", "aggTrades")
    whole = candles((END - START) // MINUTE + 60, START)
    volume = whole[5].copy()
    volume[7] += 0.5
    known = np.where(np.arange(len(volume)) == 3, 0.25, np.nan)
    with minutes.locked():
        minutes.add([(*whole[:5], volume, known, known * 4)])
    await fetch(server, trades)
    with minutes.locked():
        done = fill_flow(minutes, trades)
    days = (END - START) // MINUTE
    assert (done.filled, done.disagreeing, done.first_disagreeing, done.lacking) == (days - 2, 1, START + 7 * MINUTE, 60)
    times, *_, bought, count = joined(minutes.chunks(flow=True))
    assert times.tolist() == whole[0].tolist()
    assert (bought[3], count[3]) == (0.25, 1.0)
    assert np.isnan(bought[7])
    assert np.isnan(bought[days:]).all()
    sure = np.ones(days, dtype=bool)
    sure[[3, 7]] = False
    assert (bought[:days][sure] == whole[5][:days][sure] / 2).all()
    assert (count[:days][sure] == 6).all()
    before = contents(minutes.directory)
    with minutes.locked():
        assert fill_flow(minutes, trades).filled == 0
    assert contents(minutes.directory) == before


async def test_days_that_nobody_has_are_asked_for_once(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6, DATA-7: of before the listing; and then the first day is known to be that of the listing."""
    server.first = ms(2023, 2, 1)
    publish(server, "mark", ms(2022, 11, 1), END)
    series = Repository(tmp_path).series("BTCUSDT", "mark")
    done = await fetch(server, series, ms(2022, 11, 1), END)
    assert done.absent == [(ms(2022, 11, 1), ms(2023, 2, 1))]
    assert extent_of(series).listed == ms(2023, 2, 1)
    server.asked.clear()
    again = await fetch(server, series, ms(2022, 11, 1), END)
    assert (again.absent, sum(server.asked.values())) == (done.absent, 0)
    (series.directory / ABSENT).write_bytes(b"{")
    await fetch(server, series, ms(2022, 11, 1), END)
    assert sum(server.asked.values()) > 90, "what is damaged is forgotten"
    assert len(read_absence(series.directory).days) == 92


async def test_days_that_may_still_appear_are_asked_for_again(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6: an archive is published some days after its end."""
    publish(server, "mark")
    late = next(each for each in server.archives if each.endswith("2023-02-02.zip"))
    archive = server.archives.pop(late)
    series = Repository(tmp_path).series("BTCUSDT", "mark")
    soon = END + 2 * DAY
    assert (await fetch(server, series, now=soon)).absent == [(ms(2023, 2, 2), END)]
    server.archives[late] = archive
    assert (await fetch(server, series, now=soon)).absent == []
    assert stored(series)[0][-1] == END - MINUTE
