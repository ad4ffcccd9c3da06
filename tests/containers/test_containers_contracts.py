"""Bus and store keep their contracts with the servers that users run, the images of docker-compose.yml."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import yaml

from tests.support.deploy.compose_project import ROOT, require_engine
from tests.support.processes.containers import RABBITMQ, STORE, VARIABLE

CONTRACTS = ("tests/contract/shared/bus", "tests/contract/shared/store")


def started_since(moment: float) -> set[str]:
    """Images of which a container was started."""
    command = ["docker", "events", "--since", f"{moment:.0f}", "--until", f"{time.time():.0f}", "--filter", "event=start"]
    told = subprocess.run([*command, "--format", "{{.From}}"], capture_output=True, text=True, check=True)
    return set(told.stdout.split())


def test_bus_and_store_keep_their_contracts_on_the_images_of_compose() -> None:
    """OPS-1: the same suites as on this machine's own servers, on the broker and the store that users run."""
    require_engine()
    began = time.time() - 1
    environment = {**os.environ, VARIABLE: "containers", "ICT_REQUIRE_SERVICES": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "rabbitmq or redis", "-p", "no:cacheprovider", *CONTRACTS],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout.splitlines()[-1]
    assert {RABBITMQ, STORE} <= started_since(began), "the suites ran on something else"


def test_the_images_of_the_contracts_are_those_of_compose() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert {RABBITMQ, STORE} <= {str(each.get("image")) for each in services.values()}
