"""Checks of this machine: Python, the compiled engine, disk space."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Final

from cli.doctor.check import Outcome
from cli.native import obstacle
from services.journal.database import database_url
from shared.runtime import native

_SLOWER: Final = "the analysis runs interpreted, about eight times slower"
_TESTED: Final = ((3, 11), (3, 12), (3, 13))
#: Bytes free under which the doctor warns, and under which it fails.
_LITTLE: Final = 1_000_000_000
_TOO_LITTLE: Final = 100_000_000


def python() -> Outcome:
    """The interpreter is one that the code is tested with."""
    found = f"Python {platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] not in _TESTED:
        tested = ", ".join(f"{major}.{minor}" for major, minor in _TESTED)
        return Outcome("python", "warn", f"{found}; tested are {tested}", "make clean demo PYTHON=python3.13")
    return Outcome("python", "ok", found)


def engine() -> Outcome:
    """The analysis runs compiled, or what would make it so."""
    if native.build() is not None:
        return Outcome("compiler", "ok", "the analysis runs compiled")
    if os.environ.get("ICT_NATIVE") == "0":
        return Outcome("compiler", "ok", "the analysis runs interpreted, as ICT_NATIVE=0 asks")
    if (missing := obstacle()) is not None:
        return Outcome("compiler", "warn", f"{_SLOWER}: {missing.text}", missing.cure)
    return Outcome("compiler", "warn", _SLOWER, "make native")


def disk(journal_url: str) -> Outcome:
    """There is room where the journal is written; else in the working directory."""
    folder = Path.cwd()
    url = database_url(journal_url)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        folder = existing(Path(url.database).absolute().parent)
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:,.1f} GB free at {folder}"
    if free < _TOO_LITTLE:
        return Outcome("disk", "fail", text, "make room, or set journal.url to a larger disk")
    if free < _LITTLE:
        return Outcome("disk", "warn", text, "make room: the journal grows by some hundred MB a year and symbol")
    return Outcome("disk", "ok", text)


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder
