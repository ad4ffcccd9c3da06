"""Reads the options of a command that does not load the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def config_files(arguments: Sequence[str]) -> list[Path] | None:
    """Return the files of ``--config FILE …``, the only option; None for other words, which the command line explains."""
    files: list[Path] = []
    words = list(arguments)
    while words:
        name, equals, value = words.pop(0).partition("=")
        if name not in ("--config", "-c") or not (equals or words):
            return None
        files.append(Path(value if equals else words.pop(0)))
    return files
