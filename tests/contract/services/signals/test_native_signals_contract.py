"""Strategies say the same compiled and interpreted (SIG-1, SIG-7)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from shared.runtime.native import ROOT, directory, key

NO_BUILD = "no build of these sources: run make native"


def said(native: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.signals.digest"],
        env={**os.environ, "ICT_NATIVE": native, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_compiled_and_interpreted_judge_and_explain_the_same_byte_for_byte() -> None:
    """SIG-1, SIG-7: decisions, reasons, gates and sentences of every strategy; two processes, one digest."""
    if not (directory() / key()).is_dir():
        if os.environ.get("ICT_REQUIRE_NATIVE") == "1":
            pytest.fail(NO_BUILD)
        pytest.skip(NO_BUILD)
    compiled, interpreted = said("1"), said("0")
    assert (compiled["engine"], interpreted["engine"]) == ("compiled", "interpreted")
    assert compiled["digest"] == interpreted["digest"]
    assert compiled["signals"] == interpreted["signals"] > 0, "top_down, which is compiled, signals in this market"
