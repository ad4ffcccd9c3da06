"""The compiled engine and the interpreted one are one engine (ICT-1 to ICT-15)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.runtime.native import ROOT, directory, key

NO_BUILD = "no build of these sources: run make native"


def said(native: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.analysis.digest"],
        env={**os.environ, "ICT_NATIVE": native, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def built() -> Path:
    path = directory() / key()
    if not path.is_dir():
        if os.environ.get("ICT_REQUIRE_NATIVE") == "1":
            pytest.fail(NO_BUILD)
        pytest.skip(NO_BUILD)
    return path


def test_compiled_and_interpreted_say_the_same_byte_for_byte() -> None:
    """ICT-1..15: facts, sentences, states; two processes, one digest."""
    built()
    compiled, interpreted = said("1"), said("0")
    assert (compiled["engine"], interpreted["engine"]) == ("compiled", "interpreted")
    assert compiled["digest"] == interpreted["digest"]
