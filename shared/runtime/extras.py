"""Ends a command with one sentence if it needs an optional package that is not installed.

Services need none of the extras; commands that read candle files, draw PNG charts, train models or use several machines do.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from shared.runtime.process.exits import Exit, Leave

#: The extra of pyproject.toml that brings each optional package, by the name under which it is imported.
EXTRAS: Final = {
    "pyarrow": "data",
    "matplotlib": "research",
    "sklearn": "research",
    "hmmlearn": "research",
    "arch": "research",
    "optuna": "research",
    "pandas": "research",
    "psycopg": "research",
    "ray": "ray",
}
#: What installs an extra in a source tree.
_TARGETS: Final = {"data": "make demo", "research": "make research", "ray": "make ray"}


def require(package: str, purpose: str) -> None:
    """Check that an optional package is installed, before work is done that would be lost.

    ``purpose`` begins the sentence: *training a model*. Raises Leave with exit code 4 and the command that installs it.
    """
    if find_spec(package) is None:
        extra = EXTRAS[package]
        raise Leave(
            Exit.UNREACHABLE,
            f"{purpose} needs {package}, which is not installed; type: {_TARGETS[extra]}, "
            f"or pip install 'ict-trader[{extra}]' where there is no Makefile",
        )
