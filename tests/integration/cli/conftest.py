"""Fixture of the tests of real processes: they are ended with the test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.processes.terminal import started


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``ict`` with both outputs in one pipe, as a terminal shows them."""
    processes: list[subprocess.Popen[str]] = []

    def start_one(*arguments: str) -> subprocess.Popen[str]:
        processes.append(started(tmp_path, *arguments))
        return processes[-1]

    yield start_one
    for process in processes:
        process.kill()
        process.communicate()
