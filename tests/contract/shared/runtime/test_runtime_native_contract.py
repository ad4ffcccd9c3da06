"""The compiled pipeline and the interpreted one are one pipeline: bus, lanes, ingest, exchange, journal and record."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime.native import ROOT, directory, key

NO_BUILD = "no build of these sources: run make native"


def played(out: Path, native: str) -> dict[str, bytes]:
    """Half a day of the generated market through all stages in one process; its record."""
    command = [sys.executable, "-m", "cli", "demo", "--days", "0.5", "--speed", "max", "--out", str(out)]
    environment = {**os.environ, "ICT_NATIVE": native, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.jsonl"))}


def test_compiled_and_interpreted_leave_the_same_record_byte_for_byte(tmp_path: Path) -> None:
    """OPS-4: decisions, orders, fills and equity do not depend on what was compiled."""
    if not (directory() / key()).is_dir():
        if os.environ.get("ICT_REQUIRE_NATIVE") == "1":
            pytest.fail(NO_BUILD)
        pytest.skip(NO_BUILD)
    compiled, interpreted = played(tmp_path / "compiled", "1"), played(tmp_path / "interpreted", "0")
    assert compiled["decisions.jsonl"]
    assert compiled == interpreted
