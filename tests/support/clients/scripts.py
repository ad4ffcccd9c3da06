"""Runs a script in its client's virtualenv against a simulator, and reads what it prints."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.support.clients.outcomes import Outcome, read
from tests.support.repository.pure_modules import ROOT
from tests.support.simulator.process import SimulatorProcess

SCRIPTS: Final = ROOT / "tests" / "clients" / "scripts"
#: Longer than any script takes on a busy machine, seconds.
_LONGEST: Final = 600
#: What a client may see of this environment: nothing of the product's, no proxy.
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "TMPDIR")


def addresses(simulator: SimulatorProcess) -> dict[str, str]:
    """What a client is told of a simulator."""
    settings = simulator.exchange
    return {
        "rest": settings["rest_url"],
        "sockets": settings["stream_url"],
        "key": settings["key"],
        "secret": settings["secret"],
    }


def run_script(
    python: Path, script: str, *arguments: str, told: dict[str, str], prefix: Sequence[str] = ()
) -> list[Outcome]:
    """Run a script, started by ``prefix``; its outcomes. AssertionError with its error output when it broke off."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    done = subprocess.run(
        [*prefix, str(python), str(SCRIPTS / script), *arguments],
        env={**environment, "SIMULATOR_OF_CLIENTS": json.dumps(told)},
        capture_output=True,
        text=True,
        timeout=_LONGEST,
        check=False,
    )
    outcomes = read(done.stdout)
    assert done.returncode == 0, f"{script} ended with {done.returncode} after {len(outcomes)} calls:\n{done.stderr[-3000:]}"
    assert outcomes, f"{script} said nothing:\n{done.stderr[-3000:]}"
    return outcomes
