"""``ict run guardian``: the guardian as a process. It loads its own part of the configuration, and neither bus nor store.

So it stays small, and starts where a fault in another service's section would stop everything else.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from services.guardian.service import GuardianRoot, make_guardian
from shared.config.load import ConfigInvalid, load
from shared.runtime.process.exits import Exit, Leave
from shared.runtime.process.health import HealthServer
from shared.runtime.process.logs import configure
from shared.runtime.process.run import Stop, run_process
from shared.runtime.supervision import end_all, first_end


def run_guardian(config: Sequence[Path] | None) -> None:
    """Run the guardian until SIGTERM. Exit 3 for a bad configuration, 2 in a mode without an exchange, 5 without a key."""
    files = list(config) if config else [Path(path) for path in os.environ.get("ICT_CONFIG", "").split(os.pathsep) if path]
    directory = Path(os.environ.get("ICT_SECRETS_DIR", "/run/secrets"))
    try:
        root = load(GuardianRoot, files, os.environ, directory if directory.is_dir() else None).settings
    except ConfigInvalid as error:
        raise Leave(Exit.CONFIG_INVALID, str(error)) from error
    configure(root.log.level, root.log.format)
    run_process("guardian", lambda stop: _run(root, stop))


async def _run(root: GuardianRoot, stop: Stop) -> None:
    guardian = make_guardian(root)
    health = HealthServer(root.http.host, root.http.port)
    health.check("exchange", lambda: guardian.trouble() or True)
    await health.start()
    guarding = asyncio.create_task(guardian.run(), name="guardian")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    health.ready()
    try:
        await asyncio.wait({guarding, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if guarding.done():
            raise await first_end([guarding])
        health.draining()
    finally:
        await end_all([guarding, stopped])
        await health.stop()
