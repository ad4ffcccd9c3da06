"""Starts `ict simulator` as a process of its own, for benchmarks that measure it from outside."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import psutil


@asynccontextmanager
async def simulator(*arguments: str, settings: Mapping[str, str] | None = None) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Start `ict simulator` on any free port; give its address and its process, and end it with the block.

    settings: environment variables with settings (``ICT_SERVER__…``).
    """
    command = (sys.executable, "-m", "cli", "simulator", "--port", "0", *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, **(settings or {})}
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        yield next(word for word in line.split() if word.startswith("http://")), psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()
