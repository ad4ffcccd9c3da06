"""Writes the file of ``--out`` as a whole, or refuses with the reason why it cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cli.run.configuration import refuse
from research.whole_file import whole_file
from shared.runtime.process.exits import Exit


@contextmanager
def output(path: Path, option: str = "--out") -> Iterator[BinaryIO]:
    """Open the file for writing; it appears when the block ends without an error. Exit 1 if it cannot be written."""
    try:
        with whole_file(path) as file:
            yield file
    except OSError as error:
        refuse(f"{option} {path}: cannot be written: {error.strerror or error}", Exit.NEGATIVE)
