"""What has to be the same on every machine so that a job has the same answer on each."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from research.jobs.job import engine

#: Packages of others that compute what a backtest decides by.
_COMPUTING: Final = ("numpy", "ta-lib")


def software() -> dict[str, str]:
    """What computes here, with its version: this program with a hash of its sources, Python, packages that compute."""
    found = {"ict-trader": engine(), "Python": platform.python_version()}
    for name in _COMPUTING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """What differs, in words; empty where nothing does."""
    names = [*here, *(name for name in there if name not in here)]
    return ", ".join(
        f"{name} {there.get(name, 'none')} instead of {here.get(name, 'none')}"
        for name in names
        if there.get(name) != here.get(name)
    )
