"""``ict keys new``: makes risk's pair and the operator's; prints or writes them, and says where each key goes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import typer

from cli.run.configuration import refuse
from shared.approval.signing import new_pair
from shared.runtime.process.exits import Exit

#: Secret file of each key → who gets it.
_FILES: Final = {
    "approval__private_key": "for risk alone (layout fused: engine); whoever has it can approve orders",
    "approval__public_key": "for execution; it can be shown to anybody",
    "operator__private_key": "for whoever types `ict pause` and its like, and for no service; whoever has it can re-arm",
    "operator__public_key": "for signals, risk (layout fused: engine) and execution; it can be shown to anybody",
}


def new_keys(out: Path | None) -> None:
    """Print two new pairs, or write them to ``out``. Exits with code 2 for a directory that cannot take all files."""
    keys = dict(zip(_FILES, (*new_pair(), *new_pair()), strict=True))
    if out is None:
        for name, key in keys.items():
            typer.echo(f"ICT_{name.upper()}={key}  # {_FILES[name]}")
        return
    if not os.path.isdir(out):
        refuse(f"--out {out}: there is no such directory; make it first, readable by you alone", Exit.USAGE)
    there = [name for name in keys if (out / name).exists()]
    if there:
        refuse(
            f"--out {out}: {', '.join(there)} exists and is not overwritten: what it signed would no longer be taken; "
            "delete both files of a pair, and make all anew in another directory, to replace it",
            Exit.USAGE,
        )
    for name, key in keys.items():
        try:
            _write(out / name, key)
        except OSError as error:
            refuse(f"--out {out}: {name} cannot be written: {error.strerror}", Exit.USAGE)
        typer.echo(f"{out / name}: {_FILES[name]}")


def _write(file: Path, key: str) -> None:
    """Write a file that only its owner can read; raises FileExistsError rather than overwrite."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(key + "\n")
