"""``ict data fetch`` against an archive server on this machine: what it says, what it leaves, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from services.ingest.history.archives import days_instead, needed
from shared.candles.kinds import Kind
from shared.candles.repository import Repository
from shared.domain.timeframes import DAY
from shared.runtime.process.exits import Exit
from tests.support.candles.rows import NEW_YEAR, alike, candles, contents, stored
from tests.support.exchange.stub import stub_exchange
from tests.support.ingest.archive_server import ArchiveServer, serving
from tests.support.processes.terminal import ctrl_c_works
from tests.support.repository.source_text import ROOT

HOUR = 3_600_000
#: 2023-01-01 to 2023-03-03.
END = NEW_YEAR + 61 * DAY
SPAN = ("--from", "2023-01-01", "--to", "2023-03-03")


@pytest.fixture
async def server() -> AsyncIterator[ArchiveServer]:
    async with serving(ArchiveServer()) as running:
        for kind in ("1h", "funding"):
            publish(running, kind)  # type: ignore[arg-type]  # both are kinds
        yield running


def publish(server: ArchiveServer, kind: Kind, end: int = END) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        archives = needed(symbol, kind, NEW_YEAR, end, end, ())
        server.publish([*archives, *(day for each in archives if each.monthly for day in days_instead(each, ()))])


async def ict(*arguments: object, code: int = Exit.OK) -> Any:
    """Run the command beside the server; its result must end with ``code``."""
    done = await asyncio.to_thread(CliRunner().invoke, app, ["data", *map(str, arguments)], env={"COLUMNS": "200"})
    assert done.exit_code == code, (done.output, done.exception)
    return done


async def started(*arguments: object, limit: int | None = None) -> asyncio.subprocess.Process:
    """The same as a process; ``limit``: bytes that a file of it may have."""

    def prepared() -> None:
        ctrl_c_works()
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICT_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "data", *map(str, arguments),
        cwd=ROOT, env=environment | {"PYTHONPATH": str(ROOT)}, preexec_fn=prepared,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_two_symbols_with_their_rates_are_fetched_once(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6, DATA-8."""
    line = ("fetch", "btcusdt", "ETHUSDT", *SPAN, "--kind", "1h", "--kind", "funding", "--no-rest", "--store", tmp_path)
    done = await ict(*line, "--url", server.url, "--json")
    said = json.loads(done.stdout)
    assert [(each["symbol"], each["kind"], each["archives"], each["failed"]) for each in said] == [
        ("BTCUSDT", "1h", 4, []), ("BTCUSDT", "funding", 2, []), ("ETHUSDT", "1h", 4, []), ("ETHUSDT", "funding", 2, []),
    ]  # fmt: skip
    whole = candles(61 * 24, NEW_YEAR, HOUR)
    assert alike(stored(Repository(tmp_path).series("ETHUSDT", "1h")), whole)
    server.asked.clear()
    again = await ict(*line, "--url", server.url)
    assert not [path for path in server.asked if "klines" in path]
    assert f"next: ict data check {tmp_path}" in again.stdout


