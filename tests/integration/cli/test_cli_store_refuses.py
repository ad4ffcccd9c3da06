"""A store that lets nobody in: the process ends with a sentence, not with a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime.process.exits import Exit
from tests.support.store.redis_process import RedisProcess

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def test_a_store_that_refuses_its_clients_is_a_sentence(tmp_path: Path, rabbitmq_url: str, namespace: str) -> None:
    """A store without password where one is needed refuses as protected mode does. Exit 4: a dependency cannot be had."""
    store = RedisProcess(tmp_path, "--requirepass", "a password that nobody told us")
    store.start()
    config = tmp_path / "sim.yaml"
    config.write_text(f"namespace: {namespace}\nbus: {{url: '{rabbitmq_url}'}}\nstore: {{url: '{store.url}'}}\n")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "cli", "run", "notifier", "--config", str(config)],
            capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
    finally:
        store.kill()
    said = done.stdout + done.stderr
    assert done.returncode == Exit.UNREACHABLE, said
    assert "store.url: " in done.stderr
    assert "check the store's url, user and permissions" in done.stderr
    assert "Traceback" not in said
    assert "process crashed" not in said
