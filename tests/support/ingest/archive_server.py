"""A server of public archives on 127.0.0.1, in the test's own process, that fails on command."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

from aiohttp import web

from services.ingest.history.archives import Archive
from shared.candles.kinds import FUNDING, PUBLISHED, Chunk, step_of, within
from tests.support.candles.rows import candles
from tests.support.ingest import published_archives

Fault = Literal["503", "cut", "slow", "wrong_checksum", "no_checksum", "cut_zip", "other_days", "junk_checksum", "no_csv"]

HEADER: Final = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
RATES_HEADER: Final = "calc_time,funding_interval_hours,last_funding_rate"


def rows_of_span(archive: Archive) -> Chunk:
    """The rows that the exchange has in the archive's span: candles without a gap, a rate every eight hours."""
    if archive.kind == FUNDING:
        times = candles((archive.end - archive.start) // 28_800_000, archive.start, 28_800_000)[0]
        return times, (times // 28_800_000 % 7 - 3) / 10_000
    step = step_of(archive.kind)
    assert step is not None
    return candles((archive.end - archive.start) // step, archive.start, step)


@dataclass
class ArchiveServer:
    """Serves what lies within [first, end), UTC ms. ``faults``: path of a zip → what fails; ``times`` how often, -1 always.

    header: whether files begin with names. microseconds: times are in µs. asked: how often each path was asked for.
    """

    first: int = 0
    end: int = 1 << 60
    monthly: bool = True
    header: bool = True
    microseconds: bool = False
    faults: dict[str, tuple[Fault, int]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    on_request: Callable[[str], None] = lambda _: None
    archives: dict[str, Archive] = field(default_factory=dict)
    url: str = ""

    def publish(self, archives: list[Archive]) -> None:
        """Serve these, where they lie within the span; everything else is 404."""
        for archive in archives:
            if archive.end > self.first and archive.end <= self.end and (self.monthly or not archive.monthly):
                self.archives[archive.path] = archive

    def content(self, archive: Archive, fault: Fault | None = None) -> bytes:
        """The zip archive, the same bytes each time."""
        if archive.kind in PUBLISHED:
            names = [published_archives.HEADERS[archive.kind]] if self.header else []
            lines = [*names, *published_archives.lines_of(archive)] if fault != "no_csv" else ["<html>"]
            return self._zipped(archive, lines, fault)
        factor = 1_000 if self.microseconds else 1
        rows = within(rows_of_span(archive), max(self.first, archive.start), archive.end)
        if fault == "other_days":
            rows = (rows[0] + (archive.end - archive.start), *rows[1:])
        lines = [RATES_HEADER if archive.kind == FUNDING else HEADER] if self.header else []
        for time, *numbers in zip(*(column.tolist() for column in rows), strict=True):
            if archive.kind == FUNDING:
                lines.append(f"{time * factor},8,{numbers[0]:.8f}")
            else:
                step = (step_of(archive.kind) or 0) * factor
                lines.append(
                    ",".join([str(time * factor), *map(repr, numbers), str(time * factor + step - 1), "1.0,5,0.5,0.5,0"])
                )
        return self._zipped(archive, lines if fault != "no_csv" else ["<html>"], fault)

    @staticmethod
    def _zipped(archive: Archive, lines: list[str], fault: Fault | None) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
            name = zipfile.ZipInfo(f"{archive.name}.csv", (2023, 1, 1, 0, 0, 0))
            packed.writestr(name, "\n".join([*lines, ""]))
        data = made.getvalue()
        return data[: len(data) // 2] if fault == "cut_zip" else data

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/")
        zip_path = path.removesuffix(".CHECKSUM")
        self.asked[path] += 1
        self.on_request(path)
        archive = self.archives.get(zip_path)
        if archive is None:
            raise web.HTTPNotFound
        fault = self._fault(zip_path, path)
        if fault == "503":
            raise web.HTTPServiceUnavailable
        data = self.content(archive, fault)
        if path != zip_path:
            if fault == "no_checksum":
                raise web.HTTPNotFound
            digest = hashlib.sha256(data).hexdigest() if fault != "wrong_checksum" else "0" * 64
            text = f"{digest}  {archive.name}.zip\n" if fault != "junk_checksum" else "<html>"
            return web.Response(text=text)
        if request.method == "HEAD" or fault not in ("cut", "slow"):
            return web.Response(body=data)
        response = web.StreamResponse(headers={"Content-Length": str(len(data))})
        await response.prepare(request)
        await response.write(data[: len(data) // 2])
        if fault == "slow":
            await asyncio.Event().wait()  # until the client gives up
        assert request.transport is not None
        request.transport.abort()
        return response

    def _fault(self, zip_path: str, path: str) -> Fault | None:
        """What fails now. A fault is used up by the request that it strikes: the checksum's, or the archive's."""
        fault, left = self.faults.get(zip_path, (None, 0))
        if fault is None or not left:
            return None
        strikes_checksum = fault in ("wrong_checksum", "no_checksum", "junk_checksum")
        if strikes_checksum == (path != zip_path):
            self.faults[zip_path] = (fault, left - 1)
        elif fault in ("503", "cut", "slow"):
            return None
        return fault


@asynccontextmanager
async def serving(server: ArchiveServer) -> AsyncIterator[ArchiveServer]:
    """Run it on a free port; ``url`` says where."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        assert site._server is not None
        server.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]  # asyncio's
        yield server
    finally:
        await runner.cleanup()
