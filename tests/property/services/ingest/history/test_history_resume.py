"""A fetch that is stopped at any request, and called again, ends with the bytes of one that was not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.history.archives import Archive, days_instead, needed
from services.ingest.history.downloading import Downloads
from services.ingest.history.fetching import SeriesFetch
from shared.candles.manifest import Source
from shared.candles.repository import Repository
from shared.domain.timeframes import DAY
from tests.support.candles.rows import contents
from tests.support.ingest.archive_server import ArchiveServer, serving

#: 2022-11-25 to 2023-01-05 and its months: two years, three months, days at both ends.
START = 1_669_334_400_000
END = START + 41 * DAY


class Hasty(SeriesFetch):
    """The specimen: notes archives in the manifest before their rows are stored, as a careless writer would."""

    async def _fetch_year(self, archives: Sequence[Archive], known: set[str]) -> None:
        noted = [Source(name=archive.name, sha256="0" * 64, rows=0) for archive in archives]
        self._series.add([], noted)
        await super()._fetch_year(archives, known)


async def _fetched(
    root: Path, stops: list[int], *, monthly: bool, fetch: type[SeriesFetch] = SeriesFetch
) -> dict[str, bytes]:
    """Fetch 4h candles, cancelled at the requests numbered ``stops`` of each run in turn, then to the end."""
    server = ArchiveServer(monthly=monthly)
    archives = needed("BTCUSDT", "4h", START, END, END, ())
    server.publish([*archives, *(day for each in archives for day in days_instead(each, ()) if each.monthly)])
    async with serving(server):
        for stop in [*stops, 1 << 30]:
            series = Repository(root).series("BTCUSDT", "4h")
            async with Downloads(server.url, at_once=3) as downloads:
                running = asyncio.ensure_future(fetch(series, START, END, END + 10 * DAY, downloads, None).run())
                server.on_request = _cancelling(running, stop)
                with contextlib.suppress(asyncio.CancelledError):
                    await running
    return contents(root)


def _cancelling(running: asyncio.Future[object], stop: int) -> Callable[[str], None]:
    """Cancel at the request that ``stop`` others come before."""
    numbers = count()

    def on_request(_: str) -> None:
        if next(numbers) == stop:
            running.cancel()

    return on_request


def _whole(*, monthly: bool) -> dict[str, bytes]:
    with TemporaryDirectory() as root:
        return asyncio.run(_fetched(Path(root), [], monthly=monthly))


WHOLE = {monthly: _whole(monthly=monthly) for monthly in (True, False)}


@settings(max_examples=15)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=3), st.booleans())
def test_interrupted_and_resumed_gives_the_same_bytes(stops: list[int], monthly: bool) -> None:
    """DATA-6: Ctrl-C at any file keeps what was done, and nothing half-done."""
    with TemporaryDirectory() as root:
        assert asyncio.run(_fetched(Path(root), stops, monthly=monthly)) == WHOLE[monthly]
    assert len(WHOLE[monthly]) == (3 if monthly else 4), "a manifest, two years, and which months are not published"


def test_writer_that_notes_archives_too_early_is_caught() -> None:
    """STYLE: the specimen of the property above: stopped at its fifth request, it never asks again for what it lost."""
    with TemporaryDirectory() as whole, TemporaryDirectory() as stopped:
        assert asyncio.run(_fetched(Path(whole), [], monthly=True, fetch=Hasty)) == WHOLE[True]
        assert asyncio.run(_fetched(Path(stopped), [4], monthly=True, fetch=Hasty)) != WHOLE[True]
