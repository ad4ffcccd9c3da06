"""The Python interpreters of this machine: by name on the PATH, else pyenv's.

``python tests/support/deploy/interpreters.py 3.12 3.13`` prints version and path of each that is there, one a line, and says
on stderr which ones are not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"


def find(version: str) -> Path | None:
    """Find an interpreter of a version (``3.12``) that can make virtual environments with pip."""
    return next((path for path in _candidates(version) if _is(path, version)), None)


def not_found(version: str) -> str:
    """Say what was looked for in vain, and what stays unproven."""
    return f"Python {version} with venv was found neither on the PATH nor among pyenv's versions: NOTHING WAS TESTED ON IT"


def _candidates(version: str) -> Iterator[Path]:
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        yield Path(directory) / f"python{version}"
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(root.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)


def _is(path: Path, version: str) -> bool:
    """A pyenv shim may stand for a version that is not chosen: only an interpreter that answers counts."""
    if not os.access(path, os.X_OK):
        return False
    answer = subprocess.run([path, "-c", _PROBE], capture_output=True, text=True, check=False)
    return answer.returncode == 0 and answer.stdout.strip() == version


def main(versions: list[str]) -> None:
    """Print what is there."""
    for version in versions:
        path = find(version)
        if path is None:
            print(f"!!! {not_found(version)}", file=sys.stderr, flush=True)
        else:
            print(version, path, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
