"""Every state of every concept is reached by some hand-drawn table, in both directions (ICT-1 to ICT-12)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from services.analysis.lifecycle import TRANSITIONS
from shared.runtime.native import ROOT
from tests.support.analysis.candles import MIRROR_KIND

HERE = Path(__file__).parent
PLUGIN = "tests.support.analysis.hand_drawn"
#: Made-up walks: what they reach was not drawn by anybody.
_WALKS = ("seeded_walk", "walks")


def drawn() -> list[Path]:
    """The test files here that hold nothing but tables."""
    own = [path for path in sorted(HERE.rglob("test_*.py")) if path != Path(__file__)]
    return [path for path in own if not any(word in path.read_text(encoding="utf-8") for word in _WALKS)]


def unreached(seen: set[tuple[str, str, str]]) -> list[str]:
    """States without a table: at all, or turned upside down. A kind that names a side has one direction, time has none."""
    missing = []
    for kind, life in TRANSITIONS.items():
        for state in life:
            directions = {direction for one, other, direction in seen if (one, other) == (kind, state)}
            if not directions:
                missing.append(f"{kind} {state}")
            elif len(directions) == 1 and directions != {"none"} and kind not in MIRROR_KIND:
                missing.append(f"{kind} {state}: only {directions.pop()}")
    return missing


def test_every_state_of_every_concept_is_drawn_in_both_directions(tmp_path: Path) -> None:
    """ICT-1 to ICT-12: the tables are run once more, with an ear at every engine and pair."""
    record = tmp_path / "seen.json"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            PLUGIN,
            "-p",
            "no:cacheprovider",
            *map(str, drawn()),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "ICT_NATIVE": "0", "ICT_HAND_DRAWN": str(record)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:]
    seen = {(kind, state, direction) for kind, state, direction in json.loads(record.read_text())}
    assert unreached(seen) == []


def test_a_state_that_no_table_reaches_is_named() -> None:
    """STYLE: the check has something to catch."""
    whole = {
        (kind, state, direction)
        for kind, life in TRANSITIONS.items()
        for state in life
        for direction in ("bullish", "bearish")
    }
    assert unreached(whole) == []
    short = whole - {("fvg", "filled", "bearish"), ("macro", "final", "bullish"), ("macro", "final", "bearish")}
    assert unreached(short) == ["fvg filled: only bullish", "macro final"]
