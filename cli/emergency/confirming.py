"""Asks for a word that nobody types by mistake, before something that cannot be undone."""

from __future__ import annotations

import sys

import typer

from cli.run.configuration import refuse
from shared.runtime.process.exits import Exit


def confirm(word: str, what: str, *, yes: bool) -> None:
    """Return once ``word`` was typed, or at once with ``yes``.

    Exit 2 without a terminal, 5 for another word: nothing was done.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        refuse(f"{what} It is asked on a terminal; in a script, say --yes", Exit.USAGE)
    typed = typer.prompt(f"{what}\nType {word} to go on", default="", show_default=False)
    if typed.strip() != word:
        refuse("Nothing was done.", Exit.REFUSED)
