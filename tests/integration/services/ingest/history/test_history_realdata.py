"""Original archives of the exchange through the whole fetch, and real candles of three timeframes against one another."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from aiohttp import web

from services.ingest.history.coarser import compare
from services.ingest.history.downloading import Downloads
from services.ingest.history.fetching import SeriesFetch
from services.ingest.history.importing import candles_in, rates_in
from services.ingest.history.quality_report import report_on
from shared.candles.kinds import joined, within
from shared.candles.repository import Repository
from shared.domain.timeframes import DAY, MINUTE
from tests.support.candles.rows import NEW_YEAR, alike, stored
from tests.support.ingest.archive_server import ArchiveServer, serving


class OriginalArchives(ArchiveServer):
    """Serves files as they lie in a directory, by their names."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        path = self.directory / name.removesuffix(".CHECKSUM")
        if not path.is_file():
            raise web.HTTPNotFound
        data = path.read_bytes()
        if name.endswith(".CHECKSUM"):
            return web.Response(text=f"{hashlib.sha256(data).hexdigest()}  {path.name}\n")
        return web.Response(body=data)


async def test_original_archives_give_the_recorded_candles(market_data: Path, tmp_path: Path) -> None:
    """DATA-6, DATA-7: two days and one with an outage of the exchange; the days without an archive are told."""
    series = Repository(tmp_path).series("BTCUSDT")
    end = NEW_YEAR + 90 * DAY
    async with serving(OriginalArchives(market_data / "archives")) as server, Downloads(server.url) as downloads:
        done = await SeriesFetch(series, NEW_YEAR, end, end, downloads, None).run()
    assert (done.archives, done.new, done.failed) == (3, 3 * 1_440 - 80, [])
    outage = NEW_YEAR + 82 * DAY
    assert done.absent == [(NEW_YEAR + 2 * DAY, outage), (outage + DAY, end)]
    table = pq.read_table(market_data / "market" / "BTCUSDT-spot-1m-2023.parquet")
    recorded = tuple(np.asarray(table.column(name)) for name in table.column_names)
    days = [within(recorded, start, stop) for start, stop in ((NEW_YEAR, NEW_YEAR + 2 * DAY), (outage, outage + DAY))]
    assert alike(stored(series), joined(days))
    report = report_on("BTCUSDT", "1m", series.chunks(outage))
    assert [(spot.at - outage, spot.size) for spot in report.gaps.first] == [(12 * 60 * MINUTE + 40 * MINUTE, 80)]


def test_hours_of_the_exchange_are_what_its_minutes_give(market_data: Path, tmp_path: Path) -> None:
    """DATA-2, DATA-7: 51 days; and seven years of funding rates have no pause."""
    repository = Repository(tmp_path)
    market = market_data / "market"
    for name in ("BTCUSDT-um-1m-2025-05-04_2025-06-24", "BTCUSDT-um-1h-2019_2026-05"):
        taken = candles_in(market / f"{name}.parquet")
        series = repository.series("BTCUSDT", taken.kind)
        with series.locked():
            series.add(taken.chunks)
    found = compare(repository.series("BTCUSDT"), repository.series("BTCUSDT", "1h"), "1h")
    assert (found.compared, found.prices) == (1_218, 0)
    rates = rates_in(market / "BTCUSDT-um-funding-2019_2026-05.parquet")
    report = report_on("BTCUSDT", "funding", rates.chunks)
    assert (report.rows, report.gaps.count, report.disorder) == (7_323, 0, 0)
