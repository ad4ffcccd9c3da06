"""Fetches the history of one series: archives of months, then of days, then the exchange's REST for the rest.

What is stored is not fetched again. An interruption at any moment keeps the archives that are downloaded, and the same call
again goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from services.ingest.files.defects import FileDefect
from services.ingest.history.archives import Archive, days_instead, needed, uncovered
from services.ingest.history.downloading import ArchiveBroken, Downloads
from services.ingest.history.rest import missing_spans, rows_by_rest
from services.ingest.history.unpacking import rows_of_archive
from shared.candles.absence import is_settled, read_absence, write_absence
from shared.candles.kinds import PUBLISHED, Chunk, Kind, rows_of, step_of, year_of
from shared.candles.manifest import Source
from shared.candles.merging import Tally
from shared.candles.series import Series
from shared.domain.timeframes import DAY
from shared.exchange.errors import ExchangeError
from shared.exchange.port import MarketData

_DOWNLOADS: Final = ".downloads"
#: Rows by REST that are held before they are stored: a week of minutes.
_REST_ROWS: Final = 10_080


class Fetched(msgspec.Struct, kw_only=True):
    """What a fetch did for one series.

    archives: fetched now. new: rows that were not stored before; rest: those of them by REST. differing: rows that were
    stored with other numbers, which stay; first_differing: the time of the first, UTC ms, else -1. absent: spans of whole
    days [from, to) of which neither an archive nor the exchange has a row, UTC ms. failed: what could not be used, as
    sentences.
    """

    symbol: str
    kind: Kind
    archives: int = 0
    new: int = 0
    rest: int = 0
    differing: int = 0
    first_differing: int = -1
    absent: list[tuple[int, int]] = msgspec.field(default_factory=list)
    failed: list[str] = msgspec.field(default_factory=list)


class _Staged(NamedTuple):
    archive: Archive
    path: Path
    sha256: str


class SeriesFetch:
    """One series and the span [start, end), UTC ms, that is to be there.

    now: the time, UTC ms: nothing of later is asked for. exchange: opens what is asked for what no archive has, when it is
    needed; None: nobody is asked. It may raise ExchangeError.
    on_days: called with numbers of days that are settled.
    """

    def __init__(
        self,
        series: Series,
        start: int,
        end: int,
        now: int,
        downloads: Downloads,
        exchange: Callable[[], Awaitable[MarketData]] | None,
        on_days: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._series = series
        self._start, self._end = start, min(end, now)
        self._today = now - now % DAY
        self._downloads = downloads
        self._exchange = exchange
        self._on_days = on_days
        self._now = now
        self._staging = series.directory / _DOWNLOADS
        self._absence = read_absence(series.directory)
        self.done = Fetched(symbol=series.symbol, kind=series.kind)

    async def run(self) -> Fetched:
        """Fetch. Raises Busy, Damaged, Unreachable, OSError; what was downloaded by then is stored, also when cancelled."""
        series = self._series
        with series.locked():
            self._staging.mkdir(exist_ok=True)
            known = {source.name for source in series.manifest.sources}
            plan = self._expected(needed(series.symbol, series.kind, self._start, self._end, self._today, known), known)
            settled = max(0, -(-(self._end - self._start) // DAY) - sum(archive.days for archive in plan))
            self._on_days(settled)
            try:
                for _, archives in groupby(plan, key=lambda archive: year_of(archive.start)):
                    await self._fetch_year(list(archives), known)
                if self._exchange is not None and series.kind not in PUBLISHED:
                    await self._ask_for_the_rest(self._exchange)
                self._state_absent(self._start, self._end)
            finally:
                if self._absence.archives or self._absence.days:
                    write_absence(series.directory, self._absence)
            self._clear()
        return self.done

    def _expected(self, plan: Sequence[Archive], known: set[str]) -> list[Archive]:
        """Those that may be there: of a month that is known not to be, its days, and of these not those that are not."""
        found: list[Archive] = []
        for archive in plan:
            if archive.name not in self._absence.archives:
                found.append(archive)
            elif archive.monthly:
                found += [day for day in days_instead(archive, known) if day.name not in self._absence.archives]
        return found

    def _remember(self, absent: Archive) -> None:
        """Note an archive that the server does not have and will not have either."""
        if is_settled(absent.end, self._now):
            self._absence.archives.add(absent.name)

    async def _fetch_year(self, archives: Sequence[Archive], known: set[str]) -> None:
        """Download all archives of a year, then store them together: the year's file is written once."""
        staged: list[_Staged] = []
        try:
            absent = await self._download(archives, staged)
            days = [day for month in absent if month.monthly for day in days_instead(month, known)]
            await self._download(self._expected(days, known), staged)
        finally:
            if staged:
                await _to_its_end(asyncio.to_thread(self._store, staged))

    async def _download(self, archives: Sequence[Archive], staged: list[_Staged]) -> list[Archive]:
        """Download these at the same time; those that the server does not have are returned."""
        absent: list[Archive] = []

        async def one(archive: Archive) -> None:
            try:
                found = await self._downloads.fetch(archive, self._staging)
            except ArchiveBroken as error:
                self.done.failed.append(str(error))
                found = None
            else:
                if found is None:
                    absent.append(archive)
                    self._remember(archive)
                else:
                    staged.append(_Staged(archive, *found))
            if found is not None or not archive.monthly or not days_instead(archive, ()):
                self._on_days(archive.days)

        try:
            async with asyncio.TaskGroup() as tasks:
                for archive in archives:
                    tasks.create_task(one(archive))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        return absent

    def _store(self, staged: Sequence[_Staged]) -> None:
        """Put the archives into the repository and delete them. One that cannot be read is left out, and told."""
        whole: list[Iterator[Chunk]] = []
        sources: list[Source] = []
        for archive, path, sha256 in sorted(staged, key=lambda each: each.archive.start):
            try:
                rows, chunks = rows_of_archive(archive, path)
            except FileDefect as error:
                text = f"{archive.path} was published so: {error.defect.reason}: {error.defect.text}"
                self.done.failed.append(text)
                continue
            whole.append(chunks)
            sources.append(Source(name=archive.name, sha256=sha256, rows=rows))
        self._count(self._series.add((chunk for chunks in whole for chunk in chunks), sources))
        self.done.archives += len(sources)
        for each in staged:
            each.path.unlink(missing_ok=True)

    async def _ask_for_the_rest(self, opened: Callable[[], Awaitable[MarketData]]) -> None:
        series = self._series
        known = {source.name for source in series.manifest.sources}
        for begin, end in uncovered(series.symbol, series.kind, self._start, self._end, known):
            for start, stop in missing_spans(series, begin, end):
                for first, last in without_days(start, stop, self._absence.days):
                    await self._ask(opened, first, last)

    async def _ask(self, opened: Callable[[], Awaitable[MarketData]], start: int, end: int) -> None:
        held: list[Chunk] = []
        try:
            async for page in rows_by_rest(await opened(), self._series.symbol, self._series.kind, start, end):
                held.append(page)
                if sum(rows_of(chunk) for chunk in held) >= _REST_ROWS:
                    self._store_rest(held)
                    held = []
        except ExchangeError as error:
            self.done.failed.append(
                f"the exchange did not give what no archive has: {error}; type the same line again later"
            )
        finally:
            self._store_rest(held)

    def _store_rest(self, held: list[Chunk]) -> None:
        if held:
            tally = self._series.add(held)
            self.done.rest += tally.new
            self._count(tally)

    def _state_absent(self, begin: int, end: int) -> None:
        """Note the days that are over and of which there is no row."""
        stored: set[int] = set()
        longer = (step_of(self._series.kind) or DAY) // DAY  # a candle of a week is of seven days
        for chunk in self._series.chunks(begin - longer * DAY, end):
            for later in range(max(longer, 1)):
                stored |= set((chunk[0] // DAY + later).tolist())
        for day in range(begin - begin % DAY, min(end, self._today), DAY):
            if day // DAY in stored:
                continue
            asked = self._exchange is not None or self._series.kind in PUBLISHED
            if asked and not self.done.failed and day >= begin and is_settled(day + DAY, self._now):
                self._absence.days.add(day)
            if self.done.absent and self.done.absent[-1][1] == day:
                self.done.absent[-1] = (self.done.absent[-1][0], day + DAY)
            else:
                self.done.absent.append((day, day + DAY))

    def _count(self, tally: Tally) -> None:
        self.done.new += tally.new
        self.done.differing += tally.differing
        if self.done.first_differing < 0:
            self.done.first_differing = tally.first_differing

    def _clear(self) -> None:
        """Delete what is left of broken downloads."""
        for path in self._staging.iterdir():
            path.unlink(missing_ok=True)
        self._staging.rmdir()


def without_days(start: int, end: int, days: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield the parts of [start, end), UTC ms, that lie outside of these UTC days (their starts), longest possible."""
    begin = start
    for day in range(start - start % DAY, end, DAY):
        if day in days:
            if begin < day:
                yield begin, day
            begin = day + DAY
    if begin < end:
        yield begin, end


async def _to_its_end(work: Coroutine[None, None, None]) -> None:
    """Await work in a thread to its end, also when cancelled meanwhile: the lock must not be given up before."""
    running = asyncio.ensure_future(work)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise
