"""What the guide to history says of fetching, done against an archive server on this machine."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from cli.main import app
from services.ingest.history.archives import needed
from services.ingest.history.downloading import PUBLIC
from shared.candles.repository import Repository, extent_of
from shared.domain.timeframes import DAY
from shared.runtime.process.exits import Exit
from tests.support.candles.rows import NEW_YEAR, alike, candles, stored
from tests.support.ingest.archive_server import ArchiveServer, serving
from tests.support.repository.source_text import ROOT

GUIDE = (ROOT / "docs" / "guides" / "keep-history.md").read_text(encoding="utf-8")
END = NEW_YEAR + 61 * DAY


async def test_the_guide_fetches_what_it_says(tmp_path: Path) -> None:
    """DATA-6: minutes and funding rates of both symbols, from archives alone."""
    line, beside = re.findall(r"^ict (data fetch .*)$", GUIDE, re.MULTILINE)
    async with serving(ArchiveServer()) as server:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            server.publish(needed(symbol, "1m", NEW_YEAR, END, END, ()))
            server.publish(needed(symbol, "funding", NEW_YEAR, END + 29 * DAY, END + 29 * DAY, ()))
        words = [*shlex.split(line), "--url", server.url, "--store", str(tmp_path)]
        done = await asyncio.to_thread(CliRunner().invoke, app, words)
        for kind in ("mark", "metrics"):
            server.publish(needed("BTCUSDT", kind, END - 2 * DAY, END, END, ()))
        words = [*shlex.split(beside), "--url", server.url, "--store", str(tmp_path)]
        more = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert (done.exit_code, more.exit_code) == (Exit.OK, Exit.OK), done.output + more.output
    kept = {each.kind: extent_of(each).rows for each in Repository(tmp_path).stored() if each.symbol == "BTCUSDT"}
    assert (kept["mark"], kept["metrics"]) == (2 * 1_440, 2 * 288)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        assert alike(stored(Repository(tmp_path).series(symbol)), candles(61 * 1_440))
        assert Repository(tmp_path).series(symbol, "funding").exists


def test_the_guide_names_the_server_that_is_asked() -> None:
    assert PUBLIC in GUIDE
