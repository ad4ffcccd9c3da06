"""``ict docs``: write the reference pages that are made from the code, or check that they are up to date."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.docs import drift, write
from cli.run.configuration import refuse
from shared.runtime.process.exits import Exit


def write_docs(directory: Path, *, check: bool) -> None:
    """Write the pages that changed. ``check`` writes nothing and leaves with exit 1 when a page is out of date."""
    try:
        if not directory.is_dir():
            refuse(f"--to {directory}: there is no such directory", Exit.USAGE)
        if not check:
            for path in write(directory):
                typer.echo(f"written: {path}")
            return
        stale = drift(directory)
    except OSError as error:
        refuse(f"--to {directory}: {error.strerror or error}", Exit.NEGATIVE)
    if stale:
        refuse(f"these pages differ from the code; run `make docs`: {', '.join(map(str, stale))}", Exit.NEGATIVE)