async def test_days_without_an_archive_are_named(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6: told, and not guessed."""
    server.first = NEW_YEAR + 10 * DAY
    publish(server, "1h")
    line = ("fetch", "BTCUSDT", "--from", "2022-12-20", "--to", "2023-03-03", "--kind", "1h", "--no-rest")
    done = await ict(*line, "--store", tmp_path, "--url", server.url)
    assert "note: BTCUSDT 1h: nothing of 2022-12-20 to 2023-01-10: not listed yet, or not published (404)" in done.stdout


async def test_broken_archive_is_named_and_is_exit_1(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6: the rest is there."""
    server.faults["data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip"] = ("cut_zip", -1)
    line = ("fetch", "BTCUSDT", *SPAN, "--kind", "1h", "--no-rest", "--store", tmp_path, "--url", server.url)
    done = await ict(*line, code=Exit.NEGATIVE)
    assert (
        "failed: BTCUSDT 1h: data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2023-01.zip was published so"
        in done.stdout
    )
    assert alike(stored(Repository(tmp_path).series("BTCUSDT", "1h")), candles(30 * 24, NEW_YEAR + 31 * DAY, HOUR))


async def test_interrupt_keeps_what_was_done_and_the_same_line_goes_on(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6: Ctrl-C."""
    server.monthly = False
    server.archives.clear()
    publish(server, "1h")
    one, other = tmp_path / "one", tmp_path / "other"
    line = ("fetch", "BTCUSDT", *SPAN, "--kind", "1h", "--no-rest", "--url", server.url)
    await ict(*line, "--store", other)
    server.asked.clear()
    reached = asyncio.Event()
    server.on_request = lambda _: reached.set() if sum(server.asked.values()) >= 60 else None
    process = await started(*line, "--store", one)
    await reached.wait()
    process.send_signal(signal.SIGINT)
    _, error = await process.communicate()
    assert (process.returncode, error.decode()) == (
        Exit.INTERRUPTED, "stopped. What was done is kept: type the same line again to go on\n",
    )  # fmt: skip
    assert len(stored(Repository(one).series("BTCUSDT", "1h"))[0]) > 0
    await ict(*line, "--store", one)
    assert contents(one) == contents(other)


async def test_disk_that_fills_is_a_sentence_and_nothing_is_half_done(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6: and with room the same line goes on."""
    line = ("fetch", "BTCUSDT", *SPAN, "--kind", "1h", "--no-rest", "--store", tmp_path, "--url", server.url)
    process = await started(*line, limit=20_000)
    output, error = await process.communicate()
    assert process.returncode == Exit.NEGATIVE, (output, error)
    assert error.decode().startswith(f"{tmp_path}: File too large. What was done before is kept")
    whole = candles(61 * 24, NEW_YEAR, HOUR)
    found = stored(Repository(tmp_path).series("BTCUSDT", "1h"))  # a day that was downloaded before the month failed is kept
    assert len(found[0]) in (0, 24, 48)
    assert alike(found, tuple(column[np.isin(whole[0], found[0])] for column in whole))
    await ict(*line)
    assert alike(stored(Repository(tmp_path).series("BTCUSDT", "1h")), whole)


async def test_rest_is_asked_through_the_exchange_port(server: ArchiveServer, tmp_path: Path) -> None:
    """DATA-6: the exchange's address is the configuration's."""
    begin = END - 6 * HOUR
    rows = [
        [at, str(opened), str(high), str(low), str(close), str(volume), at + HOUR - 1, "1.0", 5, "0.5", "0.5", "0"]
        for at, opened, high, low, close, volume in zip(
            *(column.tolist() for column in candles(6, END, HOUR)), strict=True
        )
    ]  # fmt: skip
    async with stub_exchange() as exchange:
        exchange.say("GET /fapi/v1/klines", rows)
        config = tmp_path / "here.yaml"
        config.write_text(f"exchange:\n  rest_url: {exchange.url}\n")
        span = ("--from", "2023-03-02T18:00", "--to", "2023-03-03T06:00", "--kind", "1h")
        done = await ict("fetch", "BTCUSDT", *span, "--store", tmp_path, "--url", server.url, "--config", config, "--json")
        (said,) = json.loads(done.stdout)
        assert (said["archives"], said["rest"], said["failed"]) == (1, 6, [])
        (asked,) = exchange.calls("GET /fapi/v1/klines")
        assert (asked.params["startTime"], asked.params["endTime"]) == (str(END), str(END + 6 * HOUR - 1))
        assert "signature" not in asked.params
    found = stored(Repository(tmp_path).series("BTCUSDT", "1h"), begin)
    assert alike(found, candles(12, begin, HOUR))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("BTC/USDT", "--from", "2023-01-01"), "is no symbol; write it like BTCUSDT"),
        (("BTCUSDT", "--from", "January"), "--from January: write a date"),
        (("BTCUSDT", "--from", "2199-01-01"), "that is not past"),
        (("BTCUSDT", "--from", "2023-02-01", "--to", "2023-02-01"), "nothing lies between"),
        (("BTCUSDT", "--from", "2023-01-01", "--kind", "2h"), "--kind 2h: choose one of 1m"),
        (("BTCUSDT", "--from", "2023-01-01", "--url", "ftp://x"), "write it like https://"),
    ],
)
async def test_wrong_option_is_exit_2_and_says_what_to_type(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    done = await ict("fetch", *arguments, "--store", tmp_path, code=Exit.USAGE)
    assert says in done.output


async def test_server_that_does_not_answer_is_exit_4(tmp_path: Path) -> None:
    line = ("fetch", "BTCUSDT", *SPAN, "--kind", "1h", "--store", tmp_path, "--url", "http://127.0.0.1:9")
    done = await ict(*line, code=Exit.UNREACHABLE)
    assert "http://127.0.0.1:9 cannot be reached" in done.output
    assert "type the same line again" in done.output
