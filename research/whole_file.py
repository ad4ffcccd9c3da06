"""Files that appear complete or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write beside ``path`` and take its name only at a good end; whatever goes wrong, an older file stays as it was.

    Raises OSError: no room, no permission, or ``path`` is a directory or a device, which no file may replace.
    """
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "this is a directory or a device; name a file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
