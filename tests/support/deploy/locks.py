"""What the lock files of the repository pin, and an index in which all of it has become old."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.support.deploy.wheels import made_up

ROOT = Path(__file__).resolve().parents[3]
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pins(text: str) -> dict[str, list[str]]:
    """Read a lock file: the versions of each package, one for each marker."""
    found: dict[str, list[str]] = {}
    for name, version in _PINNED.findall(text):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def add_newer_releases(directory: Path) -> None:
    """Write a made-up release 9999 of every package that any lock file pins; pip takes the directory as ``--find-links``."""
    for name in {name for lock in ROOT.glob("*.lock") for name in pins(lock.read_text())}:
        made_up(directory, name, "9999", extras=["toml"])
