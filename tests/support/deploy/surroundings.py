"""The environment of a command that a test runs as a user would, without the `make` under which the tests themselves run."""

from __future__ import annotations

import os

# What `make VENV=... ARGS=...` hands to every command below it; a Makefile further down would take it for its own.
_OF_MAKE = frozenset({"MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "VENV", "ARGS", "WORKERS", "UV"})
_OF_PYTHON = ("PYTHON", "VIRTUAL_ENV")


def outside_of_make() -> dict[str, str]:
    """Ours, without the variables of the `make` and the Python around us."""
    return {name: value for name, value in os.environ.items() if name not in _OF_MAKE and not name.startswith(_OF_PYTHON)}
