"""``ict measure`` that is ended early: by Ctrl-C, in one process or several, or by a disk that is full."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from shared.runtime.process.exits import Exit
from tests.support.ingest.candle_files import START, walk, write_csv
from tests.support.processes.terminal import ctrl_c_works
from tests.support.repository.source_text import ROOT


async def started(*arguments: object, limit: int | None = None) -> asyncio.subprocess.Process:
    """The command as a process; ``limit``: bytes that a file of it may have."""

    def prepared() -> None:
        ctrl_c_works()
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    environment = {name: value for name, value in os.environ.items() if not name.startswith("ICT_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "measure", *map(str, arguments),
        cwd=ROOT, env=environment | {"PYTHONPATH": str(ROOT)}, preexec_fn=prepared, start_new_session=True,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


def texts(folder: Path) -> dict[str, str]:
    """The files beside the candles, also hidden ones."""
    return {each.name: each.read_text() for each in folder.iterdir() if each.suffix != ".csv"}


@pytest.mark.parametrize("jobs", [1, 2])
async def test_ctrl_c_is_a_sentence_and_the_older_file_stays(jobs: int, tmp_path: Path) -> None:
    """The terminal sends it to every process of the command."""
    rows = write_csv(tmp_path / "walk.csv", walk(3, 40_000, start=START))
    out = tmp_path / "record.json"
    out.write_text("older")
    line = ("--data", f"a:BTCUSDT={rows}", "--data", f"b:BTCUSDT={rows}", "--jobs", jobs, "--out", out)
    process = await started(*line)
    assert process.stderr is not None
    first = await process.stderr.readline()  # the first line of progress: the work is under way
    os.killpg(process.pid, signal.SIGINT)
    _, rest = await process.communicate()
    assert process.returncode == Exit.INTERRUPTED, first + rest
    assert rest.decode().splitlines()[-1] == "stopped: nothing was written"
    assert "Traceback" not in rest.decode()
    assert texts(tmp_path) == {"record.json": "older"}


async def test_a_disk_that_is_full_is_a_sentence_and_leaves_no_file(tmp_path: Path) -> None:
    """A file may have 100 bytes."""
    rows = write_csv(tmp_path / "walk.csv", walk(3, 60, start=START))
    process = await started("--data", f"BTCUSDT={rows}", "--out", tmp_path / "record.json", limit=100)
    _, error = await process.communicate()
    assert process.returncode == Exit.NEGATIVE, error
    assert "cannot be written: File too large" in error.decode()
    assert texts(tmp_path) == {}
