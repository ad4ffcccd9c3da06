"""A virtualenv for each client, made once from its locked requirements and kept under `.clients/`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import pytest

from tests.support.processes.answering import MISSING
from tests.support.repository.pure_modules import ROOT

REQUIREMENTS: Final = ROOT / "tests" / "clients" / "requirements"
HOME: Final = ROOT / ".clients"
#: Installing takes both cores for a while; whatever else runs on the machine goes first.
_GENTLY: Final = ("nice", "-n", "19") if shutil.which("nice") else ()
#: Set by `.ci/run`: the job runs where the packages install, and says so where they do not.
ONLY_WHERE_INSTALLABLE: Final = "CLIENTS_ONLY_WHERE_INSTALLABLE"


class NotInstallable(Exception):
    """The packages of a client are not to be had here; the text is what the installer said."""


def key_of(requirements: Path) -> str:
    """What a virtualenv is made of: its requirements and the interpreter."""
    made_of = requirements.read_bytes() + sys.version.encode()
    return hashlib.sha256(made_of).hexdigest()[:12]


def python_of(name: str) -> Path:
    """The interpreter of a client's virtualenv, which is made or made again when its requirements have changed.

    Raises ``NotInstallable`` when the index cannot be reached, ``AssertionError`` when a package is not the locked one.
    """
    return _made(name, lambda python: [_uv(), "pip", "install", "--quiet", "--python", str(python)])


def _uv() -> str:
    """uv installs freqtrade in seconds, pip in minutes; where it is not to be had it gets a virtualenv of its own."""
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(beside) if beside.exists() else None)
    return found or str(_made("uv", _pip).with_name("uv"))


def _pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _made(name: str, installer: Callable[[Path], list[str]]) -> Path:
    requirements = REQUIREMENTS / f"{name}.txt"
    home = HOME / f"{name}-{key_of(requirements)}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        for old in HOME.glob(f"{name}-*"):
            shutil.rmtree(old)
        _run([sys.executable, "-m", "venv", *([] if installer is _pip else ["--without-pip"]), str(home)])
        _run([*installer(python), "--no-deps", "--require-hashes", "-r", str(requirements)])
        (home / "complete").touch()
    return python


def python_or_report(name: str) -> Path:
    """``python_of`` for tests: where the packages are not to be had, the test fails; in CI it is skipped, loudly."""
    try:
        return python_of(name)
    except NotInstallable as error:
        _report(f"packages of {name}: {error}")


def _report(why: str) -> NoReturn:
    if os.environ.get(ONLY_WHERE_INSTALLABLE) == "1":
        pytest.skip(f"{MISSING}{why}")
    pytest.fail(f"not installable: {why}", pytrace=False)


def _run(command: list[str]) -> None:
    done = subprocess.run([*_GENTLY, *command], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    said = " ".join((done.stderr or done.stdout).split())[-600:]
    assert "hash" not in said.lower(), f"a package is not the locked one: {said}"
    raise NotInstallable(said)
